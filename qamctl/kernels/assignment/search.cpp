// The search: annealing over shifts, swaps, chains, chases and rebuilt corners. reference.py is the specification.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>

#include "assignment.hpp"

namespace qamctl {

namespace {

constexpr double kTolerance = 1e-9;
constexpr i64 kLookEvery = 256;      // steps between two looks at the clock
constexpr i64 kCycles = 1;           // coolings that a planned search is divided into
constexpr i64 kFirstCycle = 200000;  // steps, where there is no plan
constexpr double kPrice = 5;         // of what is left behind, in temperatures: room for what needs it most
constexpr i64 kSamples = 512;        // shifts that the scale of temperatures is taken from

double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

AssignmentSearch::AssignmentSearch(const Problem& problem, const i32* start, u64 seed)
    : p_(problem), s_(p_), random_(seed) {
    s_.assign(start);
    best_ = s_.x;
    best_mask_ = s_.mask;
    stamp_.assign(p_.n, 0);
    pull_.assign(p_.k + 1, 0.0);
    dirty_at_.assign(p_.n, 0);
    by_rule_.resize(p_.rule_apart.size);
    for (i64 u = 0; u < p_.n; ++u)
        for (i64 e = p_.member_first[u]; e < p_.member_first[u + 1]; ++e)
            by_rule_[p_.member_rule[e]].push_back(static_cast<i32>(u));
    near_ = p_.near_rule.size > 0;
    if (p_.mix[4] > p_.mix[3]) s_.trace();
    in_place_leaf_.resize(p_.places);
    for (i64 c = 0; c < p_.k; ++c) in_place_leaf_[p_.place[c]].push_back(static_cast<i32>(c));
    focus(0, nullptr);
}

double AssignmentSearch::value(const double* term, i64 level) const {
    double sum = 0;
    for (int t = 0; t < kTerms; ++t) sum += p_.levels[level * kTerms + t] * term[t];
    return sum;
}

void AssignmentSearch::focus(i64 level, const double* bounds) {
    level_ = level;
    bound_.assign(level, 0.0);
    for (i64 j = 0; j < level; ++j) bound_[j] = bounds[j];
    restart();
    best_violation_ = s_.violation;
    std::copy(s_.term, s_.term + kTerms, best_term_);
    // What a shift makes worse, on average, is the unit of temperatures.
    double sum = 0;
    i64 count = 0;
    for (i64 i = 0; i < kSamples && p_.n && p_.k; ++i) {
        const i64 u = random_.below(p_.n), b = target(u);
        if (b < 0 || b == s_.x[u]) continue;
        const Delta d = s_.peek(u, b);
        const double worse = value(d.term, level_);
        if (worse > 0) sum += worse, ++count;
    }
    scale_ = count ? sum / static_cast<double>(count) : 1.0;
    begun_ = steps_;
}

// Back to the best assignment; sums are made anew, so that rounding does not pile up.
void AssignmentSearch::restart() {
    const std::vector<i32> from = best_;
    const std::vector<i64> masks = best_mask_;
    s_.assign(from.data());
    if (!masks.empty())
        for (i64 u = 0; u < p_.n; ++u)
            if (from[u] != p_.k) s_.reseat_all(u, masks.data() + p_.piece_first[u]);
    dirty_.clear();
    ++sweep_;
    best_violation_ = s_.violation;
    std::copy(s_.term, s_.term + kTerms, best_term_);
}

i64 AssignmentSearch::run(i64 steps, double seconds) {
    const double until = seconds_now() + seconds;
    i64 done = 0;
    if (p_.n == 0 || p_.k == 0) return 0;
    while (done < steps) {
        cool();
        step();
        ++steps_;
        ++done;
        if (steps_ % kLookEvery == 0 && seconds_now() >= until) break;
    }
    return done;
}

void AssignmentSearch::cool() {
    const i64 length = planned_ ? std::max<i64>(1, planned_ / kCycles) : kFirstCycle << std::min<i64>(cycles_, 20);
    if (steps_ - begun_ >= length) {
        ++cycles_;
        begun_ = steps_;
        restart();
    }
    const i64 at = std::min<i64>(255, (steps_ - begun_) * 256 / length);
    temperature_ = scale_ * p_.cooling[at];
    price_ = kPrice * p_.cooling[at];
}

void AssignmentSearch::step() {
    const i64 dice = random_.below(4096);
    if (dice < p_.mix[0]) return rebuild();
    if (dice < p_.mix[1]) return chase();
    if (dice < p_.mix[2]) return chain();
    if (dice < p_.mix[3]) return swap();
    if (dice < p_.mix[4]) return drift();
    shift();
}

// A unit to move; those that are in no cluster come up more often than others.
i64 AssignmentSearch::someone() {
    const std::vector<i32>& outside = s_.inside[p_.k];
    if (!outside.empty() && random_.below(8) == 0) return outside[random_.below(static_cast<i64>(outside.size()))];
    return random_.below(p_.n);
}

// Where a unit might go: to a neighbour, home, or anywhere it may be.
i64 AssignmentSearch::target(i64 u) {
    const i64 dice = random_.below(16);
    const i64 links = p_.link_first[u + 1] - p_.link_first[u];
    if (links && dice < 14) {
        const i64 b = s_.x[p_.link_to[p_.link_first[u] + random_.below(links)]];
        return s_.may(u, b) ? b : -1;
    }
    const i64 homes = p_.home_first[u + 1] - p_.home_first[u];
    if (homes && dice == 15) {
        const i64 b = p_.home_leaf[p_.home_first[u] + random_.below(homes)];
        return s_.may(u, b) ? b : -1;
    }
    const i64 first = p_.allowed_first[p_.kind[u]], count = p_.allowed_first[p_.kind[u] + 1] - first;
    if (p_.optional[u] && dice == 14) return p_.k;
    return count ? p_.allowed_leaf[first + random_.below(count)] : -1;
}

// Whether levels before the one in focus are within their bounds.
bool AssignmentSearch::within(const double* term) const {
    for (i64 j = 0; j < level_; ++j)
        if (value(term, j) > bound_[j] + kTolerance * std::max(1.0, std::fabs(bound_[j]))) return false;
    return true;
}

// Whether chance has it that something so much worse is taken.
bool AssignmentSearch::lucky(double worse) {
    return worse <= 0 || worse <= temperature_ * p_.surprise[random_.below(p_.surprise.size)];
}

// Whether to take a single move.
bool AssignmentSearch::welcome(const Delta& d) {
    if (d.violation != 0) return d.violation < 0;
    if (level_ > 0) {
        double after[kTerms];
        for (int t = 0; t < kTerms; ++t) after[t] = s_.term[t] + d.term[t];
        if (!within(after)) return false;
    }
    return lucky(value(d.term, level_) + price_ * d.ghost);
}

void AssignmentSearch::touch(i64 u) {
    if (dirty_at_[u] == sweep_) return;
    dirty_at_[u] = sweep_;
    dirty_.push_back(static_cast<i32>(u));
}

// Notes the assignment if it is the best so far; only what changed since the last time is copied.
void AssignmentSearch::keep() {
    if (s_.violation > best_violation_) return;
    if (s_.violation == best_violation_) {
        const double now = value(s_.term, level_), known = value(best_term_, level_);
        if (now >= known - kTolerance * std::max(1.0, std::fabs(known)) * 1e-3) return;
    }
    best_violation_ = s_.violation;
    std::copy(s_.term, s_.term + kTerms, best_term_);
    for (const i32 u : dirty_) {
        best_[u] = s_.x[u];
        for (i64 e = p_.piece_first[u]; e < p_.piece_first[u + 1]; ++e) best_mask_[e] = s_.mask[e];
    }
    dirty_.clear();
    ++sweep_;
}

void AssignmentSearch::begin() {
    undo_.clear();
    undo_mask_.clear();
    undo_violation_ = s_.violation;
    undo_ghost_ = s_.ghost;
    std::copy(s_.term, s_.term + kTerms, undo_term_);
    ++turn_;
}

void AssignmentSearch::go(i64 u, i64 b, const Delta& d) {
    undo_.push_back({static_cast<i32>(u), s_.x[u]});
    for (i64 e = p_.piece_first[u]; e < p_.piece_first[u + 1]; ++e) undo_mask_.push_back(s_.mask[e]);
    stamp_[u] = turn_;
    s_.move(u, b, d);
}

void AssignmentSearch::go(i64 u, i64 b) { go(u, b, s_.peek(u, b)); }

// Takes back all steps but the first `keep` ones.
void AssignmentSearch::back(i64 keep) {
    while (static_cast<i64>(undo_.size()) > keep) {
        const Undo last = undo_.back();
        undo_.pop_back();
        const i64 pieces = p_.piece_first[last.unit + 1] - p_.piece_first[last.unit];
        s_.move(last.unit, last.from);
        if (pieces) {
            if (last.from != p_.k) s_.reseat_all(last.unit, undo_mask_.data() + undo_mask_.size() - pieces);
            undo_mask_.resize(undo_mask_.size() - pieces);
        }
    }
    if (keep == 0) {
        s_.violation = undo_violation_;
        s_.ghost = undo_ghost_;
        std::copy(undo_term_, undo_term_ + kTerms, s_.term);
    }
}

void AssignmentSearch::settle() {
    const i64 violation = s_.violation - undo_violation_;
    bool taken = violation < 0;
    if (violation == 0 && within(s_.term)) {
        const double worse = value(s_.term, level_) - value(undo_term_, level_);
        taken = lucky(worse + price_ * (s_.ghost - undo_ghost_));
    }
    if (!taken) return back(0);
    for (const Undo& u : undo_) touch(u.unit);
    keep();
}

void AssignmentSearch::shift() {
    const i64 u = someone();
    shift(u, target(u));
}

void AssignmentSearch::shift(i64 u, i64 b) {
    if (b < 0 || b == s_.x[u]) return;
    if (s_.violation == 0 && !s_.fits(u, b, -1)) return;
    const Delta d = s_.peek(u, b);
    if (d.violation > 0 || !welcome(d)) return;
    s_.move(u, b, d);
    touch(u);
    keep();
}

// A unit on the rim follows one of its links, or goes home; now and then anybody goes anywhere.
void AssignmentSearch::drift() {
    const i64 size = static_cast<i64>(s_.rim.size()), dice = size ? random_.below(8) : 0;
    const i64 u = dice ? s_.rim[random_.below(size)] : random_.below(p_.n);
    const i64 homes = p_.home_first[u + 1] - p_.home_first[u];
    i64 b = -1;
    if (homes && (dice == 1 || (dice == 0 && random_.below(2) == 0))) {
        b = p_.home_leaf[p_.home_first[u] + random_.below(homes)];
    } else if (dice) {
        const i64 first = p_.link_first[u], count = p_.link_first[u + 1] - first;
        if (count) b = s_.x[p_.link_to[first + random_.below(count)]];
    } else {
        const i64 first = p_.allowed_first[p_.kind[u]], count = p_.allowed_first[p_.kind[u] + 1] - first;
        if (count) b = p_.allowed_leaf[first + random_.below(count)];
    }
    if (b >= 0 && s_.may(u, b)) shift(u, b);
}

void AssignmentSearch::swap() {
    const i64 u = someone();
    const i64 b = target(u), a = s_.x[u];
    if (b < 0 || b == a || s_.inside[b].empty()) return;
    const i64 w = s_.inside[b][random_.below(static_cast<i64>(s_.inside[b].size()))];
    if (!s_.may(w, a)) return;
    if (s_.violation == 0 && !(s_.fits(u, b, w) && s_.fits(w, a, u))) return;
    begin();
    go(w, p_.k);
    go(u, b);
    if (s_.violation - undo_violation_ > kBroken * p_.demand[w * p_.r + p_.r - 1]) return back(0);
    go(w, a);
    settle();
}

// A shift whose broken rules are mended by further moves: ejections, partners that come along.
void AssignmentSearch::chain() {
    const i64 u = someone();
    const i64 b = target(u), a = s_.x[u];
    if (b < 0 || b == a) return;
    begin();
    go(u, b);
    open_.assign(1, {u, a, b});
    i64 left = kDepth;
    while (!open_.empty() && s_.violation > undo_violation_ && left > 0) {
        const ChainMove now = open_.back();
        if (!mend(now, left)) open_.pop_back();
    }
    if (s_.violation > undo_violation_) return back(0);
    settle();
}

// One more move that lessens what a move broke; false where none was found.
bool AssignmentSearch::mend(const ChainMove& now, i64& left) {
    const i64 u = now.unit, a = now.from, b = now.to;
    if (s_.x[u] != b || b == p_.k) return false;
    const i64 before = s_.violation;
    const auto send = [&](i64 w, i64 c) {
        const i64 from = s_.x[w];
        if (c == from || stamp_[w] == turn_ || !s_.may(w, c)) return false;
        go(w, c);
        --left;
        open_.push_back({w, from, c});
        return true;
    };
    // Partners that have to be near.
    if (near_ && a != p_.k && p_.place[a] != p_.place[b]) {
        for (i64 e = p_.member_first[u]; e < p_.member_first[u + 1]; ++e) {
            const i64 g = p_.member_rule[e];
            for (i64 f = p_.near_first[g]; f < p_.near_first[g + 1]; ++f) {
                const i64 h = p_.near_rule[f];
                if (s_.in_place(h, p_.place[b]) > 0) continue;
                const i64 w = pick(h, p_.place[a]);
                if (w >= 0 && send(w, near_leaf(w, b))) return true;
            }
            if (s_.in_place(g, p_.place[a]) == 0)
                for (const i32 h : s_.near_back(g)) {
                    if (s_.in_place(h, p_.place[a]) == 0) continue;
                    const i64 w = pick(h, p_.place[a]);
                    if (w >= 0 && send(w, near_leaf(w, b))) return true;
                }
        }
    }
    // Somebody leaves b: the one whose leaving mends most, least demand first.
    const std::vector<i32>& there = s_.inside[b];
    i64 best = -1;
    Delta best_d;
    double best_price = 0;
    const i64 tries = std::min<i64>(static_cast<i64>(there.size()), kTries);
    for (i64 i = 0; i < tries; ++i) {
        const i64 w = there[random_.below(static_cast<i64>(there.size()))];
        if (stamp_[w] == turn_) continue;
        const i64 homes = p_.home_first[w + 1] - p_.home_first[w];
        i64 c = target(w);
        if (i % 3 == 0 && a != p_.k) c = a;
        if (i % 3 == 1 && homes) c = p_.home_leaf[p_.home_first[w] + random_.below(homes)];
        if (c < 0 || c == b || !s_.may(w, c)) continue;
        const Delta d = s_.peek(w, c);
        if (d.violation >= 0) continue;
        const double price = value(d.term, level_) + price_ * d.ghost;
        if (best < 0 || d.violation < best_d.violation || (d.violation == best_d.violation && price < best_price)) {
            best = w, best_to_ = c, best_d = d, best_price = price;
        }
    }
    if (best < 0) return false;
    const i64 to = best_to_;
    go(best, to, best_d);
    --left;
    open_.push_back({best, b, to});
    return s_.violation < before;
}

// A unit of a ruled group in a neighbourhood, that has not moved in this chain; -1 where there is none.
i64 AssignmentSearch::pick(i64 rule, i64 place) {
    const std::vector<i32>& all = by_rule_[rule];
    if (all.empty()) return -1;
    const i64 n = static_cast<i64>(all.size()), first = random_.below(n);
    for (i64 i = 0; i < n; ++i) {
        const i64 w = all[(first + i) % n];
        if (s_.x[w] != p_.k && p_.place[s_.x[w]] == place && stamp_[w] != turn_) return w;
    }
    return -1;
}

// A leaf in the neighbourhood of b.
i64 AssignmentSearch::near_leaf(i64 w, i64 b) {
    const std::vector<i32>& leaves = in_place_leaf_[p_.place[b]];
    i64 c = b;
    for (i64 i = 0; i < 4; ++i) {
        c = leaves[random_.below(static_cast<i64>(leaves.size()))];
        if (s_.may(w, c) && s_.fits(w, c, -1)) return c;
    }
    return c;
}

// Takes some units out of a few leaves and puts them back one by one, each where it costs least.
void AssignmentSearch::rebuild() {
    i64 leaves[kCorner], count = 0;
    const i64 wanted = std::min<i64>(p_.k, 2 + random_.below(kCorner - 1));
    i64 pivot = random_.below(p_.n);
    for (i64 i = 0; i < kPivots; ++i) {  // a dear leaf, as far as a few looks tell
        const i64 u = random_.below(p_.n), a = s_.x[u], b = s_.x[pivot];
        if (a == p_.k) continue;
        if (b == p_.k || s_.load[a] + s_.balance[a] > s_.load[b] + s_.balance[b]) pivot = u;
    }
    if (s_.x[pivot] != p_.k) leaves[count++] = s_.x[pivot];
    for (i64 i = 0; i < 4 * wanted && count < wanted; ++i) {
        i64 c = target(count && !s_.inside[leaves[0]].empty()
                           ? s_.inside[leaves[0]][random_.below(static_cast<i64>(s_.inside[leaves[0]].size()))]
                           : pivot);
        if (c < 0 || c == p_.k) continue;
        bool known = false;
        for (i64 j = 0; j < count; ++j) known |= leaves[j] == c;
        if (!known) leaves[count++] = c;
    }
    if (count < 2) return;
    begin();
    pool_.clear();
    const auto rank = [&](i64 w) {  // the largest first, more or less
        const i64* d = s_.demand(w, s_.x[w]);
        double size = 0;
        for (i64 r = 0; r < p_.r; ++r) size += static_cast<double>(d[r]) * static_cast<double>(p_.over[r]);
        pool_.push_back({-size * (0.5 + static_cast<double>(random_.below(1024)) / 1024.0), static_cast<i32>(w)});
    };
    const std::vector<i32>& outside = s_.inside[p_.k];
    for (i64 i = outside.empty() ? 0 : random_.below(kGuests + 1); i > 0; --i) {
        const i64 w = outside[random_.below(static_cast<i64>(outside.size()))];
        if (stamp_[w] == turn_) continue;
        stamp_[w] = turn_;
        rank(w);
    }
    const i64 take = 2 + random_.below(kRebuilt - 1);
    for (i64 i = 0; i < take; ++i) {
        const std::vector<i32>& there = s_.inside[leaves[i % count]];
        if (there.empty()) continue;
        const i64 w = there[random_.below(static_cast<i64>(there.size()))];
        rank(w);
        go(w, p_.k);
    }
    std::sort(pool_.begin(), pool_.end());
    for (const auto& [key, w] : pool_) {
        i64 to = -1;
        Delta best;
        double best_price = 0;
        const i64 homes = p_.home_first[w + 1] - p_.home_first[w];
        for (i64 j = 0; j <= count; ++j) {
            if (j == count && !homes) continue;
            const i64 c = j < count ? leaves[j] : p_.home_leaf[p_.home_first[w]];
            if (!s_.may(w, c)) continue;
            const Delta d = s_.peek(w, c);
            const double price = value(d.term, level_) + price_ * d.ghost +
                                 temperature_ * p_.surprise[random_.below(p_.surprise.size)];
            if (to < 0 || d.violation < best.violation || (d.violation == best.violation && price < best_price))
                to = c, best = d, best_price = price;
        }
        if (to >= 0 && (best.violation <= 0 || !p_.optional[w])) go(w, to, best);
    }
    if (s_.violation > undo_violation_) return back(0);
    settle();
}

}  // namespace qamctl
