"""The mixing kernels: plain numpy here, C++ beside it."""
