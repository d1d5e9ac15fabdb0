"""`qamctl decode`: samples of any solver back to checked answers, and samples of another problem refused."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import dimod
import numpy as np
import pytest
from support.command_line import Run

from qamctl.backends.exact import minimum
from qamctl.compiling import Target, compiled_target, open_target
from qamctl.qubo.compile import Compiled

PLAN = """\
kind: schedule
version: 1
name: plan
agents: [{id: a1}, {id: a2, speed: 2}]
tasks:
  - {id: t1, duration: 2}
  - {id: t2, duration: 2, after: [t1]}
  - {id: t3, duration: 4}
"""

KNAPSACK = """\
Maximize
 obj: 5 a + 4 b + 3 c
Subject To
 weight: 3 a + 2 b + 2 c <= 4
Binary
 a b c
End
"""

PROBLEMS = Path(__file__).resolve().parents[2] / "problems"

Sampled = tuple[Target, Compiled, np.ndarray]


def sampled(path: str, **options: str) -> Sampled:
    """The target, its QUBO, and the state of least energy."""
    target = open_target(path, {})
    compiled, _ = compiled_target(target, **options)
    return target, compiled, (minimum(compiled) >> np.arange(compiled.n) & 1).astype(np.uint8)


@pytest.fixture(autouse=True)
def files(room: Path) -> Path:
    """A schedule and a model."""
    (room / "plan.yaml").write_text(PLAN)
    (room / "knapsack.lp").write_text(KNAPSACK)
    return room


def as_csv(labels: list[str], rows: np.ndarray) -> str:
    """A table with a header."""
    with open("s.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow([*labels, "energy"])
        table.writerows([*row, 0.5] for row in rows.tolist())
    return "s.csv"


def as_plain(labels: list[str], rows: np.ndarray) -> str:
    """Rows of spins without a header."""
    Path("s.txt").write_text("\n".join(" ".join(str(2 * int(v) - 1) for v in row) for row in rows))
    return "s.txt"


def as_npz(labels: list[str], rows: np.ndarray) -> str:
    """Arrays, the columns in another order."""
    np.savez("s.npz", variables=np.array(labels[::-1]), samples=rows[:, ::-1], occurrences=np.full(len(rows), 3))
    return "s.npz"


def as_dimod(labels: list[str], rows: np.ndarray) -> str:
    """A serialised sample set of spins."""
    found = dimod.SampleSet.from_samples(
        (2 * rows.astype(int) - 1, labels), "SPIN", energy=np.zeros(len(rows)), sort_labels=False
    )
    Path("s.json").write_text(json.dumps(found.to_serializable()))
    return "s.json"


def as_counts(labels: list[str], rows: np.ndarray) -> str:
    """Counts of bit strings as qiskit has them."""
    Path("c.json").write_text(json.dumps({"".join(map(str, row[::-1])): 2 for row in rows.tolist()}))
    return "c.json"


def as_result(labels: list[str], rows: np.ndarray) -> str:
    """A result file of `qamctl solve`, variables numbered as a .qubo without names has them."""
    solution = {"variables": [str(i) for i in range(rows.shape[1])], "sample": rows[0].tolist()}
    Path("r.json").write_text(json.dumps({"schema": "qamctl/result/1", "kind": "model", "solution": solution}))
    return "r.json"


WRITERS = [as_csv, as_plain, as_npz, as_dimod, as_counts, as_result]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("encoding", ["one-hot", "domain-wall"])
def test_the_best_sample_is_the_optimal_schedule(
    run: Run, write: Callable[[list[str], np.ndarray], str], encoding: str
) -> None:
    """From every form of samples of every encoding the schedule comes back, and `check` agrees with its figures."""
    _, compiled, best = sampled("plan.yaml", one_hot=encoding)
    file = write(list(compiled.labels), best[None, :])
    ran = run("decode", "plan.yaml", file, "--encoding", encoding, "-o", "json", "--result", "out.json")
    assert ran.code == 0
    assert ran.json["objective"] == 3
    assert ran.json["attempts"][0]["feasible_fraction"] == 1.0
    assert json.loads(Path("out.json").read_text()) == ran.json
    assert run("check", "out.json", "plan.yaml").code == 0


@pytest.mark.parametrize("write", WRITERS)
def test_the_best_sample_of_a_model_is_its_answer(run: Run, write: Callable[[list[str], np.ndarray], str]) -> None:
    """A model's sample is decoded to labels, objective in its sense, and what `check` holds to be right."""
    _, compiled, best = sampled("knapsack.lp")
    file = write(list(compiled.labels), best[None, :])
    ran = run("decode", "knapsack.lp", file, "-o", "json", "--result", "out.json")
    assert ran.code == 0
    assert (ran.json["objective"], ran.json["energy"], ran.json["sense"]) == (7, -7, "max")
    solution = ran.json["solution"]
    assert dict(zip(solution["variables"], solution["sample"], strict=True)) == {"a": 0, "b": 1, "c": 1}
    assert run("check", "out.json", "knapsack.lp").code == 0


