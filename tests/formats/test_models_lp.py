"""CPLEX LP text: what it says, and what a binary model with linear constraints does not hold."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import dimod
import pytest
from support.model_files import fault_of, read_text, terms_of

from qamctl.formats.models import lp
from qamctl.formats.models.limits import too_many_variables
from qamctl.qubo import check
from qamctl.qubo.model import GE, LE

LP = """\\ three ways to send it
Minimize
 cost: 3 x + 2 y - z + 2.5
  + [ 2 x * y - 4 z ^ 2 + x*z ] / 2
Subject To
 load: 2 x + 3 y
   + 4 z <= 6
 -1 <= x - y <= 0.5
 pick: u + v = 1
 x + u >= 1
Bounds
 0 <= t <= 1
Binary
 z x y
 u v w
General
 t
End
"""


def test_an_lp_file_is_read_whole(tmp_path: Path) -> None:
    """Objective, ranges, groups, and variables in the order of the lists, isolated ones too."""
    found = read_text(tmp_path, LP, "way.lp")
    assert (found.format, found.sense, found.name) == ("lp", "min", "way")
    assert list(found.model.labels) == ["z", "x", "y", "u", "v", "w", "t"]
    assert terms_of(found) == ([-3.0, 3.0, 2.0, 0.0, 0.0, 0.0, 0.0], {(0, 1): 0.5, (1, 2): 1.0}, 2.5)
    assert (list(found.group_names), list(found.row_names)) == (["pick"], ["load", "", "", ""])
    model = found.model
    assert (model.con_sense.tolist(), model.con_rhs.tolist()) == ([LE, GE, LE, GE], [6, -1, 5, 1])
    assert model.con_coef.tolist() == [4, 2, 3, 1, -1, 10, -10, 1, 1]


def test_the_words_of_cplex_and_gurobi_are_known(tmp_path: Path) -> None:
    """Keywords in any case and spelling, all senses, numbers in all forms, terms that repeat, bracketed names."""
    text = """
MAXIMISE x[0,1] + 2 x[1,0] + .5 e + 1e1 e + 1.E-1 e - - e + 3
st
 a: x[0,1] + x[0,1] =< 2
 b: 3 * e => 1
 c: e < 1
 d: 2 <= x[0,1] + e + 1
 - x[1,0]
 < 3
subject  to never: 0 x[0,1] >= -5
lazy constraints
 l: e - x[1,0] = 0
bins
 x[0,1] x[1,0] e
END
"""
    found = read_text(tmp_path, text)
    assert (found.sense, list(found.model.labels)) == ("max", ["x[0,1]", "x[1,0]", "e"])
    assert terms_of(found) == ([-1.0, -2.0, -11.6], {}, -3.0)
    assert list(found.row_names) == ["a", "b", "c", "d", "d", "l"]
    assert found.model.con_rhs.tolist() == [2, 1, 1, 1, 2, 0]


def test_constants_move_to_the_right_as_decimals(tmp_path: Path) -> None:
    """0.3 less 0.1 is 0.2, not a number of sixteen decimals."""
    found = read_text(tmp_path, "min x\nst\n c: 0.1 x + y + 0.1 <= 0.3\nbinary\n x y\nend\n").model
    assert (found.con_coef.tolist(), found.con_rhs.tolist()) == ([1, 10], [2])


def test_energies_are_those_that_dimod_reads(tmp_path: Path) -> None:
    """dimod's reader finds the same objective and the same feasible states."""
    text = LP.replace(" -1 <= x - y <= 0.5\n", "").replace("Bounds\n 0 <= t <= 1\n", "").replace("General\n t\n", "")
    found, cqm = read_text(tmp_path, text), dimod.lp.loads(text)
    for state in product((0, 1), repeat=found.model.n):
        sample = dict(zip(found.model.labels, state, strict=True))
        assert check.objective(found.model, state) == pytest.approx(cqm.objective.energy(sample))
        assert (not check.violations(found.model, state)) == cqm.check_feasible(sample)


@pytest.mark.parametrize(
    ("bound", "feasible"),
    [("x = 1", [1]), ("x >= 0.5", [1]), ("x <= 0", [0]), ("1 <= x", [1]), ("0 <= x <= 0.3", [0]), ("x >= 2", []),
     ("x <= -1", []), ("x = 0", [0]), ("-inf <= x <= +infinity", [0, 1]), ("x free", [0, 1]), ("x <= 5", [0, 1]),
     ("0 <= x", [0, 1]), ("x >= -3", [0, 1]), ("x = 0.5", [])],
)  # fmt: skip
def test_bounds_fix_binary_variables(bound: str, feasible: list[int], tmp_path: Path) -> None:
    """A bound leaves a binary variable the values that it allows."""
    found = read_text(tmp_path, f"min\n x\nst\nbounds\n {bound}\nbinary\n x\nend\n")
    assert [value for value in (0, 1) if not check.violations(found.model, (value,))] == feasible


def test_small_lp_files(tmp_path: Path) -> None:
    """An empty objective, no constraint, no variable: models all the same."""
    assert read_text(tmp_path, "Minimize\nEnd").model.n == 0
    assert terms_of(read_text(tmp_path, "Maximize\n obj: 3\nSubject To\n c: 0 <= 1\nEnd\n")) == ([], {}, -3.0)
    assert terms_of(read_text(tmp_path, "min x\nbinary\nx\nend")) == ([1.0], {}, 0.0)


