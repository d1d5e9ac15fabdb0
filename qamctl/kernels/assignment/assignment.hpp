// Local search for assignments of units to clusters under hard rules. reference.py beside this file is the
// specification; both take the same decisions step by step, so that a seed gives the same answer with either.
#pragma once

#include <cstdint>
#include <vector>

#include "random.hpp"
#include "span.hpp"

namespace qamctl {

using u8 = std::uint8_t;

constexpr i64 kNoLimit = i64{1} << 62;
constexpr i64 kBroken = i64{1} << 20;
constexpr int kTerms = 7;
enum Term { kCut, kLoad, kBalance, kMove, kCost, kSpread, kUnplaced };

// See qamctl/kernels/assignment/problem.py for the meaning of every field.
struct Problem {
    i64 n, k, m, r, groups, places, target, most_moves;
    bool elastic;
    double per_agent, per_group, per_pair, max_move_cost;
    Span<i64> demand, over, capacity, safe, least;
    Span<u8> transient, allowed, rule_apart, optional;
    Span<i32> parent, ratio_one, ratio_other, kind, allowed_leaf, link_to, apart_to, home_leaf, home_group;
    Span<double> load, ratio_value, ratio_weight, open_cost, link_weight, home_cost, pair_cost, cost_value;
    Span<i64> allowed_first, link_first, apart_first, home_first, home_count, home_demand;
    Span<i64> cost_first, own_demand, member_first, rule_least, rule_skew, values, near_first;
    Span<i32> cost_leaf, cost_own, member_rule, member_count, rule_value, value, near_rule, place, piece_device;
    Span<double> rule_weight, reward;
    Span<i64> piece_first, piece_size, device_size, device_count, mix;
    Span<double> levels, surprise, cooling;
};

struct Delta {
    i64 violation = 0;
    double term[kTerms] = {0, 0, 0, 0, 0, 0, 0};
    double ghost = 0;
};

// An assignment and everything that moves are judged by.
class State {
  public:
    explicit State(const Problem& problem);
    void assign(const i32* leaf);              // anew, sums included
    void trace();                              // keep the rim up to date from now on
    Delta peek(i64 u, i64 b);                  // what moving u to b (k: to no cluster) would change
    void move(i64 u, i64 b);                   // do it
    void move(i64 u, i64 b, const Delta& d);   // do what was peeked at
    bool may(i64 u, i64 b) const {
        return b == p.k ? p.optional[u] != 0 : p.allowed[p.kind[u] * p.k + b] != 0;
    }
    // Whether b's own capacity has room for u if `without` (or -1) left it.
    bool fits(i64 u, i64 b, i64 without) const;
    const i64* demand(i64 u, i64 b) const;
    void reseat_all(i64 u, const i64* masks);  // on the devices that it had
    i64 in_place(i64 rule, i64 place) const { return in_place_[rule * p.places + place]; }
    const std::vector<i32>& near_back(i64 rule) const { return near_back_[rule]; }

    const Problem& p;
    std::vector<i32> x;
    std::vector<i64> mask;                     // [pieces] devices taken, as bits
    i64 violation = 0;
    double term[kTerms];
    double ghost = 0;                          // what units left behind at old places, in cost of load
    std::vector<i64> use, both;                // [m, r]; `both` counts old places too
    std::vector<double> load, balance, cost;   // [m]
    std::vector<std::vector<i32>> inside;      // [k + 1] units of each leaf
    std::vector<i64> at;                       // [n] place of a unit there
    std::vector<i32> rim;                      // units with links to other leaves; only where it is traced

  private:
    struct Step {  // -1: the cluster loses the unit, 1: gets it, 0: contains both leaves
        i64 node;
        int sign;
    };
    Span<Step> path(i64 a, i64 b);
    void costs(i64 node, const i64* use, double out[3]) const;
    i64 broken(i64 node, const i64* use, const i64* both) const;
    void changed(i64 u, i64 a, i64 b, const Step& step, i64* use, i64* both) const;
    i64 lacks(i64 rule, i64 from, i64 to, i64 count) const;
    i64 arrival(i64 rule, i64 place) const;
    i64 rule_change(i64 entry, i64 a, i64 b, double& spread) const;
    void gather(i64 rule, i64 leaf, i64 count);
    i64 ruled(i64 u, i64 a, i64 b, double& spread, bool take);
    double moved(i64 u, i64 a, i64 b, Delta& d);
    i64 over_moves() const;
    i64 seat(i64 u, i64 b, bool take);
    i64 rise(i64 u, i64 a);
    double price(i64 u, i64 b) const;
    void out(i64 u, i64 more);

