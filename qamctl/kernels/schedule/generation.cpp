// Schedule generation: passes that decode a list into a schedule (Kolisch 1996).
// generation.py is the specification.
#include "schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "crews.hpp"

namespace qamctl {

void ScheduleSearch::begin(bool backward) {
    backward_ = backward;
    at_ = 0;
    abandoned_ = false;
    partial_violation_ = partial_sum_ = pinned_excess_ = 0;
    partial_makespan_ = 0;
    if (crews_) {
        crews_->begin(candidate_);
        return;
    }
    work_ += n_ + p_.holders;
    if (!backward && resume()) return;
    for (i64 h = 0; h < p_.holders; ++h) profiles_[h].reset(lanes_, h);
    if (backward) {
        back_end_ = 0;
        for (i64 t = 0; t < n_; ++t) back_end_ = std::max(back_end_, candidate_.end[t]);
        for (i32 t : pinned_) {
            back_end_of_[t] = back_end_ - candidate_.start[t];
            back_start_[t] = back_end_ - candidate_.end[t];
            book(t, candidate_.option[t], back_start_[t]);
        }
        return;
    }
    stock_.assign(p_.stock.data, p_.stock.data + p_.stock.size);
    reserved_.assign(p_.stock.size, 0);
    if (p_.stock.size > 0)
        for (i64 t = 0; t < n_; ++t) {
            const i64 fixed = candidate_.choice[t];
            if (fixed < 0) {
                for (i64 e = p_.least.first[t]; e < p_.least.first[t + 1]; ++e)
                    reserved_[p_.least.column[e]] += p_.least.amount[e];
            } else {
                const i32 need = p_.option_need[fixed];
                for (i64 e = p_.stock_use.first[need]; e < p_.stock_use.first[need + 1]; ++e)
                    reserved_[stock_use_[e].column] += stock_use_[e].amount;
            }
        }
    place_pinned();
}

bool ScheduleSearch::carry_on() {
    const std::vector<i32>& order = backward_ ? back_order_ : candidate_.order;
    const bool abandon = can_abandon_ && threshold_ < std::numeric_limits<double>::infinity() &&
                         (stage_ == Stage::again || (stage_ == Stage::forward && !justify_));
    while (at_ < n_) {
        if (!backward_ && !crews_ && rest_is_known()) break;
        const i32 t = order[at_++];
        if (crews_) {
            if (crews_->placed(t)) continue;
            for (i32 one : crews_->place(candidate_, t))
                if (abandon) count_partial(one);
            work_ += std::exchange(crews_->work, 0);
            if (abandon && hopeless()) {
                abandoned_ = true;
                return true;
            }
            if (late() && at_ < n_) return false;
            continue;
        }
        if (p_.pinned[t] >= 0) continue;
        if (backward_) {
            place_backward(t);
        } else {
            place(t);
            if (can_abandon_) count_partial(t);
            if (abandon && hopeless()) {
                abandoned_ = true;
                return true;
            }
        }
        if (late() && at_ < n_) return false;
    }
    return true;
}

// A task must start at by_start or later, and end at by_end or later.
void ScheduleSearch::ready(const Arcs& arcs, i32 task, i64& by_start, i64& by_end) const {
    const std::vector<i64>& start = backward_ ? back_start_ : candidate_.start;
    const std::vector<i64>& end = backward_ ? back_end_of_ : candidate_.end;
    if (simple_arcs_) {
        for (i64 e = arcs.first[task]; e < arcs.first[task + 1]; ++e)
            by_start = std::max(by_start, end[arcs.task[e]] + arcs.lag[e]);
        return;
    }
    for (i64 e = arcs.first[task]; e < arcs.first[task + 1]; ++e) {
        const i32 i = arcs.task[e];
        const int kind = arcs.kind[e];
        const i64 moment = ((kind == 0 || kind == 2) ? end[i] : start[i]) + arcs.lag[e];
        if (kind < 2)
            by_start = std::max(by_start, moment);
        else
            by_end = std::max(by_end, moment);
    }
}

i64 ScheduleSearch::earliest(i64 option, i64 by_start, i64 by_end, i64 latest) {
    const i64 d = p_.option_duration[option];
    i64 start = std::max(by_start, by_end - d);
    if (d == 0) return start;
    const i32 need = p_.option_need[option];
    const PackedNeed *own = own_.begin(need), *own_end = own_.end(need);
    const PackedNeed *shared = shared_.begin(need), *shared_end = shared_.end(need);
    const i64 h = p_.option_holder[option];
    while (true) {
        if (own != own_end) start = profiles_[h].fit(own, own_end, start, d, latest, work_);
        if (shared == shared_end || start > latest) return start;
        const i64 both = profiles_[0].fit(shared, shared_end, start, d, latest, work_);
        if (both == start || both > latest || own == own_end) return both;
        start = both;
    }
}

void ScheduleSearch::book(i32 task, i64 option, i64 start) {
    const i64 d = p_.option_duration[option];
    const i32 need = p_.option_need[option];
    if (d > 0) {
        if (own_.begin(need) != own_.end(need))
            profiles_[p_.option_holder[option]].take(own_.begin(need), own_.end(need), start, d);
        if (shared_.begin(need) != shared_.end(need)) profiles_[0].take(shared_.begin(need), shared_.end(need), start, d);
    }
    if (backward_) return;
    unlike_ += candidate_.start[task] != start || candidate_.option[task] != option;
    candidate_.start[task] = start;
    candidate_.end[task] = start + d;
    candidate_.option[task] = option;
    if (p_.stock.size == 0) return;
    for (i64 e = p_.stock_use.first[need]; e < p_.stock_use.first[need + 1]; ++e) {
        stock_[stock_use_[e].column] -= stock_use_[e].amount;
        if (candidate_.choice[task] >= 0) reserved_[stock_use_[e].column] -= stock_use_[e].amount;
    }
    if (candidate_.choice[task] < 0)
        for (i64 e = p_.least.first[task]; e < p_.least.first[task + 1]; ++e)
            reserved_[p_.least.column[e]] -= p_.least.amount[e];
}

// What an option would take from stocks beyond what the other open tasks leave.
double ScheduleSearch::excess(i32 task, i64 option) const {
    double sum = 0;
    const i32 need = p_.option_need[option];
    for (i64 e = p_.stock_use.first[need]; e < p_.stock_use.first[need + 1]; ++e) {
        const i32 c = stock_use_[e].column;
        i64 others = reserved_[c];
        for (i64 q = p_.least.first[task]; q < p_.least.first[task + 1]; ++q)
            if (p_.least.column[q] == c) others -= p_.least.amount[q];
        const i64 over = stock_use_[e].amount + others - stock_[c];
        if (over > 0) sum += static_cast<double>(over) * p_.stock_weight[c];
    }
    return sum;
}

// What a placed task adds to the term `reasoning`.
double ScheduleSearch::reasoning(i32 task) const {
    double price = 0;
    for (i64 k = p_.start_first[task]; k < p_.start_first[task + 1] && p_.start_since[k] <= candidate_.start[task]; ++k)
        price = p_.start_price[k];
    return p_.option_reasoning[candidate_.option[task]] + price;
}

// The option that ends first, then the cheaper, then the earlier in the list; or the cheapest first.
i64 ScheduleSearch::choose(i32 task, i64 by_start, i64 by_end, i64& start) {
    const i64 first = p_.first_option[task], last = p_.first_option[task + 1];
    i64 chosen = -1, finish = kForever;
    double cost = std::numeric_limits<double>::infinity();
    for (i64 o = first; o < last; ++o) {
        const i64 d = p_.option_duration[o];
        const i64 soonest = std::max(by_start + d, by_end);
        ++work_;
        if (p_.cheapest_first) {  // options stand by cost, then duration
            if (chosen >= 0 && p_.option_cost[o] > cost) break;
            if (soonest >= finish) continue;
        } else {  // by duration, then cost
            if (soonest > finish) break;
            if (soonest == finish && p_.option_cost[o] >= cost) continue;
        }
        if (p_.stock.size > 0 && excess(task, o) > 0) continue;
        const i64 from = std::max(by_start, p_.option_floor[o]);
        const i64 s = earliest(o, from, by_end, chosen < 0 ? kForever - 1 : finish - d);
        if (s == kForever) continue;
        const i64 f = s + d;
        if (f < finish || (f == finish && p_.option_cost[o] < cost)) {
            chosen = o;
            start = s;
            finish = f;
            cost = p_.option_cost[o];
        }
    }
    if (chosen >= 0) return chosen;
    double least = std::numeric_limits<double>::infinity();
    for (i64 o = first; o < last; ++o) {
        const double over = excess(task, o);
        if (over < least) {
            least = over;
            chosen = o;
        }
    }
    start = earliest(chosen, std::max(by_start, p_.option_floor[chosen]), by_end, kForever - 1);
    return chosen;
}

void ScheduleSearch::place(i32 task) {
    i64 by_start = p_.release[task], by_end = 0, start = 0;
    ready(p_.before, task, by_start, by_end);
    i64 option = candidate_.choice[task];
    if (option < 0 && p_.first_option[task + 1] - p_.first_option[task] == 1) option = p_.first_option[task];
    if (option < 0)
        option = choose(task, by_start, by_end, start);
    else
        start = earliest(option, std::max(by_start, p_.option_floor[option]), by_end, kForever - 1);
    book(task, option, start);
}

void ScheduleSearch::place_backward(i32 task) {
    const i64 option = candidate_.option[task];
    i64 by_start = std::max<i64>(0, back_end_ - p_.deadline[task]), by_end = 0;
    ready(p_.after, task, by_start, by_end);
    const i64 start = earliest(option, by_start, by_end, kForever - 1);
    back_start_[task] = start;
    back_end_of_[task] = start + p_.option_duration[option];
    book(task, option, start);
}

// Pinned tasks come first, whatever they collide with; what they collide with is a violation.
void ScheduleSearch::place_pinned() {
    for (i32 t : pinned_) {
        const i64 pin = p_.pinned[t];
        i64 chosen = candidate_.choice[t];
        if (chosen < 0) {
            for (i64 o = p_.first_option[t]; o < p_.first_option[t + 1] && chosen < 0; ++o)
                if (earliest(o, pin, 0, pin) == pin && excess(t, o) == 0) chosen = o;
            if (chosen < 0) chosen = p_.first_option[t];
        }
        const bool collides = earliest(chosen, pin, 0, pin) != pin;
        if (collides) pinned_excess_ += static_cast<double>(p_.option_duration[chosen]);
        book(t, chosen, pin);
    }
}

void ScheduleSearch::count_partial(i32 t) {
    if (crews_) {
        partial_sum_ += crews_->share(candidate_, t);
        if (crews_->out(candidate_.option[t])) return;
    }
    const i64 end = candidate_.end[t];
    if (end > p_.deadline[t]) partial_violation_ += static_cast<double>(end - p_.deadline[t]);
    if (p_.level_count == 0) return;
    const double* c = p_.levels.data;
    partial_makespan_ = std::max(partial_makespan_, candidate_.start[t] + p_.tail[t]);
    if (end > p_.due[t]) {
        partial_sum_ += c[1] * p_.unit * p_.weight[t] * static_cast<double>(end - p_.due[t]);
        partial_sum_ += c[2] * p_.weight[t];
    }
    if (c[3] != 0) partial_sum_ += c[3] * p_.unit * p_.weight[t] * static_cast<double>(end - p_.release[t]);
    if (c[4] != 0) partial_sum_ += c[4] * p_.option_cost[candidate_.option[t]];
    if (c[5] != 0) partial_sum_ += c[5] * reasoning(t);
}

// Covers the order of summation, which differs from evaluate().
static double margin(double value) { return 1e-6 * std::max(1.0, std::fabs(value)); }

bool ScheduleSearch::hopeless() const {
    const double allowed = current_.value[0] + (focus_ == 0 ? threshold_ : 0.0);
    if (partial_violation_ > allowed + margin(allowed)) return true;
    if (focus_ == 0) return false;
    const double limit = current_.value[1] + (focus_ == 1 ? threshold_ : 0.0);
    return p_.levels[0] * p_.unit * static_cast<double>(partial_makespan_) + partial_sum_ > limit + margin(limit);
}

// Violation, then the levels; every sum runs over the tasks in their order.
void ScheduleSearch::evaluate() {
    if (crews_) {
        crews_->evaluate(candidate_);
        return;
    }
    double violation = pinned_excess_, tardiness = 0, tardy = 0, flow = 0, cost = 0, reason = 0;
    i64 makespan = 0;
    for (i64 t = 0; t < n_; ++t) {
        const i64 end = candidate_.end[t];
        makespan = std::max(makespan, end);
        if (end > p_.deadline[t]) violation += static_cast<double>(end - p_.deadline[t]);
        if (end > p_.due[t]) {
            tardiness += p_.weight[t] * static_cast<double>(end - p_.due[t]);
            tardy += p_.weight[t];
        }
        if (flows_) flow += p_.weight[t] * static_cast<double>(end - p_.release[t]);
        if (costs_) cost += p_.option_cost[candidate_.option[t]];
        if (reasons_) reason += reasoning(static_cast<i32>(t));
    }
    for (i32 t : pinned_) {
        i64 by_start = p_.release[t], by_end = 0;
        ready(p_.before, t, by_start, by_end);
        const i64 late = std::max(by_start - candidate_.start[t], by_end - candidate_.end[t]);
        if (late > 0) violation += static_cast<double>(late);
    }
    for (i64 c = 0; c < p_.stock.size; ++c)
        if (stock_[c] < 0) violation += static_cast<double>(-stock_[c]) * p_.stock_weight[c];
    if (costs_) {
        std::vector<bool> used(p_.holders, false);
        for (i64 t = 0; t < n_; ++t) used[p_.option_holder[candidate_.option[t]]] = true;
        for (i64 h = 0; h < p_.holders; ++h)
            if (used[h]) cost += p_.fixed_cost[h];
    }
    const double terms[kTerms] = {static_cast<double>(makespan) * p_.unit, tardiness * p_.unit, tardy,
                                  flow * p_.unit, cost, reason, 0, 0, 0, 0, 0};
    candidate_.value[0] = violation;
    for (i64 k = 0; k < p_.level_count; ++k) {
        double sum = 0;
        for (int j = 0; j < kTerms; ++j) sum += p_.levels[kTerms * k + j] * terms[j];
        candidate_.value[1 + k] = sum;
    }
}

}  // namespace qamctl
