// One-flip tabu search, path relinking and breakout local search over dense and sparse binary models.
// reference.py beside this file is the specification; both take the same decisions step by step.
//
// What a flip would change (`delta`) is kept for every variable. Blocks of lanes know their least delta, over the
// free variables and over all, so that the variable to flip is found by looking into one block.
#pragma once

#include <algorithm>
#include <chrono>
#include <type_traits>
#include <vector>

#include "memory.hpp"
#include "random.hpp"
#include "rows.hpp"
#include "search.hpp"
#include "simd.hpp"

namespace qamctl {

// W: couplings, F: deltas, S: spins (1 where x = 0, -1 where x = 1, 0 in the lanes beyond n) and products with them.
template <class W, class F, class S, bool dense>
class Tabu final : public Search {
    using C = std::conditional_t<std::is_floating_point_v<F>, double, i32>;
    using V = std::conditional_t<std::is_floating_point_v<F>, double, i64>;
    enum class Mode { tabu, path, undo, breakout };
    static constexpr i32 kBlock = dense ? 128 : 64;
    static constexpr i32 kLanes = 32 / sizeof(F);         // of the least deltas of a block
    static constexpr i32 kLeast = dense ? kLanes : 1;     // as many as are kept of them
    using Matrix = Rows<W, S, F, kBlock>;
    static constexpr i64 at(i64 i) { return dense ? Matrix::at(i) : i; }
    static constexpr F kHigh = std::numeric_limits<F>::max(), kLow = std::numeric_limits<F>::lowest();

  public:
    Tabu(const Couplings<C>& model, const Plan& given, u64 seed)
        : model_(model), random_(seed), n_(model.n), blocks_((n_ + kBlock - 1) / kBlock), width_(blocks_ * kBlock),
          rows_(dense ? n_ : 0, blocks_), delta_(width_, kHigh), barrier_(width_, kHigh), spin_(width_, S{0}),
          least_free_((blocks_ * kLeast + 63) / 64 * 64, kHigh), least_(least_free_.size(), kHigh), best_(width_, S{0}), until_(n_, -1),
          dirty_(blocks_ + 1, 0), dirty_at_(blocks_, -1) {
        plan = given;
        while (period_ <= plan.tenure + plan.spread) period_ *= 2;
        head_.assign(period_, -1);
        next_.assign(period_, -1);
        entry_.assign(period_, 0);
        for (i64 i = 0; i < n_; ++i) {
            delta_[i] = static_cast<F>(model_.linear[i]);
            spin_[at(i)] = 1;
            if constexpr (dense)
                for (i64 q = model_.first[i]; q < model_.first[i + 1]; ++q)
                    rows_.set(i, model_.other[q], static_cast<W>(model_.weight[q] / model_.unit));
        }
        const i64 degree = n_ > 0 ? model_.first[n_] / n_ : 0;
        look_every_ = std::max<i64>(1, (i64{1} << 17) / (dense ? width_ + 64 : 16 * degree + blocks_ + 64));
        begin();
    }

    void start(const std::uint8_t* sample) override {
        if constexpr (std::is_floating_point_v<F>) {  // anew, so that no rounding piles up
            for (i64 i = 0; i < n_; ++i) delta_[i] = model_.linear[i], spin_[at(i)] = 1;
            value_ = 0;
        }
        path_.clear();
        for (i64 i = 0; i < n_; ++i)
            if ((spin_[at(i)] < 0) != (sample[i] != 0)) path_.push_back(static_cast<i32>(i));
        drive(Mode::undo, n_, 1e9);
        begin();
    }
    i64 relink(const std::uint8_t* sample, i64 least, i64 most, bool greedy) override {
        begin();
        path_.clear();
        apart_.clear();
        for (i64 i = 0; i < n_; ++i) {
            if ((spin_[at(i)] < 0) != (sample[i] != 0)) apart_.push_back(static_cast<i32>(i));
            else barrier_[i] = kHigh;
        }
        look_at_all();
        path_least_ = std::max<i64>(1, least);
        path_best_ = 0;
        greedy_ = greedy;
        const i64 done = drive(Mode::path, std::min<i64>(most, static_cast<i64>(apart_.size())), 1e9);
        path_.erase(path_.begin(), path_.begin() + path_best_);
        drive(Mode::undo, n_, 1e9);
        begin();
        return done;
    }
    i64 run(i64 count, double seconds) override { return drive(Mode::tabu, count, seconds); }
    i64 breakout(i64 count, double seconds) override { return drive(Mode::breakout, count, seconds); }
    double value() const override { return static_cast<double>(value_); }
    double best_value() const override { return static_cast<double>(best_value_); }
    void sample(std::uint8_t* out, bool best) const override {
        for (i64 i = 0; i < n_; ++i) out[i] = (best && !pending_ ? best_[at(i)] : spin_[at(i)]) < 0;
    }

