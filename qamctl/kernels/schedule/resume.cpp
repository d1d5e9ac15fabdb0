// What a pass need not do again. A candidate differs from the current schedule in a stretch of its list: the tasks
// before it are placed as they were, and behind it, as soon as all placed tasks stand as they did, so does the rest.
// reference.py places every task; the schedules are the same.
#include "schedule.hpp"

#include <algorithm>

namespace qamctl {

namespace {

constexpr i64 kMarks = 16;      // states of a pass that are remembered
constexpr i64 kLeastStretch = 4;  // tasks between two of them

}  // namespace

void ScheduleSearch::prepare_marks() {
    resumes_ = !crews_ && pinned_.empty();
    stretch_ = std::max(kLeastStretch, (n_ + kMarks - 1) / kMarks);
    for (std::vector<Mark>* marks : {&marks_, &candidate_marks_}) marks->resize(resumes_ ? n_ / stretch_ + 1 : 0);
}

// Compares the candidate's list with that of the current schedule, and carries on where they part.
bool ScheduleSearch::resume() {
    unlike_ = 0;
    differs_until_ = n_;
    first_mark_ = end_mark_ = 1;
    if (!resumes_ || seen_ < p_.seeds) return false;
    auto same = [&](i64 i) {
        const i32 t = candidate_.order[i];
        return t == current_.order[i] && candidate_.choice[t] == current_.choice[t];
    };
    i64 from = 0;
    while (from < n_ && same(from)) ++from;
    differs_until_ = from;
    for (i64 i = n_; i-- > from;)
        if (!same(i)) {
            differs_until_ = i + 1;
            break;
        }
    candidate_.start = current_.start;
    candidate_.end = current_.end;
    candidate_.option = current_.option;
    // What is reserved of a stock for open tasks, and so every option that is left to the pass, depends on all choices.
    if (p_.stock.size > 0 && candidate_.choice != current_.choice) from = 0;
    i64 m = std::min<i64>(from / stretch_, static_cast<i64>(marks_.size()) - 1);
    while (m > 0 && !marks_[m].valid) --m;
    if (m == 0) return false;
    const Mark& mark = marks_[m];
    at_ = m * stretch_;
    profiles_ = mark.profiles;
    stock_ = mark.stock;
    reserved_ = mark.reserved;
    partial_violation_ = mark.violation;
    partial_sum_ = mark.sum;
    partial_makespan_ = mark.makespan;
    first_mark_ = end_mark_ = m + 1;
    return true;
}

// Before the task at `at_`: remembers the state, or sees that the rest is as in the current schedule.
bool ScheduleSearch::rest_is_known() {
    if (at_ >= differs_until_ && unlike_ == 0) {
        for (i64 i = at_; i < n_ && p_.stock.size > 0; ++i) {
            const i32 need = p_.option_need[current_.option[current_.order[i]]];
            for (i64 e = p_.stock_use.first[need]; e < p_.stock_use.first[need + 1]; ++e)
                stock_[stock_use_[e].column] -= stock_use_[e].amount;
        }
        at_ = n_;
        return true;
    }
    if (resumes_ && at_ == end_mark_ * stretch_) {
        Mark& mark = candidate_marks_[end_mark_++];
        mark.profiles = profiles_;
        mark.stock = stock_;
        mark.reserved = reserved_;
        mark.violation = partial_violation_;
        mark.sum = partial_sum_;
        mark.makespan = partial_makespan_;
        mark.valid = true;
    }
    return false;
}

// The candidate has become the current schedule: what is remembered of its pass counts.
void ScheduleSearch::keep_marks() {
    for (i64 m = first_mark_; m < end_mark_; ++m) std::swap(marks_[m], candidate_marks_[m]);
}

void ScheduleSearch::forget_marks() {
    for (Mark& mark : marks_) mark.valid = false;
}

}  // namespace qamctl
