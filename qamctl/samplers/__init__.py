"""Our searches as dimod samplers: what the samplers of dwave-neal, dwave-tabu and dwave-samplers are used for."""

from qamctl.samplers.anneal import AnnealSampler
from qamctl.samplers.auto import AutoSampler
from qamctl.samplers.tabu import TabuSampler

__all__ = ["AnnealSampler", "AutoSampler", "TabuSampler"]
