// An assignment, its rules and its costs, kept up to date from move to move. reference.py is the specification.
#include <algorithm>

#include "assignment.hpp"

namespace qamctl {

State::State(const Problem& problem) : p(problem) {
    x.assign(p.n, static_cast<i32>(p.k));
    mask.assign(p.piece_size.size, 0);
    at.assign(p.n, 0);
    const i64 rules = p.rule_apart.size;
    value_first_.assign(rules + 1, 0);
    for (i64 g = 0; g < rules; ++g)
        value_first_[g + 1] = value_first_[g] + (p.rule_value[g] < 0 ? 0 : p.values[p.rule_value[g]]);
    near_back_.resize(rules);
    for (i64 g = 0; g < rules; ++g)
        for (i64 e = p.near_first[g]; e < p.near_first[g + 1]; ++e)
            near_back_[p.near_rule[e]].push_back(static_cast<i32>(g));
    const i64 kinds = p.device_size.size;
    device_first_.assign(kinds + 1, 0);
    for (i64 d = 0; d < kinds; ++d) {
        i64 most = 0;
        for (i64 c = 0; c < p.k; ++c) most = std::max(most, p.device_count[c * kinds + d]);
        device_first_[d + 1] = device_first_[d] + most;
    }
    devices_ = device_first_[kinds];
    trial_.assign(devices_, 0);
    steps_.resize(p.m);
    row_.assign(p.r, 0);
    both_row_.assign(p.r, 0);
    for (i64 r = 0; r < p.r; ++r) transient_ |= p.transient[r] != 0;
    ghost_.assign(p.home_leaf.size, 0.0);
    for (i64 e = 0; e < p.home_leaf.size; ++e)
        for (i64 r = 0; r < p.r; ++r)
            if (p.transient[r]) ghost_[e] += p.load[r] * static_cast<double>(p.home_demand[e * p.r + r]);
    for (i64 e = 0; e < p.cost_own.size; ++e) own_ |= p.cost_own[e] >= 0;
    priced_ = p.ratio_one.size > 0 || p.target > 0;
    for (i64 m = 0; m < p.m; ++m) {
        priced_ |= p.open_cost[m] != 0;
        for (i64 r = 0; r < p.r; ++r) priced_ |= p.safe[m * p.r + r] < kNoLimit;
    }
}

void State::assign(const i32* leaf) {
    const i64 rules = p.rule_apart.size, kinds = p.device_size.size;
    const bool traced = traced_;
    traced_ = false;
    use.assign(p.m * p.r, 0);
    both.assign(transient_ ? p.m * p.r : 0, 0);
    wrong_.assign(p.m, 0);
    load.assign(p.m, 0);
    balance.assign(p.m, 0);
    cost.assign(p.m, 0);
    inside.assign(p.k + 1, {});
    in_leaf_.assign(rules * p.k, 0);
    in_value_.assign(value_first_[rules], 0);
    in_place_.assign(rules * p.places, 0);
    some_values_.assign(rules, 0);
    moved_in_.assign(p.groups, 0);
    moved_hist_.assign(1, p.groups);
    moved_most_ = moved_ = 0;
    moved_cost_ = 0;
    room_.assign(p.k * devices_, 0);
    for (i64 c = 0; c < p.k; ++c)
        for (i64 d = 0; d < kinds; ++d)
            for (i64 i = 0; i < p.device_count[c * kinds + d]; ++i)
                room_[c * devices_ + device_first_[d] + i] = p.device_size[d];
    std::fill(mask.begin(), mask.end(), 0);
    std::fill(x.begin(), x.end(), static_cast<i32>(p.k));
    violation = 0;
    ghost = 0;
    std::fill(term, term + kTerms, 0.0);
    double totals[3];
    for (i64 m = 0; m < p.m; ++m) {
        costs(m, use.data() + m * p.r, totals);
        load[m] = totals[0], balance[m] = totals[1], cost[m] = totals[2];
        term[kLoad] += totals[0], term[kBalance] += totals[1], term[kCost] += totals[2];
    }
    for (i64 g = 0; g < rules; ++g)
        if (p.rule_value[g] >= 0) violation += kBroken * std::max<i64>(0, p.rule_least[g]);
    // Everybody begins in no cluster, away from home.
    for (i64 u = 0; u < p.n; ++u) {
        at[u] = static_cast<i64>(inside[p.k].size());
        inside[p.k].push_back(static_cast<i32>(u));
        term[kUnplaced] += p.reward[u];
        if (!p.optional[u]) violation += kBroken * p.demand[u * p.r + p.r - 1];
        for (i64 e = p.home_first[u]; e < p.home_first[u + 1]; ++e) {
            moved_ += p.home_count[e];
            moved_cost_ += p.home_cost[e];
            term[kMove] += p.per_agent * p.home_cost[e];
            ghost += ghost_[e];
            const i64 g = p.home_group[e];
            if (g >= 0) {
                --moved_hist_[moved_in_[g]];
                moved_in_[g] += p.home_count[e];
                if (static_cast<i64>(moved_hist_.size()) <= moved_in_[g]) moved_hist_.resize(moved_in_[g] + 1, 0);
                ++moved_hist_[moved_in_[g]];
                moved_most_ = std::max(moved_most_, moved_in_[g]);
            }
            if (transient_)
                for (i64 c = p.home_leaf[e]; c >= 0; c = p.parent[c])
                    for (i64 r = 0; r < p.r; ++r) both[c * p.r + r] += p.home_demand[e * p.r + r];
        }
    }
    term[kMove] += p.per_group * static_cast<double>(moved_most_);
    violation += over_moves();
    for (i64 m = 0; m < p.m; ++m) {
        wrong_[m] = broken(m, use.data() + m * p.r, (transient_ ? both : use).data() + m * p.r);
        violation += wrong_[m];
    }
    for (i64 u = 0; u < p.n; ++u)
        if (leaf[u] != p.k) move(u, leaf[u]);
    if (traced) trace();
}

const i64* State::demand(i64 u, i64 b) const {
    if (own_ && b < p.k) {
        const i64 first = p.cost_first[u], last = p.cost_first[u + 1];
        const i32* begin = p.cost_leaf.data + first;
        const i32* end = p.cost_leaf.data + last;
        // A full row names every leaf.
        const i64 e = last - first == p.k ? first + b : first + (std::lower_bound(begin, end, static_cast<i32>(b)) - begin);
        if (e < last && p.cost_leaf[e] == b && p.cost_own[e] >= 0) return p.own_demand.data + p.cost_own[e] * p.r;
    }
    return p.demand.data + u * p.r;
}

bool State::fits(i64 u, i64 b, i64 without) const {
    if (b == p.k) return true;
    const i64* in = demand(u, b);
    const i64* out = without < 0 ? nullptr : demand(without, b);
    for (i64 r = 0; r < p.r; ++r) {
        const i64 limit = p.capacity[b * p.r + r];
        if (limit == kNoLimit) continue;
        const bool twice = p.transient[r] != 0;
        i64 now = (twice ? both : use)[b * p.r + r] + in[r] - (out ? out[r] : 0);
        if (twice) {
            for (i64 e = p.home_first[u]; e < p.home_first[u + 1]; ++e)
                if (p.home_leaf[e] == b) now -= p.home_demand[e * p.r + r];
            if (out)
                for (i64 e = p.home_first[without]; e < p.home_first[without + 1]; ++e)
                    if (p.home_leaf[e] == b) now += p.home_demand[e * p.r + r];
        }
        if (now > limit) return false;
    }
    return true;
}

// Clusters that a move from a to b changes, each once, a parent after its children.
Span<State::Step> State::path(i64 a, i64 b) {
    i64 i = a == p.k ? -1 : a, j = b == p.k ? -1 : b, count = 0;
    while (i != j) {  // a parent's number is higher than its children's
        if (j < 0 || (i >= 0 && i < j)) {
            steps_[count++] = {i, -1};
            i = p.parent[i];
        } else {
            steps_[count++] = {j, 1};
            j = p.parent[j];
        }
    }
    if (own_)
        for (; i >= 0; i = p.parent[i]) steps_[count++] = {i, 0};
    return {steps_.data(), count};
}

void State::costs(i64 node, const i64* row, double out[3]) const {
    out[0] = out[1] = out[2] = 0;
    const i64* safe = p.safe.data + node * p.r;
    for (i64 r = 0; r < p.r; ++r)
        if (row[r] > safe[r]) out[0] += p.load[r] * static_cast<double>(row[r] - safe[r]);
    const i64 size = row[p.r - 1];
    if (node < p.k) {
        const i64* limit = p.capacity.data + node * p.r;
        for (i64 b = 0; b < p.ratio_one.size; ++b) {
            const i64 one = p.ratio_one[b], other = p.ratio_other[b];
            const double lacks = p.ratio_value[b] * static_cast<double>(limit[one] - row[one]) -
                                 static_cast<double>(limit[other] - row[other]);
            if (lacks > 0) out[1] += p.ratio_weight[b] * lacks;
        }
        if (p.target > 0 && size > 0) out[1] += static_cast<double>(size > p.target ? size - p.target : p.target - size);
    }
    if (size > 0) out[2] = p.open_cost[node];
}

i64 State::broken(i64 node, const i64* row, const i64* twice) const {
    i64 sum = 0;
    const i64* limit = p.capacity.data + node * p.r;
    for (i64 r = 0; r < p.r; ++r) {
        const i64 now = p.transient[r] ? twice[r] : row[r];
        if (now > limit[r]) sum += p.over[r] * (now - limit[r]);
    }
    const i64 size = row[p.r - 1], least = p.least[node];
    if (size < least && !(p.elastic && size == 0)) sum += kBroken * (least - size);
    return sum;
}

void State::changed(i64 u, i64 a, i64 b, const Step& step, i64* row, i64* twice) const {
    const i64* now = use.data() + step.node * p.r;
    const i64* amount = demand(u, step.sign < 0 ? a : b);
    const i64 sign = step.sign ? step.sign : 1;
    for (i64 r = 0; r < p.r; ++r) row[r] = now[r] + sign * amount[r];
    if (step.sign == 0) {
        const i64* out = demand(u, a);
        for (i64 r = 0; r < p.r; ++r) row[r] -= out[r];
    }
    if (!transient_) return;
    const i64* old = both.data() + step.node * p.r;
    for (i64 r = 0; r < p.r; ++r) twice[r] = old[r] + row[r] - now[r];
    if (step.sign == 0) return;
    for (i64 e = p.home_first[u]; e < p.home_first[u + 1]; ++e) {
        i64 c = p.home_leaf[e];
        while (c >= 0 && c < step.node) c = p.parent[c];
        if (c != step.node) continue;
        for (i64 r = 0; r < p.r; ++r) twice[r] -= step.sign * p.home_demand[e * p.r + r];
    }
}

Delta State::peek(i64 u, i64 b) {
    const i64 a = x[u];
    Delta d;
    if (a == b) return d;
    const Span<Step> steps = path(a, b);
    double totals[3];
    for (i64 i = 0; i < steps.size; ++i) {
        const Step& step = steps[i];
        const i64 node = step.node;
        changed(u, a, b, step, row_.data(), both_row_.data());
        d.violation += broken(node, row_.data(), transient_ ? both_row_.data() : row_.data()) - wrong_[node];
        if (!priced_) continue;
        costs(node, row_.data(), totals);
        d.term[kLoad] += totals[0] - load[node];
        d.term[kBalance] += totals[1] - balance[node];
        d.term[kCost] += totals[2] - cost[node];
    }
    double with_a = 0, with_b = 0, placed = 0;
    for (i64 e = p.link_first[u]; e < p.link_first[u + 1]; ++e) {
        const i64 c = x[p.link_to[e]];
        if (c == p.k) continue;
        placed += p.link_weight[e];
        if (c == a) with_a += p.link_weight[e];
        if (c == b) with_b += p.link_weight[e];
    }
    if (b < p.k) d.term[kCut] += placed - with_b;
    if (a < p.k) d.term[kCut] -= placed - with_a;
    for (i64 e = p.apart_first[u]; e < p.apart_first[u + 1]; ++e) {
        const i64 c = x[p.apart_to[e]];
        if (c < p.k) d.violation += kBroken * ((c == b) - (c == a));
    }
    if (p.cost_first[u] < p.cost_first[u + 1]) d.term[kCost] += price(u, b) - price(u, a);
    if (a == p.k || b == p.k) {
        const double sign = b == p.k ? 1.0 : -1.0;
        d.term[kUnplaced] += sign * p.reward[u];
        if (!p.optional[u]) d.violation += static_cast<i64>(sign) * kBroken * p.demand[u * p.r + p.r - 1];
    }
    if (p.piece_first[u] < p.piece_first[u + 1]) {
        if (b < p.k) d.violation += kBroken * seat(u, b, false);
        if (a < p.k)
            for (i64 e = p.piece_first[u]; e < p.piece_first[u + 1]; ++e) d.violation -= kBroken * (mask[e] == 0);
    }
    if (p.home_first[u] < p.home_first[u + 1]) {
        Delta unused;
        const double known = moved_cost_;
        d.term[kMove] += moved(u, a, b, d);
        moved(u, b, a, unused);
        moved_cost_ = known;  // to the last bit
    }
    if (p.member_first[u] < p.member_first[u + 1]) {
        d.violation += ruled(u, a, b, d.term[kSpread], false);
    }
    return d;
}

double State::price(i64 u, i64 b) const {
    if (b == p.k) return 0;
    const i64 first = p.cost_first[u], last = p.cost_first[u + 1];
    if (last - first == p.k) return p.cost_value[first + b];
    const i32* begin = p.cost_leaf.data + first;
    const i32* found = std::lower_bound(begin, p.cost_leaf.data + last, static_cast<i32>(b));
    const i64 e = first + (found - begin);
    return e < last && *found == b ? p.cost_value[e] : 0;
}

void State::move(i64 u, i64 b) { move(u, b, peek(u, b)); }

void State::move(i64 u, i64 b, const Delta& d) {
    const i64 a = x[u];
    if (a == b) return;
    const Span<Step> steps = path(a, b);
    double totals[3];
    for (i64 i = 0; i < steps.size; ++i) {
        const Step& step = steps[i];
        const i64 node = step.node;
        changed(u, a, b, step, row_.data(), both_row_.data());
        std::copy(row_.begin(), row_.end(), use.begin() + node * p.r);
        if (transient_) std::copy(both_row_.begin(), both_row_.end(), both.begin() + node * p.r);
        wrong_[node] = broken(node, row_.data(), transient_ ? both_row_.data() : row_.data());
        if (!priced_) continue;
        costs(node, row_.data(), totals);
        load[node] = totals[0], balance[node] = totals[1], cost[node] = totals[2];
    }
    if (p.piece_first[u] < p.piece_first[u + 1]) {
        if (a < p.k) rise(u, a);
        if (b < p.k) seat(u, b, true);
    }
    Delta unused;
    double spread = 0;
    if (p.home_first[u] < p.home_first[u + 1]) moved(u, a, b, unused);
    if (p.member_first[u] < p.member_first[u + 1]) ruled(u, a, b, spread, true);
    std::vector<i32>& from = inside[a];
    from[at[u]] = from.back();
    at[from.back()] = at[u];
    from.pop_back();
    at[u] = static_cast<i64>(inside[b].size());
    inside[b].push_back(static_cast<i32>(u));
    x[u] = static_cast<i32>(b);
    if (traced_)
        for (i64 e = p.link_first[u]; e < p.link_first[u + 1]; ++e) {
            const i64 w = p.link_to[e], c = x[w], more = (c == a) - (c == b);
            out(u, more);
            out(w, more);
        }
    violation += d.violation;
    ghost += d.ghost;
    for (int t = 0; t < kTerms; ++t) term[t] += d.term[t];
}

}  // namespace qamctl
