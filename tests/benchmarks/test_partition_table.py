"""The benchmark of partitions counts, limits, repeats and judges as it says."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from qamctl.cluster.flat import flatten
from qamctl.cluster.read import cluster_from_data

HERE = Path(__file__).resolve().parent
SIDE = 8  # of a grid


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """The benchmark's modules, which import each other as siblings."""
    monkeypatch.syspath_prepend(str(HERE))
    return {name: import_module(name) for name in ("graphs", "metis", "repeats", "partition_engines", "partition")}


def grid(folder: Path) -> Path:
    """A grid as a METIS file where the benchmark looks for graphs."""
    rows = []
    for v in range(SIDE * SIDE):
        x, y = v % SIDE, v // SIDE
        near = [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)]
        rows.append(" ".join(str(b * SIDE + a + 1) for a, b in near if 0 <= a < SIDE and 0 <= b < SIDE))
    path = folder / "cluster" / "graph-partition" / "grid.graph"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join([f"{SIDE * SIDE} {2 * SIDE * (SIDE - 1)}", *rows]) + "\n")
    return path


def test_a_graph_is_read_and_its_cut_counted(parts: dict[str, ModuleType], tmp_path: Path) -> None:
    """Edges are those of the grid, and a cut is the number of neighbours in different parts."""
    graph, rng = parts["graphs"].read_graph(grid(tmp_path)), Random(2)
    pairs = {(a, b) for a, b in zip(*(row.tolist() for row in graph.edges()[:2]), strict=True)}
    right = {(v, v + 1) for v in range(SIDE * SIDE) if v % SIDE < SIDE - 1}
    assert pairs == right | {(v, v + SIDE) for v in range(SIDE * (SIDE - 1))}
    for _ in range(10):
        part = [rng.randrange(3) for _ in range(SIDE * SIDE)]
        assert graph.cut(part) == sum(part[a] != part[b] for a, b in pairs)
    same = parts["graphs"].linked(SIDE * SIDE, *graph.edges())
    assert same.first.tolist() == graph.first.tolist()
    assert same.cut(part) == graph.cut(part)


def test_the_limit_is_that_of_the_package(parts: dict[str, ModuleType]) -> None:
    """What the peers are held to is what `balance: 3` means."""
    rng = Random(4)
    for _ in range(40):
        count = rng.randint(1, 30)
        nodes = rng.randint(count, 400)
        agents = [{"id": f"n{v}"} for v in range(nodes)]
        data = {"kind": "cluster", "version": 1, "agents": agents, "clusters": {"count": count}, "balance": 3}
        problem, _ = flatten(cluster_from_data(data))
        assert set(problem.capacity[:count, -1].tolist()) == {parts["partition"].limit(nodes, count)}


