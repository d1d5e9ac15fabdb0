// Profiles in packed words. Profile in generation.py says what they do.
#include "lanes.hpp"

#include <algorithm>

#include "schedule.hpp"

namespace qamctl {

namespace {

i64 most(const Span<i64>& amounts) {
    i64 out = 0;
    for (i64 k = 0; k < amounts.size; ++k) out = std::max(out, amounts[k]);
    return out;
}

}  // namespace

Lanes::Lanes(const Problem& p) : lent_(p.columns, 0) {
    std::vector<i64> taken(p.columns);
    for (i64 t = 0; t < p.tasks; ++t) {
        if (p.pinned[t] < 0) continue;
        std::fill(taken.begin(), taken.end(), 0);
        for (i64 o = p.first_option[t]; o < p.first_option[t + 1]; ++o)
            for (const Table* table : {&p.own, &p.shared})
                for (i64 e = table->first[p.option_need[o]]; e < table->first[p.option_need[o] + 1]; ++e)
                    taken[table->column[e]] = std::max(taken[table->column[e]], table->amount[e]);
        for (i64 c = 0; c < p.columns; ++c) lent_[c] += taken[c];
    }
    u64 highest = static_cast<u64>(std::max({most(p.capacity), most(p.own.amount), most(p.shared.amount)}));
    i64 lent = 0;
    for (i64 c = 0; c < p.columns; ++c) lent = std::max(lent, lent_[c]);
    highest += static_cast<u64>(lent);
    bits_ = 1;
    while (highest >> (bits_ - 1) != 0) ++bits_;
    in_word_ = 64 / bits_;
    words_ = (p.columns + in_word_ - 1) / in_word_;
    for (i64 lane = 0; lane < in_word_; ++lane) tops_ |= u64{1} << (lane * bits_ + bits_ - 1);
    full_.assign(p.holders * words_, 0);
    for (i64 h = 0; h < p.holders; ++h)
        for (i64 c = 0; c < p.columns; ++c)
            full_[h * words_ + c / in_word_] |= in_lane(c, p.capacity[h * p.columns + c] + lent_[c]);
}

u64 Lanes::in_lane(i64 column, i64 amount) const { return static_cast<u64>(amount) << (column % in_word_ * bits_); }

PackedTable Lanes::pack(const Table& table) const {
    PackedTable out;
    for (i64 row = 0; row + 1 < table.first.size; ++row) {
        out.first.push_back(static_cast<i64>(out.need.size()));
        for (i64 e = table.first[row]; e < table.first[row + 1]; ++e) {
            const i64 column = table.column[e], word = column / in_word_;
            if (static_cast<i64>(out.need.size()) == out.first.back() || out.need.back().word != word)
                out.need.push_back({word, 0, 0});
            out.need.back().least |= in_lane(column, table.amount[e] + lent_[column]);
            out.need.back().amount |= in_lane(column, table.amount[e]);
        }
    }
    out.first.push_back(static_cast<i64>(out.need.size()));
    return out;
}

void PackedProfile::reset(const Lanes& lanes, i64 holder) {
    words_ = lanes.words();
    tops_ = lanes.tops();
    time_.assign(1, 0);
    free_.assign(lanes.full(holder), lanes.full(holder) + words_);
}

bool PackedProfile::room(const PackedNeed* need, const PackedNeed* end, i64 at) const {
    u64 clear = tops_;  // a top bit that is lent to a lane comes back where there is enough in it
    for (const PackedNeed* q = need; q != end; ++q) clear &= (free_[at * words_ + q->word] | tops_) - q->least;
    return clear == tops_;
}

i64 PackedProfile::segment(i64 time) const {
    const i64* at = time_.data();
    for (i64 left = static_cast<i64>(time_.size()); left > 1;) {  // without a branch to guess
        const i64 half = left / 2;
        at += at[half] <= time ? half : 0;
        left -= half;
    }
    return at - time_.data();
}

i64 PackedProfile::fit(const PackedNeed* need, const PackedNeed* end, i64 from, i64 d, i64 latest, i64& work) const {
    if (words_ > 1 || end - need > 1)
        return fit_where([&](i64 i) { return room(need, end, i); }, from, d, latest, work);
    const u64 tops = tops_, least = need->least;
    const u64* free = free_.data();
    return fit_where([&](i64 i) { return (((free[i] | tops) - least) & tops) == tops; }, from, d, latest, work);
}

template <class Room>
i64 PackedProfile::fit_where(Room&& room, i64 from, i64 d, i64 latest, i64& work) const {
    const i64 last = static_cast<i64>(time_.size()) - 1;
    const i64 first = segment(from);
    const i64* time = time_.data();
    i64 start = from;
    i64 i = first;
    while (start <= latest) {
        if (!room(i)) {
            if (i == last) return kForever;  // only behind a pinned task that takes more than there is
            start = time[++i];
            continue;
        }
        const i64 until = start + d;
        while (i < last && time[i + 1] < until && room(i + 1)) ++i;
        if (i == last || time[i + 1] >= until) break;
        ++i;
    }
    work += i - first + 4;
    return start;
}

i64 PackedProfile::split(i64 time, i64 at) {
    if (time_[at] == time) return at;
    time_.insert(time_.begin() + at + 1, time);
    const std::size_t size = free_.size();
    free_.resize(size + words_);
    u64* row = free_.data() + at * words_;
    std::move_backward(row, free_.data() + size, free_.data() + size + words_);
    return at + 1;
}

void PackedProfile::take(const PackedNeed* need, const PackedNeed* end, i64 start, i64 d) {
    const i64 first = split(start, segment(start));
    i64 last = first;
    while (last + 1 < static_cast<i64>(time_.size()) && time_[last + 1] < start + d) ++last;
    if (last + 1 == static_cast<i64>(time_.size()) || time_[last + 1] != start + d) split(start + d, last);
    for (const PackedNeed* q = need; q != end; ++q)
        for (i64 i = first; i <= last; ++i) free_[i * words_ + q->word] -= q->amount;
}

}  // namespace qamctl
