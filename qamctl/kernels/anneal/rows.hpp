// Rows of couplings as the annealers walk over them. Flips are what annealing costs, and a flip is one pass over a
// row: sparse rows are packed as tightly as the model allows, dense ones are vectors.
#pragma once

#include <cstdint>
#include <vector>

#include "simd.hpp"

namespace qamctl {

using i32 = std::int32_t;
using i64 = std::int64_t;
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

constexpr i64 kBlock = 32;  // slots that are looked at together

// The mark of a variable turns its field into the change of energy by its flip: 0 and -1 in integers, 1 and -1 in
// floating point, where the variable is 0 and 1.
template <class F>
struct Number;

template <>
struct Number<i32> {
    using Energy = i64;
    using Threshold = float;
    static constexpr i32 kZero = 0, kOne = -1;
    static QAMCTL_INLINE i32 flipped(i32 mark) { return ~mark; }
    static QAMCTL_INLINE i32 signed_by(i32 value, i32 mark) { return (value ^ mark) - mark; }
};

template <>
struct Number<double> {
    using Energy = double;
    using Threshold = double;
    static constexpr double kZero = 1.0, kOne = -1.0;
    static QAMCTL_INLINE double flipped(double mark) { return -mark; }
    static QAMCTL_INLINE double signed_by(double value, double mark) { return value * mark; }
};

// The couplings as they are handed over: CSR, symmetric.
template <class F>
struct Csr {
    i64 n;
    const F* linear;
    const i64* first;
    const i32* other;
    const F* weight;
};

// Any model.
template <class F>
struct Wide {
    i32 other;
    F weight;
    QAMCTL_INLINE i32 slot() const { return other; }
    static F common(const Csr<F>&) { return 0; }
    static Wide of(i32 other, F weight) { return {other, weight}; }
    QAMCTL_INLINE F step(F, F mark) const { return Number<F>::signed_by(weight, mark); }
};

// Slots and weights of 16 bits.
struct Narrow {
    u16 other;
    std::int16_t weight;
    QAMCTL_INLINE i32 slot() const { return other; }
    static i32 common(const Csr<i32>&) { return 0; }
    static Narrow of(i32 other, i32 weight) { return {static_cast<u16>(other), static_cast<std::int16_t>(weight)}; }
    QAMCTL_INLINE i32 step(i32, i32 mark) const { return Number<i32>::signed_by(weight, mark); }
};

// Slots of 24 bits and weights of 8.
struct Tight {
    i32 both;
    QAMCTL_INLINE i32 slot() const { return both & 0xffffff; }
    static i32 common(const Csr<i32>&) { return 0; }
    static Tight of(i32 other, i32 weight) { return {static_cast<i32>(static_cast<u32>(weight) << 24 | other)}; }
    QAMCTL_INLINE i32 step(i32, i32 mark) const { return Number<i32>::signed_by(both >> 24, mark); }
};

// Slots of 16 bits, all couplings the same: MaxCut without weights.
struct Even {
    u16 other;
    QAMCTL_INLINE i32 slot() const { return other; }
    static i32 common(const Csr<i32>& c) { return c.first[c.n] ? c.weight[0] : 0; }
    static Even of(i32 other, i32) { return {static_cast<u16>(other)}; }
    QAMCTL_INLINE i32 step(i32 signed_common, i32) const { return signed_common; }
};

template <class F, class Partner>
class SparseRows {
  public:
    explicit SparseRows(const Csr<F>& c) : first_(c.first, c.first + c.n + 1), common_(Partner::common(c)) {
        partner_.reserve(c.first[c.n]);
        independent_.assign((c.n + kBlock - 1) / kBlock, 1);
        for (i64 i = 0; i < c.n; ++i)
            for (i64 e = c.first[i]; e < c.first[i + 1]; ++e) {
                partner_.push_back(Partner::of(c.other[e], c.weight[e]));
                if (c.other[e] / kBlock == i / kBlock) independent_[i / kBlock] = 0;
            }
    }
    // Whether no two variables of a block are coupled.
    QAMCTL_INLINE bool independent(i64 block) const { return independent_[block]; }
    // Whether rows are too many for the nearer caches, so that fetching them early pays.
    QAMCTL_INLINE bool far() const { return partner_.size() * sizeof(Partner) > (std::size_t{1} << 20); }
    QAMCTL_INLINE void fetch(i64 j) const {
        const char* row = reinterpret_cast<const char*>(partner_.data() + first_[j]);
        __builtin_prefetch(row);
        __builtin_prefetch(row + 64);
    }
    // The fields after a flip of j, whose mark was `mark`.
    QAMCTL_INLINE void flip(F* field, i64 j, F mark) const {
        const F step = Number<F>::signed_by(common_, mark);
        const Partner* p = partner_.data() + first_[j];
        const Partner* end = partner_.data() + first_[j + 1];
#pragma GCC unroll 4
        for (; p != end; ++p) field[p->slot()] += p->step(step, mark);
    }
    template <class Visit>
    void each(i64 j, Visit visit) const {
        for (i64 e = first_[j]; e < first_[j + 1]; ++e) visit(static_cast<i64>(partner_[e].slot()));
    }

  private:
    std::vector<i64> first_;
    std::vector<Partner> partner_;
    std::vector<u8> independent_;
    F common_;
};

template <class F, class W>
class DenseRows {
  public:
    explicit DenseRows(const Csr<F>& c)
        : n_(c.n), stride_((c.n + kBlock - 1) / kBlock * kBlock), weight_(static_cast<std::size_t>(n_ * stride_)) {
        for (i64 i = 0; i < c.n; ++i)
            for (i64 e = c.first[i]; e < c.first[i + 1]; ++e)
                weight_[i * stride_ + c.other[e]] = static_cast<W>(c.weight[e]);
    }
    QAMCTL_INLINE bool independent(i64) const { return false; }
    QAMCTL_INLINE bool far() const { return false; }
    QAMCTL_INLINE void fetch(i64) const {}
    QAMCTL_INLINE void flip(F* __restrict field, i64 j, F mark) const {
        const W* __restrict row = weight_.data() + j * stride_;
        const i64 end = stride_;
#pragma omp simd
        for (i64 k = 0; k < end; ++k) field[k] += Number<F>::signed_by(static_cast<F>(row[k]), mark);
    }
    template <class Visit>
    void each(i64 j, Visit visit) const {
        for (i64 k = 0; k < n_; ++k)
            if (weight_[j * stride_ + k] != 0) visit(k);
    }

  private:
    i64 n_, stride_;
    std::vector<W> weight_;
};

}  // namespace qamctl
