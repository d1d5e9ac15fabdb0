// Any axes and any mixer: matrices along the axes of a mixed-radix register, in float or double; general_reference.py
// has the same steps. Slower than qubits.hpp, but what keeps one-hot groups has far fewer states.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "memory.hpp"

namespace qamctl::statevector {

// Fibres that are worked on together, and states whose sum is one number.
constexpr i64 kRun = 64, kShare = 1024;

#define QAMCTL_LOOP __attribute__((always_inline))  // of a lambda: see simd.hpp

template <class T>
struct Lanes {  // sixteen partial sums; see `Total` in vectors.hpp
    T lane[kColumn] = {};
    QAMCTL_INLINE void add_to(i64& sum, double weight) {
        for (i64 half = kColumn / 2; half; half /= 2)
            for (i64 l = 0; l < half; ++l) lane[l] += lane[l + half];
        sum += static_cast<i64>(static_cast<double>(lane[0]) * (weight / kUnit));
    }
};

// Cosine and sine of pi * x; the float ones as in vectors.hpp.
QAMCTL_INLINE void sincos(float x, float& c, float& s) {
    const float magic = 12582912.0f, whole = x + magic, r = x - (whole - magic), u = r * r;
    float odd = static_cast<float>(kSine[4]), even = static_cast<float>(kCosine[4]);
    for (int k = 3; k >= 0; --k)
        odd = odd * u + static_cast<float>(kSine[k]), even = even * u + static_cast<float>(kCosine[k]);
    odd = r * odd;
    std::uint32_t sign, bits;
    std::memcpy(&sign, &whole, sizeof whole), sign <<= 31;
    std::memcpy(&bits, &odd, sizeof odd), bits ^= sign, std::memcpy(&s, &bits, sizeof s);
    std::memcpy(&bits, &even, sizeof even), bits ^= sign, std::memcpy(&c, &bits, sizeof c);
}

QAMCTL_INLINE void sincos(double x, double& c, double& s) {
    constexpr double pi = 3.14159265358979323846;
    c = std::cos(pi * x), s = std::sin(pi * x);
}

template <class T>
class General {
  public:
    // `sizes` are those of the axes, the first one changing fastest; `start` is the first state.
    General(const double* diagonal, double middle, double scale, const double* start, std::vector<i64> sizes,
            int threads)
        : sizes_(std::move(sizes)), threads_(threads) {
        for (const i64 size : sizes_) strides_.push_back(states_), states_ *= size;
        diagonal_ = memory<T>(states_), start_ = memory<T>(states_);
        for (State& z : state_) z.re = memory<T>(states_), z.im = memory<T>(states_);
        for (i64 k = 0; k < states_; ++k)
            diagonal_[k] = static_cast<T>((diagonal[k] - middle) * scale), start_[k] = static_cast<T>(start[k]);
    }

    i64 states() const { return states_; }
    i64 axes() const { return static_cast<i64>(sizes_.size()); }
    i64 size(i64 axis) const { return sizes_[axis]; }

    // psi is the first state.
    void begin() {
        std::copy(start_.get(), start_.get() + states_, state_[0].re.get());
        std::fill(state_[0].im.get(), state_[0].im.get() + states_, T{0});
    }

    // exp(-i pi turn D) on psi, or on both states.
    void phase(double turn, bool both) {
        const T g = static_cast<T>(turn);
        const T* d = diagonal_.get();
        each(states_, [&](i64 begin, i64 end) QAMCTL_LOOP {
            for (int which = 0; which <= both; ++which) {
                T *re = state_[which].re.get(), *im = state_[which].im.get();
#pragma omp simd
                for (i64 k = begin; k < end; ++k) {
                    T c, s;
                    sincos(d[k] * g, c, s);
                    const T r = re[k] * c + im[k] * s, i = im[k] * c - re[k] * s;
                    re[k] = r, im[k] = i;
                }
            }
        });
    }

