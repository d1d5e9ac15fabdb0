// Free capacity over time with all columns of a moment in one machine word, or as few as hold them, so that one
// subtraction compares them all ("SIMD within a register": L. Lamport, "Multiple byte processing with full-word
// instructions", CACM 18, 1975).
#pragma once

#include <vector>

#include "span.hpp"

namespace qamctl {

struct Table;
struct Problem;

// What a need takes of the lanes of one word, and what these must hold for it at least.
struct PackedNeed {
    i64 word;
    u64 least, amount;
};

// Needs by row, packed.
struct PackedTable {
    std::vector<i64> first;
    std::vector<PackedNeed> need;
    const PackedNeed* begin(i64 row) const { return need.data() + first[row]; }
    const PackedNeed* end(i64 row) const { return need.data() + first[row + 1]; }
};

// Where each column lies: lanes of equal width, the top bit of which is always clear. What pinned tasks take beyond the
// capacity is lent to a lane, so that none falls below zero.
class Lanes {
  public:
    explicit Lanes(const Problem& problem);

    PackedTable pack(const Table& table) const;
    const u64* full(i64 holder) const { return full_.data() + holder * words_; }
    i64 words() const { return words_; }
    u64 tops() const { return tops_; }

  private:
    u64 in_lane(i64 column, i64 amount) const;

    i64 words_ = 1, in_word_ = 1, bits_ = 64;
    u64 tops_ = 0;
    std::vector<i64> lent_;
    std::vector<u64> full_;
};

// A step function on [0, infinity) for one holder.
class PackedProfile {
  public:
    void reset(const Lanes& lanes, i64 holder);
    // Earliest start >= from at which the needs are free for d > 0 ticks; any time > latest where there is none by then.
    i64 fit(const PackedNeed* need, const PackedNeed* end, i64 from, i64 d, i64 latest, i64& work) const;
    void take(const PackedNeed* need, const PackedNeed* end, i64 start, i64 d);

  private:
    template <class Room>
    i64 fit_where(Room&& room, i64 from, i64 d, i64 latest, i64& work) const;
    bool room(const PackedNeed* need, const PackedNeed* end, i64 at) const;
    i64 segment(i64 time) const;
    i64 split(i64 time, i64 at);
    std::vector<i64> time_;  // where each segment begins; the last one has no end
    std::vector<u64> free_;  // [segment][word]
    i64 words_ = 1;
    u64 tops_ = 0;
};

}  // namespace qamctl
