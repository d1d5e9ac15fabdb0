// Qubits under the X mixer: the memory of the states, and which pass does what to which half of the qubits.
#pragma once

#include <stdexcept>

#include "memory.hpp"

namespace qamctl::statevector {

// What is known of a layer before it is run: see `layer` in qubits.py.
struct Layer {
    double turn, tangent, flip, factor, cosine2;
};

class Qubits {
  public:
    // `low` of `n` qubits are inside blocks; tiles of the others are `width` columns wide.
    Qubits(const double* diagonal, double middle, double scale, int n, int low, int width, int threads)
        : n_(n), low_(low), width_(width), threads_(threads) {
        if (!(4 <= low && low <= n && n < 48 && width >= 1 && (i64{1} << (low - 4)) % width == 0 && threads >= 1))
            throw std::invalid_argument("the qubits of a state vector and its blocks do not fit together");
        columns_ = i64{1} << (low - 4), rows_ = i64{1} << (n - low);
        // Rows do not follow each other at a power of two, else those of a tile would share a few places of the caches.
        stride_ = columns_ + (rows_ > 1 ? width : 0);
        psi_ = memory<float>(rows_ * stride_ * kFloats);
        diagonal_ = memory<float>(rows_ * stride_ * kColumn);
        const i64 length = columns_ * kColumn;
        for (i64 row = 0; row < rows_; ++row)
            for (i64 k = 0; k < length; ++k)
                diagonal_[row * stride_ * kColumn + k] = static_cast<float>((diagonal[row * length + k] - middle) * scale);
    }

    // The layers to come.
    void plan(std::vector<Layer> layers) { layers_ = std::move(layers); }

    // Pass `t` of as many as there are layers, plus one: {low qubits of layer t - 1, phase of layer t, its low qubits},
    // and with odd t the high ones. The last one returns the sums of D |psi|^2 and |psi|^2.
    Sums forward(i64 t) {
        const i64 p = depth(t);
        Pass pass = half(t);
        pass.middle = t == p ? Middle::last : t == 0 ? Middle::start : Middle::phase;
        if (t > 0) pass.before = mix(t - 1, 1, 1);
        if (t < p) pass.after = mix(t, 1, 1), pass.phase = phase(t, 1, t == 0 ? start() : 1.0);
        return run(pass);
    }

    // The passes back, from t = p to 0, of the state and the adjoint one: sums for beta of layers t and t - 1, and for
    // gamma of layer t; with t = p that of the observable.
    Sums backward(i64 t, const Observable& observable) {
        const i64 p = depth(t);
        if (!lambda_) lambda_ = memory<float>(rows_ * stride_ * kFloats);
        Pass pass = half(t);
        pass.lambda = lambda_.get();
        pass.middle = t == p ? Middle::turn : t == 0 ? Middle::end : Middle::unwind;
        pass.observable = observable;
        if (t < p) {
            pass.before = mix(t, -1, power(layers_[t].cosine2, t % 2 ? low_ : n_ - low_));
            pass.gamma_weight = power(layers_[t].cosine2, n_);
            pass.phase = phase(t, -1, 1.0);
        }
        if (t > 0) pass.after = mix(t - 1, -1, 1);
        return run(pass);
    }

    // The first `count` amplitudes, real parts and imaginary ones in turn.
    void read(float* out, i64 count) const {
        for (i64 c = 0; c * kColumn < count; ++c) {
            const float* from = psi_.get() + (c / columns_ * stride_ + c % columns_) * kFloats;
            for (i64 l = 0; l < kColumn && c * kColumn + l < count; ++l) {
                out[2 * (c * kColumn + l)] = from[l];
                out[2 * (c * kColumn + l) + 1] = from[kColumn + l];
            }
        }
    }

    i64 states() const { return i64{1} << n_; }

  private:
    i64 depth(i64 t) const {
        const i64 p = static_cast<i64>(layers_.size());
        if (p < 1 || t < 0 || t > p) throw std::out_of_range("there is no such pass");
        return p;
    }

    // What the passes over the low qubits (even t) and over the high ones have in common.
    Pass half(i64 t) {
        Pass pass{};
        pass.psi = psi_.get(), pass.diagonal = diagonal_.get(), pass.gamma_weight = 1;
        pass.lanes = t % 2 == 0;
        if (pass.lanes)
            pass.blocks = rows_, pass.step = stride_, pass.rows = {columns_, 1, 1};
        else
            pass.blocks = columns_ / width_, pass.step = width_, pass.rows = {rows_, width_, stride_};
        while ((i64{1} << pass.bits) < pass.rows.count) ++pass.bits;
        while (pass.part < pass.bits && (pass.rows.width << pass.part) < (i64{1} << kPart)) ++pass.part;
        return pass;
    }

    Mix mix(i64 k, int sign, double weight) const {
        const Layer& layer = layers_[k];
        return {true, sign * static_cast<float>(layer.tangent), layer.flip != 0, layer.cosine2, weight};
    }

    Phase phase(i64 k, int sign, double factor) const {
        Phase out;
        out.turn = sign * static_cast<float>(layers_[k].turn);
        factor *= layers_[k].factor;
        for (int c = 0; c < 5; ++c)
            out.sine[c] = static_cast<float>(kSine[c] * factor), out.cosine[c] = static_cast<float>(kCosine[c] * factor);
        return out;
    }

    // 2^(-n / 2)
    double start() const { return (n_ % 2 ? 0.7071067811865476 : 1.0) / static_cast<double>(i64{1} << (n_ / 2)); }

    static double power(double x, int times) {
        double out = 1;
        for (; times; --times) out *= x;
        return out;
    }

    Sums run(const Pass& pass) const {
        Run work = run_baseline;
#ifdef QAMCTL_X86
        if (isa() == Isa::avx2) work = run_avx2;
        if (isa() == Isa::avx512) work = run_avx512;
#endif
        std::vector<Sums> sums(static_cast<std::size_t>(threads_));
        shared(pass.blocks, threads_, [&](i64 begin, i64 end, int k) { work(pass, begin, end, sums[k]); });
        Sums out;
        for (const Sums& one : sums)
            out.before += one.before, out.after += one.after, out.middle += one.middle;
        return out;
    }

    int n_, low_, width_, threads_;
    i64 columns_, rows_, stride_;
    Memory<float> psi_, lambda_, diagonal_;
    std::vector<Layer> layers_;
};

}  // namespace qamctl::statevector
