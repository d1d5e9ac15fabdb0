// Metropolis sweeps over blocks of slots, and what else moves a state of a model; reference.py is the specification.
#pragma once

#include <algorithm>
#include <chrono>

#include "random.hpp"
#include "rows.hpp"

namespace qamctl {

// How a model lies in slots and what the chances are taken from, as handed over by `Arranged` (arrange.py).
struct Setting {
    i64 slots;
    std::vector<u32> open;         // by block: which slots hold a variable, as bits
    std::vector<float> threshold;  // -log of shuffled uniform quantiles, the first block once more at the end
    int shift;                     // of 64 random bits, which leaves a place in the table
    double least;                  // a smaller change of energy is none: it may come from rounding
    bool symmetric;                // a sample and its complement have the same energy

    const float* draw(Random& random) const { return threshold.data() + (random.draw() >> shift); }
    i64 blocks() const { return static_cast<i64>(open.size()); }
    bool holds(i64 j) const { return open[j / kBlock] >> (j % kBlock) & 1; }
};

class Deadline {
  public:
    explicit Deadline(double seconds) {
        if (seconds < 1e8) until_ = Clock::now() + std::chrono::nanoseconds(static_cast<i64>(seconds * 1e9));
    }
    bool over() const { return Clock::now() >= until_; }

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point until_ = Clock::time_point::max();
};

// One state, with the field of every slot: the change of energy were its variable set from 0 to 1.
template <class F>
struct Walker {
    std::vector<F> field, mark;
    typename Number<F>::Energy energy = 0;
    i64 block = 0;  // where the sweep under way goes on
    i64 flips = 0, climbs = 0;

    template <class Rows>
    void start(const std::vector<F>& linear, const Rows& rows, const u8* sample, i64 slots) {
        field = linear;
        mark.assign(field.size(), Number<F>::kZero);
        energy = 0;
        block = 0;
        for (i64 j = 0; j < slots; ++j)
            if (sample[j]) flip(rows, j);
    }
    template <class Rows>
    QAMCTL_INLINE F flip(const Rows& rows, i64 j) {
        F* const all = field.data();
        const F before = mark[j], change = Number<F>::signed_by(all[j], before);
        energy += change;
        rows.flip(all, j, before);
        mark[j] = Number<F>::flipped(before);
        return change;
    }
    template <class Rows>
    QAMCTL_INLINE void take(const Rows& rows, i64 j) {
        ++flips;
        climbs += flip(rows, j) > 0;
    }
    void copy(u8* sample, i64 slots) const {
        for (i64 j = 0; j < slots; ++j) sample[j] = mark[j] == Number<F>::kOne;
    }
};

// Which slots of a block a Metropolis step flips, as bits.
template <class F, class T>
QAMCTL_INLINE u32 accepted(const F* __restrict field, const F* __restrict mark, const float* __restrict threshold, T t) {
    u32 bits = 0;
#pragma omp simd reduction(| : bits)
    for (int k = 0; k < kBlock; ++k) {
        const T change = static_cast<T>(Number<F>::signed_by(field[k], mark[k]));
        bits |= change <= t * static_cast<T>(threshold[k]) ? u32(1) << k : 0;
    }
    return bits;
}

// Flips what is accepted of a block, slot after slot.
template <class F, class Rows, class T>
QAMCTL_INLINE void sweep_block(Walker<F>& w, const Rows& rows, i64 block, u32 open, const float* threshold, T t) {
    const F* field = w.field.data() + block * kBlock;
    const F* mark = w.mark.data() + block * kBlock;
    u32 hit = accepted<F, T>(field, mark, threshold, t) & open;
    if (rows.independent(block)) {  // no flip changes what its neighbours were judged by
        for (u32 ahead = rows.far() ? hit : 0; ahead; ahead &= ahead - 1)
            rows.fetch(block * kBlock + __builtin_ctz(ahead));
        for (; hit; hit &= hit - 1) w.take(rows, block * kBlock + __builtin_ctz(hit));
        return;
    }
    while (hit) {
        const int k = __builtin_ctz(hit);
        w.take(rows, block * kBlock + k);
        open &= ~u32(1) << k;
        hit = accepted<F, T>(field, mark, threshold, t) & open;
    }
}

// Goes on with a sweep at one temperature for at most `blocks` blocks; whether the sweep is complete.
template <class F, class Rows>
struct Sweep {
    Walker<F>& w;
    const Rows& rows;
    const Setting& setting;
    Random& random;
    double temperature;
    i64 blocks;

    QAMCTL_INLINE bool operator()() {
        using T = typename Number<F>::Threshold;
        const i64 end = std::min(setting.blocks(), w.block + blocks);
        for (i64 b = w.block; b < end; ++b)
            sweep_block(w, rows, b, setting.open[b], setting.draw(random), static_cast<T>(temperature));
        w.block = end == setting.blocks() ? 0 : end;
        return w.block == 0;
    }
};

// Flips whatever lowers the energy, in the order of the slots, until nothing does.
template <class F, class Rows>
struct Descent {
    Walker<F>& w;
    const Rows& rows;
    const Setting& setting;

    QAMCTL_INLINE bool operator()() {
        using T = typename Number<F>::Threshold;
        float down[kBlock];
        std::fill(down, down + kBlock, -1.0f);
        const i64 flips = w.flips;
        for (i64 before = -1; before != w.flips;) {
            before = w.flips;
            for (i64 b = 0; b < setting.blocks(); ++b)
                sweep_block(w, rows, b, setting.open[b], down, static_cast<T>(setting.least));
        }
        w.flips = flips;  // those of sweeps are counted
        w.block = 0;
        return true;
    }
};

// Parts of the model in which two states differ: what is coupled through differing slots belongs together. Where a
// state's complement is as good, the nearer one of the two is compared.
class Clusters {
  public:
    explicit Clusters(const Setting& setting) : differs_(setting.slots), held_(0) {
        for (i64 j = 0; j < setting.slots; ++j) held_ += setting.holds(j);
    }
    template <class F>
    void compare(const Setting& setting, const Walker<F>& a, const Walker<F>& b) {
        for (i64 j = 0; j < setting.slots; ++j) differs_[j] = a.mark[j] != b.mark[j];
        finish(setting);
    }
    template <class F>
    void compare(const Setting& setting, const Walker<F>& a, const u8* sample) {
        for (i64 j = 0; j < setting.slots; ++j)
            differs_[j] = setting.holds(j) && (a.mark[j] == Number<F>::kOne) != (sample[j] != 0);
        finish(setting);
    }
    bool differs(i64 j) const { return differs_[j]; }
    i64 differing() const { return differing_; }
    i64 held() const { return held_; }

    // The cluster of j, in the order in which it was found; its slots differ no more.
    template <class Rows>
    const std::vector<i64>& take(const Rows& rows, i64 j) {
        member_.assign(1, j);
        differs_[j] = 0;
        for (std::size_t at = 0; at < member_.size(); ++at)
            rows.each(member_[at], [this](i64 k) {
                if (!differs_[k]) return;
                differs_[k] = 0;
                member_.push_back(k);
            });
        return member_;
    }

  private:
    void finish(const Setting& setting) {
        differing_ = std::count(differs_.begin(), differs_.end(), 1);
        if (!setting.symmetric || 2 * differing_ <= held_) return;
        for (i64 j = 0; j < setting.slots; ++j) differs_[j] = setting.holds(j) && !differs_[j];
        differing_ = held_ - differing_;
    }
    std::vector<u8> differs_;
    std::vector<i64> member_;
    i64 held_, differing_ = 0;
};

}  // namespace qamctl
