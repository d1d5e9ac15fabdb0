// Vectors of QAMCTL_LANES floats. Everything is in a namespace of the instruction set's own and calls no function of
// the standard library: else the linker could keep a function compiled for a processor that is not there.
#pragma once

#include <utility>

#include "pass.hpp"

namespace qamctl::statevector::QAMCTL_SET {

#define QAMCTL_ALWAYS __attribute__((always_inline))

constexpr int kLanes = QAMCTL_LANES, kPieces = kColumn / kLanes;

typedef float Vec __attribute__((vector_size(4 * kLanes)));
typedef std::uint32_t Bits __attribute__((vector_size(4 * kLanes)));

QAMCTL_INLINE Vec load(const float* from) {
    Vec v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}

QAMCTL_INLINE void store(float* to, Vec v) { __builtin_memcpy(to, &v, sizeof v); }

QAMCTL_INLINE void call(const float* soon) { __builtin_prefetch(soon, 1, 2); }

QAMCTL_INLINE Vec all(float x) { return x - Vec{}; }

QAMCTL_INLINE Vec least(Vec a, Vec b) { return a < b ? a : b; }

// Lane l of the result is lane l ^ kBit.
template <int kBit, int... I>
QAMCTL_INLINE Vec exchanged(Vec v, std::integer_sequence<int, I...>) {
#if defined(__clang__) || __GNUC__ >= 12
    return __builtin_shufflevector(v, v, (I ^ kBit)...);
#else
    return __builtin_shuffle(v, Bits{(I ^ kBit)...});
#endif
}

// A piece of a column of numbers, or the whole of it, in registers.
template <int kWide>
struct Column {
    Vec v[kWide];
};
using Whole = Column<kPieces>;

// Lane l of the result is lane l ^ kBit.
template <int kBit>
QAMCTL_INLINE Whole exchange(const Whole& x) {
    Whole out;
#pragma GCC unroll 4
    for (int w = 0; w < kPieces; ++w)
        out.v[w] = exchanged<kBit & (kLanes - 1)>(x.v[w ^ (kBit / kLanes)], std::make_integer_sequence<int, kLanes>{});
    return out;
}

// Sixteen partial sums; what they add up to, in a fixed order.
struct Total : Whole {
    QAMCTL_INLINE Total() : Whole{} {}
    QAMCTL_INLINE float sum() const {
        float lane[kColumn];
        __builtin_memcpy(lane, v, sizeof lane);
        for (int half = kColumn / 2; half; half /= 2)
            for (int l = 0; l < half; ++l) lane[l] += lane[l + half];
        return lane[0];
    }
    QAMCTL_INLINE void add_to(i64& sum_, double weight) const {
        sum_ += static_cast<i64>(static_cast<double>(sum()) * (weight / kUnit));
    }
};

// (A, B) -> (A - i t B, B - i t A)
QAMCTL_INLINE void rotate(Vec& ar, Vec& ai, Vec& br, Vec& bi, Vec t) {
    const Vec r = ar + t * bi, i = ai - t * br, s = br + t * ai, j = bi - t * ar;
    ar = r, ai = i, br = s, bi = j;
}

// (r, i) * (c - i s)
QAMCTL_INLINE void turn(Vec& r, Vec& i, Vec c, Vec s) {
    const Vec x = r * c + i * s, y = i * c - r * s;
    r = x, i = y;
}

// Cosine and sine of pi * x times a factor, which the coefficients hold, for |x| < 2^21.
QAMCTL_INLINE void sincos(const Phase& phase, Vec x, Vec& c, Vec& s) {
    const Vec magic = all(12582912.0f);  // 1.5 * 2^23: adding it rounds to whole numbers, whose parity is the last bit
    const Vec whole = x + magic;
    const Vec r = x - (whole - magic), u = r * r;
    const Bits sign = reinterpret_cast<Bits>(whole) << 31;
    const float* a = phase.sine;
    const float* b = phase.cosine;
    const Vec odd = r * ((((all(a[4]) * u + a[3]) * u + a[2]) * u + a[1]) * u + a[0]);
    const Vec even = (((all(b[4]) * u + b[3]) * u + b[2]) * u + b[1]) * u + b[0];
    s = reinterpret_cast<Vec>(reinterpret_cast<Bits>(odd) ^ sign);
    c = reinterpret_cast<Vec>(reinterpret_cast<Bits>(even) ^ sign);
}

}  // namespace qamctl::statevector::QAMCTL_SET
