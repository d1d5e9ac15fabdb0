"""The schedule kernels: plain numpy here, C++ beside it."""