def objective(text: str) -> str:
    return f"Minimize\n obj: {text}\nSubject To\nBinary\n x y\nEnd\n"


def row(text: str) -> str:
    return f"Minimize\n obj: x\nSubject To\n {text}\nBinary\n x y\nEnd\n"


FAULTS = {
    "": "1:1: nothing stands where Minimize or Maximize should",
    "\n\n  Bounds\nEnd\n": "3:3: `Bounds` stands where Minimize or Maximize should",
    "min: x;\n": "1:1: `min:` stands where Minimize or Maximize should",
    "Minimize\n obj: x\nBinary\n x\n": "4:3: the file does not finish with `End` (it may be cut off)",
    "Minimize\n x\nBinary\n x\nEnd\n more": "6:2: something stands behind `End`",
    "Minimize\n x\nMaximize\n x\nBinary\n x\nEnd\n": "3:1: a second objective stands here",
    "Minimize\n x\nEnd\nBinary\n x\nEnd\n": "6:1: a second `End` stands here",
    objective("3 x + "): "3:1: the end of the section stands where a term should",
    objective("3 x 4 y"): "2:11: `4` follows a term without + or -",
    objective("3 x y"): "2:11: `y` follows a term without + or -",
    objective("3 * + y"): "2:11: `+` stands where a name should",
    objective("x ^ 2"): "2:9: `^` stands where the end of the section should",
    objective("[ x * y ]"): "3:1: the quadratic part of the objective, in [ ... ], is not followed by / 2",
    objective("[ x * y ] / 3"): "2:17: the quadratic part of the objective",
    objective("[ x ^ 3 ] / 2"): "2:13: the power `3` is not 2",
    objective("[ x y ] / 2"): "2:11: `y` stands where `*` should",
    objective("[ 2 * y ] / 2"): "2:11: `*` stands where a name should",
    objective("x + nan"): "2:11: the variable `nan` is continuous",
    objective("x + 1e999 y"): "1:1: the coefficients add up to more than a number holds",
    objective("x : y"): "2:7: `x` stands where the end of the section should",
    row("c: x + y"): "5:1: the end of the section stands where a sense (<=, =, >=) should",
    row("c: x + y <= "): "5:1: the end of the section stands where a number should",
    row("c: x <= y"): "4:10: `y` stands where a number should (variables stand on the left",
    row("c: [ x * y ] <= 1"): "4:5: a constraint is quadratic",
    row("c: x = 1 -> y <= 0"): "4:11: the constraint `c` has an indicator (->)",
    row("x >= inf"): "4:2: the right side of a constraint is not a finite number",
    row("c: 0.1234567 x <= 1"): "4:2: in c, a number has more than 6 decimals",
    row("ok: x <= 1\n c: 1e13 x <= 1"): "5:2: in c, its numbers, made whole, are beyond 1e+12",
    row("c: x + é© <= 1"): "4:9: the variable `é©` is continuous",
    row("c: x + } <= 1").replace("}", "\u00b7\u2260"): "4:9: the variable",
    "Minimize\n x\nBounds\n x y\nBinary\n x\nEnd\n": "4:4: `y` stands where a sense",
    "Minimize\n x\nBounds\n x <= 1\nEnd\n": "2:2: the variable `x` is continuous; a model here is binary (list it",
    "Minimize\n x\nGeneral\n x\nEnd\n": "2:2: the variable `x` is a general integer, 0 to inf; a model here is binary",
    "Minimize\n x\nBinary\n 7\nEnd\n": "4:2: `7` stands where a name should",
    "Minimize\n x\nSemi-Continuous\n x\nEnd\n": "3:1: semi-continuous variables (`Semi-Continuous`) are not taken",
    "Minimize\n x\nSOS\n s1: S1:: x:1\nEnd\n": "3:1: special ordered sets (`SOS`) are not taken",
    'Minimize\n x\nBinary\n x y\nEnd\n\\ qamctl: name x "y"\n': "1:1: two variables have the same name in the notes",
    "Minimize\n x\nBinary\n x\nEnd\n\\ qamctl: name x\n": "6:1: the note cannot be read",
    "Minimize\n x + =\nBinary\n x\nEnd\n": "2:6: `=` stands where a term should",
}


@pytest.mark.parametrize("text", FAULTS, ids=range(len(FAULTS)))
def test_faults_of_lp_files_have_their_place(text: str, tmp_path: Path) -> None:
    """What is no LP text, and what is no binary linear model, is told with line and column."""
    assert fault_of(tmp_path, text, format="lp").startswith(FAULTS[text])


def test_a_character_that_no_name_begins_with(tmp_path: Path) -> None:
    """A stray character is told where it stands."""
    assert fault_of(tmp_path, "Minimize\n x + ]\nEnd\n").startswith("2:6: `]` stands where a term should")
    assert fault_of(tmp_path, "Minimize\n x + .y\nEnd\n").startswith("2:6: `.` can't stand here (names start with")


def test_too_many_variables_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is said."""
    monkeypatch.setattr(lp, "too_many_variables", lambda n: too_many_variables(10**9) if n > 2 else None)
    assert "1,000,000,000 variables are more than" in fault_of(tmp_path, "min\n x + y + z\nbinary\n x y z\nend")
