#include "groups.hpp"

#include <algorithm>
#include <chrono>

namespace qamctl {

namespace {

constexpr i64 kLook = 256;         // attempts between two looks at the clock
constexpr i64 kMostLinked = 8192;  // blocks, for a bit for each pair
constexpr i64 kLooks = 16;         // entries of a row that a partner is looked for in
constexpr double kKeptLow = 0.08, kKeptHigh = 0.25;
constexpr double kLightest = 0x1p-100, kHeaviest = 0x1p+100;

double clock_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

i64 scaled(u64 dice, i64 n) { return static_cast<i64>((dice >> 32) * static_cast<u64>(n) >> 32); }

}  // namespace

GroupSearch::GroupSearch(const Problem& problem, u64 seed)
    : p_(problem), random_(seed), block_of_(p_.variables), row_weight_(p_.rows, 1.0), broken_at_(p_.rows),
      visits_(p_.variables), delta_(p_.rows), mark_(p_.rows), broken_since_(p_.rows), broken_time_(p_.rows) {
    for (i64 b = 0; b < p_.blocks; ++b) {
        for (i64 v = p_.block_first[b]; v < p_.block_first[b + 1]; ++v) block_of_[v] = static_cast<i32>(b);
        if (p_.block_first[b + 1] - p_.block_first[b] > 1) movable_.push_back(static_cast<i32>(b));
    }
    if (p_.blocks <= kMostLinked && p_.other.size) {
        linked_.assign((p_.blocks * p_.blocks + 63) / 64, 0);
        for (i64 v = 0; v < p_.variables; ++v)
            for (i64 e = p_.first[v]; e < p_.first[v + 1]; ++e) {
                const i64 bit = block_of_[v] * p_.blocks + block_of_[p_.other[e]];
                linked_[bit / 64] |= u64{1} << (bit % 64);
            }
    }
    std::vector<i32> choice(p_.blocks);
    for (i64 b = 0; b < p_.blocks; ++b) choice[b] = static_cast<i32>(p_.block_first[b]);
    start(choice.data());
}

void GroupSearch::start(const i32* choice) {
    if (pending_) keep();
    current_.choice.assign(choice, choice + p_.blocks);
    current_.objective = 0;
    current_.violation = 0;
    field_.assign(p_.linear.data, p_.linear.data + p_.variables);
    activity_.assign(p_.rows, 0);
    excess_.assign(p_.rows, 0);
    broken_.clear();
    seated_.assign(p_.places, {});
    seat_.assign(p_.blocks, 0);
    for (i64 b = 0; b < p_.blocks; ++b) {
        const i32 v = choice[b];
        current_.objective += field_[v];
        spread(v, 1);
        seat(static_cast<i32>(b));
        for (i64 e = p_.entry_first[v]; e < p_.entry_first[v + 1]; ++e) activity_[p_.entry_row[e]] += p_.entry_coef[e];
    }
    at_ = kept_since_ = kept_time_ = 0;
    std::fill(broken_time_.begin(), broken_time_.end(), 0);
    felt_.clear();
    for (i64 r = 0; r < p_.rows; ++r) set_broken(static_cast<i32>(r), excess(r, activity_[r]));
    if (best_.choice.empty() || better()) keep();
}

void GroupSearch::plan(Plan plan) {
    plan_ = std::move(plan);
    planned_at_ = sweeps_;
}

void GroupSearch::set_candidates(std::vector<i64> first, std::vector<i32> member) {
    candidate_first_ = std::move(first);
    candidate_ = std::move(member);
}

i64 GroupSearch::run(i64 sweeps, double seconds) {
    const double until = clock_now() + seconds;
    const i64 before = sweeps_, planned = static_cast<i64>(plan_.temperature.size());
    while (sweeps_ - before < sweeps) {
        temperature_ = plan_.temperature[std::min(sweeps_ - planned_at_, planned - 1)];
        const i64 stop = movable_.empty() ? p_.variables : std::min(p_.variables, at_ + kLook);
        if (!movable_.empty())
            for (; at_ < stop; ++at_) attempt();
        at_ = stop;
        if (at_ == p_.variables) end_sweep();
        if (clock_now() >= until) break;
    }
    if (pending_) keep();
    return sweeps_ - before;
}

// ----------------------------------------------------------------------------------------------- proposals

void GroupSearch::attempt() {
    const u64 dice = random_.draw();
    moves_ = 0;
    const bool mend = !broken_.empty() && (dice & 15) == 0;
    if (!(mend ? repair() : shift(dice))) return;
    const double rise = evaluate();
    if (rise > 0 && rise > temperature_ * p_.surprise[(dice >> 8) & (p_.surprise.size - 1)]) return;
    apply(rise);
}

// A block takes another member; mostly a block that stands there gives way, often to where the first one came from.
bool GroupSearch::shift(u64 dice) {
    const i32 b = movable_[scaled(dice, static_cast<i64>(movable_.size()))], off = current_.choice[b], on = pick(b);
    if (on == off) return false;
    move_[moves_++] = {b, off, on};
    if ((dice & 48) == 0) return true;
    const i32 c = partner(b, on);
    if (c < 0) return true;
    const i32 p = current_.choice[c];
    i32 q = (dice & 192) ? member_at(c, p_.place[off]) : -1;
    if (q < 0) q = pick(c);
    if (q == p) return false;
    move_[moves_++] = {c, p, q};
    return true;
}

// A change of one block that lessens what a random broken row is violated by, if the entry looked at allows one.
bool GroupSearch::repair() {
    const i64 r = broken_[random_.below(static_cast<i64>(broken_.size()))];
    const i64 e = p_.row_first[r] + random_.below(p_.row_first[r + 1] - p_.row_first[r]);
    const i32 v = p_.row_variable[e], b = block_of_[v], off = current_.choice[b];
    const bool enter = (p_.row_coef[e] > 0) == (activity_[r] < p_.low[r]);
    if (enter == (off == v)) return false;
    const i32 on = enter ? v : pick(b);
    if (on == off) return false;
    move_[moves_++] = {b, off, on};
    return true;
}

// A block that stands where `on` is, or, where places say nothing, one with a member on in a row of `on`; else -1.
i32 GroupSearch::partner(i32 b, i32 on) {
    const i32 place = p_.place[on];
    if (place >= 0) {
        const auto& there = seated_[place];
        if (there.empty()) return -1;
        const i32 c = there[random_.below(static_cast<i64>(there.size()))];
        return c == b ? -1 : c;
    }
    const i64 entries = p_.entry_first[on + 1] - p_.entry_first[on];
    if (entries == 0) return -1;
    const i64 r = p_.entry_row[p_.entry_first[on] + random_.below(entries)];
    const i64 first = p_.row_first[r], size = p_.row_first[r + 1] - first, from = random_.below(size);
    for (i64 i = 0; i < std::min(size, kLooks); ++i) {
        const i32 v = p_.row_variable[first + (from + i) % size], c = block_of_[v];
        if (c != b && current_.choice[c] == v) return c;
    }
    return -1;
}

// Some member of a block: of two the other one, else mostly a candidate.
i32 GroupSearch::pick(i32 b) {
    const i64 first = p_.block_first[b], size = p_.block_first[b + 1] - first;
    if (size == 2) return static_cast<i32>(2 * first + 1 - current_.choice[b]);
    const u64 dice = random_.draw();
    if (!candidate_.empty() && (dice & 15)) {
        const i64 begin = candidate_first_[b];
        return candidate_[begin + scaled(dice, candidate_first_[b + 1] - begin)];
    }
    return static_cast<i32>(first + scaled(dice, size));
}

// Some member of a block that stands at a place, -1 where it has none.
i32 GroupSearch::member_at(i32 b, i32 place) {
    if (place < 0) return -1;
    const i32 *first = p_.place.data + p_.block_first[b], *last = p_.place.data + p_.block_first[b + 1];
    const auto range = std::equal_range(first, last, place);
    const i64 size = range.second - range.first;
    if (size == 0) return -1;
    return static_cast<i32>(range.first - p_.place.data + (size > 1 ? random_.below(size) : 0));
}

// ----------------------------------------------------------------------------------------------- one move

double GroupSearch::evaluate() {
    change_ = 0;
    ++stamp_;
    touched_.clear();
    for (int i = 0; i < moves_; ++i) {
        change_ += field_[move_[i].on] - field_[move_[i].off];
        gather(move_[i].off, -1);
        gather(move_[i].on, 1);
    }
    const Move &a = move_[0], &c = move_[1];
    if (moves_ == 2 && linked(a.block, c.block))
        change_ += coupling(a.on, c.on) + coupling(a.off, c.off) - coupling(a.on, c.off) - coupling(a.off, c.on);
    double rise = plan_.objective * change_;
    worse_ = 0;
    for (i32 r : touched_) {
        const i64 more = excess(r, activity_[r] + delta_[r]) - excess_[r];
        worse_ += more;
        rise += row_weight_[r] * static_cast<double>(more);
    }
    return rise;
}

void GroupSearch::gather(i32 v, i64 sign) {
    for (i64 e = p_.entry_first[v]; e < p_.entry_first[v + 1]; ++e) {
        const i32 r = p_.entry_row[e];
        if (mark_[r] != stamp_) {
            mark_[r] = stamp_;
            delta_[r] = 0;
            touched_.push_back(r);
        }
        delta_[r] += sign * p_.entry_coef[e];
    }
}

bool GroupSearch::linked(i32 a, i32 b) const {
    if (linked_.empty()) return p_.other.size > 0;
    const i64 bit = a * p_.blocks + b;
    return linked_[bit / 64] >> (bit % 64) & 1;
}

double GroupSearch::coupling(i32 a, i32 b) const {
    const i32 *first = p_.other.data + p_.first[a], *last = p_.other.data + p_.first[a + 1];
    const i32* at = std::lower_bound(first, last, b);
    return at != last && *at == b ? p_.weight[at - p_.other.data] : 0.0;
}

i64 GroupSearch::excess(i64 r, i64 activity) const {
    return std::max<i64>(0, std::max(activity - p_.high[r], p_.low[r] - activity));
}

void GroupSearch::apply(double rise) {
    if (pending_ && (worse_ > 0 || (worse_ == 0 && change_ > 0))) keep();
    const bool was = broken_.empty();
    climbs_ += rise > 0;
    current_.objective += change_;
    for (int i = 0; i < moves_; ++i) {
        const Move& m = move_[i];
        spread(m.off, -1);
        spread(m.on, 1);
        unseat(m.block);
        current_.choice[m.block] = m.on;
        seat(m.block);
    }
    for (i32 r : touched_) {
        activity_[r] += delta_[r];
        set_broken(r, excess(r, activity_[r]));
    }
    const bool is = broken_.empty();
    if (is && !was) kept_since_ = at_;
    if (was && !is) kept_time_ += at_ - kept_since_;
    pending_ = better();
}

void GroupSearch::spread(i32 v, double sign) {
    for (i64 e = p_.first[v]; e < p_.first[v + 1]; ++e) field_[p_.other[e]] += sign * p_.weight[e];
}

void GroupSearch::seat(i32 b) {
    const i32 place = p_.place[current_.choice[b]];
    if (place < 0) return;
    seat_[b] = static_cast<i32>(seated_[place].size());
    seated_[place].push_back(b);
}

void GroupSearch::unseat(i32 b) {
    const i32 place = p_.place[current_.choice[b]];
    if (place < 0) return;
    auto& there = seated_[place];
    const i32 last = there.back();
    there[seat_[b]] = last;
    seat_[last] = seat_[b];
    there.pop_back();
}

void GroupSearch::set_broken(i32 r, i64 now) {
    const i64 before = excess_[r];
    current_.violation += now - before;
    excess_[r] = now;
    if (now && !before) {
        broken_at_[r] = static_cast<i32>(broken_.size());
        broken_.push_back(r);
        broken_since_[r] = at_;
    } else if (before && !now) {
        const i32 last = broken_.back();
        broken_[broken_at_[r]] = last;
        broken_at_[last] = broken_at_[r];
        broken_.pop_back();
        count_broken(r);
    }
}

void GroupSearch::count_broken(i32 r) {
    const i64 attempts = at_ - broken_since_[r];
    if (attempts && !broken_time_[r]) felt_.push_back(r);
    broken_time_[r] += attempts;
}

bool GroupSearch::better() const {
    if (current_.violation != best_.violation) return current_.violation < best_.violation;
    return current_.objective < best_.objective;
}

void GroupSearch::keep() {
    best_ = current_;
    pending_ = false;
}

// ----------------------------------------------------------------------------------------------- sweeps

void GroupSearch::end_sweep() {
    if (broken_.empty()) kept_time_ += at_ - kept_since_;
    for (i32 r : broken_) {
        count_broken(r);
        broken_since_[r] = 0;
    }
    if (p_.rows) adapt(static_cast<double>(kept_time_) / static_cast<double>(p_.variables));
    for (i32 v : current_.choice) ++visits_[v];
    ++sweeps_;
    at_ = kept_since_ = kept_time_ = 0;
}

// Strategic oscillation: rows that are broken more than their share weigh more, all weigh less when kept too well.
void GroupSearch::adapt(double kept) {
    i64 total = 0;
    for (i32 r : felt_) total += broken_time_[r];
    for (i32 r : felt_) {
        if (kept < kKeptLow && broken_time_[r] * p_.rows >= total)
            row_weight_[r] = std::min(row_weight_[r] * plan_.raise, kHeaviest);
        broken_time_[r] = 0;
    }
    felt_.clear();
    if (kept > kKeptHigh)
        for (double& weight : row_weight_) weight = std::max(weight * plan_.lower, kLightest);
}

}  // namespace qamctl
