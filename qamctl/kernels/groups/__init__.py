"""The groups kernels: plain numpy here, C++ beside it."""
