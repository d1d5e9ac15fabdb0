"""Which reader a file goes to, told from its first bytes."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from qamctl.kinds import kind_of

FILES = [
    ("plan.yaml", "kind: schedule\nversion: 1\n", "schedule"),
    ("plan.yaml", "version: 1\ntasks: []\n", "schedule"),
    ("plan.txt", "kind: schedule\nversion: 1\n", "schedule"),
    ("plan.json", '{"tasks": [' + ", ".join(["1"] * 40_000) + '], "kind": "schedule"}', "schedule"),
    ("plan.json", '{"a": 1}', "schedule"),
    ("plan.yaml", "", "schedule"),
    ("plan.yaml", "kind: cluster\nversion: 1\n", "cluster"),
    ("plan.yml", "version: 1\nlinks:\n  - kind: apart\nkind: cluster\n", "cluster"),
    ("plan.yaml", "agents:\n" + "  - id: abcdefgh\n" * 9_000 + "kind: cluster\n", "cluster"),
    ("plan.yaml", "agents:\n" + "  - id: abcdefgh\n" * 9_000, "schedule"),
    ("plan.json", '{"links": [{"kind": "apart"}], "kind": "cluster"}', "cluster"),
    ("model.yaml", "kind: model\nversion: 1\n", "model"),
    ("model.json", '{"kind": "model"}', "model"),
    ("h.yaml", "kind: hamiltonian\nversion: 1\n", "model"),
    ("a.qubo", "p qubo 0 1 1 0\n0 0 1\n", "model"),
    ("a.txt", "2 1\n1 2 1\n", "model"),
    ("a.lp", "Minimize\n x\nEnd\n", "model"),
    ("a.qasm", "OPENQASM 3;\n", "circuit"),
    ("a.ll", "; ModuleID = 'a'\n", "circuit"),
    ("c.yaml", "kind: circuit\nversion: 1\n", "circuit"),
    ("c.json", '{"kind": "circuit"}', "circuit"),
    ("a.bin", "hello", "otherwise"),
]


@pytest.mark.parametrize(("name", "text", "kind"), FILES)
def test_kinds_by_content(tmp_path: Path, name: str, text: str, kind: str) -> None:
    """Specs of other kinds go to the schedule's reader, models and foreign files to the models'."""
    (tmp_path / name).write_text(text)
    assert kind_of(str(tmp_path / name), "otherwise") == kind


def test_files_that_are_not_there(tmp_path: Path) -> None:
    """What can't be read goes by its name: its reader says why."""
    assert kind_of(str(tmp_path / "nowhere.yaml"), "model") == "schedule"
    assert kind_of(str(tmp_path / "nowhere.qubo"), "model") == "model"
    assert kind_of(str(tmp_path), "model") == "model"
    assert kind_of("\0", "model") == "model"


def test_standard_input_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input is looked at and still whole for its reader; one that can't be is taken for the default."""
    stream = io.BufferedReader(io.BytesIO(b"p qubo 0 1 1 0\n0 0 1\n"))  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stream))
    assert kind_of("-") == "model"
    assert stream.read().startswith(b"p qubo")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"p qubo")))
    assert kind_of("-") == "schedule"


@pytest.mark.parametrize("name", ["empty.qasm", "not.ll", "not.BC"])
def test_files_that_are_called_circuits_go_to_their_reader(tmp_path: Path, name: str) -> None:
    """Whatever they hold: it says that they are no circuits."""
    path = tmp_path / name
    path.write_text("" if name.startswith("empty") else "a,b,c,d\n1,2,3,4\n")
    assert kind_of(str(path)) == "circuit"
