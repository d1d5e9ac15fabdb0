// Lists and the moves that change them. reference.py and repair.py are the specification.
#include "crews.hpp"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

namespace qamctl {

namespace {

constexpr i64 kRepairs = 30;  // tasks that are asked to take less of a stock

}  // namespace


// The tasks by time: by start, or by end from the last to the first on the way back.
void ScheduleSearch::sort_by_time(bool backward) {
    for (i64 t = 0; t < n_; ++t)
        by_time_[t] = backward ? Timed{-candidate_.end[t], -p_.rank[t], static_cast<i32>(t)}
                               : Timed{back_end_ - back_end_of_[t], p_.rank[t], static_cast<i32>(t)};
    std::vector<i32>& order = backward ? back_order_ : candidate_.order;
    if (simple_arcs_) {
        std::sort(by_time_.begin(), by_time_.end(), [](const Timed& a, const Timed& b) {
            return a.time != b.time ? a.time < b.time : a.rank < b.rank;
        });
        for (i64 i = 0; i < n_; ++i) order[i] = by_time_[i].task;
        return;
    }
    std::vector<double> time(n_);
    for (i64 t = 0; t < n_; ++t) time[t] = static_cast<double>(by_time_[t].time);
    if (backward)
        topological(p_.after, p_.before, time, true);
    else
        topological(p_.before, p_.after, time, false);
}

// The least key among the tasks whose predecessors stand in the list already; rank decides ties.
void ScheduleSearch::topological(const Arcs& before, const Arcs& after, const std::vector<double>& key, bool backward) {
    using Entry = std::pair<std::pair<double, i64>, i32>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> open;
    std::vector<i64> missing(n_);
    const auto entry = [&](i32 t) {
        return Entry{{key[t], backward ? -static_cast<i64>(p_.rank[t]) : static_cast<i64>(p_.rank[t])}, t};
    };
    for (i64 t = 0; t < n_; ++t) {
        missing[t] = before.first[t + 1] - before.first[t];
        if (missing[t] == 0) open.push(entry(static_cast<i32>(t)));
    }
    std::vector<i32>& order = backward ? back_order_ : candidate_.order;
    for (i64 at = 0; !open.empty(); ++at) {
        const i32 t = open.top().second;
        open.pop();
        order[at] = t;
        for (i64 e = after.first[t]; e < after.first[t + 1]; ++e)
            if (--missing[after.task[e]] == 0) open.push(entry(after.task[e]));
    }
}

void ScheduleSearch::propose() {
    candidate_.order = current_.order;
    candidate_.choice = current_.choice;
    candidate_position_ = position_;
    const i64 moves = 1 + random_.below(2);
    for (i64 m = 0; m < moves; ++m) {
        const i64 dice = random_.below(8);
        if (!flexible_.empty() && dice < 2) {
            change_choice(flexible_[random_.below(static_cast<i64>(flexible_.size()))]);
            repair_choices();
            continue;
        }
        if (dice >= 5 && timed_) {
            find_chain();
            if (!chain_.empty() && reorder(chain_[random_.below(static_cast<i64>(chain_.size()))])) continue;
        }
        shift(static_cast<i32>(random_.below(n_)));
    }
}

// To a random place between its last predecessor and its first successor in the list.
void ScheduleSearch::shift(i32 task) {
    std::vector<i32>& order = candidate_.order;
    std::vector<i32>& position = candidate_position_;
    i64 low = 0, high = n_ - 1;
    for (i64 e = p_.before.first[task]; e < p_.before.first[task + 1]; ++e)
        low = std::max<i64>(low, position[p_.before.task[e]] + 1);
    for (i64 e = p_.after.first[task]; e < p_.after.first[task + 1]; ++e)
        high = std::min<i64>(high, position[p_.after.task[e]] - 1);
    if (high <= low) return;
    const i64 from = position[task], to = low + random_.below(high - low + 1);
    if (to > from)
        std::rotate(order.begin() + from, order.begin() + from + 1, order.begin() + to + 1);
    else
        std::rotate(order.begin() + to, order.begin() + from, order.begin() + from + 1);
    for (i64 i = std::min(from, to); i <= std::max(from, to); ++i) position[order[i]] = static_cast<i32>(i);
}

void ScheduleSearch::change_choice(i32 task) {
    const i64 first = p_.draw_first[task];
    candidate_.choice[task] = p_.draw[first + random_.below(p_.draw_first[task + 1] - first)];
}

// What a choice takes of the stocks at least.
void ScheduleSearch::count_use(i32 task, i64 choice, i64 sign) {
    if (choice < 0) {
        for (i64 e = p_.least.first[task]; e < p_.least.first[task + 1]; ++e)
            use_[p_.least.column[e]] += sign * p_.least.amount[e];
        return;
    }
    const i32 need = p_.option_need[choice];
    for (i64 e = p_.stock_use.first[need]; e < p_.stock_use.first[need + 1]; ++e)
        use_[stock_use_[e].column] += sign * stock_use_[e].amount;
}

double ScheduleSearch::overdrawn() const {
    double sum = 0;
    for (i64 c = 0; c < p_.stock.size; ++c)
        if (use_[c] > p_.stock[c]) sum += static_cast<double>(use_[c] - p_.stock[c]) * p_.stock_weight[c];
    return sum;
}

// Where the choices take more of a stock than there is, random tasks take what spares most, one after the other.
void ScheduleSearch::repair_choices() {
    if (p_.stock.size == 0) return;
    use_.assign(p_.stock.size, 0);
    for (i64 t = 0; t < n_; ++t) count_use(static_cast<i32>(t), candidate_.choice[t], 1);
    double over = overdrawn();
    for (i64 tries = 0; tries < kRepairs && over > 0; ++tries) {
        const i32 t = flexible_[random_.below(static_cast<i64>(flexible_.size()))];
        count_use(t, candidate_.choice[t], -1);
        for (i64 o = p_.first_option[t]; o < p_.first_option[t + 1]; ++o) {
            count_use(t, o, 1);
            const double left = overdrawn();
            count_use(t, o, -1);
            if (left < over) {
                over = left;
                candidate_.choice[t] = o;
            }
        }
        count_use(t, candidate_.choice[t], 1);
        work_ += p_.first_option[t + 1] - p_.first_option[t];
    }
}

// A task whose end counts at the level in focus: one that is late, or the last one.
i32 ScheduleSearch::target() {
    const double* c = focus_ > 0 ? p_.levels.data + kTerms * (focus_ - 1) : nullptr;
    for (int tries = 0; tries < 8; ++tries) {
        const i32 t = static_cast<i32>(random_.below(n_));
        if (c == nullptr ? current_.end[t] > p_.deadline[t]
                         : c[3] != 0 || ((c[1] != 0 || c[2] != 0) && current_.end[t] > p_.due[t]))
            return t;
    }
    i32 last = 0;
    for (i64 t = 1; t < n_; ++t)
        if (current_.end[t] > current_.end[last]) last = static_cast<i32>(t);
    return last;
}

// Walks from a task that matters back through what it waited for; remembers the resource links on the way.
void ScheduleSearch::find_chain() {
    if (chain_known_) return;
    chain_known_ = true;
    chain_.clear();
    i32 t = target();
    for (i64 hops = 0; hops < n_; ++hops) {
        const i64 start = current_.start[t];
        i32 from = -1;
        i64 ties = 0;
        bool link = false;
        for (i64 e = p_.before.first[t]; e < p_.before.first[t + 1]; ++e) {
            const i32 i = p_.before.task[e];
            const int kind = p_.before.kind[e];
            const i64 moment = ((kind == 0 || kind == 2) ? current_.end[i] : current_.start[i]) + p_.before.lag[e];
            if (moment == (kind < 2 ? start : current_.end[t]) && random_.below(++ties) == 0) from = i;
        }
        const i64 mine = current_.option[t];
        const i32 my_need = p_.option_need[mine];
        for (i64 u = 0; u < n_; ++u) {
            if (current_.end[u] != start || current_.start[u] == start) continue;
            const i64 other = current_.option[u];
            if (crews_) {
                if (!crews_->compete(mine, other) || random_.below(++ties) != 0) continue;
                from = static_cast<i32>(u);
                link = true;
                continue;
            }
            const i32 need = p_.option_need[other];
            const bool same = p_.option_holder[mine] == p_.option_holder[other];
            if (!((same && (own_mask_[my_need] & own_mask_[need])) || (shared_mask_[my_need] & shared_mask_[need])))
                continue;
            if (random_.below(++ties) == 0) {
                from = static_cast<i32>(u);
                link = true;
            }
        }
        work_ += n_ / 4;
        if (from < 0) return;
        if (link) chain_.push_back({from, t});
        t = from;
    }
}

// Brings the second task of a link before the first, with what must come before it, or the first behind
// the second, with what must come behind it. False where precedence forbids it.
bool ScheduleSearch::reorder(Link link) {
    std::vector<i32>& order = candidate_.order;
    std::vector<i32>& position = candidate_position_;
    const i64 from = position[link.first], to = position[link.second];
    if (from > to) return false;
    ++stamp_;
    const bool pull = random_.below(2) == 0;
    const Arcs& arcs = pull ? p_.after : p_.before;
    mark_[pull ? link.second : link.first] = stamp_;
    for (i64 k = 0; k < to - from; ++k) {
        const i32 t = order[pull ? to - 1 - k : from + 1 + k];
        for (i64 e = arcs.first[t]; e < arcs.first[t + 1] && mark_[t] != stamp_; ++e)
            if (mark_[arcs.task[e]] == stamp_) mark_[t] = stamp_;
    }
    if (mark_[pull ? link.first : link.second] == stamp_) return false;
    std::stable_partition(order.begin() + from, order.begin() + to + 1,
                          [&](i32 t) { return (mark_[t] == stamp_) == pull; });
    for (i64 i = from; i <= to; ++i) position[order[i]] = static_cast<i32>(i);
    return true;
}

}  // namespace qamctl
