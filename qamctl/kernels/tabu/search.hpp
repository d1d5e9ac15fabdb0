// What the module drives: a tabu search over a binary model, whatever numbers it computes with.
#pragma once

#include <cstdint>
#include <limits>

namespace qamctl {

using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using u64 = std::uint64_t;

// Compressed rows of couplings, borrowed: the module keeps the owners of the arrays alive.
template <class C>
struct Couplings {
    i64 n;
    const C* linear;
    const i64* first;
    const i32* other;
    const C* weight;
    C unit;  // divides every weight
};

// The meaning of every member stands in reference.py.
struct Plan {
    i64 tenure = 10, spread = 10, patience = std::numeric_limits<i64>::max();
    double target = -std::numeric_limits<double>::infinity(), tolerance = 0;
};

struct Breakout {
    i64 shortest = 1, strong = 1, patience = 1;
    const double* directed = nullptr;  // [patience + 1]
};

class Search {
  public:
    virtual ~Search() = default;
    virtual void start(const std::uint8_t* sample) = 0;
    virtual i64 relink(const std::uint8_t* sample, i64 least, i64 most, bool greedy) = 0;
    virtual i64 run(i64 steps, double seconds) = 0;
    virtual i64 breakout(i64 steps, double seconds) = 0;
    virtual double value() const = 0;
    virtual double best_value() const = 0;
    virtual void sample(std::uint8_t* out, bool best) const = 0;

    Plan plan;
    Breakout adapt;
    i64 steps = 0, improved = 0, optima = 0;
};

}  // namespace qamctl
