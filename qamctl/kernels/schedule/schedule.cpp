// The annealing: set-up, slices, acceptance, cycles. reference.py is the specification.
#include "schedule.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include "crews.hpp"

namespace qamctl {

namespace {

constexpr i64 kJustifyEvery = 4;     // evaluations
constexpr i64 kCycles = 3;           // coolings that a planned search is divided into, for each level
constexpr i64 kFirstCycle = 2000;    // steps, where there is no plan
constexpr double kTolerance = 1e-12;  // relative: less than this is no difference

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

// ---------------------------------------------------------------------------------------------- set-up

ScheduleSearch::ScheduleSearch(const Problem& problem, const CrewTables* crews, u64 seed)
    : p_(problem), n_(problem.tasks), random_(seed), lanes_(problem), own_(lanes_.pack(problem.own)),
      shared_(lanes_.pack(problem.shared)) {
    if (crews != nullptr) crews_ = std::make_unique<CrewDecoder>(p_, *crews);
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
    for (i64 k = 0; k < p_.level_count * kTerms; ++k) {
        can_abandon_ &= p_.levels[k] >= 0;
        timed_ |= k % kTerms < 4 && p_.levels[k] != 0;
        flows_ |= k % kTerms == 3 && p_.levels[k] != 0;
        costs_ |= k % kTerms == 4 && p_.levels[k] != 0;
        reasons_ |= k % kTerms == 5 && p_.levels[k] != 0;
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
    by_time_.resize(n_);
    back_start_.resize(n_);
    back_end_of_.resize(n_);
    profiles_.resize(p_.holders);
    mark_.assign(n_, 0);
    prepare_marks();
    change_.assign(1 + p_.level_count, 0.0);
    scale_.assign(1 + p_.level_count, 0.0);
    changes_.assign(1 + p_.level_count, 0);
}

ScheduleSearch::~ScheduleSearch() = default;

// ---------------------------------------------------------------------------------------------- the slice

bool ScheduleSearch::time_is_up() {
    next_look_ = work_ + kLookEvery;
    return seconds_now() >= until_;
}

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

// ---------------------------------------------------------------------------------------------- search

void ScheduleSearch::next() {
    stage_ = Stage::forward;
    if (seen_ < p_.seeds) {
        seed_candidate(seen_);
        justify_ = false;
        threshold_ = std::numeric_limits<double>::infinity();
    } else {
        propose();
        justify_ = timed_ && !crews_ && evaluations_ % kJustifyEvery == 0;
        const double x = p_.surprise[static_cast<i64>(random_.draw() & static_cast<u64>(p_.surprise.size - 1))];
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
    keep_marks();
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
    forget_marks();
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

}  // namespace qamctl
