"""The tabu kernels: plain numpy here, C++ beside it."""
