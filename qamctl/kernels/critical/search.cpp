// Tabu search on critical paths. moves.py and reference.py are the specification.
#include <chrono>

#include "critical.hpp"

namespace qamctl {

namespace {

constexpr i64 kLookEvery = 16;        // steps between two looks at the clock
constexpr i64 kMostPairs = 1 << 22;   // pairs of tasks that are told apart in the tabu list

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

CriticalPathSearch::CriticalPathSearch(const Problem& problem, const i32* order, const i64* choice, u64 seed)
    : shop_(problem), random_(seed), pairs_(std::min(problem.n() * problem.n(), kMostPairs)) {
    restart(order, choice);
}

i64 CriticalPathSearch::run(i64 steps, double seconds) {
    const double until = now() + seconds;
    i64 done = 0;
    while (done < steps && !stuck_) {
        stuck_ = !step();
        if (stuck_) break;
        ++steps_;
        ++done;
        if (steps_ % kLookEvery == 0 && now() >= until) break;
    }
    return done;
}

void CriticalPathSearch::restart(const i32* order, const i64* choice) {
    shop_.begin(order, choice);
    stuck_ = false;
    stalled_ = time_ = 0;
    no_pair_.assign(pairs_, 0);
    no_option_.assign(shop_.p.option_machine.size, 0);
    keep();
}

std::vector<i64> CriticalPathSearch::start() const {
    std::vector<i64> out(shop_.n);
    for (i64 t = 0; t < shop_.n; ++t) out[t] = shop_.task[t].head;
    return out;
}

void CriticalPathSearch::keep() {
    best_span_ = shop_.span;
    best_start_.resize(shop_.n);
    for (i64 t = 0; t < shop_.n; ++t) best_start_[t] = shop_.task[t].head;
    best_choice_ = shop_.choice;
}

// One move; false where there is none.
bool CriticalPathSearch::step() {
    ++time_;
    find_path();
    look_at_moves();
    if (count_ == 0) return false;
    const Move move = found_ ? best_ : lucky_;
    const i64 until = time_ + 1 + shop_.p.tenure + random_.below(shop_.p.spread + 1);
    const i64 option = shop_.choice[move.task];
    const i32 after = shop_.task[move.task].prev;
    find_passed(move);
    const bool sooner = move.within() && move.sooner();
    const i64 other_option = move.other >= 0 ? shop_.choice[move.other] : -1;
    if (move.other >= 0) shop_.insert(move.other, move.other_option, move.task);
    shop_.insert(move.task, move.option, move.after);
    ++stalled_;
    if (!shop_.sweep()) {  // a cycle by way of other machines: back, and not this way again
        if (move.other >= 0) shop_.insert(move.other, other_option, move.task);
        shop_.insert(move.task, option, after);
        shop_.sweep();
        if (!move.within()) no_option_[move.option] = until;
        forbid_passed(move.task, sooner, until);
        return true;
    }
    if (!move.within()) no_option_[option] = until;
    if (move.other >= 0) no_option_[other_option] = until;
    forbid_passed(move.task, !sooner, until);
    if (shop_.span < best_span_) {
        keep();
        stalled_ = 0;
    }
    return true;
}

// A random critical path.
void CriticalPathSearch::find_path() {
    i32 chosen = -1;
    i64 ties = 0;
    path_.clear();
    for (i64 t = 0; t < shop_.n; ++t)
        if (shop_.end(static_cast<i32>(t)) == shop_.span && random_.below(++ties) == 0) chosen = static_cast<i32>(t);
    const Arcs& before = shop_.p.before;
    while (chosen >= 0) {
        const i32 t = chosen;
        const i64 head = shop_.task[t].head;
        chosen = -1;
        ties = 0;
        path_.push_back(t);
        for (i64 e = before.first[t]; e < before.first[t + 1]; ++e)
            if (shop_.end(before.task[e]) + before.lag[e] == head && random_.below(++ties) == 0) chosen = before.task[e];
        const i32 other = shop_.task[t].prev;
        if (other >= 0 && shop_.end(other) == head && random_.below(++ties) == 0) chosen = other;
    }
    std::reverse(path_.begin(), path_.end());
}

void CriticalPathSearch::look_at_moves() {
    found_ = false;
    ties_ = count_ = 0;
    const i64 size = static_cast<i64>(path_.size());
    for (i64 begin = 0, stop; begin < size; begin = stop) {
        stop = begin + 1;
        while (stop < size && shop_.task[path_[stop - 1]].next == path_[stop]) ++stop;
        const bool front = begin > 0 || shop_.task[path_[begin]].head > 0;
        if (stop - begin > 1) look_in_block(begin, stop, front, stop < size);
    }
    for (const i32 t : path_)
        for (i64 o = shop_.p.first_option[t]; o < shop_.p.first_option[t + 1]; ++o)
            if (o != shop_.choice[t]) look_to_option(t, o);
    bool alone = size > 1;  // one machine alone makes the makespan
    for (i64 k = 1; k < size && alone; ++k) alone = shop_.task[path_[k - 1]].next == path_[k];
    if (!alone) return;
    for (const i32 t : path_)
        for (i64 o = shop_.p.first_option[t]; o < shop_.p.first_option[t + 1]; ++o) look_at_exchanges(t, o);
}

// To the ends of a block and from them; `front`, `back`: whether a task that goes there may shorten the path.
void CriticalPathSearch::look_in_block(i64 begin, i64 stop, bool front, bool back) {
    const i32* block = path_.data() + begin;
    const i64 k = stop - begin;
    if (k == 2) {
        if (front || back) look_later(block[0], block[1]);
        return;
    }
    if (back) {
        for (i64 i = 0; i < k - 1; ++i) look_later(block[i], block[k - 1]);
        for (i64 i = 1; i < k - 2; ++i) look_sooner(block[k - 1], block[i]);
    }
    if (front) {
        for (i64 i = 1; i < k; ++i) look_sooner(block[i], block[0]);
        for (i64 i = 2; i < k - 1; ++i) look_later(block[0], block[i]);
    }
}

// A task goes right behind a later one, unless what comes after it may have to come before that.
void CriticalPathSearch::look_later(i32 t, i32 last) {
    const Arcs& after = shop_.p.after;
    const i64 way = shop_.way(last);
    for (i64 e = after.first[t]; e < after.first[t + 1]; ++e)
        if (after.task[e] == last || shop_.way(after.task[e]) > way) return;
    sequence_.clear();
    for (i32 other = shop_.task[t].next; other != last; other = shop_.task[other].next) sequence_.push_back(other);
    sequence_.push_back(last);
    sequence_.push_back(t);
    const i64 estimate = longest(shop_.task[t].prev, shop_.task[last].next);
    offer({t, shop_.choice[t], last, sequence_.front(), last, estimate});
}

// A task goes right before an earlier one, unless what comes before it may have to come after that.
void CriticalPathSearch::look_sooner(i32 t, i32 first) {
    const Arcs& before = shop_.p.before;
    const i64 end = shop_.end(first);
    for (i64 e = before.first[t]; e < before.first[t + 1]; ++e)
        if (before.task[e] == first || shop_.end(before.task[e]) > end) return;
    sequence_.clear();
    sequence_.push_back(t);
    for (i32 other = first; other != t; other = shop_.task[other].next) sequence_.push_back(other);
    const i64 estimate = longest(shop_.task[first].prev, shop_.task[t].next);
    offer({t, shop_.choice[t], shop_.task[first].prev, first, sequence_.back(), estimate});
}

// The longest path through any of the tasks of `sequence_`, which follow each other on a machine.
i64 CriticalPathSearch::longest(i32 before, i32 behind) {
    heads_.resize(sequence_.size());
    i64 end = shop_.end(before), way = shop_.way(behind), found = 0;
    for (std::size_t k = 0; k < sequence_.size(); ++k) {
        const Task& mine = shop_.task[sequence_[k]];
        heads_[k] = std::max(mine.ready, end);
        end = heads_[k] + mine.length;
    }
    for (std::size_t k = sequence_.size(); k-- > 0;) {
        const Task& mine = shop_.task[sequence_[k]];
        way = mine.length + std::max(mine.rest, way);
        found = std::max(found, heads_[k] + way);
    }
    return found;
}

// A task goes to another machine, or is done another way on its own.
void CriticalPathSearch::look_to_option(i32 t, i64 option) {
    const Task& mine = shop_.task[t];
    const i64 length = shop_.p.option_duration[option];
    const i64 gap =
        mine.next >= 0 ? std::max(shop_.task[mine.next].ready, shop_.end(mine.prev)) + shop_.way(mine.next) : 0;
    const i32 machine = shop_.p.option_machine[option];
    if (machine < 0) {
        offer({t, option, -1, -1, -1, std::max(gap, mine.ready + length + mine.rest)});
        return;
    }
    const std::vector<i32>* line = &shop_.line[machine];
    if (machine == mine.machine) {
        others_.clear();
        for (const i32 other : *line)
            if (other != t) others_.push_back(other);
        line = &others_;
    }
    // Ends rise along a machine, and ways fall.
    const i32* const tasks = line->data();
    const i64 size = static_cast<i64>(line->size());
    const i64 in_time = std::partition_point(tasks, tasks + size, [&](i32 u) { return shop_.end(u) <= mine.ready; }) - tasks;
    const i64 urgent = std::partition_point(tasks, tasks + size, [&](i32 u) { return shop_.way(u) > mine.rest; }) - tasks;
    i64 low = in_time, high = urgent;
    if (low > high) {  // where neither is needed, the present order decides
        low = urgent;
        for (i64 k = urgent; k < in_time; ++k) low += shop_.place[tasks[k]] < shop_.place[t];
        high = low;
    }
    i64 best = -1, at = low;
    for (i64 k = low; k <= high; ++k) {
        const i64 end = k > 0 ? shop_.end(tasks[k - 1]) : 0, way = k < size ? shop_.way(tasks[k]) : 0;
        const i64 whole = std::max(mine.ready, end) + length + std::max(mine.rest, way);
        if (best < 0 || whole < best) {
            best = whole;
            at = k;
        }
    }
    offer({t, option, at > 0 ? tasks[at - 1] : -1, -1, -1, std::max(gap, best)});
}

// A task and one of another machine take each other's place.
void CriticalPathSearch::look_at_exchanges(i32 t, i64 option) {
    const Task& mine = shop_.task[t];
    const i32 machine = shop_.p.option_machine[option];
    if (machine < 0 || machine == mine.machine) return;
    const i64 length = shop_.p.option_duration[option];
    const i64 before = shop_.end(mine.prev), behind = shop_.way(mine.next);
    for (const i32 other : shop_.line[machine]) {
        const i64 back = shop_.option_on(other, mine.machine);
        if (back < 0) continue;
        const Task& its = shop_.task[other];
        const i64 there = std::max(mine.ready, shop_.end(its.prev)) + length;
        const i64 here = std::max(its.ready, before) + shop_.p.option_duration[back];
        const i64 estimate =
            std::max(there + std::max(mine.rest, shop_.way(its.next)), here + std::max(its.rest, behind));
        offer({t, option, its.prev, -1, -1, estimate, other, back});
    }
}

// The move with the least estimate that is not forbidden, unless it is the best ever; and any move.
void CriticalPathSearch::offer(const Move& move) {
    if (random_.below(++count_) == 0) lucky_ = move;
    if (found_ && move.estimate > best_.estimate) return;
    if (move.estimate >= best_span_ && forbidden(move)) return;
    ties_ = found_ && move.estimate == best_.estimate ? ties_ + 1 : 1;
    if (random_.below(ties_) == 0) best_ = move;
    found_ = true;
}

// Whether all that a move would bring back was changed not long ago.
bool CriticalPathSearch::forbidden(const Move& move) const {
    if (!move.within())
        return no_option_[move.option] > time_ || (move.other >= 0 && no_option_[move.other_option] > time_);
    const bool sooner = move.sooner();
    for (i32 other = move.first;; other = shop_.task[other].next) {
        if (no_pair_[sooner ? pair(move.task, other) : pair(other, move.task)] <= time_) return false;
        if (other == move.last) return true;
    }
}

// The tasks on its machine that a task passes.
void CriticalPathSearch::find_passed(const Move& move) {
    passed_.clear();
    if (!move.within()) return;
    for (i32 other = move.first;; other = shop_.task[other].next) {
        passed_.push_back(other);
        if (other == move.last) return;
    }
}

// A task may not be before those that it passed, or not behind them.
void CriticalPathSearch::forbid_passed(i32 t, bool before, i64 until) {
    for (const i32 other : passed_) no_pair_[before ? pair(t, other) : pair(other, t)] = until;
}

}  // namespace qamctl
