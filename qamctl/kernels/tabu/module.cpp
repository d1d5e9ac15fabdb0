// The extension module qamctl.kernels._tabu.
#include <nanobind/nanobind.h>

NB_MODULE(_tabu, m) { m.attr("compiler") = __VERSION__; }