  private:
    // ------------------------------------------------------------------ the loop

    struct Loop {
        Tabu& t;
        Mode mode;
        i64 count;
        double seconds;
        QAMCTL_INLINE i64 operator()() { return t.loop(mode, count, seconds); }
    };
    i64 drive(Mode mode, i64 count, double seconds) {
        return n_ > 0 ? with_best_isa(Loop{*this, mode, count, seconds}) : 0;
    }

    QAMCTL_INLINE i64 loop(const Mode mode, const i64 count, const double seconds) {
        const auto begun = std::chrono::steady_clock::now();
        const bool remembers = mode == Mode::tabu || mode == Mode::breakout;
        i64 done = 0, look = look_every_;
        while (done < count) {
            const i64 i = next(mode);
            if (i < 0) break;
            if (remembers) {
                if (pending_ && !(delta_[i] < -plan.tolerance)) keep();
                ++steps;
                hold(i);
                release();
            } else if (mode == Mode::path) {
                barrier_[i] = kHigh;
                path_.push_back(static_cast<i32>(i));
            }
            flip(i, mode != Mode::undo);
            ++done;
            if (remembers && value_ < best_value_ - static_cast<V>(plan.tolerance)) {
                best_value_ = value_;
                improved = steps;
                pending_ = true;
            } else if (mode == Mode::path) {
                const i64 at = static_cast<i64>(path_.size());
                if (at >= path_least_ && (path_best_ < path_least_ || value_ < path_value_)) {
                    path_value_ = value_;
                    path_best_ = at;
                }
            }
            if (--look == 0) {
                look = look_every_;
                if (std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count() >= seconds) break;
            }
        }
        return done;
    }

    // The variable to flip now; -1 at the end.
    QAMCTL_INLINE i64 next(const Mode mode) {
        if (mode == Mode::undo) {
            if (path_.empty()) return -1;
            const i64 i = path_.back();
            path_.pop_back();
            return i;
        }
        if (mode == Mode::path) {
            if (greedy_) return choose(free_, false);
            const i64 k = random_.below(static_cast<i64>(apart_.size())), i = apart_[k];
            apart_[k] = apart_.back();
            apart_.pop_back();
            return i;
        }
        if (static_cast<double>(best_value_) <= plan.target || steps - improved >= plan.patience) return -1;
        return mode == Mode::tabu ? free_or_better() : broken_out();
    }
    QAMCTL_INLINE i64 free_or_better() {
        const bool better = all_ < free_ && value_ + all_ < best_value_ - static_cast<V>(plan.tolerance);
        return choose(better ? all_ : free_, better);
    }
    // Down to a local optimum, then a perturbation: directed by the tabu list or random, longer where it fell back.
    QAMCTL_INLINE i64 broken_out() {
        if (left_ == 0) {
            if (all_ < -plan.tolerance) return choose(all_, true);
            ++optima;
            waited_ = improved > seen_ ? 0 : waited_ + 1;
            seen_ = steps;
            length_ = value_ == optimum_ ? length_ + 1 : adapt.shortest;
            optimum_ = value_;
            left_ = length_;
            directed_ = static_cast<double>(random_.draw() >> 11) * 0x1.0p-53 < adapt.directed[waited_];
            if (waited_ == adapt.patience) {
                left_ = adapt.strong;
                waited_ = 0;
                directed_ = false;
            }
            length_ = std::min(length_, adapt.strong);
        }
        --left_;
        return directed_ ? free_or_better() : random_.below(n_);
    }

