// replicas.py is the specification.
// Parallel tempering (Geyer 1991; Hukushima, Nemoto 1996) of two replicas at each temperature, with isoenergetic
// cluster moves between the two (Houdayer 2001; Zhu, Ochoa, Katzgraber 2015).
#pragma once

#include "metropolis.hpp"

namespace qamctl {

class TemperingBase {
  public:
    virtual ~TemperingBase() = default;
    virtual void start(i64 replica, const u8* sample) = 0;
    virtual i64 run(i64 rounds, double seconds) = 0;
    virtual double energy(i64 replica) const = 0;
    virtual void copy(i64 replica, u8* sample) const = 0;

    void heat(const double* temperature) { temperature_.assign(temperature, temperature + levels()); }
    i64 levels() const { return static_cast<i64>(tried.size()) + 1; }

    double best_energy = 0;
    std::vector<u8> best;
    std::vector<i64> tried, taken;  // exchanges between each level and the next
    i64 rounds = 0, sweeps = 0, clusters = 0;

  protected:
    static constexpr i64 kCopies = 2;
    std::vector<double> temperature_;
    Random random_{0};
};

template <class F, class Rows>
class Tempering final : public TemperingBase {
  public:
    Tempering(const Csr<F>& c, Setting setting, const double* temperature, i64 count, u64 seed)
        : setting_(std::move(setting)), linear_(c.linear, c.linear + c.n), rows_(c), clusters_(setting_) {
        random_ = Random(seed);
        tried.assign(count - 1, 0);
        taken.assign(count - 1, 0);
        heat(temperature);
        linear_.resize(setting_.blocks() * kBlock);
        best.assign(c.n, 0);
        walkers_.resize(kCopies * count);
        for (i64 k = 0; k < kCopies * count; ++k) walkers_[k].start(linear_, rows_, best.data(), setting_.slots);
        record(walkers_[0]);
    }
    // Replica 2 t + c is copy c at level t.
    void start(i64 replica, const u8* sample) override {
        Walker<F>& w = walkers_[replica];
        w.start(linear_, rows_, sample, setting_.slots);
        if (w.energy < lowest_) record(w);
    }
    i64 run(i64 wanted, double seconds) override {
        const Deadline deadline(seconds);
        i64 done = 0;
        while (done < wanted) {
            Walker<F>& w = walkers_[at_];
            if (with_best_isa(Sweep<F, Rows>{w, rows_, setting_, random_, temperature_[at_ / kCopies], 256})) {
                ++sweeps;
                if (w.energy < lowest_) record(w);
                if (++at_ == static_cast<i64>(walkers_.size())) {
                    at_ = 0;
                    for (i64 t = 0; t < levels(); ++t) exchange_cluster(walkers_[kCopies * t], walkers_[kCopies * t + 1]);
                    exchange_levels();
                    ++done;
                    ++rounds;
                }
            }
            if (deadline.over()) break;
        }
        return done;
    }
    double energy(i64 replica) const override { return static_cast<double>(walkers_[replica].energy); }
    void copy(i64 replica, u8* sample) const override { walkers_[replica].copy(sample, setting_.slots); }

  private:
    // Swaps one cluster of differing variables between two states: the sum of their energies stays as it is.
    void exchange_cluster(Walker<F>& a, Walker<F>& b) {
        clusters_.compare(setting_, a, b);
        const i64 differing = clusters_.differing();
        i64 chosen = random_.below(std::max<i64>(1, differing));
        if (differing == 0 || 2 * differing > clusters_.held()) return;  // above half, clusters span the model
        i64 j = 0;
        for (;; ++j)
            if (clusters_.differs(j) && chosen-- == 0) break;
        for (i64 k : clusters_.take(rows_, j)) {
            a.flip(rows_, k);
            b.flip(rows_, k);
        }
        ++clusters;
        if (a.energy < lowest_) record(a);
        if (b.energy < lowest_) record(b);
    }
    void exchange_levels() {
        for (i64 t = rounds % 2; t + 1 < levels(); t += 2)
            for (i64 c = 0; c < kCopies; ++c) {
                Walker<F>& a = walkers_[kCopies * t + c];
                Walker<F>& b = walkers_[kCopies * (t + 1) + c];
                const double gain = (1 / temperature_[t] - 1 / temperature_[t + 1]) *
                                    static_cast<double>(a.energy - b.energy);
                ++tried[t];
                if (-gain > static_cast<double>(*setting_.draw(random_))) continue;
                ++taken[t];
                std::swap(a, b);
            }
    }
    void record(const Walker<F>& w) {
        lowest_ = w.energy;
        best_energy = static_cast<double>(w.energy);
        w.copy(best.data(), setting_.slots);
    }
    Setting setting_;
    std::vector<F> linear_;
    Rows rows_;
    Clusters clusters_;
    std::vector<Walker<F>> walkers_;
    i64 at_ = 0;  // the replica that is being swept
    typename Number<F>::Energy lowest_ = 0;
};

}  // namespace qamctl
