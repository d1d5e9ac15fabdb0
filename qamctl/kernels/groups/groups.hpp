// Search of models whose variables fall into blocks of which exactly one member is on, under linear rows.
// reference.py beside this file is the specification; both take the same decisions step by step.
#pragma once

#include <cstdint>
#include <vector>

#include "random.hpp"
#include "span.hpp"

namespace qamctl {

// See qamctl/kernels/groups/problem.py for the meaning of every field.
struct Problem {
    i64 variables, blocks, rows, places;
    Span<i64> block_first, first, entry_first, entry_coef, row_first, row_coef, low, high;
    Span<i32> other, entry_row, row_variable, place;
    Span<double> linear, weight, surprise;
};

class GroupSearch {
  public:
    struct State {
        std::vector<i32> choice;  // the member of each block that is on
        double objective = 0;
        i64 violation = 0;  // summed over the rows
    };
    struct Plan {
        std::vector<double> temperature{0.0};  // of each sweep; the last one holds on
        double objective = 1, raise = 1, lower = 1;
    };

    GroupSearch(const Problem& problem, u64 seed);
    void start(const i32* choice);
    void plan(Plan plan);
    i64 run(i64 sweeps, double seconds);
    void set_candidates(std::vector<i64> first, std::vector<i32> member);
    void set_weights(std::vector<double> weights) { row_weight_ = std::move(weights); }

    const Problem& problem() const { return p_; }
    const State& best() const { return best_; }
    const State& current() const { return current_; }
    const std::vector<double>& weights() const { return row_weight_; }
    const std::vector<i64>& visits() const { return visits_; }
    i64 sweeps() const { return sweeps_; }
    i64 climbs() const { return climbs_; }

  private:
    struct Move {
        i32 block, off, on;
    };
    void attempt();
    bool shift(u64 dice);
    bool repair();
    i32 partner(i32 block, i32 on);
    i32 pick(i32 block);
    i32 member_at(i32 block, i32 place);
    double evaluate();
    void gather(i32 variable, i64 sign);
    bool linked(i32 a, i32 b) const;
    double coupling(i32 a, i32 b) const;
    void apply(double rise);
    void spread(i32 variable, double sign);
    void seat(i32 block);
    void unseat(i32 block);
    i64 excess(i64 row, i64 activity) const;
    void set_broken(i32 row, i64 now);
    void count_broken(i32 row);
    bool better() const;
    void keep();
    void end_sweep();
    void adapt(double kept);

    Problem p_;
    Random random_;
    Plan plan_;
    std::vector<i32> block_of_, movable_;
    std::vector<u64> linked_;  // bit [a * blocks + b]: blocks that are coupled; empty where that is too large
    State current_, best_;
    bool pending_ = false;  // the current state is better than the best one kept
    std::vector<double> field_, row_weight_;
    std::vector<i64> activity_, excess_;
    std::vector<i32> broken_, broken_at_;   // rows that are violated, and where each stands there
    std::vector<std::vector<i32>> seated_;  // blocks at each place
    std::vector<i32> seat_;                 // where each block stands there
    std::vector<i64> candidate_first_, visits_;
    std::vector<i32> candidate_;

    // the move that is looked at
    Move move_[2];
    int moves_ = 0;
    double change_ = 0;  // of the objective, by that move
    i64 worse_ = 0;      // of the violation
    std::vector<i32> touched_;
    std::vector<i64> delta_;
    std::vector<u64> mark_;
    u64 stamp_ = 0;

    // the sweep
    double temperature_ = 0;
    i64 sweeps_ = 0, at_ = 0, planned_at_ = 0, climbs_ = 0, kept_since_ = 0, kept_time_ = 0;
    std::vector<i64> broken_since_, broken_time_;
    std::vector<i32> felt_;  // rows with broken_time_ > 0
};

}  // namespace qamctl