    // ------------------------------------------------------------------ memory

    void begin() {  // a search from here on, with an empty tabu list
        std::fill(head_.begin(), head_.end(), -1);
        std::fill(until_.begin(), until_.end(), -1);
        std::fill(barrier_.get(), barrier_.get() + n_, kLow);
        look_at_all();
        best_value_ = value_;
        pending_ = true;
        steps = improved = optima = seen_ = waited_ = left_ = 0;
        length_ = adapt.shortest;
        optimum_ = std::numeric_limits<V>::max();
    }
    QAMCTL_INLINE void keep() {
        std::copy_n(spin_.get(), width_, best_.begin());
        pending_ = false;
    }
    // Entries of the tabu list hang at the step at which they end; only the last one of a variable counts.
    QAMCTL_INLINE void hold(i64 i) {
        const i64 end = steps + plan.tenure + random_.below(plan.spread), mask = period_ - 1;
        until_[i] = end;
        barrier_[i] = kHigh;
        entry_[steps & mask] = static_cast<i32>(i);
        next_[steps & mask] = head_[end & mask];
        head_[end & mask] = static_cast<i32>(steps & mask);
    }
    QAMCTL_INLINE void release() {
        i32& head = head_[steps & (period_ - 1)];
        for (i32 e = head; e >= 0; e = next_[e]) {
            const i32 i = entry_[e];
            if (until_[i] != steps) continue;
            barrier_[i] = kLow;
            touch(i);
        }
        head = -1;
    }

    // ------------------------------------------------------------------ deltas and least deltas

    // Flips `i`, changes every delta, and finds the least ones if somebody `looks`.
    QAMCTL_INLINE void flip(i64 i, const bool looks) {
        const S turned = static_cast<S>(spin_[at(i)] * static_cast<S>(model_.unit));
        value_ += delta_[i];
        spin_[at(i)] = static_cast<S>(-spin_[at(i)]);
        delta_[i] = static_cast<F>(-delta_[i]);
        if constexpr (dense) {
            for (i64 b = 0; b < blocks_; ++b) {
                rows_.add(i, b, spin_.get(), turned, delta_.get());
                if (looks) block(b);
            }
            if (looks) fold();
        } else {
            touch(i);
            for (i64 q = model_.first[i]; q < model_.first[i + 1]; ++q) {
                const i32 j = model_.other[q];
                const F sign = static_cast<F>(spin_[j] * turned);
                delta_[j] = static_cast<F>(delta_[j] + static_cast<F>(model_.weight[q]) * sign);
                touch(j);
            }
            if (looks) look();
        }
    }
    // The least deltas of a block: a vector of them, or, where few blocks are looked at, only the least.
    QAMCTL_INLINE void block(i64 b) {
        const F *__restrict delta = delta_.get() + b * kBlock, *__restrict barrier = barrier_.get() + b * kBlock;
        alignas(64) F free[kLanes], any[kLanes];
        for (i32 k = 0; k < kLanes; ++k) free[k] = any[k] = kHigh;
#pragma GCC unroll 64
        for (i32 r = 0; r < kBlock; r += kLanes)
#pragma omp simd aligned(delta, barrier : 32)
            for (i32 k = 0; k < kLanes; ++k) {
                const F d = delta[r + k], held = d > barrier[r + k] ? d : barrier[r + k];
                free[k] = held < free[k] ? held : free[k];
                any[k] = d < any[k] ? d : any[k];
            }
        F *__restrict least_free = least_free_.get() + b * kLeast, *__restrict least = least_.get() + b * kLeast;
        if constexpr (dense) {
#pragma omp simd aligned(least_free, least : 32)
            for (i32 k = 0; k < kLanes; ++k) least_free[k] = free[k], least[k] = any[k];
        } else {
            F x = kHigh, y = kHigh;
#pragma omp simd reduction(min : x, y)
            for (i32 k = 0; k < kLanes; ++k) {
                x = free[k] < x ? free[k] : x;
                y = any[k] < y ? any[k] : y;
            }
            *least_free = x;
            *least = y;
        }
    }
    // A sparse model looks only at the blocks in which something changed.
    QAMCTL_INLINE void touch(i64 i) {
        if constexpr (!dense) {
            const i64 b = i / kBlock;
            dirty_[dirty_count_] = static_cast<i32>(b);
            dirty_count_ += dirty_at_[b] != looks_;
            dirty_at_[b] = looks_;
        }
    }
    QAMCTL_INLINE void look() {
        for (i64 q = 0; q < dirty_count_; ++q) block(dirty_[q]);
        dirty_count_ = 0;
        ++looks_;
        fold();
    }
    void look_at_all() {
        for (i64 b = 0; b < blocks_; ++b) block(b);
        dirty_count_ = 0;
        ++looks_;
        fold();
    }
    QAMCTL_INLINE void fold() {
        const F *__restrict a = least_free_.get(), *__restrict c = least_.get();
        F x = kHigh, y = kHigh;
        const i64 count = least_.size();
#pragma omp simd reduction(min : x, y) aligned(a, c : 64)
        for (i64 b = 0; b < count; ++b) {
            x = a[b] < x ? a[b] : x;
            y = c[b] < y ? c[b] : y;
        }
        free_ = x;
        all_ = y;
    }

