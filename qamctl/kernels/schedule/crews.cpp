// Placing tasks with crews: the choice of options, gangs, rules, and what a schedule is worth. crews.py and crew_rules.py
// are the specification.
#include "crews.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <set>

namespace qamctl {

namespace {

constexpr int kRounds = 200;  // starts that are tried for a gang
constexpr int kNear = 0, kApart = 1, kSpread = 2;
constexpr int kUnscheduled = 6, kDisruption = 10;  // places in `levels`

bool subset(const i32* a, const i32* a_end, const i32* b, const i32* b_end) {
    return std::includes(b, b_end, a, a_end);
}

}  // namespace

CrewDecoder::CrewDecoder(const Problem& problem, const CrewTables& tables)
    : p_(problem), c_(tables), n_(problem.tasks) {
    take_.resize(c_.take_column.size);
    for (i64 e = 0; e < c_.take_column.size; ++e) take_[e] = {c_.take_column[e], c_.take_amount[e]};
    stock_use_.resize(p_.stock_use.column.size);
    for (i64 e = 0; e < p_.stock_use.column.size; ++e) stock_use_[e] = {p_.stock_use.column[e], p_.stock_use.amount[e]};
    placed_.assign(n_, 0);
    profiles_.resize(p_.holders);
    setups_.resize(p_.holders);
    last_.assign(p_.holders, -1);
    rules_.resize(c_.rule_kind.size);
}

i64 CrewDecoder::left_out(i32 t) const {
    for (i64 o = p_.first_option[t]; o < p_.first_option[t + 1]; ++o)
        if (out(o)) return o;
    return -1;
}

// ---------------------------------------------------------------------------------------------- a pass

void CrewDecoder::begin(Schedule& s) {
    for (i64 h = 0; h < p_.holders; ++h) {
        const i64 first = c_.step_first[h], steps = c_.step_first[h + 1] - first;
        profiles_[h].reset(c_.step_since.data + first, c_.step_free.data + first * p_.columns, steps, p_.columns);
        setups_[h].clear();
        last_[h] = -1;
    }
    stock_.assign(p_.stock.data, p_.stock.data + p_.stock.size);
    reserved_.assign(p_.stock.size, 0);
    if (p_.stock.size > 0)
        for (i64 t = 0; t < n_; ++t) {
            const i64 fixed = s.choice[t];
            if (fixed < 0) {
                for (i64 e = p_.least.first[t]; e < p_.least.first[t + 1]; ++e)
                    reserved_[p_.least.column[e]] += p_.least.amount[e];
            } else {
                const i32 need = p_.option_need[fixed];
                for (i64 e = p_.stock_use.first[need]; e < p_.stock_use.first[need + 1]; ++e)
                    reserved_[stock_use_[e].column] += stock_use_[e].amount;
            }
        }
    std::fill(placed_.begin(), placed_.end(), 0);
    broken_ = 0;
    for (i64 r = 0; r < c_.rule_kind.size; ++r) {
        RuleState& rule = rules_[r];
        rule.kind = c_.rule_kind[r];
        rule.key = c_.rule_key[r];
        rule.skew = c_.rule_skew[r];
        rule.rest = 0;
        for (i64 k = c_.rule_first[r]; k < c_.rule_first[r + 1]; ++k) rule.rest += c_.most_crew[c_.rule_task[k]];
        rule.count.assign(c_.rule_values[r], 0);
        rule.crews.clear();
    }
    for (i64 t = 0; t < n_; ++t)
        if (p_.pinned[t] >= 0) place_pinned(s, static_cast<i32>(t));
    steps_ += n_ + p_.holders;
    work += steps_;
    steps_ = 0;
}

// Where it must be, whatever it collides with; a collision is a violation.
void CrewDecoder::place_pinned(Schedule& s, i32 t) {
    const i64 pin = p_.pinned[t];
    i64 chosen = s.choice[t];
    if (chosen < 0) {
        for (i64 o = p_.first_option[t]; o < p_.first_option[t + 1] && chosen < 0; ++o)
            if (earliest(t, o, pin, 0) == pin && excess(t, o) == 0 && allowed(t, o)) chosen = o;
        if (chosen < 0) chosen = p_.first_option[t];
    }
    if (earliest(t, chosen, pin, 0) != pin)
        broken_ += static_cast<double>(std::max<i64>(1, p_.option_duration[chosen]));
    if (!allowed(t, chosen)) broken_ += c_.price;
    book(s, t, chosen, pin);
}

const std::vector<i32>& CrewDecoder::place(Schedule& s, i32 t) {
    told_.clear();
    if (c_.gang[t] >= 0) {
        place_gang(s, c_.gang[t]);
    } else {
        i64 start = 0;
        const i64 option = choose(s, t, ready(s, t), start);
        book(s, t, option, start);
        told_.push_back(t);
    }
    work += steps_;
    steps_ = 0;
    return told_;
}

// All tasks of a gang at one start: the earliest at which each has an option; each on its own where none is.
void CrewDecoder::place_gang(Schedule& s, i32 gang) {
    i64 begin = 0;
    bool there = false;
    for (i64 k = c_.gang_first[gang]; k < c_.gang_first[gang + 1]; ++k) {
        const i32 t = c_.gang_task[k];
        if (!placed_[t]) {
            told_.push_back(t);
        } else if (!there && !out(s.option[t])) {
            there = true;
            begin = s.start[t];
        }
    }
    std::vector<Ready> known;
    for (i32 t : told_) {
        known.push_back(ready(s, t));
        const bool wanted = s.choice[t] < 0 || !out(s.choice[t]);
        if (!there && wanted) begin = std::max(begin, known.back().by_start);
    }
    for (int round = 0; round < (there ? 1 : kRounds); ++round) {
        i64 later = -1;
        std::size_t k = 0;
        for (; k < told_.size(); ++k) {
            const i64 option = choose_at(s, told_[k], known[k], begin, there, later);
            if (option < 0) break;
            book(s, told_[k], option, begin);
        }
        if (k == told_.size()) return;
        for (std::size_t j = 0; j < k; ++j) take_away(s, told_[j]);
        if (later == kForever) break;
        begin = later;
    }
    for (i32 t : told_) {
        i64 start = 0;
        const i64 option = choose(s, t, ready(s, t), start);
        book(s, t, option, start);
        if (!out(option)) broken_ += static_cast<double>(std::llabs(s.start[t] - begin));
    }
}

// Whether an end with an option is better than another: what ends first, then is cheaper; or the cheapest first.
bool CrewDecoder::before(i64 end, i64 option, i64 other_end, i64 other) const {
    const double cost = p_.option_cost[option], other_cost = p_.option_cost[other];
    if (p_.cheapest_first) return cost != other_cost ? cost < other_cost : end < other_end;
    return end != other_end ? end < other_end : cost < other_cost;
}

// The option that starts at `begin` and is best; else -1, and the next start that is possible at all.
i64 CrewDecoder::choose_at(const Schedule& s, i32 t, const Ready& ready, i64 begin, bool last, i64& later) const {
    const i64 choice = s.choice[t];
    if (choice >= 0 && out(choice)) return choice;
    i64 chosen = -1, finish = 0;
    later = kForever;
    const bool fixed = choice >= 0 && allowed(t, choice);
    const i64 first = fixed ? choice : p_.first_option[t], end = fixed ? choice + 1 : p_.first_option[t + 1];
    for (i64 o = first; o < end; ++o) {
        ++steps_;
        if (!fixed && (out(o) || excess(t, o) != 0 || !allowed(t, o))) continue;
        const i64 start = from(t, o, ready, begin);
        if (start != begin) {
            later = std::min(later, start);
            continue;
        }
        const i64 f = end_of(o, start);
        if (chosen < 0 || before(f, o, finish, chosen)) {
            chosen = o;
            finish = f;
        }
    }
    if (chosen >= 0) return chosen;
    const i64 without = left_out(t);
    if (without >= 0 && (last || later == kForever)) return without;
    return -1;
}

// The option and start of a task; left out where it may be and nothing else is in time.
i64 CrewDecoder::choose(const Schedule& s, i32 t, const Ready& ready, i64& start) {
    const i64 first = p_.first_option[t], last = p_.first_option[t + 1];
    const i64 choice = last - first == 1 ? first : s.choice[t];
    if (choice >= 0) {
        start = 0;
        if (out(choice)) return choice;
        if (allowed(t, choice)) {
            start = from(t, choice, ready, 0);
            if (start < kForever) return choice;
        }
    }
    i64 chosen = best(t, ready, true, start);
    const i64 without = left_out(t);
    if (without >= 0 && (chosen < 0 || end_of(chosen, start) > p_.deadline[t])) {
        start = 0;
        return without;
    }
    if (chosen < 0) {
        broken_ += c_.price;
        chosen = best(t, ready, false, start);
    }
    if (chosen < 0) {
        broken_ += c_.price;
        double least = std::numeric_limits<double>::infinity();
        for (i64 o = first; o < last; ++o) {
            if (out(o)) continue;
            const double over = excess(t, o);
            if (over < least) {
                least = over;
                chosen = o;
            }
        }
        start = from(t, chosen, ready, 0);
        if (start == kForever) start = std::max<i64>(ready.by_start, 0);
    }
    return chosen;
}

// What ends first, then is cheaper, then stands first; `strict`: among what rules allow. -1 where there is none.
i64 CrewDecoder::best(i32 t, const Ready& ready, bool strict, i64& start) const {
    i64 chosen = -1, finish = 0;
    for (i64 o = p_.first_option[t]; o < p_.first_option[t + 1]; ++o) {
        ++steps_;
        if (out(o)) continue;
        const i64 soonest = std::max(ready.by_start + p_.option_duration[o], ready.by_end);
        if (chosen >= 0 && before(finish, chosen, soonest, o)) continue;
        if (excess(t, o) > 0 || (strict && !allowed(t, o))) continue;
        const i64 begins = from(t, o, ready, 0);
        if (begins == kForever) continue;
        const i64 f = end_of(o, begins);
        if (chosen < 0 || before(f, o, finish, chosen)) {
            chosen = o;
            start = begins;
            finish = f;
        }
    }
    return chosen;
}

// ---------------------------------------------------------------------------------------------- bookkeeping

bool CrewDecoder::allowed(i32 t, i64 option) const {
    for (i64 r = c_.own_rule_first[t]; r < c_.own_rule_first[t + 1]; ++r)
        if (!allows(rules_[c_.own_rule[r]], option, c_.most_crew[t])) return false;
    return true;
}

bool CrewDecoder::allows(const RuleState& rule, i64 option, i64 most) const {
    const i64 first = c_.crew_first[option], last = c_.crew_first[option + 1];
    if (first == last) return true;
    const i32* crew = c_.crew_holder.data + first;
    const i32* crew_end = c_.crew_holder.data + last;
    const i32* value = c_.value.data + rule.key * p_.holders;
    if (rule.kind == kNear && rule.key == 0) {
        for (const std::vector<i32>& other : rule.crews) {
            const i32 *b = other.data(), *b_end = other.data() + other.size();
            if (!subset(crew, crew_end, b, b_end) && !subset(b, b_end, crew, crew_end)) return false;
        }
        return true;
    }
    if (rule.kind == kNear) {
        for (i64 v = 0; v < static_cast<i64>(rule.count.size()); ++v)
            if (v != value[*crew] && rule.count[v] != 0) return false;
        for (const i32* h = crew; h != crew_end; ++h)
            if (value[*h] != value[*crew]) return false;
        return true;
    }
    if (rule.kind == kApart) {
        for (const i32* h = crew; h != crew_end; ++h)
            if (rule.count[value[*h]] != 0) return false;
        return true;
    }
    std::vector<i64> count = rule.count;
    for (i64 k = first; k < last; ++k) count[value[c_.crew_holder[k]]] += c_.crew_number[k];
    const i64 floor = *std::max_element(count.begin(), count.end()) - rule.skew;
    i64 missing = 0;
    for (i64 c : count) missing += std::max<i64>(0, floor - c);
    return missing <= rule.rest - most;
}

void CrewDecoder::change_rule(RuleState& rule, i64 option, i64 most, i64 sign) {
    rule.rest -= sign * most;
    const i64 first = c_.crew_first[option], last = c_.crew_first[option + 1];
    const i32* value = c_.value.data + rule.key * p_.holders;
    if (rule.kind == kNear && rule.key == 0) {
        if (first == last) return;
        std::vector<i32> crew(c_.crew_holder.data + first, c_.crew_holder.data + last);
        if (sign > 0)
            rule.crews.push_back(std::move(crew));
        else
            rule.crews.erase(std::find(rule.crews.begin(), rule.crews.end(), crew));
        return;
    }
    std::set<i32> once;
    for (i64 k = first; k < last; ++k) {
        const i32 v = value[c_.crew_holder[k]];
        if (rule.kind == kSpread)
            rule.count[v] += sign * c_.crew_number[k];
        else if (once.insert(v).second)
            rule.count[v] += sign;
    }
}

i64 RuleState::excess() const {
    if (kind != kSpread || std::none_of(count.begin(), count.end(), [](i64 c) { return c != 0; })) return 0;
    const auto ends = std::minmax_element(count.begin(), count.end());
    return std::max<i64>(0, *ends.second - *ends.first - skew);
}

// What an option would take from stocks beyond what the other open tasks leave.
double CrewDecoder::excess(i32 t, i64 option) const {
    double sum = 0;
    const i32 need = p_.option_need[option];
    for (i64 e = p_.stock_use.first[need]; e < p_.stock_use.first[need + 1]; ++e) {
        const i32 c = stock_use_[e].column;
        i64 others = reserved_[c];
        for (i64 q = p_.least.first[t]; q < p_.least.first[t + 1]; ++q)
            if (p_.least.column[q] == c) others -= p_.least.amount[q];
        const i64 over = stock_use_[e].amount + others - stock_[c];
        if (over > 0) sum += static_cast<double>(over) * p_.stock_weight[c];
    }
    return sum;
}

void CrewDecoder::book(Schedule& s, i32 t, i64 option, i64 start) {
    const bool without = out(option);
    s.start[t] = without ? 0 : start;
    s.end[t] = without ? 0 : end_of(option, start);
    s.option[t] = option;
    placed_[t] = 1;
    change(s, t, 1);
    change_stock(s, t, 1);
    if (c_.family[t] < 0 || without) return;
    const Placed mine{s.start[t], s.end[t], t};
    for (i64 k = c_.crew_first[option]; k < c_.crew_first[option + 1]; ++k) {
        std::vector<Placed>& row = setups_[c_.crew_holder[k]];
        row.insert(std::upper_bound(row.begin(), row.end(), mine), mine);
        if (p_.pinned[t] < 0) last_[c_.crew_holder[k]] = t;
    }
}

void CrewDecoder::take_away(Schedule& s, i32 t) {
    const i64 option = s.option[t];
    change(s, t, -1);
    change_stock(s, t, -1);
    placed_[t] = 0;
    if (c_.family[t] < 0 || out(option)) return;
    const Placed mine{s.start[t], s.end[t], t};
    for (i64 k = c_.crew_first[option]; k < c_.crew_first[option + 1]; ++k) {
        const i32 holder = c_.crew_holder[k];
        setups_[holder].erase(std::find(setups_[holder].begin(), setups_[holder].end(), mine));
        if (last_[holder] == t) last_[holder] = -1;
    }
}

void CrewDecoder::change_stock(const Schedule& s, i32 t, i64 sign) {
    if (p_.stock.size == 0) return;
    const i32 need = p_.option_need[s.option[t]];
    for (i64 e = p_.stock_use.first[need]; e < p_.stock_use.first[need + 1]; ++e)
        stock_[stock_use_[e].column] -= sign * stock_use_[e].amount;
    if (s.choice[t] < 0) {
        for (i64 e = p_.least.first[t]; e < p_.least.first[t + 1]; ++e)
            reserved_[p_.least.column[e]] -= sign * p_.least.amount[e];
    } else {
        const i32 row = p_.option_need[s.choice[t]];
        for (i64 e = p_.stock_use.first[row]; e < p_.stock_use.first[row + 1]; ++e)
            reserved_[stock_use_[e].column] -= sign * stock_use_[e].amount;
    }
}

// ---------------------------------------------------------------------------------------------- value

double CrewDecoder::share(const Schedule& s, i32 t) const {
    if (p_.level_count == 0) return 0;
    const double left = out(s.option[t]) ? p_.levels[kUnscheduled] * c_.reward[t] : 0.0;
    return left + p_.levels[kDisruption] * disruption(s, t);
}

double CrewDecoder::disruption(const Schedule& s, i32 t) const {
    if (c_.earlier[t] < 0) return 0;
    const i64 option = s.option[t];
    if (c_.same[option]) return p_.weight[t] * p_.unit * static_cast<double>(std::llabs(s.start[t] - c_.earlier[t]));
    return c_.moved[option];
}

double CrewDecoder::price(i32 t, i64 start) const {
    double price = 0;
    for (i64 k = p_.start_first[t]; k < p_.start_first[t + 1] && p_.start_since[k] <= start; ++k)
        price = p_.start_price[k];
    return price;
}

// Violation, then the levels; every sum runs over the tasks in their order.
void CrewDecoder::evaluate(Schedule& s) const {
    double violation = broken_, tardiness = 0, tardy = 0, flow = 0, cost = 0, reason = 0, unscheduled = 0, moved = 0;
    i64 makespan = 0, communication = 0, setup = 0, total = 0;
    std::vector<i64> busy(p_.holders, 0);
    std::vector<char> used(p_.holders, 0);
    for (i64 i = 0; i < n_; ++i) {
        const i32 t = static_cast<i32>(i);
        const i64 option = s.option[t], end = s.end[t];
        moved += disruption(s, t);
        if (out(option)) {
            unscheduled += c_.reward[t];
            continue;
        }
        makespan = std::max(makespan, end);
        if (end > p_.deadline[t]) violation += static_cast<double>(end - p_.deadline[t]);
        if (end > p_.due[t]) {
            tardiness += p_.weight[t] * static_cast<double>(end - p_.due[t]);
            tardy += p_.weight[t];
        }
        flow += p_.weight[t] * static_cast<double>(end - p_.release[t]);
        cost += p_.option_cost[option];
        reason += p_.option_reasoning[option] + price(t, s.start[t]);
        for (i64 k = c_.crew_first[option]; k < c_.crew_first[option + 1]; ++k) {
            busy[c_.crew_holder[k]] += p_.option_duration[option];
            used[c_.crew_holder[k]] = 1;
        }
        Ready ready = this->ready(s, t);
        for (const Sent& sent : ready.sent) {
            const i64 ticks = delay(sent.row, sent.option, option);
            communication += ticks;
            if (sent.kind < 2)
                ready.by_start = std::max(ready.by_start, sent.moment + ticks);
            else
                ready.by_end = std::max(ready.by_end, sent.moment + ticks);
        }
        const i64 late = std::max({i64{0}, ready.by_start - s.start[t], ready.by_end - end});
        violation += static_cast<double>(late);
    }
    for (i64 c = 0; c < p_.stock.size; ++c)
        violation += static_cast<double>(std::max<i64>(0, -stock_[c])) * p_.stock_weight[c];
    for (const RuleState& rule : rules_) violation += static_cast<double>(rule.excess()) * c_.price;
    for (i64 h = 0; h < p_.holders; ++h) {
        if (used[h]) cost += p_.fixed_cost[h];
        total += busy[h];
        const std::vector<Placed>& row = setups_[h];
        for (std::size_t k = 1; k < row.size(); ++k)
            setup += time(static_cast<i32>(h), std::get<2>(row[k - 1]), std::get<2>(row[k]));
    }
    const i64 most = busy.empty() ? 0 : *std::max_element(busy.begin(), busy.end());
    double balance = 0;
    if (c_.agents > 0)
        balance = static_cast<double>(most) - static_cast<double>(total) / static_cast<double>(c_.agents);
    const double terms[kTerms] = {static_cast<double>(makespan) * p_.unit, tardiness * p_.unit, tardy, flow * p_.unit,
                                  cost, reason, unscheduled, static_cast<double>(setup) * p_.unit,
                                  static_cast<double>(communication) * p_.unit, balance * p_.unit, moved};
    s.value[0] = violation;
    for (i64 k = 0; k < p_.level_count; ++k) {
        double sum = 0;
        for (int j = 0; j < kTerms; ++j) sum += p_.levels[kTerms * k + j] * terms[j];
        s.value[1 + k] = sum;
    }
}

bool CrewDecoder::compete(i64 a, i64 b) const {
    for (i64 i = c_.take_first[a]; i < c_.take_first[a + 1]; ++i)
        for (i64 j = c_.take_first[b]; j < c_.take_first[b + 1]; ++j)
            if (c_.take_holder[i] == c_.take_holder[j] && c_.take_column[i] == c_.take_column[j]) return true;
    return false;
}

}  // namespace qamctl
