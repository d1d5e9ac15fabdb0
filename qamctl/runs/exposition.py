"""The Prometheus text format (version 0.0.4): families of samples as lines, labels escaped.

References
----------
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

Samples: TypeAlias = Sequence[tuple[Mapping[str, str], float]]

#: Name, help and samples of a metric.
Family: TypeAlias = tuple[str, str, Samples]


def exposition(families: Iterable[Family], kind: str = "gauge") -> list[str]:
    """The lines of the families that have samples."""
    lines = []
    for name, help_text, samples in families:
        if samples:
            lines += [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]
            lines += [f"{sample(name, labels)} {number(value)}" for labels, value in samples]
    return lines


def sample(name: str, labels: Mapping[str, str]) -> str:
    """A metric with its labels."""
    pairs = ",".join(f'{label}="{_escape(value)}"' for label, value in labels.items())
    return f"{name}{{{pairs}}}"


def number(value: float) -> str:
    """A value as the format takes it."""
    return repr(int(value)) if float(value).is_integer() else repr(float(value))


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
