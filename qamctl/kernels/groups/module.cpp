// The extension module qamctl.kernels._groups.
#include <nanobind/nanobind.h>

NB_MODULE(_groups, m) { m.attr("compiler") = __VERSION__; }
