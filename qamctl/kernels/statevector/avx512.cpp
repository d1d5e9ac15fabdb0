// The passes, compiled for avx512 (see CMakeLists.txt).
#include "simd.hpp"
#ifdef QAMCTL_X86
#define QAMCTL_SET avx512
#define QAMCTL_LANES 16
#include "passes.hpp"

void qamctl::statevector::run_avx512(const Pass& pass, i64 begin, i64 end, Sums& sums) { avx512::run(pass, begin, end, sums); }
#endif