    // A matrix [size, size] along an axis of psi, or of both states.
    void mix(i64 axis, const double* re, const double* im, bool both) {
        const i64 d = size(axis);
        const std::vector<T> mre = converted(re, d * d), mim = converted(im, d * d);
        fibres(axis, [&](const i64* at, i64 count, T* zre, T* zim) QAMCTL_LOOP {
            for (int which = 0; which <= both; ++which) {
                gather(state_[which], axis, at, count, zre, zim);
                for (i64 j = 0; j < d; ++j) {
                    T r[kRun] = {}, i[kRun] = {};
                    for (i64 k = 0; k < d; ++k) {
                        const T a = mre[j * d + k], b = mim[j * d + k];
                        const T *x = zre + k * kRun, *y = zim + k * kRun;
#pragma omp simd
                        for (i64 c = 0; c < kRun; ++c) r[c] += a * x[c] - b * y[c], i[c] += a * y[c] + b * x[c];
                    }
                    scatter(state_[which], axis, at, count, j, r, i);
                }
            }
        });
    }

    // The sum of weight * Im <lambda|G|psi> of a real matrix G along an axis.
    i64 generated(i64 axis, const double* generator, double weight) {
        const i64 d = size(axis);
        const std::vector<T> g = converted(generator, d * d);
        std::atomic<i64> sum{0};
        fibres(axis, [&](const i64* at, i64 count, T* zre, T* zim) QAMCTL_LOOP {
            gather(state_[0], axis, at, count, zre, zim);
            Lanes<T> lanes;
            for (i64 j = 0; j < d; ++j) {
                T r[kRun] = {}, i[kRun] = {}, lr[kRun] = {}, li[kRun] = {};
                for (i64 k = 0; k < d; ++k) {
                    const T a = g[j * d + k];
                    const T *x = zre + k * kRun, *y = zim + k * kRun;
#pragma omp simd
                    for (i64 c = 0; c < kRun; ++c) r[c] += a * x[c], i[c] += a * y[c];
                }
                for (i64 c = 0; c < count; ++c) {
                    const i64 k = at[c] + j * strides_[axis];
                    lr[c] = state_[1].re[k], li[c] = state_[1].im[k];
                }
                for (i64 c = 0; c < kRun; c += kColumn)
#pragma omp simd
                    for (i64 l = 0; l < kColumn; ++l)
                        lanes.lane[l] += lr[c + l] * i[c + l] - li[c + l] * r[c + l];
            }
            i64 own = 0;
            lanes.add_to(own, weight);
            sum += own;
        });
        return sum;
    }

    // The sums of D |psi|^2 and of |psi|^2.
    Sums measure() {
        const T *d = diagonal_.get(), *re = state_[0].re.get(), *im = state_[0].im.get();
        return {total([=](i64 k) QAMCTL_LOOP { return d[k] * (re[k] * re[k] + im[k] * im[k]); }),
                total([=](i64 k) QAMCTL_LOOP { return re[k] * re[k] + im[k] * im[k]; }), 0};
    }

    // lambda = O psi; the sum of O |psi|^2.
    i64 turn(T shift, T weight, T level) {
        const T *d = diagonal_.get(), *re = state_[0].re.get(), *im = state_[0].im.get();
        T *lre = state_[1].re.get(), *lim = state_[1].im.get();
        const auto value = [=](i64 k) QAMCTL_LOOP { return shift + weight * (d[k] < level ? d[k] : level); };
        each(states_, [=](i64 begin, i64 end) QAMCTL_LOOP {
            for (i64 k = begin; k < end; ++k) lre[k] = value(k) * re[k], lim[k] = value(k) * im[k];
        });
        return total([=](i64 k) QAMCTL_LOOP { return value(k) * (re[k] * re[k] + im[k] * im[k]); });
    }

    // The sum of Im <lambda|D|psi>.
    i64 gamma() {
        const T *d = diagonal_.get(), *re = state_[0].re.get(), *im = state_[0].im.get();
        const T *lre = state_[1].re.get(), *lim = state_[1].im.get();
        return total([=](i64 k) QAMCTL_LOOP { return d[k] * (lre[k] * im[k] - lim[k] * re[k]); });
    }