def test_an_answer_that_breaks_a_rule_is_found(parts: dict[str, ModuleType], tmp_path: Path) -> None:
    """Nodes without a part, parts that are none, and a part that is too large."""
    graph, judged = parts["graphs"].read_graph(grid(tmp_path)), parts["partition"].judged
    half = [v // (SIDE * SIDE // 2) for v in range(SIDE * SIDE)]
    assert judged(graph, half, 2) == SIDE
    for wrong in (half[1:], [2, *half[1:]], [-1, *half[1:]], [1, *half[1:]]):
        with pytest.raises(AssertionError):
            judged(graph, wrong, 2)


def test_a_partitioner_is_called_again_with_new_seeds(parts: dict[str, ModuleType]) -> None:
    """One call is always made, the least answer that counts is the best one, and none may count."""
    repeated = parts["repeats"].repeated
    once = repeated(lambda seed: seed, lambda answer: answer, 0.0, 7)
    assert (once.best, once.worth, once.calls, once.counted) == (7, 7, 1, 1)
    seeds: list[int] = []

    def worth(seed: int) -> int | None:
        seeds.append(seed)
        return abs(seed - 9) if seed % 2 else None

    again = repeated(lambda seed: seed, worth, 0.05, 7)
    assert seeds == list(range(7, 7 + again.calls))
    assert (again.best, again.worth) == (9, 0)
    assert again.counted == sum(seed % 2 for seed in seeds)
    assert repeated(lambda seed: seed, lambda answer: None, 0.0, 7).best is None


def test_the_library_of_metis_is_that_of_pymetis(parts: dict[str, ModuleType], tmp_path: Path) -> None:
    """The same seed and limit give the same cut as the documented call, between all parts and by bisections."""
    pymetis = pytest.importorskip("pymetis")
    metis, graph = parts["metis"], parts["graphs"].read_graph(grid(tmp_path))
    if not metis.available():
        pytest.skip("the library inside pymetis can't be called")
    ones = np.ones((SIDE * SIDE, 1), np.int64)
    for seed in range(4):
        for recursive in (False, True):
            options = pymetis.Options(seed=seed, ufactor=250)
            there = pymetis.CSRAdjacency(graph.first, graph.to)
            cut, _ = pymetis.part_graph(4, there, options=options, recursive=recursive)
            part = metis.partition(graph, 4, ones, np.array([19.5]), seed, recursive=recursive)
            assert graph.cut(part) == cut


def test_metis_looks_at_every_weight(parts: dict[str, ModuleType], tmp_path: Path) -> None:
    """With two weights, either is shared out; with one, the other may lie where it likes."""
    pytest.importorskip("pymetis")
    metis, graph = parts["metis"], parts["graphs"].read_graph(grid(tmp_path))
    if not metis.available():
        pytest.skip("the library inside pymetis can't be called")
    weights = np.ones((SIDE * SIDE, 2), np.int64)
    weights[: SIDE * SIDE // 2, 1] = 9  # the upper half is heavy
    most = np.array([SIDE * SIDE // 2 + 3, weights[:, 1].sum() // 2 + 16])
    both = metis.partition(graph, 2, weights, most, 1)
    use = np.stack([np.bincount(both, weights=row) for row in weights.T])
    assert (use <= most[:, None]).all()


@pytest.mark.parametrize("engine", ["kahip", "mtk-highest", "mtk-quality", "metis"])
def test_every_peer_answers_within_the_limit(parts: dict[str, ModuleType], tmp_path: Path, engine: str) -> None:
    """In a process of its own, a peer has a part for each node, within the limit, that cuts little."""
    if not parts["partition_engines"].installed(engine):
        pytest.skip(f"{engine} is not installed")
    path, partition = grid(tmp_path), parts["partition"]
    job = {"engine": engine, "graph": str(path), "parts": 3, "most": partition.limit(SIDE * SIDE, 3), "cpu": 0.1}
    part, said = partition.asked(job | {"seed": 1})
    assert said["calls"] >= said["counted"] >= 1
    assert SIDE <= partition.judged(parts["graphs"].read_graph(path), part, 3) <= 3 * SIDE


def test_what_a_crash_leaves_behind_counts(parts: dict[str, ModuleType]) -> None:
    """The last whole answer before a signal is the answer, and that there was a signal is told."""
    heard = parts["partition"].heard
    words = 'hello\n{"part": [0, 1]}\n\n{"part": [1, 1]}\n{"part": [1, '
    assert heard(words, -11) == ([1, 1], {"crashed": 11})
    assert heard("", -11) == (None, {"crashed": 11})
    assert heard('{"part": [0]}\n{"calls": 3}', 0) == ([0], {"calls": 3})


def case(**more: Any) -> dict[str, Any]:
    """A row of the table."""
    return {"graph": "g", "parts": 2, "ours": 100, "bound": 10, "kahip": 100, "mtk-highest": 110, "metis": 120} | more


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([case()], None),
        ([case(), case(), case(ours=104)], None),
        ([case(), case(ours=104)], "too often larger"),
        ([case(), case(), case(ours=105)], "too much larger"),
        ([case(ours=None)], "g in 2: no answer"),
        ([case(metis=99)], "g in 2: larger than METIS"),
        ([case(bound=101)], "the bound is above an answer"),
        ([case(kahip=None, **{"mtk-highest": None})], None),
        ([case(kahip=None)], None),
    ],
)
def test_demands_are_judged(
    parts: dict[str, ModuleType], rows: list[dict[str, Any]], words: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each demand that is missed is told, and ends with 1."""
    assert parts["partition"].verdict(rows) == int(words is not None)
    said = capsys.readouterr().out
    assert ("all met" if words is None else words) in said


def test_the_table_is_made(parts: dict[str, ModuleType], tmp_path: Path) -> None:
    """From the file to the verdict: every number is a cut of the grid, and the exit code is the verdict's."""
    grid(tmp_path)
    report = tmp_path / "report.json"
    command = [sys.executable, str(HERE / "partition.py"), "--instances", str(tmp_path), "--graphs", "grid"]
    command += ["--parts", "3", "--seconds", "4", "--engines", "metis", "--json", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = json.loads(report.read_text())
    assert [(row["parts"], row["most"]) for row in rows] == [(3, 22)], done.stderr
    assert all(SIDE <= row["ours"] <= 2 * SIDE * (SIDE - 1) for row in rows)
    assert done.returncode == parts["partition"].verdict(rows)
    missing = subprocess.run([*command, "--instances", str(tmp_path / "none")], capture_output=True, text=True)
    assert (missing.returncode, "is not here" in missing.stdout) == (2, True)
