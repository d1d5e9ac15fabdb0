"""Published flexible shops, multi-mode projects and parallel machines, from the foreign file to a checked schedule."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import Run
from support.shared import shared_path

#: By format: the folder of published files, and those of them that are solved.
FILES = {
    "fjsp": ("flexible-jobshop", ("mk01", "mk06")),
    "mmlib": ("multimode-rcpsp", ("J5051_1", "J10035_1")),
    "pmp": ("parallel-machines", ("1", "279")),
}


@pytest.mark.parametrize("format", FILES)
def test_every_published_file_is_imported_and_valid(run: Run, room: Path, format: str) -> None:
    """All files of a folder become problem files at once, and `validate` finds nothing in any of them."""
    folder, _ = FILES[format]
    files = sorted(shared_path("instances", "schedule", folder).glob("*.txt"))
    assert len(files) >= 7
    (room / "specs").mkdir()
    assert run("import", format, *map(str, files), "--file", "specs").code == 0
    specs = [f"specs/{file.stem}.yaml" for file in files]
    ran = run("validate", *specs)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [f"{spec}: valid" for spec in specs]


@pytest.mark.parametrize(("format", "name"), [(format, name) for format, (_, names) in FILES.items() for name in names])
def test_a_published_file_is_solved_and_checked(run: Run, room: Path, format: str, name: str) -> None:
    """A second of `qamctl schedule` gives a schedule that `qamctl check` recomputes without a finding."""
    file = shared_path("instances", "schedule", FILES[format][0], f"{name}.txt")
    assert run("import", format, str(file), "--file", "problem.yaml").code == 0
    ran = run("schedule", "problem.yaml", "--time-limit", "1", "--seed", "1", "--out", "out", "-o", "json")
    assert ran.code == 0
    assert ran.json["violations"] == []
    assert run("check", "out/result.json", "problem.yaml").code == 0
