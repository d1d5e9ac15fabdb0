// Schedule generation with crews: calendars, pauses, gangs, rules, setups, transfers, tasks left out.
// crews.py, crew_rules.py and spans.py are the specification.
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include "schedule.hpp"

namespace qamctl {

struct Gap {
    i64 start, end;
};

// See CrewTables in problem.py for the meaning of every field.
struct CrewTables {
    Span<std::int8_t> option_out;
    Span<i64> take_first;
    Span<i32> take_holder, take_column;
    Span<i64> take_amount, crew_first;
    Span<i32> crew_holder, crew_number;
    Span<i64> option_pause, gap_first, gap_start, gap_end, away_first, away_start, away_end;
    Span<i64> step_first, step_since, step_free;
    Span<i32> gang;
    Span<i64> gang_first;
    Span<i32> gang_task;
    Span<i64> arc_first;
    Span<i32> arc_task;
    Span<std::int8_t> arc_kind;
    Span<i64> arc_lag;
    Span<i32> arc_data;
    Span<i64> delay, link_first;
    Span<i32> link_other, link_class;
    Span<std::int8_t> rule_kind;
    Span<i32> rule_key;
    Span<i64> rule_skew, rule_values, rule_first;
    Span<i32> rule_task;
    Span<i64> own_rule_first;
    Span<i32> own_rule;
    Span<i64> most_crew;
    Span<i32> value, family, setup_of;
    Span<i64> setup_time;
    Span<double> reward;
    Span<i64> earlier;
    Span<double> moved;
    Span<std::int8_t> same;
    bool append = false;
    i64 agents = 0, classes = 1, families = 1;
    double price = 1;
};

// One rule, and the tasks of it that are placed.
struct RuleState {
    int kind = 0;
    i32 key = 0;
    i64 skew = 0, rest = 0;
    std::vector<i64> count;               // by value
    std::vector<std::vector<i32>> crews;  // of `near` about the agents themselves: the crew of each task
    i64 excess() const;
};

class CrewDecoder {
  public:
    CrewDecoder(const Problem& problem, const CrewTables& tables);

    using Schedule = ScheduleSearch::Schedule;

    void begin(Schedule& s);                             // pins are placed
    bool placed(i32 task) const { return placed_[task]; }
    const std::vector<i32>& place(Schedule& s, i32 t);   // the task, or its gang; what was placed
    double share(const Schedule& s, i32 t) const;        // of the first level, makespan and lateness apart
    bool out(i64 option) const { return c_.option_out[option] != 0; }
    void evaluate(Schedule& s) const;
    bool compete(i64 a, i64 b) const;
    i64 work = 0;  // since the last look at it

  private:
    struct Sent {
        i64 moment;
        int kind;
        i32 row;
        i64 option;  // of the task that sends
    };
    struct Ready {
        i64 by_start, by_end;
        std::vector<Sent> sent;
    };
    using Spans = std::vector<Gap>;
    using Placed = std::tuple<i64, i64, i32>;  // start, end, task

    void place_pinned(Schedule& s, i32 t);
    void place_gang(Schedule& s, i32 gang);
    i64 choose(const Schedule& s, i32 t, const Ready& ready, i64& start);
    i64 choose_at(const Schedule& s, i32 t, const Ready& ready, i64 begin, bool last, i64& later) const;
    i64 best(i32 t, const Ready& ready, bool strict, i64& start) const;
    bool before(i64 end, i64 option, i64 other_end, i64 other) const;
    Ready ready(const Schedule& s, i32 t) const;
    i64 from(i32 t, i64 option, const Ready& ready, i64 begin) const;
    i64 delay(i32 row, i64 before, i64 after) const;
    i64 earliest(i32 t, i64 option, i64 by_start, i64 by_end) const;
    i64 end_of(i64 option, i64 start) const;
    i64 where_free(i64 option, i64 start, i64 end) const;
    i64 after_setups(i32 t, i64 option, i64 start, i64 end) const;
    bool allowed(i32 t, i64 option) const;
    bool allows(const RuleState& rule, i64 option, i64 most) const;
    double excess(i32 t, i64 option) const;
    void book(Schedule& s, i32 t, i64 option, i64 start);
    void take_away(Schedule& s, i32 t);
    void change(const Schedule& s, i32 t, i64 sign);
    void change_rule(RuleState& rule, i64 option, i64 most, i64 sign);
    void change_stock(const Schedule& s, i32 t, i64 sign);
    double disruption(const Schedule& s, i32 t) const;
    double price(i32 t, i64 start) const;
    Spans gaps(i64 option) const;
    i64 time(i32 holder, i32 before, i32 after) const;
    i64 left_out(i32 t) const;

    const Problem& p_;
    const CrewTables c_;
    i64 n_;
    std::vector<Need> take_, stock_use_;
    std::vector<char> placed_;
    std::vector<i32> told_;
    std::vector<Profile> profiles_;
    std::vector<i64> stock_, reserved_;
    std::vector<RuleState> rules_;
    std::vector<std::vector<Placed>> setups_;
    std::vector<i32> last_;
    double broken_ = 0;
    mutable i64 steps_ = 0;
};

}  // namespace qamctl
