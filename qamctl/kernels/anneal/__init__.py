"""The anneal kernels: plain numpy here, C++ beside it."""
