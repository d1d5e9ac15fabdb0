// When a task with a crew can be done: work that pauses, free capacity, setups, what is sent. crews.py and spans.py are
// the specification.
#include <algorithm>

#include "crews.hpp"

namespace qamctl {

namespace {

using Spans = std::vector<Gap>;

i64 skip(const Spans& gaps, i64 moment) {
    auto after = std::upper_bound(gaps.begin(), gaps.end(), moment, [](i64 m, const Gap& g) { return m < g.start; });
    if (after == gaps.begin()) return moment;
    --after;
    return moment < after->end ? after->end : moment;
}

i64 start_for_end(const Spans& gaps, i64 by_end, i64 work) {
    i64 start = by_end;
    for (const Gap& g : gaps)
        if (g.start < by_end && by_end <= g.end) start = g.end + 1;
    i64 left = work;
    for (auto g = gaps.rbegin(); g != gaps.rend(); ++g) {
        if (g->start >= start) continue;
        if (left <= start - g->end) break;
        left -= start - g->end;
        start = g->start;
    }
    return std::max<i64>(0, start - left);
}

// Calls f(low, high) for the parts of [start, end) outside the gaps.
template <class F>
void each_piece(const Gap* gap, const Gap* last, i64 start, i64 end, F&& f) {
    i64 at = start;
    for (; gap != last; ++gap) {
        if (gap->end <= at) continue;
        if (gap->start >= end) break;
        if (gap->start > at) f(at, gap->start);
        at = gap->end;
    }
    if (at < end) f(at, end);
}

}  // namespace

i64 Profile::segment(i64 time) const {
    return std::upper_bound(time_.begin(), time_.end(), time) - time_.begin() - 1;
}

i64 Profile::fit(const Need* need, const Need* end, i64 from, i64 d, i64 latest, i64& work) const {
    const i64 last = static_cast<i64>(time_.size()) - 1;
    const i64 first = segment(from);
    i64 start = from;
    i64 i = first;
    for (; start <= latest; ++i) {
        const i64* free = free_.data() + i * columns_;
        bool room = true;
        for (const Need* q = need; q != end; ++q) room &= free[q->column] >= q->amount;
        if (!room) {
            if (i == last) return kForever;  // only behind a pinned task that takes more than there is
            start = time_[i + 1];
        } else if (i == last || time_[i + 1] - start >= d) {
            break;
        }
    }
    work += i - first + 4;
    return start;
}

i64 Profile::split(i64 time, i64 at) {
    if (time_[at] == time) return at;
    time_.insert(time_.begin() + at + 1, time);
    const std::size_t size = free_.size();
    free_.resize(size + columns_);
    i64* row = free_.data() + at * columns_;
    std::move_backward(row, free_.data() + size, free_.data() + size + columns_);
    return at + 1;
}

void Profile::take(const Need* need, const Need* end, i64 start, i64 d) {
    const i64 first = split(start, segment(start));
    i64 last = first;
    while (last + 1 < static_cast<i64>(time_.size()) && time_[last + 1] < start + d) ++last;
    if (last + 1 == static_cast<i64>(time_.size()) || time_[last + 1] != start + d) split(start + d, last);
    for (i64 i = first; i <= last; ++i) {
        i64* free = free_.data() + i * columns_;
        for (const Need* q = need; q != end; ++q) free[q->column] -= q->amount;
    }
}

i64 Profile::clear(const Need* need, const Need* end, i64 start, i64 until, i64& work) const {
    i64 i = std::lower_bound(time_.begin(), time_.end(), until) - time_.begin() - 1;
    const i64 last = static_cast<i64>(time_.size()) - 1;
    for (; i >= 0 && (i == last || time_[i + 1] > start); --i) {
        ++work;
        const i64* free = free_.data() + i * columns_;
        bool room = true;
        for (const Need* q = need; q != end; ++q) room &= free[q->column] >= q->amount;
        if (!room) return i == last ? kForever : time_[i + 1];
    }
    return start;
}

void Profile::reset(const i64* since, const i64* free, i64 steps, i64 columns) {
    columns_ = columns;
    time_.assign(since, since + steps);
    free_.assign(free, free + steps * columns);
}

CrewDecoder::Spans CrewDecoder::gaps(i64 option) const {
    Spans out;
    const i64 row = c_.option_pause[option];
    if (row >= 0)
        for (i64 g = c_.gap_first[row]; g < c_.gap_first[row + 1]; ++g) out.push_back({c_.gap_start[g], c_.gap_end[g]});
    return out;
}

i64 CrewDecoder::end_of(i64 option, i64 start) const {
    const i64 work = p_.option_duration[option], row = c_.option_pause[option];
    i64 end = start + work;
    if (work == 0 || row < 0) return end;
    for (i64 g = c_.gap_first[row]; g < c_.gap_first[row + 1]; ++g) {
        if (c_.gap_start[g] < start) continue;
        if (c_.gap_start[g] >= end) break;
        end += c_.gap_end[g] - c_.gap_start[g];
    }
    return end;
}

CrewDecoder::Ready CrewDecoder::ready(const Schedule& s, i32 t) const {
    Ready out{p_.release[t], 0, {}};
    for (i64 e = c_.arc_first[t]; e < c_.arc_first[t + 1]; ++e) {
        const i32 other = c_.arc_task[e];
        if (!placed_[other] || this->out(s.option[other])) continue;
        const int kind = c_.arc_kind[e];
        const i64 moment = ((kind == 0 || kind == 2) ? s.end[other] : s.start[other]) + c_.arc_lag[e];
        if (kind < 2)
            out.by_start = std::max(out.by_start, moment);
        else
            out.by_end = std::max(out.by_end, moment);
        if (c_.arc_data[e] >= 0) out.sent.push_back({moment, kind, c_.arc_data[e], s.option[other]});
    }
    return out;
}

i64 CrewDecoder::from(i32 t, i64 option, const Ready& ready, i64 begin) const {
    i64 by_start = std::max({ready.by_start, begin, p_.option_floor[option]}), by_end = ready.by_end;
    for (const Sent& sent : ready.sent) {
        const i64 arrival = sent.moment + delay(sent.row, sent.option, option);
        if (sent.kind < 2)
            by_start = std::max(by_start, arrival);
        else
            by_end = std::max(by_end, arrival);
    }
    return earliest(t, option, by_start, by_end);
}

// Until each agent of the crew of `after` has what the quickest agent of that of `before` sends it.
i64 CrewDecoder::delay(i32 row, i64 before, i64 after) const {
    i64 longest = 0;
    const i64 first = c_.crew_first[before], last = c_.crew_first[before + 1];
    if (first == last) return 0;
    for (i64 k = c_.crew_first[after]; k < c_.crew_first[after + 1]; ++k) {
        const i32 b = c_.crew_holder[k];
        i64 shortest = kForever;
        for (i64 j = first; j < last; ++j) {
            const i32 a = c_.crew_holder[j];
            i64 ticks = 0;
            if (a != b) {
                const i32* low = c_.link_other.data + c_.link_first[a];
                const i32* high = c_.link_other.data + c_.link_first[a + 1];
                const i32* at = std::lower_bound(low, high, b);
                const i64 kind = at != high && *at == b ? c_.link_class[at - c_.link_other.data] : 0;
                ticks = c_.delay[row * c_.classes + kind];
            }
            shortest = std::min(shortest, ticks);
        }
        longest = std::max(longest, shortest);
    }
    return longest;
}

i64 CrewDecoder::earliest(i32 t, i64 option, i64 by_start, i64 by_end) const {
    const i64 work = p_.option_duration[option];
    const Spans pauses = gaps(option);
    i64 start = by_start;
    while (start < kForever) {
        if (work > 0) start = skip(pauses, start);
        const i64 end = end_of(option, start);
        if (end < by_end) {
            start = std::max(start + 1, work > 0 ? start_for_end(pauses, by_end, work) : by_end);
            continue;
        }
        i64 later = after_setups(t, option, start, end);
        if (later == start && work > 0) later = where_free(option, start, end);
        if (later == start) break;
        start = later;
    }
    return start;
}

// `start` where nothing in the way of [start, end) is known; else the least start that may do.
i64 CrewDecoder::where_free(i64 option, i64 start, i64 end) const {
    const Spans pauses = gaps(option);
    Spans left, found;
    i64 k = c_.take_first[option];
    const i64 last = c_.take_first[option + 1];
    while (k < last) {
        const i32 holder = c_.take_holder[k];
        i64 next = k;
        while (next < last && c_.take_holder[next] == holder) ++next;
        // Agents keep their place while others are away; nobody takes from the pool meanwhile.
        left.clear();
        if (!pauses.empty()) {
            if (holder == 0)
                left = pauses;
            else
                for (i64 g = c_.away_first[holder]; g < c_.away_first[holder + 1]; ++g)
                    left.push_back({c_.away_start[g], c_.away_end[g]});
        }
        found.clear();
        each_piece(left.data(), left.data() + left.size(), start, end,
                   [&](i64 low, i64 high) { found.push_back({low, high}); });
        for (auto piece = found.rbegin(); piece != found.rend(); ++piece) {
            const i64 later =
                profiles_[holder].clear(take_.data() + k, take_.data() + next, piece->start, piece->end, steps_);
            if (later > piece->start) return later;
        }
        k = next;
    }
    return start;
}

// `start` where setups leave room for [start, end) between its neighbours; else the least start that may do.
i64 CrewDecoder::after_setups(i32 t, i64 option, i64 start, i64 end) const {
    if (c_.family[t] < 0) return start;
    for (i64 k = c_.crew_first[option]; k < c_.crew_first[option + 1]; ++k) {
        const i32 holder = c_.crew_holder[k];
        const std::vector<Placed>& row = setups_[holder];
        const Placed mine{start, end, t};
        const i64 at = std::lower_bound(row.begin(), row.end(), mine) - row.begin();
        if (c_.append && last_[holder] >= 0) {
            i64 behind = 0;
            while (std::get<2>(row[behind]) != last_[holder]) ++behind;
            if (at <= behind) return std::max(start + 1, std::get<1>(row[behind]));
        }
        if (at > 0) {
            const Placed& one = row[at - 1];
            const i64 ready = std::get<1>(one) + time(holder, std::get<2>(one), t);
            if (start < ready) return ready;
        }
        if (at < static_cast<i64>(row.size())) {
            const Placed& one = row[at];
            if (end + time(holder, t, std::get<2>(one)) > std::get<0>(one)) return std::max(start + 1, std::get<1>(one));
        }
    }
    return start;
}

i64 CrewDecoder::time(i32 holder, i32 before, i32 after) const {
    const i64 table = c_.setup_of[holder] * c_.families * c_.families;
    return c_.setup_time[table + c_.family[before] * c_.families + c_.family[after]];
}

// Take (1) or give back (-1) what a task needs, and tell the rules.
void CrewDecoder::change(const Schedule& s, i32 t, i64 sign) {
    const i64 option = s.option[t], start = s.start[t], end = s.end[t];
    if (start < end) {
        const Spans pauses = gaps(option);
        i64 k = c_.take_first[option];
        const i64 last = c_.take_first[option + 1];
        std::vector<Need> needs;
        while (k < last) {
            const i32 holder = c_.take_holder[k];
            needs.clear();
            for (; k < last && c_.take_holder[k] == holder; ++k) needs.push_back({take_[k].column, sign * take_[k].amount});
            const Need* all = needs.data();
            const auto take = [&](i64 low, i64 high) {
                profiles_[holder].take(all, all + needs.size(), low, high - low);
            };
            if (holder == 0)
                each_piece(pauses.data(), pauses.data() + pauses.size(), start, end, take);
            else
                take(start, end);
        }
    }
    for (i64 r = c_.own_rule_first[t]; r < c_.own_rule_first[t + 1]; ++r)
        change_rule(rules_[c_.own_rule[r]], option, c_.most_crew[t], sign);
}

}  // namespace qamctl
