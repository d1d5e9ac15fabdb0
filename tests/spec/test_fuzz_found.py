"""Files that a campaign of test_fuzz.py found to end in a trace: each has its faults, at their places, ever since."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from qamctl.validation import validate

REASON = "kind: reason\nversion: 1\n"
SCHEDULE = "kind: schedule\nversion: 1\ntasks: [{id: t, duration: 1}]\n"

FOUND = {
    "evidence without an id": (
        REASON + "paths: [{id: a, prior: 1}, {id: b, prior: 1}]\nsteps: [e]\n"
        "evidence: [{id: e, likelihood: {a: 0.5}, otherwise: 1}, {likelihood: {a: 1}, otherwise: 1}]\n",
        "`id` is missing",
    ),
    "paths of one name before others that are told of": (
        REASON + "paths: [{id: a, prior: 1}, {id: a, prior: 1}, {id: b, prior: 1}]\n"
        "evidence: [{id: e, likelihood: {a: 0.5, b: 0.5}}]\n",
        "duplicate id `a`",
    ),
    "an outcome of an action that is none, beside one without a name": (
        REASON + "paths: [{id: a, prior: 1}]\nutility: [{values: {a: 1}}, {action: act, values: {a: 1}}]\n"
        "outcomes: [{id: o, action: ac, likelihood: {a: 1}}]\n",
        "`action` is missing",
    ),
    "a calendar that is written beside one that is a list": (
        SCHEDULE + "agents: [{id: a, calendar: [[13, 8]]}, {id: b, calendar: PT5M}]\n",
        "must be [from, to], found `PT5M`",
    ),
    "a latency beyond all times": (
        SCHEDULE + "agents: [{id: a}, {id: b}]\ncommunication: {bandwidth: 20, latency: 9223372036854775808}\n",
        "is more than 1,000,000,000,000 units away from 0",
    ),
    "a bandwidth beyond all counts": (
        SCHEDULE + "agents: [{id: a}, {id: b}]\ncommunication: {bandwidth: 1000000000000000}\n",
        "must be at most 1000000000000",
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_is_a_fault(name: str, tmp_path: Path) -> None:
    """The fault is told, with line and column."""
    text, fault = FOUND[name]
    file = tmp_path / "case.yaml"
    file.write_text(text)
    (verdict,) = validate([str(file)])
    assert verdict.status == "invalid"
    assert any(fault in one.message for one in verdict.faults), [str(one) for one in verdict.faults]
    assert all(one.location is not None and one.location.line for one in verdict.faults)


def test_a_small_file_takes_little_room(tmp_path: Path) -> None:
    """Reading makes room for what a file holds, not for the most that one may: 200 MB of addresses are enough."""
    file = tmp_path / "case.qubo"
    file.write_text("p qubo 0 2 1 1\n0 0 1\n0 1 2\n")
    code = (
        "import resource, sys; from pathlib import Path; from qamctl.spec.reader import read_bytes\n"
        "used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 200_000_000,) * 2)\n"
        "print(len(read_bytes(Path(sys.argv[1]), 'case', 512 << 20)))\n"
    )
    if not Path("/proc/self/statm").exists() or not hasattr(resource, "RLIMIT_AS"):
        pytest.skip("needs /proc, to know what the process has already")
    ran = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == str(file.stat().st_size), ran.stderr
