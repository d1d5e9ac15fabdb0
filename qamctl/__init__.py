"""Quantum Agent Manager: schedules for fleets of agents, checked, with a bound; the Python front door.

Importing this package costs next to nothing: every public name is loaded when it is first used.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False  # known to type checkers by its name; `typing` itself costs milliseconds
if TYPE_CHECKING:
    from qamctl.api import AzureQuantumClient, QUBOScheduler
    from qamctl.api_clusters import AgentCluster, ClusterManager
    from qamctl.api_hierarchy import EnhancedQUBOScheduler
    from qamctl.errors import ExitCode, QamError
    from qamctl.quantum.qaoa import QAOAOptimizer
    from qamctl.reason.react import QuantumReACT
    from qamctl.reason.state import QuantumReasoningState
    from qamctl.samplers import AnnealSampler, AutoSampler, TabuSampler
    from qamctl.schedule.read import load_schedule, schedule_from_data

__all__ = [
    "AgentCluster",
    "AnnealSampler",
    "AutoSampler",
    "AzureQuantumClient",
    "ClusterManager",
    "EnhancedQUBOScheduler",
    "ExitCode",
    "QAOAOptimizer",
    "QUBOScheduler",
    "QamError",
    "QuantumReACT",
    "QuantumReasoningState",
    "TabuSampler",
    "__version__",
    "load_schedule",
    "schedule_from_data",
]

#: Where each public name lives.
_HOMES = {
    "AnnealSampler": "qamctl.samplers",
    "AutoSampler": "qamctl.samplers",
    "TabuSampler": "qamctl.samplers",
    "QAOAOptimizer": "qamctl.quantum.qaoa",
    "AgentCluster": "qamctl.api_clusters",
    "AzureQuantumClient": "qamctl.api",
    "ClusterManager": "qamctl.api_clusters",
    "EnhancedQUBOScheduler": "qamctl.api_hierarchy",
    "QUBOScheduler": "qamctl.api",
    "QuantumReACT": "qamctl.reason.react",
    "QuantumReasoningState": "qamctl.reason.state",
    "ExitCode": "qamctl.errors",
    "QamError": "qamctl.errors",
    "load_schedule": "qamctl.schedule.read",
    "schedule_from_data": "qamctl.schedule.read",
}


def __getattr__(name: str) -> object:
    """Load a public name from its home (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'qamctl' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
