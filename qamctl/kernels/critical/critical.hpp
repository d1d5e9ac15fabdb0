// Tabu search on critical paths of shops. shop.py, moves.py and reference.py beside this file are the specification;
// both take the same decisions step by step, so that a seed gives the same schedule with either.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "random.hpp"
#include "span.hpp"

namespace qamctl {

struct Arcs {
    Span<i64> first;
    Span<i32> task;
    Span<i64> lag;
};

// See problem.py for the meaning of every field.
struct Problem {
    Span<i64> release, first_option;
    Span<i32> option_machine;
    Span<i64> option_duration;
    Arcs before, after;
    i64 machines, tenure, spread;
    i64 n() const { return release.size; }
};

// What a sweep over the graph reads and writes of a task, side by side in memory.
struct Task {
    i64 length, head, tail, ready, rest;
    i32 machine, prev, next, missing;
};

class Shop {
  public:
    explicit Shop(const Problem& problem);
    void begin(const i32* order, const i64* choice);
    i64 end(i32 t) const { return t >= 0 ? task[t].head + task[t].length : 0; }
    i64 way(i32 t) const { return t >= 0 ? task[t].length + task[t].tail : 0; }
    i64 option_on(i32 t, i32 machine) const;
    void insert(i32 t, i64 option, i32 after);
    bool sweep();

    const Problem p;
    const i64 n;
    std::vector<Task> task;
    std::vector<i64> choice;
    std::vector<std::vector<i32>> line;
    std::vector<i32> queue, place;
    i64 span = 0;

  private:
    void link(i32 before, i32 behind);
    std::vector<i32> arcs_before_;  // how many, by task
};

struct Move {
    i32 task = -1;
    i64 option = -1;
    i32 after = -1, first = -1, last = -1;
    i64 estimate = 0;
    i32 other = -1;
    i64 other_option = -1;
    bool within() const { return first >= 0; }
    bool sooner() const { return after != last; }
};

class CriticalPathSearch {
  public:
    CriticalPathSearch(const Problem& problem, const i32* order, const i64* choice, u64 seed);
    i64 run(i64 steps, double seconds);
    void restart(const i32* order, const i64* choice);
    i64 steps() const { return steps_; }
    i64 stalled() const { return stalled_; }
    bool stuck() const { return stuck_; }
    i64 best_span() const { return best_span_; }
    const std::vector<i64>& best_start() const { return best_start_; }
    const std::vector<i64>& best_choice() const { return best_choice_; }
    std::vector<i64> start() const;
    const std::vector<i64>& choice() const { return shop_.choice; }

  private:
    void keep();
    bool step();
    void find_path();
    void look_at_moves();
    void look_in_block(i64 begin, i64 stop, bool front, bool back);
    void look_later(i32 t, i32 last);
    void look_sooner(i32 t, i32 first);
    void look_to_option(i32 t, i64 option);
    void look_at_exchanges(i32 t, i64 option);
    i64 longest(i32 before, i32 behind);
    void offer(const Move& move);
    bool forbidden(const Move& move) const;
    void find_passed(const Move& move);
    void forbid_passed(i32 t, bool before, i64 until);
    i64 pair(i32 before, i32 behind) const { return (i64{before} * shop_.n + behind) % pairs_; }

    Shop shop_;
    Random random_;
    i64 pairs_;
    i64 steps_ = 0, stalled_ = 0, time_ = 0;
    bool stuck_ = false;
    i64 best_span_ = 0;
    std::vector<i64> best_start_, best_choice_;
    std::vector<i64> no_pair_, no_option_;
    std::vector<i32> path_, sequence_, passed_, others_;
    std::vector<i64> heads_;
    // the best and any of the moves looked at
    Move best_, lucky_;
    i64 ties_ = 0, count_ = 0;
    bool found_ = false;
};

}  // namespace qamctl
