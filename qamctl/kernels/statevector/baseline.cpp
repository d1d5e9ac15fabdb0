// The passes, compiled for baseline (see CMakeLists.txt).
#define QAMCTL_SET baseline
#define QAMCTL_LANES 4
#include "passes.hpp"

void qamctl::statevector::run_baseline(const Pass& pass, i64 begin, i64 end, Sums& sums) { baseline::run(pass, begin, end, sums); }
