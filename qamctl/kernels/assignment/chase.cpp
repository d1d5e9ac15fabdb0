// Localised Fiduccia-Mattheyses: compound moves along links. reference.py is the specification.
#include <algorithm>
#include <functional>

#include "assignment.hpp"

namespace qamctl {

namespace {

constexpr double kTolerance = 1e-9;

}  // namespace

// The best leaf of a neighbour for u, by links alone; -1 where there is none.
i64 AssignmentSearch::attracted(i64 u) {
    i64 to = -1;
    double most = 0;
    heard_.clear();
    for (i64 e = p_.link_first[u]; e < p_.link_first[u + 1]; ++e) {
        const i64 c = s_.x[p_.link_to[e]];
        if (c == p_.k || c == s_.x[u]) continue;
        if (pull_[c] == 0) heard_.push_back(static_cast<i32>(c));
        pull_[c] += p_.link_weight[e];
    }
    for (const i32 c : heard_) {
        if (pull_[c] > most && s_.may(u, c) && s_.fits(u, c, -1)) most = pull_[c], to = c;
        pull_[c] = 0;
    }
    return to;
}

// Localised Fiduccia-Mattheyses: moves spread from one unit over its neighbours, worse ones too, and all that do
// not pay are taken back.
void AssignmentSearch::chase() {
    begin();
    heap_.clear();
    const auto offer = [&](i64 u) {
        if (stamp_[u] == turn_) return;
        const i64 b = attracted(u);
        if (b < 0) return;
        const Delta d = s_.peek(u, b);
        if (d.violation > 0) return;
        heap_.push_back({value(d.term, level_), static_cast<i32>(u), static_cast<i32>(b)});
        std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    };
    offer(random_.below(p_.n));
    const double start = value(s_.term, level_);
    double best = start;
    i64 kept = 0, idle = 0;
    while (!heap_.empty() && idle < kIdle && static_cast<i64>(undo_.size()) < kChased) {
        std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
        const Chased top = heap_.back();
        heap_.pop_back();
        if (stamp_[top.unit] == turn_) continue;
        const i64 b = attracted(top.unit);
        if (b < 0) continue;
        const Delta d = s_.peek(top.unit, b);
        if (d.violation > 0) continue;
        const double price = value(d.term, level_);
        if (price > top.price) {  // it was better once
            heap_.push_back({price, top.unit, static_cast<i32>(b)});
            std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
            continue;
        }
        go(top.unit, b, d);
        ++idle;
        const double now = value(s_.term, level_);
        if (now < best - kTolerance || (now <= best && s_.violation < undo_violation_)) {
            best = now;
            kept = static_cast<i64>(undo_.size());
            idle = 0;
        }
        for (i64 e = p_.link_first[top.unit]; e < p_.link_first[top.unit + 1]; ++e) offer(p_.link_to[e]);
    }
    back(kept);
    if (kept) settle();
}

}  // namespace qamctl
