// What one pass over a state vector does, said in the same words for every instruction set. reference.py specifies it.
#pragma once

#include <cstdint>

#include "simd.hpp"

namespace qamctl::statevector {

using i64 = std::int64_t;

// A *column* is 16 neighbouring amplitudes: 16 real parts, then 16 imaginary ones. Its diagonal is 16 numbers.
constexpr i64 kColumn = 16;
constexpr i64 kFloats = 2 * kColumn;
// Bits of the number of columns in a part that stays in the nearest cache.
constexpr int kPart = 7;
// Sums are kept as whole multiples of this, so that their order does not matter.
constexpr double kUnit = 1.0 / (std::int64_t{1} << 50);

// sin(pi x) as x times a polynomial in x^2, and cos(pi x), on |x| < 1/2: least maximal errors of 4e-9 and 5e-8.
constexpr double kSine[5] = {3.14159258004465, -5.16770687892147, 2.550031377195992, -0.5980451735992887,
                             0.07722012789578603};
constexpr double kCosine[5] = {0.9999999534664404, -4.9347928586568335, 4.058411913809638, -1.3318801588486473,
                               0.21969679345528};

// Of one layer: exp(-i beta X) on some qubits, but for the factor cos(rest) of each.
struct Mix {
    bool on = false;
    float tangent = 0;   // of rest = beta - k pi / 2
    bool flip = false;   // k is odd: then X on each of these qubits
    double cosine2 = 1;  // cos(rest)^2, of the tangent as a float
    double weight = 1;   // what sums over two states are multiplied by: factors left out until here
};

// exp(-i pi turn D) times a factor: coefficients of sine and cosine hold the factor.
struct Phase {
    float turn = 0;
    float sine[5] = {}, cosine[5] = {};
};

// shift + weight * min(D, level): what the gradient is of.
struct Observable {
    float shift, weight, level;
};

enum class Middle {
    start,   // the state is the first one: write it, with its phase
    phase,   // multiply by the phase
    last,    // the sums of D |psi|^2 and |psi|^2
    turn,    // lambda = observable * psi, and the sum of observable |psi|^2
    unwind,  // as `phase`, on both states, after the sum for gamma
    end      // the sum for gamma, and no more
};

// Columns of a block as a table: `count` rows of `width` neighbours, `stride` columns apart.
struct Rows {
    i64 count, width, stride;
};

struct Pass {
    float* psi;           // [blocks] at `step` columns from each other
    float* lambda;        // the adjoint state
    const float* diagonal;
    i64 blocks, step;
    Rows rows;            // of a block; counts are powers of two
    int bits, part;       // log2 of rows in a block, and of those in a part
    bool lanes;           // the qubits inside columns are mixed too
    Middle middle;
    Mix before, after;    // the mixers on both sides of the diagonal
    Phase phase;
    Observable observable;
    double gamma_weight;  // as Mix::weight, of the sum for gamma
};

// In units of kUnit: for the two mixers (with `last` the sums of D |psi|^2 and |psi|^2), and for gamma or the value.
struct Sums {
    i64 before = 0, after = 0, middle = 0;
};

// Blocks [begin, end) of a pass, compiled for each instruction set.
using Run = void (*)(const Pass&, i64 begin, i64 end, Sums&);
void run_baseline(const Pass&, i64, i64, Sums&);
#ifdef QAMCTL_X86
void run_avx2(const Pass&, i64, i64, Sums&);
void run_avx512(const Pass&, i64, i64, Sums&);
#endif

}  // namespace qamctl::statevector