    // The first block from a random one on, and in it the first lane from a random one on, whose least is `wanted`.
    QAMCTL_INLINE i64 choose(const F wanted, const bool any) {
        if (wanted == kHigh) return random_.below(n_);  // every variable is tabu
        const F* least = any ? least_.get() : least_free_.get();
        i64 b = random_.below(blocks_);
        while (!holds(least + b * kLeast, wanted)) b = b + 1 == blocks_ ? 0 : b + 1;
        using Lane = std::conditional_t<sizeof(F) == 2, i16, i32>;
        const F *__restrict delta = delta_.get() + b * kBlock, *__restrict barrier = barrier_.get() + b * kBlock;
        const Lane from = static_cast<Lane>(random_.below(kBlock));
        const F ceiling = any ? kHigh : wanted;  // a free variable's barrier is below, a tabu one's above
        Lane first = kBlock;
#pragma omp simd reduction(min : first) aligned(delta, barrier : 64)
        for (Lane k = 0; k < kBlock; ++k) {
            const Lane after = static_cast<Lane>((k - from) & (kBlock - 1));
            const Lane found = (delta[k] == wanted) & (barrier[k] <= ceiling) ? after : static_cast<Lane>(kBlock);
            first = found < first ? found : first;
        }
        return b * kBlock + ((first + from) & (kBlock - 1));
    }

    QAMCTL_INLINE static bool holds(const F* lanes, const F wanted) {
        int found = 0;
#pragma omp simd reduction(| : found)
        for (i32 k = 0; k < kLeast; ++k) found |= lanes[k] == wanted;
        return found;
    }

    const Couplings<C> model_;
    Random random_;
    const i64 n_, blocks_, width_;
    Matrix rows_;
    Aligned<F> delta_, barrier_;
    Aligned<S> spin_;
    Aligned<F> least_free_, least_;  // by block
    F free_ = kHigh, all_ = kHigh;   // the least of them
    std::vector<S> best_;
    std::vector<i64> until_;  // the step at which a variable is free again
    std::vector<i32> dirty_;
    std::vector<i64> dirty_at_;
    i64 dirty_count_ = 0, looks_ = 0;
    i64 period_ = 1, look_every_;
    std::vector<i32> head_, next_, entry_;  // the tabu list, by end
    V value_ = 0, best_value_ = 0;
    bool pending_ = true;  // the present state is the best; copied as soon as it is left
    std::vector<i32> path_, apart_;
    i64 path_least_ = 0, path_best_ = 0;
    V path_value_ = 0;
    bool greedy_ = true;
    i64 seen_ = 0, waited_ = 0, left_ = 0, length_ = 1;
    V optimum_ = 0;
    bool directed_ = false;
};

}  // namespace qamctl
