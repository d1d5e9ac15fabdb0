// Rows of a full matrix, laid out for the one loop that dense tabu search spends its time in: a row times the spins,
// added to what flips would change. Numbers that are widened together lie in one word, so that widening them takes
// shifts, which a processor does two or three at a time, and not shuffles across a vector, which it does singly.
#pragma once

#include <cstdint>
#include <type_traits>

#include "memory.hpp"
#include "search.hpp"
#include "simd.hpp"

namespace qamctl {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first of two numbers in a word is its lower half");

// W: couplings, S: spins and products with them, F: what is added up; S is as wide as W or F, or twice or half of it.
template <class W, class S, class F, i32 block>
class Rows {
    static_assert(block % 32 == 0, "bytes are widened in groups of 32");
    static constexpr bool kBytes = sizeof(W) < sizeof(S), kPairs = sizeof(S) < sizeof(F);
    using Word = std::conditional_t<kBytes, i16, W>;                             // one coupling, or two of a byte
    struct One { using type = S; };
    struct Two { using type __attribute__((may_alias)) = i32; };
    using Product = typename std::conditional_t<kPairs, Two, One>::type;
    static constexpr i32 kWords = kBytes ? block / 2 : block;

  public:
    Rows(i64 n, i64 blocks) : blocks_(blocks), word_(n * blocks * kWords, Word{0}) {}

    // Where lane i of the fields stands among spins and products.
    static constexpr i64 at(i64 i) {
        if (!kPairs) return i;
        const i64 lane = i & 15;
        return i - lane + 2 * (lane & 7) + (lane >> 3);
    }
    // Enters a coupling, once.
    QAMCTL_INLINE void set(i64 i, i64 j, W weight) {
        const u64 p = static_cast<u64>(at(j)), row = static_cast<u64>(i * blocks_ * kWords);
        if constexpr (kBytes) {
            Word& word = word_[static_cast<i64>(row + p / 32 * 16 + p % 16)];
            const unsigned byte = static_cast<std::uint8_t>(weight);
            word = static_cast<Word>(static_cast<std::uint16_t>(word) | byte << (p & 16) / 2);
        } else {
            word_[static_cast<i64>(row + p)] = weight;
        }
    }
    // Adds row i times `spin` times `turned` to a block of fields.
    QAMCTL_INLINE void add(i64 i, i64 b, const S* __restrict spins, const S turned, F* __restrict fields) const {
        const Word* __restrict word = word_.get() + (i * blocks_ + b) * kWords;
        const S* __restrict spin = spins + b * block;
        F* __restrict field = fields + b * block;
        alignas(64) S change[block];
        if constexpr (kBytes) {
            for (i32 g = 0; g < block; g += 32, word += 16)
#pragma omp simd aligned(word, spin, change : 32)
                for (i32 k = 0; k < 16; ++k) {
                    const S shifted = static_cast<S>(static_cast<std::uint16_t>(word[k]) << 8);
                    const S low = static_cast<S>(shifted >> 8), high = static_cast<S>(word[k] >> 8);
                    change[g + k] = static_cast<S>(static_cast<S>(low * spin[g + k]) * turned);
                    change[g + 16 + k] = static_cast<S>(static_cast<S>(high * spin[g + 16 + k]) * turned);
                }
        } else {
#pragma omp simd aligned(word, spin, change : 64)
            for (i32 k = 0; k < block; ++k) change[k] = static_cast<S>(static_cast<S>(word[k] * spin[k]) * turned);
        }
        const Product* product = reinterpret_cast<const Product*>(change);
        if constexpr (kPairs) {
            for (i32 g = 0; g < block; g += 16, product += 8)
#pragma omp simd aligned(field : 64)
                for (i32 k = 0; k < 8; ++k) {
                    field[g + k] += static_cast<i32>(static_cast<std::uint32_t>(product[k]) << 16) >> 16;
                    field[g + 8 + k] += product[k] >> 16;
                }
        } else {
#pragma omp simd aligned(field : 64)
            for (i32 k = 0; k < block; ++k) field[k] = static_cast<F>(field[k] + product[k]);
        }
    }

  private:
    i64 blocks_;
    Aligned<Word> word_;
};

}  // namespace qamctl