def test_slack_bits_may_be_missing(run: Run) -> None:
    """Samples of the model's own variables are enough, by name or in order; so are the names of an LP file."""
    _, compiled, best = sampled("knapsack.lp")
    own = best[None, : compiled.n_model]
    assert run("decode", "knapsack.lp", as_csv(["a", "b", "c"], own), "-o", "json").json["objective"] == 7
    assert run("decode", "knapsack.lp", as_plain([], own), "-o", "json").json["objective"] == 7
    some = as_csv(list(compiled.labels)[:4], best[None, :4])
    assert run("decode", "knapsack.lp", some, "-o", "json").json["objective"] == 7
    target, _, first = sampled("plan.yaml")
    names = [name if "/" not in name and ">" not in name else f"x{i}" for i, name in enumerate(target.model.labels)]
    assert run("decode", "plan.yaml", as_csv(names, first[None, : len(names)]), "-o", "json").json["objective"] == 3


def test_a_broken_sample_is_repaired(run: Run) -> None:
    """Random samples give a feasible schedule, with a word on it and an honest share of feasible ones."""
    _, compiled, _ = sampled("plan.yaml")
    rows = np.random.default_rng(5).integers(0, 2, (10, compiled.n))
    ran = run("decode", "plan.yaml", as_npz(list(compiled.labels), rows), "-o", "json")
    assert ran.code == 0
    attempt = ran.json["attempts"][0]
    assert (attempt["shots"], attempt["feasible_fraction"]) == (30, 0.0)
    assert "repaired" in attempt["note"]
    assert "Solved by: samples" in run("decode", "plan.yaml", "s.npz").out


def test_the_best_of_many_is_taken(run: Run) -> None:
    """The optimum is found among samples that are worse, equal ones counted together."""
    _, compiled, best = sampled("knapsack.lp")
    rows = np.vstack([np.zeros((3, compiled.n), np.uint8), best])
    ran = run("decode", "knapsack.lp", as_csv(list(compiled.labels), rows), "-o", "json")
    assert ran.json["objective"] == 7
    assert ran.json["attempts"][0]["shots"] == 4


def test_bit_strings_can_be_turned_round(run: Run) -> None:
    """--reverse reads them from the first variable."""
    Path("bits.txt").write_text("011\n")
    assert run("decode", "knapsack.lp", "bits.txt", "--reverse", "-o", "json").json["objective"] == 7
    Path("bits.txt").write_text("110\n")
    assert run("decode", "knapsack.lp", "bits.txt", "-o", "json").json["objective"] == 7


@pytest.mark.parametrize(
    ("file", "content", "code", "words"),
    [
        ("plan.yaml", "0,1,1\n", 3, "it has 3 variables"),
        ("knapsack.lp", "0 1 1 0 0 0 0\n", 3, "compiles to 6 variables, 3 without slack bits"),
        ("knapsack.lp", "a,b,q\n0,1,1\n", 3, "lacks 'c', and it has 'q', which the model lacks"),
        ("knapsack.lp", "a,b,c,d,e,f,g\n0,1,1,1,1,1,1\n", 3, "'d', 'e', 'f' and 1 more"),
        ("knapsack.lp", "1,1,1\n", 4, "none of 1 samples keeps every constraint"),
        ("knapsack.lp", "a,b,c\n", 3, "no sample"),
        ("knapsack.lp", "a,b,c\n0,1,7\n", 3, "value 7"),
        ("impossible.yaml", "1", 4, "deadline"),
    ],
)
def test_samples_that_are_of_no_use_are_refused(run: Run, file: str, content: str, code: int, words: str) -> None:
    """Another model's samples with sizes and names, infeasible ones, and what is no sample."""
    Path("given").write_text(content)
    ran = run("decode", file, "given")
    assert ran.code == code
    assert words in ran.err


