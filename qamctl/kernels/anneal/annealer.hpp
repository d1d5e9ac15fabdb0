// Simulated annealing of one state (Kirkpatrick, Gelatt, Vecchi 1983), and the crossover of two by clusters.
#pragma once

#include "metropolis.hpp"

namespace qamctl {

// How two states differed, and what was taken over.
struct Crossing {
    i64 differing = 0, clusters = 0, largest = 0, taken = 0;
};

// What the module shows of an annealer, whatever the type of its fields and rows.
class AnnealerBase {
  public:
    virtual ~AnnealerBase() = default;
    virtual void start(const u8* sample) = 0;
    virtual i64 run(i64 sweeps, double seconds) = 0;
    virtual void descend() = 0;
    virtual Crossing cross(const u8* sample) = 0;
    virtual double energy() const = 0;
    virtual void copy(u8* sample) const = 0;

    void seed(u64 seed) { random_ = Random(seed); }
    void plan(const double* temperature, i64 sweeps) {
        temperature_.assign(temperature, temperature + sweeps);
        at_ = 0;
    }
    i64 left() const { return static_cast<i64>(temperature_.size()) - at_; }

    double best_energy = 0;
    std::vector<u8> best;
    i64 flips = 0, climbs = 0;

  protected:
    std::vector<double> temperature_;
    i64 at_ = 0;
    Random random_{0};
};

template <class F, class Rows>
class Annealer final : public AnnealerBase {
  public:
    Annealer(const Csr<F>& c, Setting setting)
        : setting_(std::move(setting)), linear_(c.linear, c.linear + c.n), rows_(c), clusters_(setting_) {
        linear_.resize(setting_.blocks() * kBlock);
        best.assign(c.n, 0);
        start(best.data());
    }
    void start(const u8* sample) override {
        w_.start(linear_, rows_, sample, setting_.slots);
        record();
    }
    i64 run(i64 sweeps, double seconds) override {
        constexpr i64 kLook = 256;  // blocks between two looks at the clock
        const Deadline deadline(seconds);
        i64 done = 0, seen = 0;
        while (done < sweeps && left() > 0) {
            const bool complete =
                with_best_isa(Sweep<F, Rows>{w_, rows_, setting_, random_, temperature_[at_], kLook});
            if (complete) {
                ++done;
                ++at_;
                if (w_.energy < lowest_) record();
            }
            if ((seen += std::min(kLook, setting_.blocks() + 1)) < kLook) continue;
            seen = 0;
            if (deadline.over()) break;
        }
        flips = w_.flips;
        climbs = w_.climbs;
        return done;
    }
    void descend() override {
        with_best_isa(Descent<F, Rows>{w_, rows_, setting_});
        if (w_.energy < lowest_) record();
    }
    // Takes over every cluster that does not raise the energy; of those that leave it, half.
    Crossing cross(const u8* sample) override {
        clusters_.compare(setting_, w_, sample);
        Crossing found;
        found.differing = clusters_.differing();
        for (i64 j = 0; j < setting_.slots; ++j) {
            if (!clusters_.differs(j)) continue;
            const std::vector<i64>& cluster = clusters_.take(rows_, j);
            ++found.clusters;
            found.largest = std::max(found.largest, static_cast<i64>(cluster.size()));
            const auto before = w_.energy;
            for (i64 k : cluster) w_.flip(rows_, k);
            const double change = static_cast<double>(w_.energy - before);
            if (change <= -setting_.least || (change < setting_.least && random_.draw() >> 63)) {
                ++found.taken;
            } else {
                for (i64 k : cluster) w_.flip(rows_, k);
                w_.energy = before;
            }
        }
        if (w_.energy < lowest_) record();
        return found;
    }
    double energy() const override { return static_cast<double>(w_.energy); }
    void copy(u8* sample) const override { w_.copy(sample, setting_.slots); }

  private:
    void record() {
        lowest_ = w_.energy;
        best_energy = energy();
        w_.copy(best.data(), setting_.slots);
    }
    Setting setting_;
    std::vector<F> linear_;
    Rows rows_;
    Walker<F> w_;
    Clusters clusters_;
    typename Number<F>::Energy lowest_ = 0;
};

}  // namespace qamctl
