// Activity-list search for schedules: serial schedule generation, forward-backward justification and
// simulated annealing. reference.py beside this file is the specification; both take the same decisions
// step by step, so that a seed gives the same schedule with either.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "lanes.hpp"
#include "random.hpp"
#include "span.hpp"

namespace qamctl {

constexpr i64 kNever = i64{1} << 62;  // the value of an absent deadline
constexpr i64 kForever = std::numeric_limits<i64>::max();
constexpr i64 kLookEvery = 20000;  // units of work between two looks at the clock: some 50 microseconds

struct Need {
    i32 column;
    i64 amount;
};

// Amounts by row, as compressed rows.
struct Table {
    Span<i64> first;
    Span<i32> column;
    Span<i64> amount;
};

struct Arcs {  // what must come before each task: FS, SS, FF, SF as 0, 1, 2, 3
    Span<i64> first;
    Span<i32> task;
    Span<std::int8_t> kind;
    Span<i64> lag;
};

// See qamctl/kernels/schedule/problem.py for the meaning of every field.
struct Problem {
    i64 tasks, holders, columns, level_count, seeds;
    Span<i64> first_option;
    Span<i32> option_holder, option_need;
    Span<i64> option_duration;
    Span<double> option_cost, option_reasoning;
    Span<i64> option_floor, start_first, start_since;
    Span<double> start_price;
    Table own, shared, stock_use, least;
    Span<i64> capacity, stock;
    Span<double> stock_weight, fixed_cost;
    Span<i64> release, deadline, due;
    Span<double> weight;
    Span<i64> pinned, tail;
    Arcs before, after;  // `after` with the types that it has when time runs backward
    Span<i32> rank;
    Span<double> levels, bounds, keys, surprise, cooling;
    Span<i64> choices, draw_first, draw;
    double unit;
    bool cheapest_first;
};

// Free capacity of one holder over time, a step function on [0, infinity), where there are crews.
class Profile {
  public:
    // Earliest start >= from at which the needs are free for d > 0 ticks; any time > latest where there is none by then.
    i64 fit(const Need* need, const Need* end, i64 from, i64 d, i64 latest, i64& work) const;
    void take(const Need* need, const Need* end, i64 start, i64 d);
    // Free capacity [steps][columns] from `since` on, the first moment being 0.
    void reset(const i64* since, const i64* free, i64 steps, i64 columns);
    // The end of the last moment in [start, until) without room; `start` where there always is some.
    i64 clear(const Need* need, const Need* end, i64 start, i64 until, i64& work) const;

  private:
    i64 segment(i64 time) const;
    i64 split(i64 time, i64 at);
    std::vector<i64> time_;  // where each segment begins; the last one has no end
    std::vector<i64> free_;  // [segment][column]
    i64 columns_ = 0;
};

// makespan, tardiness, tardy, flow, cost, reasoning; with crews unscheduled, setup, communication, balance, disruption
constexpr int kTerms = 11;

struct CrewTables;  // crews.hpp
class CrewDecoder;

class ScheduleSearch {
  public:
    // `crews`: what a problem with crews adds, else null.
    ScheduleSearch(const Problem& problem, const CrewTables* crews, u64 seed);
    ~ScheduleSearch();

    // Carries on for at most `steps` schedule generation passes and about `seconds`; the passes completed.
    i64 run(i64 steps, double seconds);
    // Lays the cooling out over a search of this many passes in all.
    void plan(i64 steps) { planned_ = steps; }

    struct Schedule {
        std::vector<i32> order;
        std::vector<i64> choice, start, end, option;
        std::vector<double> value;  // violation, then the levels
    };
    const Schedule& best() const { return best_; }
    const Schedule& current() const { return current_; }
    i64 steps() const { return steps_; }
    i64 cycles() const { return cycles_; }
    bool done() const { return done_; }

