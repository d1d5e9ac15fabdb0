// Rules of groups: members apart, spread over the values of a label, near members of other groups. rules.py is the
// specification.
#include <algorithm>

#include "assignment.hpp"

namespace qamctl {

namespace {

double pairs(i64 c) { return 0.5 * static_cast<double>(c) * static_cast<double>(c - 1); }

}  // namespace

// How many values of its label a group lacks, and by how much its counts differ too much, with `count` members
// gone from one value (or -1) to another.
i64 State::lacks(i64 rule, i64 from, i64 to, i64 count) const {
    const i64* there = in_value_.data() + value_first_[rule];
    i64 sum = 0;
    if (p.rule_least[rule] > 0) {
        i64 some = some_values_[rule];
        if (from >= 0) some -= there[from] > 0 && there[from] == count;
        if (to >= 0) some += there[to] == 0 && count > 0;
        sum += std::max<i64>(0, p.rule_least[rule] - some);
    }
    if (p.rule_skew[rule] == kNoLimit) return sum;
    i64 low = kNoLimit, high = 0;
    for (i64 v = 0, end = value_first_[rule + 1] - value_first_[rule]; v < end; ++v) {
        const i64 now = there[v] + (v == to ? count : 0) - (v == from ? count : 0);
        low = std::min(low, now), high = std::max(high, now);
    }
    return sum + std::max<i64>(0, high - low - p.rule_skew[rule]);
}

// How many more rules are broken once a group has its first member in a neighbourhood, or has lost its last one.
i64 State::arrival(i64 rule, i64 place) const {
    i64 sum = 0;
    for (i64 e = p.near_first[rule]; e < p.near_first[rule + 1]; ++e)
        sum += p.near_rule[e] != rule && in_place_[p.near_rule[e] * p.places + place] == 0;
    for (const i32 g : near_back_[rule]) sum -= g != rule && in_place_[g * p.places + place] > 0;
    return sum;
}

// What changes where the members of one group that u has go from a to b.
i64 State::rule_change(i64 e, i64 a, i64 b, double& spread) const {
    const i64 g = p.member_rule[e], count = p.member_count[e];
    i64 sum = 0;
    if (p.rule_apart[g]) {
        if (a < p.k) {
            const i64 there = in_leaf_[g * p.k + a];
            sum -= std::max<i64>(0, there - 1) - std::max<i64>(0, there - count - 1);
        }
        if (b < p.k) {
            const i64 there = in_leaf_[g * p.k + b];
            sum += std::max<i64>(0, there + count - 1) - std::max<i64>(0, there - 1);
        }
    }
    const i64 v = p.rule_value[g];
    if (v >= 0) {
        const i64 from = a < p.k ? p.value[v * p.k + a] : -1, to = b < p.k ? p.value[v * p.k + b] : -1;
        if (from != to) {
            sum += lacks(g, from, to, count) - lacks(g, -1, -1, 0);
            const i64* there = in_value_.data() + value_first_[g];
            if (from >= 0) spread -= p.rule_weight[g] * (pairs(there[from]) - pairs(there[from] - count));
            if (to >= 0) spread += p.rule_weight[g] * (pairs(there[to] + count) - pairs(there[to]));
        }
    }
    if (p.near_first[g] < p.near_first[g + 1] || !near_back_[g].empty()) {
        const i64 from = a < p.k ? p.place[a] : -1, to = b < p.k ? p.place[b] : -1;
        if (from != to && count > 0) {
            if (from >= 0 && in_place_[g * p.places + from] == count) sum -= arrival(g, from);
            if (to >= 0 && in_place_[g * p.places + to] == 0) sum += arrival(g, to);
        }
    }
    return kBroken * sum;
}

// Counts so many members of a group more in a leaf.
void State::gather(i64 g, i64 leaf, i64 count) {
    if (leaf == p.k) return;
    in_leaf_[g * p.k + leaf] += count;
    in_place_[g * p.places + p.place[leaf]] += count;
    const i64 v = p.rule_value[g];
    if (v < 0) return;
    i64& there = in_value_[value_first_[g] + p.value[v * p.k + leaf]];
    some_values_[g] += (there + count > 0) - (there > 0);
    there += count;
}

// What changes for the groups of u where it goes from a to b; with `take` it is counted.
i64 State::ruled(i64 u, i64 a, i64 b, double& spread, bool take) {
    const i64 first = p.member_first[u], last = p.member_first[u + 1];
    i64 sum = 0;
    for (i64 e = first; e < last; ++e) {
        sum += rule_change(e, a, b, spread);
        if (!take && e + 1 == last && last == first + 1) return sum;
        gather(p.member_rule[e], a, -p.member_count[e]);
        gather(p.member_rule[e], b, p.member_count[e]);
    }
    if (!take)
        for (i64 e = first; e < last; ++e) {
            gather(p.member_rule[e], a, p.member_count[e]);
            gather(p.member_rule[e], b, -p.member_count[e]);
        }
    return sum;
}

}  // namespace qamctl
