// Refuses problems whose arrays do not fit each other, before a search reads where nothing is. check.py does the same.
#pragma once

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "assignment.hpp"

namespace qamctl {

inline void check_size(const std::string& name, i64 size, i64 want, const char* what = "entries") {
    if (size != want)
        throw std::invalid_argument(name + " has " + std::to_string(size) + " " + what + " where " +
                                    std::to_string(want) + " are needed");
}

template <class T>
void check_range(const std::string& name, const Span<T>& array, i64 low, i64 end) {
    for (i64 i = 0; i < array.size; ++i)
        if (array[i] < low || array[i] >= end)
            throw std::invalid_argument(name + " has an entry outside " + std::to_string(low) + " .. " +
                                        std::to_string(end - 1));
}

inline void check_finite(const std::string& name, const Span<double>& array) {
    for (i64 i = 0; i < array.size; ++i)
        if (!std::isfinite(array[i])) throw std::invalid_argument(name + " has an entry that is not finite");
}

// The first entry of each row, and the end of the last one.
inline void check_rows(const std::string& name, const Span<i64>& first, i64 rows, i64 entries) {
    bool right = first.size == rows + 1 && first[0] == 0 && first[rows] == entries;
    for (i64 i = 0; right && i < rows; ++i) right = first[i] <= first[i + 1];
    if (!right)
        throw std::invalid_argument(name + " does not divide " + std::to_string(entries) + " entries among " +
                                    std::to_string(rows) + " rows");
}

inline void check(const Problem& p) {
    const std::string problem = "AssignmentProblem";
    const i64 n = p.n, k = p.k, m = p.m, r = p.r;
    if (n < 0 || k < 0 || r < 1 || m < k) throw std::invalid_argument(problem + " has a size that can't be");
    const i64 kinds = std::max<i64>(0, p.allowed_first.size - 1), rules = p.rule_apart.size;
    const i64 ratios = p.ratio_one.size, labels = p.values.size, devices = p.device_size.size;
    const i64 homes = p.home_leaf.size, costs = p.cost_leaf.size, members = p.member_rule.size;
#define SIZE(name, want) check_size(problem + "." #name, p.name.size, want)
#define ROW_COUNT(name, want, columns) if ((columns) > 0) check_size(problem + "." #name, p.name.size / (columns), want)
#define RANGE(name, low, end) check_range(problem + "." #name, p.name, low, end)
#define ROWS(name, rows, entries) check_rows(problem + "." #name, p.name, rows, entries)
#define FINITE(name) check_finite(problem + "." #name, p.name)
    SIZE(kind, n); SIZE(place, k); ROW_COUNT(demand, n, r); SIZE(transient, r); SIZE(load, r); ROW_COUNT(capacity, m, r);
    ROW_COUNT(safe, m, r); SIZE(least, m); SIZE(open_cost, m); ROW_COUNT(allowed, kinds, k); SIZE(ratio_other, ratios);
    SIZE(ratio_value, ratios); SIZE(ratio_weight, ratios); SIZE(link_weight, p.link_to.size); SIZE(home_group, homes);
    SIZE(home_count, homes); SIZE(home_cost, homes); ROW_COUNT(home_demand, homes, r); SIZE(cost_value, costs);
    SIZE(cost_own, costs); SIZE(member_count, members); SIZE(rule_value, rules); SIZE(rule_least, rules);
    SIZE(rule_skew, rules); SIZE(rule_weight, rules); ROW_COUNT(value, labels, k); SIZE(optional, n); SIZE(reward, n);
    SIZE(piece_size, p.piece_device.size); ROW_COUNT(device_count, k, devices); SIZE(mix, 5); SIZE(cooling, 256);
    if (p.pair_cost.size) SIZE(pair_cost, k * k);
    if (!p.levels.size) SIZE(levels, 1);
    if (!p.surprise.size) SIZE(surprise, 1);
    ROWS(allowed_first, kinds, p.allowed_leaf.size); ROWS(link_first, n, p.link_to.size);
    ROWS(apart_first, n, p.apart_to.size); ROWS(home_first, n, homes); ROWS(cost_first, n, costs);
    ROWS(member_first, n, members); ROWS(near_first, rules, p.near_rule.size);
    ROWS(piece_first, n, p.piece_device.size);
    RANGE(kind, 0, kinds); RANGE(place, 0, p.places); RANGE(parent, -1, m); RANGE(allowed_leaf, 0, k);
    RANGE(ratio_one, 0, r); RANGE(ratio_other, 0, r); RANGE(link_to, 0, n); RANGE(apart_to, 0, n);
    RANGE(home_leaf, 0, k); RANGE(home_group, -1, p.groups); RANGE(home_count, 0, kNoLimit); RANGE(cost_leaf, 0, k);
    RANGE(cost_own, -1, p.own_demand.size / r); RANGE(member_rule, 0, rules); RANGE(member_count, 0, kNoLimit);
    RANGE(rule_value, -1, labels); RANGE(near_rule, 0, rules); RANGE(values, 1, kNoLimit);
    RANGE(piece_device, 0, devices); RANGE(piece_size, 1, kNoLimit); RANGE(device_size, 1, kNoLimit);
    RANGE(device_count, 0, 64);
    FINITE(load); FINITE(ratio_value); FINITE(ratio_weight); FINITE(open_cost); FINITE(link_weight); FINITE(home_cost);
    FINITE(pair_cost); FINITE(cost_value); FINITE(rule_weight); FINITE(reward); FINITE(levels); FINITE(surprise);
    FINITE(cooling);
    for (i64 v = 0; v < labels; ++v)
        check_range(problem + ".value", Span<i32>{p.value.data + v * k, k}, 0, p.values[v]);
#undef SIZE
#undef ROW_COUNT
#undef RANGE
#undef ROWS
#undef FINITE
    for (i64 node = 0; node < m; ++node)
        if (p.parent[node] >= 0 && p.parent[node] <= node)
            throw std::invalid_argument(problem + ".parent has a cluster before one that it contains");
    for (i64 u = 0; u < n; ++u)
        for (i64 e = p.cost_first[u] + 1; e < p.cost_first[u + 1]; ++e)
            if (p.cost_leaf[e - 1] >= p.cost_leaf[e])
                throw std::invalid_argument(problem + ".cost_leaf does not ascend in every row");
}

}  // namespace qamctl
