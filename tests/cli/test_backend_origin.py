"""An engine that does not exist is the fault of whoever named it: command line, file or environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import Run

PROBLEMS = Path(__file__).parents[2] / "problems"

NAMED = [
    ("schedule", "schedule-modes.yaml"),
    ("cluster", "cluster-teams.yaml"),
    ("reason", "reason-incident.yaml"),
    ("solve", "model-shifts.yaml"),
    ("solve", "hamiltonian-ring.yaml"),
    ("solve", "circuit-teleport.yaml"),
]


@pytest.mark.parametrize(("command", "name"), NAMED)
@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=["run", "dry run"])
def test_a_spec_that_names_no_engine_is_invalid(
    run: Run, room: Path, tmp_path: Path, command: str, name: str, more: tuple[str, ...]
) -> None:
    """3, at the line of the file; nothing was begun."""
    lines = [line for line in (PROBLEMS / name).read_text().splitlines() if not line.startswith("solver:")]
    at = next(k for k, line in enumerate(lines) if line.startswith("version:")) + 1
    (room / name).write_text("\n".join([*lines[:at], "solver: {backend: foo}", *lines[at:]]) + "\n")
    ran = run(command, name, *more)
    assert (ran.code, ran.out) == (3, "")
    assert f"{name}:{at + 1}:" in ran.err
    assert "no backend is called 'foo'" in ran.err
    assert not (tmp_path / "state" / "qamctl" / "runs").exists()


def test_a_flag_that_names_no_engine_is_a_usage_error(run: Run) -> None:
    """2, and no place."""
    ran = run("schedule", "two.yaml", "--backend", "foo")
    assert ran.code == 2
    assert "no backend is called 'foo'" in ran.err


def test_a_variable_that_names_no_engine_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """3, with the variable."""
    monkeypatch.setenv("QAMCTL_BACKEND", "foo")
    ran = run("schedule", "two.yaml")
    assert ran.code == 3
    assert "QAMCTL_BACKEND" in ran.err


def test_mitigation_that_no_engine_of_the_file_does_is_a_fault_of_the_file(run: Run, room: Path) -> None:
    """3 at its line; where a flag names the engine, 2."""
    text = (PROBLEMS / "circuit-teleport.yaml").read_text()
    (room / "circuit.yaml").write_text(text + "mitigate: readout\n")
    ran = run("solve", "circuit.yaml", "--dry-run")
    assert ran.code == 3
    assert f"circuit.yaml:{len(text.splitlines()) + 1}:" in ran.err
    assert run("solve", "circuit.yaml", "--dry-run", "--backend", "statevector").code == 2