  private:
    enum class Stage { propose, forward, backward, again };
    struct Link {
        i32 first, second;
    };
    struct Timed {
        i64 time;
        i32 rank, task;
    };
    struct Mark {  // the state of a pass before one of its tasks
        std::vector<PackedProfile> profiles;
        std::vector<i64> stock, reserved;
        double violation = 0, sum = 0;
        i64 makespan = 0;
        bool valid = false;
    };

    // one pass
    void begin(bool backward);
    bool carry_on();
    void place(i32 task);
    void place_backward(i32 task);
    void place_pinned();
    void ready(const Arcs& arcs, i32 task, i64& by_start, i64& by_end) const;
    i64 earliest(i64 option, i64 by_start, i64 by_end, i64 latest);
    i64 choose(i32 task, i64 by_start, i64 by_end, i64& start);
    double excess(i32 task, i64 option) const;
    double reasoning(i32 task) const;
    void book(i32 task, i64 option, i64 start);
    void count_partial(i32 task);
    bool hopeless() const;
    void evaluate();
    bool late() { return work_ >= next_look_ && time_is_up(); }
    bool time_is_up();

    // what a pass need not do again
    void prepare_marks();
    bool resume();
    bool rest_is_known();
    void keep_marks();
    void forget_marks();

    // the search
    void next();
    void seed_candidate(i64 seed);
    void finish_pass();
    void judge();
    void calibrate();
    void begin_cycle();
    bool better(const std::vector<double>& a, const std::vector<double>& b) const;
    void keep_best();
    bool met(i64 level) const;

    // moves
    void propose();
    void shift(i32 task);
    void change_choice(i32 task);
    void count_use(i32 task, i64 choice, i64 sign);
    double overdrawn() const;
    void repair_choices();
    void find_chain();
    i32 target();
    bool reorder(Link link);
    static double slack(double value);

    void sort_by_time(bool backward);
    void topological(const Arcs& before, const Arcs& after, const std::vector<double>& key, bool backward);

    Problem p_;
    i64 n_;
    Random random_;
    std::unique_ptr<CrewDecoder> crews_;
    Lanes lanes_;
    PackedTable own_, shared_;
    std::vector<Need> stock_use_;
    std::vector<u64> own_mask_, shared_mask_;
    std::vector<i32> flexible_, pinned_;
    bool simple_arcs_ = true, timed_ = false, flows_ = false, costs_ = false, reasons_ = false, can_abandon_ = true;
    i64 calibration_ = 0;

    Schedule current_, candidate_, best_;
    std::vector<i32> position_, candidate_position_;

    // the pass in progress
    Stage stage_ = Stage::propose;
    i64 at_ = 0, back_end_ = 0;
    bool backward_ = false, abandoned_ = false, justify_ = false;
    std::vector<i32> back_order_;
    std::vector<Timed> by_time_;
    std::vector<i64> back_start_, back_end_of_;
    std::vector<PackedProfile> profiles_;
    std::vector<i64> stock_, reserved_, use_;
    double pinned_excess_ = 0;
    double partial_violation_ = 0, partial_sum_ = 0;
    i64 partial_makespan_ = 0;

    // of the current schedule's pass and of the candidate's: the states before every so many tasks
    bool resumes_ = false;
    i64 stretch_ = 1, first_mark_ = 1, end_mark_ = 1;
    std::vector<Mark> marks_, candidate_marks_;
    i64 differs_until_ = 0, unlike_ = 0;  // where the lists part for the last time; tasks that stand elsewhere

    // annealing
    i64 steps_ = 0, seen_ = 0, evaluations_ = 0, planned_ = 0, cycles_ = 0, cycle_at_ = 0, cycle_length_ = 0;
    i64 focus_ = 0;
    double threshold_ = 0;
    bool done_ = false;
    std::vector<double> change_, scale_;
    std::vector<i64> changes_;
    std::vector<Link> chain_;
    bool chain_known_ = false;
    std::vector<u64> mark_;
    u64 stamp_ = 0;

    // the slice
    i64 work_ = 0, next_look_ = 0;
    double until_ = 0;
};

}  // namespace qamctl
