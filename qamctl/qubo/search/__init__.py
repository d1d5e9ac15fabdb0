"""Searches of binary models: strategies over the kernels, chosen by what the model is."""
