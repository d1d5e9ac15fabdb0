// What moves away from present places cost, and how many there may be. homes.py is the specification.
#include <algorithm>

#include "assignment.hpp"

namespace qamctl {

namespace {

constexpr double kMostMoney = 1099511627776.0;  // 2^40, above a bound at most: larger violations would not fit 64 bits

}  // namespace

i64 State::over_moves() const {
    i64 sum = 0;
    if (moved_ > p.most_moves) sum += kBroken * (moved_ - p.most_moves);
    if (moved_cost_ > p.max_move_cost + 1e-9)
        sum += kBroken * (1 + static_cast<i64>(std::min(kMostMoney, moved_cost_ - p.max_move_cost)));
    return sum;
}

double State::moved(i64 u, i64 a, i64 b, Delta& d) {
    const i64 before = over_moves(), most = moved_most_;
    double money = 0, way = 0;
    for (i64 e = p.home_first[u]; e < p.home_first[u + 1]; ++e) {
        const i64 home = p.home_leaf[e], sign = (home != b) - (home != a);
        if (p.pair_cost.size) {
            const double count = static_cast<double>(p.home_count[e]);
            if (b < p.k) way += count * p.pair_cost[home * p.k + b];
            if (a < p.k) way -= count * p.pair_cost[home * p.k + a];
        }
        if (sign == 0) continue;
        money += static_cast<double>(sign) * p.home_cost[e];
        d.ghost += static_cast<double>(sign) * ghost_[e];
        moved_ += sign * p.home_count[e];
        const i64 g = p.home_group[e];
        if (g < 0) continue;
        --moved_hist_[moved_in_[g]];
        moved_in_[g] += sign * p.home_count[e];
        ++moved_hist_[moved_in_[g]];
        moved_most_ = std::max(moved_most_, moved_in_[g]);
    }
    while (moved_most_ > 0 && moved_hist_[moved_most_] == 0) --moved_most_;
    moved_cost_ += money;
    d.violation += over_moves() - before;
    return p.per_agent * money + p.per_group * static_cast<double>(moved_most_ - most) + p.per_pair * way;
}

}  // namespace qamctl
