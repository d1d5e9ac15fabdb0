// splitmix64 (Steele, Lea, Flood 2014), as the numpy references draw it.
#pragma once

#include <cstdint>

namespace qamctl {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t draw() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    // An integer of 0 .. n - 1, for n below 2^32.
    std::int64_t below(std::int64_t n) {
        return static_cast<std::int64_t>(((draw() >> 32) * static_cast<std::uint64_t>(n)) >> 32);
    }

  private:
    std::uint64_t state_;
};

}  // namespace qamctl
