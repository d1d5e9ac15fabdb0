// The passes, compiled for avx2 (see CMakeLists.txt).
#include "simd.hpp"
#ifdef QAMCTL_X86
#define QAMCTL_SET avx2
#define QAMCTL_LANES 8
#include "passes.hpp"

void qamctl::statevector::run_avx2(const Pass& pass, i64 begin, i64 end, Sums& sums) { avx2::run(pass, begin, end, sums); }
#endif
