// The extension module qamctl.kernels._anneal.
#include <nanobind/nanobind.h>

NB_MODULE(_anneal, m) { m.attr("compiler") = __VERSION__; }
