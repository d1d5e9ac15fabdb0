// Block coordinate descent for min sum of J[i][j] v[i].v[j] over unit vectors; step by step as reference.py.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "simd.hpp"

namespace qamctl {

using i64 = std::int64_t;
using i32 = std::int32_t;

// Sums over vectors have this many partial sums, whatever the instruction set: results are the same on all.
constexpr i64 kLanes = 8;

QAMCTL_INLINE double lane_sum(const double* acc) {
    return ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]));
}

QAMCTL_INLINE double dot(const double* __restrict a, const double* __restrict b, i64 rank) {
    double acc[kLanes] = {};
    for (i64 r = 0; r < rank; r += kLanes)
#pragma omp simd
        for (i64 l = 0; l < kLanes; ++l) acc[l] += a[r + l] * b[r + l];
    return lane_sum(acc);
}

struct Triangle {
    i32 a, b, c, ab, ac, bc;
    double excess;
};

class Mixing {
  public:
    std::vector<i64> first;
    std::vector<i32> other;
    std::vector<double> weight, vectors, norms;
    i64 n, rank, sweeps = 0;
    double change = std::numeric_limits<double>::infinity();

    // At most `most` sweeps; between blocks of spins the clock is looked at, and a sweep once begun is finished.
    i64 run(i64 most, double seconds) {
        const auto begin = std::chrono::steady_clock::now();
        i64 done = 0;
        while (done < most) {
            change = with_best_isa(Sweep{*this});
            ++sweeps, ++done;
            if (std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() >= seconds) break;
        }
        return done;
    }
    // For every entry of the rows, the product of its two vectors.
    std::vector<double> products() {
        std::vector<double> out(other.size());
        with_best_isa(Products{*this, out.data()});
        return out;
    }

    // All products of two vectors.
    std::vector<double> gram() {
        std::vector<double> x(n * n, 0.0);
        with_best_isa(Square{*this, x.data()});
        return x;
    }
    // The `most` most violated of the inequalities s1 Xab + s2 Xac + s3 Xbc >= -1 (s1 s2 s3 = 1) on products of
    // vectors, worst first, of those that are violated by more than `least`.
    std::vector<Triangle> triangles(double least, i64 most) {
        const std::vector<double> x = gram();
        std::vector<Triangle> found;
        Scan scan{x.data(), n, least, 0, found};
        for (scan.a = 0; scan.a + 2 < n; ++scan.a) {
            with_best_isa(scan);
            if (static_cast<i64>(found.size()) > 8 * most + 1000) scan.least = keep(found, most);
        }
        keep(found, most);
        return found;
    }

  private:
    static double keep(std::vector<Triangle>& found, i64 most) {
        std::sort(found.begin(), found.end(), [](const Triangle& p, const Triangle& q) {
            return std::tie(q.excess, p.a, p.b, p.c) < std::tie(p.excess, q.a, q.b, q.c);
        });
        if (static_cast<i64>(found.size()) > most) found.resize(most);
        return found.empty() ? 0.0 : found.back().excess;
    }
    struct Square {
        Mixing& m;
        double* x;
        QAMCTL_INLINE int operator()() const {
            const double* v = m.vectors.data();
            for (i64 i = 0; i < m.n; ++i)
                for (i64 j = i; j < m.n; ++j)
                    x[i * m.n + j] = x[j * m.n + i] = dot(v + i * m.rank, v + j * m.rank, m.rank);
            return 0;
        }
    };
    struct Scan {  // all triangles whose least corner is a
        const double* x;
        i64 n;
        double least;
        i64 a;
        std::vector<Triangle>& found;
        QAMCTL_INLINE int operator()() const {
            const double* __restrict y = x + a * n;
            for (i64 b = a + 1; b + 1 < n; ++b) {
                const double* __restrict z = x + b * n;
                const double w = y[b];
                for (i64 begin = b + 1; begin < n; begin += 64) {
                    const i64 end = std::min(n, begin + 64);
                    double worst = 0;
#pragma omp simd reduction(max : worst)
                    for (i64 c = begin; c < end; ++c) {
                        const double same = std::fabs(y[c] + z[c]) - w, apart = std::fabs(y[c] - z[c]) + w;
                        const double more = same > apart ? same : apart;
                        worst = worst > more ? worst : more;
                    }
                    if (worst - 1 <= least) continue;
                    for (i64 c = begin; c < end; ++c) {
                        const double same = std::fabs(y[c] + z[c]) - w, apart = std::fabs(y[c] - z[c]) + w;
                        const bool equal = same > apart;
                        const double excess = (equal ? same : apart) - 1;
                        if (excess <= least) continue;
                        // The signs of ab, ac and bc: of the four sums this one is the least.
                        const int ac = equal ? (y[c] + z[c] < 0 ? 1 : -1) : (y[c] - z[c] < 0 ? 1 : -1);
                        found.push_back({static_cast<i32>(a), static_cast<i32>(b), static_cast<i32>(c),
                                         equal ? 1 : -1, ac, equal ? ac : -ac, excess});
                    }
                }
            }
            return 0;
        }
    };
    struct Sweep {
        Mixing& m;
        QAMCTL_INLINE double operator()() const {
            const i64 rank = m.rank;
            double* __restrict g = m.field_.data();
            double change = 0;
            for (i64 i = 0; i < m.n; ++i) {
                double* __restrict v = m.vectors.data() + i * rank;
#pragma omp simd
                for (i64 r = 0; r < rank; ++r) g[r] = 0;
                for (i64 e = m.first[i]; e < m.first[i + 1]; ++e) {
                    const double w = m.weight[e];
                    const double* __restrict u = m.vectors.data() + m.other[e] * rank;
#pragma omp simd
                    for (i64 r = 0; r < rank; ++r) g[r] += w * u[r];
                }
                const double norm = std::sqrt(dot(g, g, rank));
                m.norms[i] = norm;
                if (norm < std::numeric_limits<double>::min()) continue;
                change += norm + dot(g, v, rank);
                const double factor = -1.0 / norm;
#pragma omp simd
                for (i64 r = 0; r < rank; ++r) v[r] = factor * g[r];
            }
            return change;
        }
    };
    struct Products {
        Mixing& m;
        double* out;
        QAMCTL_INLINE int operator()() const {
            for (i64 i = 0; i < m.n; ++i)
                for (i64 e = m.first[i]; e < m.first[i + 1]; ++e)
                    out[e] = dot(m.vectors.data() + i * m.rank, m.vectors.data() + m.other[e] * m.rank, m.rank);
            return 0;
        }
    };
    std::vector<double> field_;

  public:
    Mixing(std::vector<i64> first_, std::vector<i32> other_, std::vector<double> weight_, std::vector<double> vectors_,
           i64 rank_)
        : first(std::move(first_)), other(std::move(other_)), weight(std::move(weight_)), vectors(std::move(vectors_)),
          n(static_cast<i64>(first.size()) - 1), rank(rank_) {
        bool good = n >= 0 && rank > 0 && rank % kLanes == 0 && static_cast<i64>(vectors.size()) == n * rank &&
                    weight.size() == other.size() && first[0] == 0 && first[n] == static_cast<i64>(other.size());
        for (i64 i = 0; good && i < n; ++i) good = first[i] <= first[i + 1];
        for (const i32 j : other) good = good && j >= 0 && j < n;
        if (!good) throw std::invalid_argument("rows and vectors of a Mixing do not fit together");
        norms.assign(n, 0.0);
        field_.assign(rank, 0.0);
    }
};

}  // namespace qamctl