@pytest.mark.parametrize("name", ["knapsack.lp", "ok.csv", "link.csv"])
def test_what_is_decoded_is_not_overwritten(run: Run, room: Path, name: str) -> None:
    """Neither the problem nor the samples, under whatever name."""
    (room / "ok.csv").write_text("a,b,c\n0,1,1\n")
    (room / "link.csv").symlink_to("ok.csv")
    before = [(room / file).read_bytes() for file in ("knapsack.lp", "ok.csv")]
    ran = run("decode", "knapsack.lp", "link.csv" if name == "ok.csv" else "ok.csv", "--result", name)
    assert ran.code == 2
    assert f"--result {name} would overwrite a file: the run reads it" in ran.err
    assert [(room / file).read_bytes() for file in ("knapsack.lp", "ok.csv")] == before
    assert run("decode", "knapsack.lp", "ok.csv", "--result", "new.json").code == 0


def test_only_one_file_comes_from_standard_input(run: Run) -> None:
    """Two dashes make no sense."""
    assert run("decode", "-", "-").code == 2


STOCKS = """\
kind: schedule
version: 1
resources: [{id: gold, kind: consumable, capacity: 2}, {id: silver, kind: consumable, capacity: 2}]
tasks:
  - id: t1
    modes:
      - {id: both, duration: 1, demand: {gold: 1, silver: 1}}
      - {id: gold, duration: 2, demand: {gold: 2}}
  - id: t2
    modes:
      - {id: gold, duration: 1, demand: {gold: 2}}
      - {id: silver, duration: 2, demand: {silver: 2}}
"""


def test_samples_of_an_infeasible_start(run: Run, room: Path) -> None:
    """Where no rule finds a first schedule, a feasible sample is decoded all the same, and an empty one refused."""
    # By the flow: where the makespan counts, the linear relaxation tells which ways fit the stocks.
    (room / "stocks.yaml").write_text(STOCKS + "objective: {flow: 1}\n")
    target, compiled, best = sampled("stocks.yaml")
    assert target.whole is not None
    assert target.whole.first is None
    file = as_csv(list(compiled.labels), best[None, :])
    ran = run("decode", "stocks.yaml", file, "-o", "json")
    assert ran.json["objective"] == 4
    assert "note" not in ran.json["attempts"][0]
    ran = run("decode", "stocks.yaml", as_csv(list(compiled.labels), np.zeros((1, compiled.n), np.uint8)))
    assert ran.code == 4
    assert "can be repaired" in ran.err


def test_a_sample_whose_options_do_not_fit_keeps_its_order(run: Run, room: Path) -> None:
    """Quick ways that need more of a stock than there is, and a deadline that they miss, are exchanged for others."""
    (room / "scarce.yaml").write_text(
        "kind: schedule\nversion: 1\nresources: [{id: gold, kind: consumable, capacity: 3}]\ntasks:\n"
        + "".join(
            f"  - {{id: t{k}, modes: [{{id: quick, duration: 1, demand: {{gold: 2}}}},"
            " {id: slow, duration: 2, demand: {gold: 1}}]}\n"
            for k in (1, 2)
        )
    )
    target, _, _ = sampled("scarce.yaml")
    labels = list(target.model.labels)
    sample = np.array([[name.endswith(":quick@0") for name in labels]], np.uint8)
    assert sample.sum() == 2
    ran = run("decode", "scarce.yaml", as_csv(labels, sample), "-o", "json")
    assert ran.code == 0
    assert ran.json["objective"] == 2
    assert "sample 1 of the file, repaired" in ran.json["attempts"][0]["note"]


@pytest.mark.parametrize("name", ["schedule-modes", "schedule-ft06"])
def test_any_sample_of_the_right_length_is_repaired(run: Run, room: Path, name: str) -> None:
    """Of the shipped plans zeros, ones and noise give a schedule that checks, and the result says which they were."""
    plan = PROBLEMS / f"{name}.yaml"
    target = open_target(str(plan), {})
    assert target.whole is not None
    assert target.whole.first is not None  # of schedule-modes, too, whose quickest ways need too many tokens
    width = target.model.n
    noise = np.random.default_rng(3).integers(0, 2, (3, width))
    for few, rows in ((1, np.zeros((1, width), int)), (1, np.ones((1, width), int)), (3, noise)):
        np.save("s.npy", rows.astype(np.uint8))
        ran = run("decode", str(plan), "s.npy", "-o", "json", "--result", "r.json")
        assert ran.code == 0
        told = ", ".join(str(k + 1) for k in range(few))
        assert ran.json["attempts"][0]["note"].endswith(f"repaired samples: {told}")
        assert run("check", "r.json", str(plan)).code == 0
