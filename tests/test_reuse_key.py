"""The question that an answer is kept under: which options count, and which do not."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from qamctl.config import Resolved
from qamctl.options import Options
from qamctl.reuse_key import ASIDE, FILES, key_of, question
from qamctl.runs.canonical import canonical
from qamctl.spec.source import Source
from qamctl.story import Earlier, Problem

SOURCE = Source("plan.yaml", Path("plan.yaml"), b"", "0" * 64)
OPTIONS = Options(max_steps=10, time_limit=None)

#: Another value of an option, by the type of the one that it has, and where that is None.
OTHERS: dict[str, Any] = {
    "backend": ("cpsat",), "time_limit": 3.5, "max_steps": 11, "seed": 9, "format": "qubo", "sense": "max", "slot": 3,
    "max_variables": 7, "reads": 5, "target_energy": -2.5, "shots": 10, "noise": "ionq", "mitigate": ("zne",),
    "depth": 2, "mixer": "x", "max_qubits": 4, "max_shots": 99, "max_rounds": 2, "from_result": "latest",
    "timeout": 5.0, "max_cost": 1.0, "monthly_budget": 9.0, "export": ("csv",), "check": ("gap<=0",), "tag": ("a",),
    "output": "json", "if_locked": "wait", "priority": "high", "threads": 3, "verbose": 2, "reuse_limit": 5,
}  # fmt: skip


def other(name: str, folder: Path) -> Any:
    """A value that an option does not have by default."""
    value = getattr(OPTIONS, name)
    if name in OTHERS:
        return OTHERS[name]
    kind = next(str(field.type) for field in fields(Options) if field.name == name)
    if "Path" in kind:
        (folder / f"{name}.json").write_text("{}")
        return folder / f"{name}.json"
    return not value if isinstance(value, bool) else "another"


def problem(options: Options = OPTIONS, source: Source = SOURCE, **more: Any) -> Problem:
    return Problem(None, "plan", source, Resolved(options), 7, **more)


@pytest.mark.parametrize("name", [field.name for field in fields(Options)])
def test_an_option_counts_or_is_said_not_to(name: str, tmp_path: Path) -> None:
    """Another value of any option is another question, unless `ASIDE` names it."""
    changed = problem(replace(OPTIONS, **{name: other(name, tmp_path)}))
    same = key_of("schedule", changed) == key_of("schedule", problem())
    # A step budget makes answers the same on any number of cores; of a file that is written its format counts.
    aside = (name in ASIDE - set(FILES) - {"from_result"}) or name == "threads"
    assert same == aside


def test_threads_count_within_a_time_limit_alone() -> None:
    """And only where something is searched."""
    timed = [problem(replace(OPTIONS, max_steps=None, time_limit=1.0, threads=threads)) for threads in (1, 2)]
    for kind, differ in (("schedule", True), ("cluster", True), ("model", True), ("reason", False), ("circuit", False)):
        one, two = (key_of(kind, each) for each in timed)
        assert (one != two) == differ


def test_what_files_hold_counts_and_where_they_lie_does_not(tmp_path: Path) -> None:
    """The spec, its tables, what was taken from an earlier result, and a file of angles: by their content."""
    base = key_of("schedule", problem())
    moved = replace(SOURCE, label="elsewhere/p.yaml", path=Path("elsewhere/p.yaml"), base=Path("elsewhere"))
    assert key_of("schedule", problem(source=moved)) == base
    tables = {"t.csv": (Path("t.csv"), "1" * 64)}
    with_table = key_of("schedule", problem(source=replace(SOURCE, tables=tables)))
    away = {"t.csv": (Path("away/t.csv"), "1" * 64)}
    assert key_of("schedule", problem(source=replace(SOURCE, tables=away))) == with_table
    other_table = {"t.csv": (Path("t.csv"), "2" * 64)}
    keys = {base, with_table, key_of("schedule", problem(source=replace(SOURCE, tables=other_table)))}
    keys |= {key_of("schedule", problem(source=replace(SOURCE, sha256="3" * 64)))}
    keys |= {key_of("schedule", problem(taken={"priors": {"a": 0.5}})), key_of("cluster", problem())}
    earlier = Earlier(Path("a.json"), "4" * 64, "run", "earlier.csv", b"a,1\n", {}, ())
    taken = key_of("schedule", problem(earlier=earlier))
    assert key_of("schedule", problem(earlier=replace(earlier, file=Path("b"), run="other", sha256="5" * 64))) == taken
    keys |= {taken, key_of("schedule", problem(earlier=replace(earlier, content=b"a,2\n")))}
    angles = tmp_path / "angles.json"
    for text in ("{}", '{"a": 1}'):
        angles.write_text(text)
        keys.add(key_of("schedule", problem(replace(OPTIONS, angles=angles))))
    angles.unlink()
    keys.add(key_of("schedule", problem(replace(OPTIONS, angles=angles))))
    assert len(keys) == 11


def test_the_question_is_plain_data() -> None:
    """It has one canonical text, and names kernels and version."""
    asked = question("schedule", problem())
    assert canonical(asked) == canonical(question("schedule", problem()))
    assert asked["kernels"]
    assert asked["qamctl"]
