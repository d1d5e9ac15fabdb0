"""Metrics as a Prometheus text file."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.runs import NOW

from qamctl.runs.metrics import Stopwatch, build
from qamctl.runs.prometheus import to_prometheus

#: https://prometheus.io/docs/instrumenting/exposition_formats/ (text format, version 0.0.4)
SAMPLE = re.compile(
    r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)\{(?P<labels>(?:[a-z_]+=\"(?:[^\"\\\n]|\\[\\n\"])*\",?)*)\} (?P<value>\S+)"
)
LABEL = re.compile(r"([a-z_]+)=\"((?:[^\"\\\n]|\\[\\n\"])*)\"")

UNESCAPE = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def figures(name: str = "plan", **result: Any) -> dict[str, Any]:
    use = {"agents_mean": 0.5, "agents_max": 0.75, "resources": {"cpu": 0.25, "none": None, name: 0.5}}
    return build(
        run="r", kind="schedule", name=name, result=result, stopwatch=Stopwatch(), now=NOW, utilisation=use
    )  # fmt: skip


def parse(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """A strict reader: every family once, HELP and TYPE before its samples, no label set twice."""
    assert text.endswith("\n")
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    lines = iter(text[:-1].split("\n"))
    for line in lines:
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert family not in found
            assert next(lines) == f"# TYPE {family} gauge"
            found[family] = {}
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample is not None, line
        assert sample["name"] == family
        labels = tuple(
            (label, re.sub(r'\\[\\n"]', lambda match: UNESCAPE[match[0]], value))
            for label, value in LABEL.findall(sample["labels"])
        )
        assert labels not in found[family]
        found[family][labels] = float(sample["value"])
    return found


BASE = (("kind", "schedule"), ("name", "plan"))


def test_a_good_run() -> None:
    """Status, objective, times, use and the time of success are there; absent figures are left out."""
    samples = parse(to_prometheus(figures(status="optimal", objective=55, bound=None, gap=0.0)))
    assert samples["qamctl_objective"] == {BASE: 55}
    assert "qamctl_bound" not in samples
    assert samples["qamctl_status"][(*BASE, ("status", "optimal"))] == 1
    assert sum(samples["qamctl_status"].values()) == 1
    assert samples["qamctl_last_success_timestamp_seconds"] == {BASE: NOW.timestamp()}
    assert {dict(labels)["phase"] for labels in samples["qamctl_phase_seconds"]} == {
        "read", "build", "compile", "solve", "check", "write",
    }  # fmt: skip
    assert samples["qamctl_resource_utilisation_ratio"][(*BASE, ("resource", "cpu"))] == 0.25
    assert (*BASE, ("resource", "none")) not in samples["qamctl_resource_utilisation_ratio"]
    assert samples["qamctl_memory_peak_bytes"][BASE] > 0


def test_a_bad_run_keeps_the_time_of_the_last_success() -> None:
    """A run without an answer takes the time over from the file's old text, its own labels only."""
    old = to_prometheus(figures(status="feasible", objective=1))
    kept = parse(to_prometheus(figures(status="unknown"), old))
    assert kept["qamctl_last_success_timestamp_seconds"] == {BASE: NOW.timestamp()}
    assert "qamctl_objective" not in kept
    other = to_prometheus(figures("other", status="feasible"))
    for previous in ("", "rubbish", other):
        assert "qamctl_last_success_timestamp_seconds" not in parse(to_prometheus(figures(status="unknown"), previous))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_name_is_escaped(name: str) -> None:
    """Backslashes, quotes and line ends in labels read back as they were."""
    samples = parse(to_prometheus(figures(name, status="feasible", objective=0.1)))
    labels = (("kind", "schedule"), ("name", name))
    assert samples["qamctl_objective"] == {labels: 0.1}
    assert samples["qamctl_resource_utilisation_ratio"][(*labels, ("resource", name))] in (0.25, 0.5)