    std::vector<Step> steps_;
    std::vector<i64> row_, both_row_;
    std::vector<i64> wrong_;                   // [m] what each cluster breaks
    std::vector<i64> in_leaf_, in_value_, value_first_, in_place_;  // members by rule
    std::vector<i64> some_values_;             // values that have members, by rule
    std::vector<i64> moved_in_, moved_hist_;
    i64 moved_most_ = 0, moved_ = 0;
    double moved_cost_ = 0;
    std::vector<double> ghost_;                // [home entries]
    std::vector<i64> room_;                    // [k, devices of any kind]
    std::vector<i64> device_first_;
    std::vector<i64> trial_;
    i64 devices_ = 0;
    std::vector<std::vector<i32>> near_back_;
    std::vector<i64> out_, at_rim_;            // [n] links to other leaves, place in the rim
    bool transient_ = false, own_ = false;
    bool priced_ = false;                      // clusters cost something
    bool traced_ = false;
};

class AssignmentSearch {
  public:
    AssignmentSearch(const Problem& problem, const i32* start, u64 seed);
    // Carries on for at most `steps` proposals and about `seconds`; the proposals made.
    i64 run(i64 steps, double seconds);
    // Lays the cooling out over a search of this many proposals in all.
    void plan(i64 steps) { planned_ = steps; }
    // Goes on with one level of the objective; those before it may not get worse than `bounds`.
    void focus(i64 level, const double* bounds);

    i64 steps() const { return steps_; }
    i64 cycles() const { return cycles_; }
    const State& state() const { return s_; }
    const std::vector<i32>& best() const { return best_; }
    const std::vector<i64>& best_mask() const { return best_mask_; }
    i64 best_violation() const { return best_violation_; }
    const double* best_term() const { return best_term_; }

  private:
    static constexpr i64 kDepth = 12;    // moves that mend a chain
    static constexpr i64 kTries = 8;     // units that are looked at for one of them
    static constexpr i64 kRebuilt = 16;  // units taken out of a corner at most
    static constexpr i64 kCorner = 6;    // leaves of a corner at most
    static constexpr i64 kGuests = 4;    // units in no cluster that it takes in
    static constexpr i64 kPivots = 3;    // looks for a dear one
    static constexpr i64 kIdle = 30;     // moves of a chase without a gain
    static constexpr i64 kChased = 400;  // moves of a chase

    struct Undo {
        i32 unit, from;
    };
    struct ChainMove {
        i64 unit, from, to;
    };
    struct Chased {
        double price;
        i32 unit, to;
        bool operator>(const Chased& o) const {
            if (price != o.price) return price > o.price;
            return unit != o.unit ? unit > o.unit : to > o.to;
        }
    };
    double value(const double* term, i64 level) const;
    void restart();
    void cool();
    void step();
    i64 someone();
    i64 target(i64 u);
    bool within(const double* term) const;
    bool lucky(double worse);
    bool welcome(const Delta& d);
    void touch(i64 u);
    void keep();
    void begin();
    void go(i64 u, i64 b);
    void go(i64 u, i64 b, const Delta& d);
    void back(i64 keep);
    void settle();
    void shift();
    void drift();
    void shift(i64 u, i64 b);
    void swap();
    void chain();
    bool mend(const ChainMove& now, i64& left);
    i64 pick(i64 rule, i64 place);
    i64 near_leaf(i64 w, i64 b);
    void rebuild();
    i64 attracted(i64 u);
    void chase();

    const Problem p_;
    State s_;
    Random random_;
    bool near_ = false;
    std::vector<std::vector<i32>> by_rule_, in_place_leaf_;
    std::vector<i32> best_;
    std::vector<i64> best_mask_;
    i64 best_violation_ = 0;
    double best_term_[kTerms];
    std::vector<i32> dirty_;  // units that moved since the best assignment was noted
    std::vector<i64> dirty_at_;
    i64 sweep_ = 1;
    i64 level_ = 0;
    std::vector<double> bound_;
    i64 steps_ = 0, planned_ = 0, cycles_ = 0, begun_ = 0;
    double temperature_ = 0, scale_ = 1;
    std::vector<Undo> undo_;
    std::vector<i64> undo_mask_, stamp_;
    i64 undo_violation_ = 0, turn_ = 0, best_to_ = 0;
    double undo_term_[kTerms], undo_ghost_ = 0, price_ = 0;
    std::vector<ChainMove> open_;
    std::vector<std::pair<double, i32>> pool_;
    std::vector<double> pull_;
    std::vector<i32> heard_;
    std::vector<Chased> heap_;
};

}  // namespace qamctl
