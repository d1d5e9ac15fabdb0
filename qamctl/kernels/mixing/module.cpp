// The extension module qamctl.kernels._mixing.
#include <nanobind/nanobind.h>

NB_MODULE(_mixing, m) { m.attr("compiler") = __VERSION__; }
