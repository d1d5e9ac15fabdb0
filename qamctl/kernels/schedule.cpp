#include "schedule.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <queue>
#include <utility>

namespace qamctl {

namespace {

constexpr i64 kLookEvery = 20000;   // units of work between two looks at the clock: some 50 microseconds
constexpr i64 kJustifyEvery = 4;    // evaluations
constexpr i64 kCycles = 3;          // coolings that a planned search is divided into, for each level
constexpr i64 kFirstCycle = 2000;   // steps, where there is no plan
constexpr double kTolerance = 1e-9;  // relative: less than this is no difference
constexpr i64 kNever = i64{1} << 62;  // the value of an absent deadline
constexpr i64 kForever = std::numeric_limits<i64>::max();

double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<Need> needs_of(const Table& table) {
    std::vector<Need> out(static_cast<std::size_t>(table.column.size));
    for (i64 e = 0; e < table.column.size; ++e) out[e] = {table.column[e], table.amount[e]};
    return out;
}

std::vector<u64> masks_of(const Table& table) {
    std::vector<u64> out(static_cast<std::size_t>(table.first.size - 1), 0);
    for (i64 r = 0; r + 1 < table.first.size; ++r)
        for (i64 e = table.first[r]; e < table.first[r + 1]; ++e) out[r] |= u64{1} << (table.column[e] & 63);
    return out;
}

}  // namespace

// ---------------------------------------------------------------------------------------------- profile

void Profile::reset(const i64* capacity, i64 columns) {
    columns_ = columns;
    time_.assign(1, 0);
    free_.assign(capacity, capacity + columns);
}

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

// ---------------------------------------------------------------------------------------------- set-up

ScheduleSearch::ScheduleSearch(const Problem& problem, u64 seed) : p_(problem), n_(problem.tasks), random_(seed) {
    own_ = needs_of(p_.own);
    shared_ = needs_of(p_.shared);
    stock_use_ = needs_of(p_.stock_use);
    own_mask_ = masks_of(p_.own);
    shared_mask_ = masks_of(p_.shared);
    for (i64 t = 0; t < n_; ++t) {
        if (p_.first_option[t + 1] - p_.first_option[t] > 1) flexible_.push_back(static_cast<i32>(t));
        if (p_.pinned[t] >= 0) pinned_.push_back(static_cast<i32>(t));
        can_abandon_ &= p_.weight[t] >= 0;
        timed_ |= p_.deadline[t] < kNever;
    }
    for (i64 e = 0; e < p_.before.task.size; ++e)
        simple_arcs_ &= p_.before.kind[e] == 0 && p_.before.lag[e] >= 0;
    for (i64 o = 0; o < p_.option_cost.size; ++o) can_abandon_ &= p_.option_cost[o] >= 0;
    for (i64 k = 0; k < p_.level_count * 5; ++k) {
        can_abandon_ &= p_.levels[k] >= 0;
        timed_ |= k % 5 != 4 && p_.levels[k] != 0;
        flows_ |= k % 5 == 3 && p_.levels[k] != 0;
        costs_ |= k % 5 == 4 && p_.levels[k] != 0;
    }
    calibration_ = std::min<i64>(100, std::max<i64>(10, 200000 / std::max<i64>(1, n_)));
    for (Schedule* s : {&current_, &candidate_, &best_}) {
        s->order.resize(n_);
        s->choice.assign(n_, -1);
        s->start.resize(n_);
        s->end.resize(n_);
        s->option.resize(n_);
        s->value.assign(1 + p_.level_count, std::numeric_limits<double>::infinity());
    }
    position_.resize(n_);
    candidate_position_.resize(n_);
    back_order_.resize(n_);
    back_start_.resize(n_);
    back_end_of_.resize(n_);
    profiles_.resize(p_.holders);
    mark_.assign(n_, 0);
    change_.assign(1 + p_.level_count, 0.0);
    scale_.assign(1 + p_.level_count, 0.0);
    changes_.assign(1 + p_.level_count, 0);
}

u64 ScheduleSearch::draw() {  // splitmix64 (Steele, Lea, Flood 2014)
    u64 z = random_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// ---------------------------------------------------------------------------------------------- the slice

i64 ScheduleSearch::run(i64 steps, double seconds) {
    until_ = seconds_now() + seconds;
    next_look_ = work_ + kLookEvery;
    const i64 before = steps_;
    while (steps_ - before < steps && !done_) {
        if (stage_ == Stage::propose) next();
        if (!carry_on()) break;
        ++steps_;
        finish_pass();
        work_ += 8;
        if (late()) break;
    }
    return steps_ - before;
}

bool ScheduleSearch::late() const {
    auto& self = const_cast<ScheduleSearch&>(*this);
    if (work_ < next_look_) return false;
    self.next_look_ = work_ + kLookEvery;
    return seconds_now() >= until_;
}

// ---------------------------------------------------------------------------------------------- one pass

void ScheduleSearch::begin(bool backward) {
    backward_ = backward;
    at_ = 0;
    abandoned_ = false;
    partial_violation_ = partial_sum_ = pinned_excess_ = 0;
    partial_makespan_ = 0;
    for (i64 h = 0; h < p_.holders; ++h) profiles_[h].reset(p_.capacity.data + h * p_.columns, p_.columns);
    work_ += n_ + p_.holders;
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
        const i32 t = order[at_++];
        if (p_.pinned[t] >= 0) continue;
        if (backward_) {
            place_backward(t);
        } else {
            place(t);
            if (abandon) {
                count_partial(t);
                if (hopeless()) {
                    abandoned_ = true;
                    return true;
                }
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
    const Need* own = own_.data() + p_.own.first[need];
    const Need* own_end = own_.data() + p_.own.first[need + 1];
    const Need* shared = shared_.data() + p_.shared.first[need];
    const Need* shared_end = shared_.data() + p_.shared.first[need + 1];
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
        const Need* own = own_.data() + p_.own.first[need];
        const Need* own_end = own_.data() + p_.own.first[need + 1];
        const Need* shared = shared_.data() + p_.shared.first[need];
        const Need* shared_end = shared_.data() + p_.shared.first[need + 1];
        if (own != own_end) profiles_[p_.option_holder[option]].take(own, own_end, start, d);
        if (shared != shared_end) profiles_[0].take(shared, shared_end, start, d);
    }
    if (backward_) return;
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
        const i64 s = earliest(o, by_start, by_end, chosen < 0 ? kForever - 1 : finish - d);
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
    start = earliest(chosen, by_start, by_end, kForever - 1);
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
        start = earliest(option, by_start, by_end, kForever - 1);
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
}

// A small margin covers the order of summation, which differs from evaluate().
double margin(double value) { return 1e-6 * std::max(1.0, std::fabs(value)); }

bool ScheduleSearch::hopeless() const {
    const double allowed = current_.value[0] + (focus_ == 0 ? threshold_ : 0.0);
    if (partial_violation_ > allowed + margin(allowed)) return true;
    if (focus_ == 0) return false;
    const double limit = current_.value[1] + (focus_ == 1 ? threshold_ : 0.0);
    return p_.levels[0] * p_.unit * static_cast<double>(partial_makespan_) + partial_sum_ > limit + margin(limit);
}

// Violation, then the levels; every sum runs over the tasks in their order.
void ScheduleSearch::evaluate() {
    double violation = pinned_excess_, tardiness = 0, tardy = 0, flow = 0, cost = 0;
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
    const double terms[5] = {static_cast<double>(makespan) * p_.unit, tardiness * p_.unit, tardy, flow * p_.unit, cost};
    candidate_.value[0] = violation;
    for (i64 k = 0; k < p_.level_count; ++k) {
        double sum = 0;
        for (int j = 0; j < 5; ++j) sum += p_.levels[5 * k + j] * terms[j];
        candidate_.value[1 + k] = sum;
    }
}

// ---------------------------------------------------------------------------------------------- lists

// The tasks by time: by start, or by end from the last to the first on the way back.
void ScheduleSearch::sort_by_time(bool backward) {
    std::vector<std::pair<i64, i64>> key(n_);
    for (i64 t = 0; t < n_; ++t)
        key[t] = backward ? std::make_pair(-candidate_.end[t], -static_cast<i64>(p_.rank[t]))
                          : std::make_pair(back_end_ - back_end_of_[t], static_cast<i64>(p_.rank[t]));
    std::vector<i32>& order = backward ? back_order_ : candidate_.order;
    for (i64 t = 0; t < n_; ++t) order[t] = static_cast<i32>(t);
    if (simple_arcs_) {
        std::sort(order.begin(), order.end(), [&](i32 a, i32 b) { return key[a] < key[b]; });
        return;
    }
    std::vector<double> time(n_);
    for (i64 t = 0; t < n_; ++t) time[t] = static_cast<double>(key[t].first);
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

// ---------------------------------------------------------------------------------------------- search

void ScheduleSearch::next() {
    stage_ = Stage::forward;
    if (seen_ < p_.seeds) {
        seed_candidate(seen_);
        justify_ = false;
        threshold_ = std::numeric_limits<double>::infinity();
    } else {
        propose();
        justify_ = timed_ && evaluations_ % kJustifyEvery == 0;
        const double x = p_.surprise[static_cast<i64>(draw() & static_cast<u64>(p_.surprise.size - 1))];
        if (evaluations_ < calibration_) {
            threshold_ = std::numeric_limits<double>::infinity();
        } else {
            const i64 at = std::min<i64>(255, (steps_ - cycle_at_) * 256 / cycle_length_);
            threshold_ = scale_[focus_] * p_.cooling[at] * x;
        }
    }
    begin(false);
}

void ScheduleSearch::seed_candidate(i64 seed) {
    std::vector<double> key(p_.keys.data + seed * n_, p_.keys.data + (seed + 1) * n_);
    topological(p_.before, p_.after, key, false);
    candidate_.choice.assign(p_.choices.data + seed * n_, p_.choices.data + (seed + 1) * n_);
}

void ScheduleSearch::finish_pass() {
    if (stage_ == Stage::backward) {
        sort_by_time(false);
        stage_ = Stage::again;
        begin(false);
        return;
    }
    if (!abandoned_) {
        evaluate();
        keep_best();
        if (stage_ == Stage::forward && justify_) {
            sort_by_time(true);
            stage_ = Stage::backward;
            begin(true);
            return;
        }
    }
    stage_ = Stage::propose;
    if (seen_ < p_.seeds) {
        if (++seen_ == p_.seeds) begin_cycle();
        return;
    }
    judge();
    ++evaluations_;
    if (evaluations_ == calibration_) {
        calibrate();
        begin_cycle();
    } else if (evaluations_ > calibration_) {
        const bool repaired = focus_ == 0 && best_.value[0] == 0;
        if (repaired || steps_ - cycle_at_ >= cycle_length_) {
            ++cycles_;
            begin_cycle();
        }
    }
}

bool ScheduleSearch::better(const std::vector<double>& a, const std::vector<double>& b) const {
    for (std::size_t k = 0; k < a.size(); ++k) {
        if (a[k] < b[k] - slack(b[k])) return true;
        if (a[k] > b[k] + slack(b[k])) return false;
    }
    return false;
}

double ScheduleSearch::slack(double value) { return kTolerance * std::max(1.0, std::fabs(value)); }

void ScheduleSearch::keep_best() {
    if (std::isfinite(best_.value[0]) && !better(candidate_.value, best_.value)) return;
    best_ = candidate_;
    done_ = best_.value[0] == 0;
    for (i64 k = 0; k < p_.level_count; ++k) done_ &= met(k + 1);
    done_ |= n_ == 0;
}

bool ScheduleSearch::met(i64 level) const {
    return best_.value[level] <= p_.bounds[level - 1] + slack(best_.value[level]);
}

void ScheduleSearch::judge() {
    if (abandoned_) return;
    bool accept = true;
    for (std::size_t k = 0; k < candidate_.value.size(); ++k) {
        const double change = candidate_.value[k] - current_.value[k];
        if (std::fabs(change) <= slack(current_.value[k])) continue;
        if (evaluations_ < calibration_) {
            change_[k] += std::fabs(change);
            ++changes_[k];
        }
        const i64 level = static_cast<i64>(k);
        if (change > 0 && level <= focus_)
            accept = level == focus_ && evaluations_ >= calibration_ && change <= threshold_;
        break;
    }
    if (!accept) return;
    std::swap(current_, candidate_);
    for (i64 i = 0; i < n_; ++i) position_[current_.order[i]] = static_cast<i32>(i);
    chain_known_ = false;
}

void ScheduleSearch::calibrate() {
    for (std::size_t k = 0; k < scale_.size(); ++k)
        scale_[k] = changes_[k] > 0 ? change_[k] / static_cast<double>(changes_[k]) : 0.0;
}

// Every cycle starts from the best and cools on one level: the violation while there is any, else the
// levels in turn, those before it held and those that meet their bound left out.
void ScheduleSearch::begin_cycle() {
    current_ = best_;
    for (i64 i = 0; i < n_; ++i) position_[current_.order[i]] = static_cast<i32>(i);
    chain_known_ = false;
    const i64 levels = p_.level_count;
    if (best_.value[0] > 0 || levels == 0) {
        focus_ = 0;
    } else {
        for (i64 tries = 0; tries < levels; ++tries) {
            focus_ = focus_ % levels + 1;
            if (!met(focus_)) break;
        }
    }
    cycle_at_ = steps_;
    const i64 round = kCycles * std::max<i64>(1, levels), left = round - cycles_ % round;
    if (planned_ > steps_)
        cycle_length_ = std::max(kFirstCycle / 10, (planned_ - steps_) / left);
    else
        cycle_length_ = std::max(kFirstCycle, cycle_length_ * 3 / 2);
}

// ---------------------------------------------------------------------------------------------- moves

void ScheduleSearch::propose() {
    candidate_.order = current_.order;
    candidate_.choice = current_.choice;
    candidate_position_ = position_;
    const i64 moves = 1 + below(2);
    for (i64 m = 0; m < moves; ++m) {
        const i64 dice = below(8);
        if (!flexible_.empty() && dice < 2) {
            change_choice(flexible_[below(static_cast<i64>(flexible_.size()))]);
            continue;
        }
        if (dice >= 5 && timed_) {
            find_chain();
            if (!chain_.empty() && reorder(chain_[below(static_cast<i64>(chain_.size()))])) continue;
        }
        shift(static_cast<i32>(below(n_)));
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
    const i64 from = position[task], to = low + below(high - low + 1);
    if (to > from)
        std::rotate(order.begin() + from, order.begin() + from + 1, order.begin() + to + 1);
    else
        std::rotate(order.begin() + to, order.begin() + from, order.begin() + from + 1);
    for (i64 i = std::min(from, to); i <= std::max(from, to); ++i) position[order[i]] = static_cast<i32>(i);
}

void ScheduleSearch::change_choice(i32 task) {
    const i64 options = p_.first_option[task + 1] - p_.first_option[task];
    const i64 pick = below(options + 1);  // one more: back to auto
    candidate_.choice[task] = pick == options ? -1 : p_.first_option[task] + pick;
}

// A task whose end counts at the level in focus: one that is late, or the last one.
i32 ScheduleSearch::target() {
    const double* c = focus_ > 0 ? p_.levels.data + 5 * (focus_ - 1) : nullptr;
    for (int tries = 0; tries < 8; ++tries) {
        const i32 t = static_cast<i32>(below(n_));
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
            if (moment == (kind < 2 ? start : current_.end[t]) && below(++ties) == 0) from = i;
        }
        const i64 mine = current_.option[t];
        const i32 my_need = p_.option_need[mine];
        for (i64 u = 0; u < n_; ++u) {
            if (current_.end[u] != start || current_.start[u] == start) continue;
            const i64 other = current_.option[u];
            const i32 need = p_.option_need[other];
            const bool same = p_.option_holder[mine] == p_.option_holder[other];
            if (!((same && (own_mask_[my_need] & own_mask_[need])) || (shared_mask_[my_need] & shared_mask_[need])))
                continue;
            if (below(++ties) == 0) {
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
    const bool pull = below(2) == 0;
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