    // <s|psi>, or <s|lambda>, with s the first state: real and imaginary part.
    Sums overlap(bool adjoint) {
        const T *s = start_.get(), *re = state_[adjoint].re.get(), *im = state_[adjoint].im.get();
        return {total([=](i64 k) QAMCTL_LOOP { return s[k] * re[k]; }),
                total([=](i64 k) QAMCTL_LOOP { return s[k] * im[k]; }), 0};
    }

    // Adds a multiple of the first state to psi, or to lambda.
    void add_start(bool adjoint, double by_re, double by_im) {
        const T *s = start_.get(), a = static_cast<T>(by_re), b = static_cast<T>(by_im);
        T *re = state_[adjoint].re.get(), *im = state_[adjoint].im.get();
        each(states_, [=](i64 begin, i64 end) QAMCTL_LOOP {
#pragma omp simd
            for (i64 k = begin; k < end; ++k) re[k] += a * s[k], im[k] += b * s[k];
        });
    }

    // psi, real parts and imaginary ones in turn.
    void read(T* out, i64) const {
        for (i64 k = 0; k < states_; ++k) out[2 * k] = state_[0].re[k], out[2 * k + 1] = state_[0].im[k];
    }

  private:
    struct State {
        Memory<T> re, im;
    };

    static std::vector<T> converted(const double* from, i64 count) { return std::vector<T>(from, from + count); }

    // Calls work(begin, end) for shares of [0, count), each compiled for the best instruction set.
    template <class Work>
    void each(i64 count, Work work) {
        shared(count, threads_, [&](i64 begin, i64 end, int) {
            with_best_isa([&]() QAMCTL_LOOP { work(begin, end); });
        });
    }

    // The sum of term(k) over all states.
    template <class Term>
    i64 total(Term term) {
        std::atomic<i64> sum{0};
        each((states_ + kShare - 1) / kShare, [&](i64 begin, i64 end) QAMCTL_LOOP {
            i64 own = 0;
            for (i64 share = begin; share < end; ++share) {
                Lanes<T> lanes;
                const i64 last = std::min(states_, (share + 1) * kShare);
                i64 k = share * kShare;
                for (; k + kColumn <= last; k += kColumn)
#pragma omp simd
                    for (i64 l = 0; l < kColumn; ++l) lanes.lane[l] += term(k + l);
                for (i64 l = 0; k + l < last; ++l) lanes.lane[l] += term(k + l);
                lanes.add_to(own, 1);
            }
            sum += own;
        });
        return sum;
    }

    // Calls work(at, count, re, im) for runs of fibres along an axis: where each begins, and room for [size, kRun].
    template <class Work>
    void fibres(i64 axis, Work work) {
        const i64 d = size(axis), stride = strides_[axis], all = states_ / d;
        shared((all + kRun - 1) / kRun, threads_, [&](i64 begin, i64 end, int) {
            std::vector<T> re(d * kRun), im(d * kRun);
            with_best_isa([&]() QAMCTL_LOOP {
                for (i64 run = begin; run < end; ++run) {
                    i64 at[kRun];
                    const i64 count = std::min(kRun, all - run * kRun);
                    for (i64 c = 0; c < count; ++c) {
                        const i64 fibre = run * kRun + c;
                        at[c] = fibre / stride * stride * d + fibre % stride;
                    }
                    work(at, count, re.data(), im.data());
                }
            });
        });
    }

    // Places beyond `count` are zero, and stay so.
    QAMCTL_INLINE void gather(const State& z, i64 axis, const i64* at, i64 count, T* re, T* im) const {
        for (i64 k = 0; k < sizes_[axis]; ++k)
            for (i64 c = 0; c < count; ++c) {
                const i64 from = at[c] + k * strides_[axis];
                re[k * kRun + c] = z.re[from], im[k * kRun + c] = z.im[from];
            }
    }

    QAMCTL_INLINE void scatter(State& z, i64 axis, const i64* at, i64 count, i64 j, const T* re, const T* im) {
        for (i64 c = 0; c < count; ++c) {
            const i64 to = at[c] + j * strides_[axis];
            z.re[to] = re[c], z.im[to] = im[c];
        }
    }

    std::vector<i64> sizes_, strides_;
    i64 states_ = 1;
    int threads_;
    Memory<T> diagonal_, start_;
    State state_[2];
};

}  // namespace qamctl::statevector
