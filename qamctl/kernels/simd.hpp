// One build runs at native speed everywhere: a loop is compiled for several instruction sets, and the best one
// that this processor has is called. The loops are plain C++ with `#pragma omp simd`; they must be inlined whole
// (QAMCTL_INLINE on everything they call), because only what is inlined is compiled for the caller's set.
#pragma once

#include <cstdlib>
#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#define QAMCTL_X86 1
#define QAMCTL_AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,movbe,f16c,popcnt")))
// Vectors of 256 bits, as -march=native chooses them: wider ones are slower in loops that mix widths of numbers.
#define QAMCTL_AVX512                                                                                     \
    __attribute__((target("prefer-vector-width=256,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,bmi," \
                          "bmi2,lzcnt,movbe,f16c,popcnt")))
#endif
#define QAMCTL_INLINE __attribute__((always_inline)) inline

namespace qamctl {

enum class Isa { baseline = 1, avx2 = 3, avx512 = 4 };

// What this processor and the operating system support; the variable QAMCTL_ISA (1, 3 or 4) lowers it.
inline Isa detect_isa() {
    int most = 4;
    if (const char* wanted = std::getenv("QAMCTL_ISA")) most = std::atoi(wanted);
#ifdef QAMCTL_X86
    unsigned a, b, c, d, low, high, a7, b7, c7, d7;
    if (most < 3 || !__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return Isa::baseline;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 6) != 6 || !__get_cpuid_count(7, 0, &a7, &b7, &c7, &d7)) return Isa::baseline;
    const unsigned in1 = bit_MOVBE | bit_F16C | bit_AVX, in7 = bit_AVX2 | bit_BMI | bit_BMI2;
    if ((c & in1) != in1 || (b7 & in7) != in7) return Isa::baseline;
    const unsigned wide = (1u << 16) | (1u << 17) | (1u << 28) | (1u << 30) | (1u << 31);  // F, DQ, CD, BW, VL
    return most >= 4 && (low & 0xe0) == 0xe0 && (b7 & wide) == wide ? Isa::avx512 : Isa::avx2;
#else
    return Isa::baseline;
#endif
}

inline Isa isa() {
    static const Isa found = detect_isa();
    return found;
}

#ifdef QAMCTL_X86
template <class Body>
QAMCTL_AVX2 auto on_avx2(Body& body) {
    return body();
}
template <class Body>
QAMCTL_AVX512 auto on_avx512(Body& body) {
    return body();
}
#endif

// Calls `body`, an object whose operator() is QAMCTL_INLINE, compiled for the best instruction set there is.
template <class Body>
auto with_best_isa(Body body) {
#ifdef QAMCTL_X86
    if (isa() == Isa::avx512) return on_avx512(body);
    if (isa() == Isa::avx2) return on_avx2(body);
#endif
    return body();
}

}  // namespace qamctl
