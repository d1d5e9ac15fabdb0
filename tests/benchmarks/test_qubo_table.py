"""The QUBO benchmark's own parts: models are what they should be, verdicts follow from rows, it can be resumed."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from support.shared import shared_path

HERE = Path(__file__).parent
NAMES = ("qubo_cases", "qubo_engines", "qubo_report", "curves")


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """The benchmark's modules, which import each other as siblings."""
    monkeypatch.syspath_prepend(str(HERE))
    return {name: __import__(name) for name in NAMES}


def row(engine: str, energy: float, *, case: str = "c", family: str = "sparse", seed: int = 1, **more: Any) -> dict:
    """A finished row."""
    curve = more.pop("curve", [(0.5, energy + 3), (1.0, energy)])
    base = {"status": "done", "fault": None, "best": None, "attempts": 10**6, "cpu": 2.0, "curve": curve}
    return base | {"engine": engine, "energy": energy, "case": case, "family": family, "seed": seed} | more


def test_energies_are_those_of_the_package(parts: dict[str, ModuleType]) -> None:
    """What verifies every engine agrees with the package's exact energies on random samples of a made model."""
    from qamctl.kernels.couplings import couplings

    cases = parts["qubo_cases"]
    rng = np.random.default_rng(1)
    for family in cases.FAMILIES:
        vectors = cases.FAMILIES[family](100, 5)
        model = couplings(*vectors)
        for _ in range(5):
            sample = rng.integers(0, 2, model.n)
            assert cases.energy(vectors, sample) == pytest.approx(model.energy(sample))


def test_published_files_are_read_as_they_are_meant(parts: dict[str, ModuleType]) -> None:
    """Beasley's matrices are maximised with doubled off-diagonals, graphs are cut: the package reads the same."""
    from qamctl.formats.models import read_model

    cases = parts["qubo_cases"]
    rng = np.random.default_rng(2)
    found = {case.name: case for case in cases.cases(shared_path("instances"))}
    for name, sense in (("bqp250_1", "max"), ("G11", None)):
        case = found[name]
        again = cases.Case.from_json(case.to_json())
        vectors, model = again.vectors(), read_model(str(case.source), sense=sense).model
        sample = rng.integers(0, 2, model.n)
        both = sample[model.row] & sample[model.col]
        mine = model.offset + model.linear @ sample + model.weight @ both
        assert cases.energy(vectors, sample) == pytest.approx(mine)
    assert {case.family for case in found.values()} >= {"bqp", "gset", *cases.SIZES}


def test_an_engine_is_kept_busy_until_its_time_is_used(parts: dict[str, ModuleType]) -> None:
    """Annealing is called until the CPU seconds are gone, and each better sample is entered with its time."""
    engines, cases = parts["qubo_engines"], parts["qubo_cases"]
    vectors = cases.FAMILIES["sparse"](60, 3)
    found = engines.ENGINES["dwave-sa-10"](vectors, 1, 0.3, {})
    assert 0.25 < found.used < 3.0
    assert found.calls >= 1
    assert found.attempts > 60 * 10
    assert found.value == cases.energy(vectors, found.sample) == found.curve[-1][1]
    assert [value for _, value in found.curve] == sorted((value for _, value in found.curve), reverse=True)
    with pytest.raises(engines.Skipped, match="--mqlib"):
        engines.ENGINES["mqlib-lu"](vectors, 1, 0.1, {})


def test_verdicts_follow_from_the_rows(parts: dict[str, ModuleType]) -> None:
    """Means by family, the share of cases that annealing leaves short, and what must be solved: met and missed."""
    report = parts["qubo_report"]
    rows = [row("auto", -10.0), row("dwave-sa", -8.0), row("auto", -5.0, case="d"), row("dwave-sa", -5.0, case="d")]
    checks = {text.split(":")[0].split(" (")[0]: met for met, text in report.demands(rows)}
    assert checks == {
        "4 of 4 runs verified": True, "sparse": True, "better than dwave-sa on 1 of 1 cases that it leaves short": True,
    }  # fmt: skip
    worse = [row("auto", -9.0), row("openjij", -10.0), row("auto", -11.0, case="G1", family="gset", best=-12.0)]
    told = {text: met for met, text in report.demands(worse)}
    assert told["gset: best known in the median on 0 of 1: not G1"] is False
    assert [met for text, met in told.items() if text.startswith("sparse: mean gap")] == [False]
    wrong = [row("auto", -9.0) | {"fault": "claims more"}]
    assert report.demands(wrong)[0] == (False, "0 of 1 runs verified")


def test_gaps_and_times_to_the_best(parts: dict[str, ModuleType]) -> None:
    """The best known value is the yardstick, a better one that was seen takes its place; time is when it was met."""
    report = parts["qubo_report"]
    rows = [row("auto", -100.0, best=-100.0), row("openjij", -99.0, best=-100.0)]
    best = report.targets(rows)
    assert best == {"c": -100.0}
    assert [report.gap(one, best) for one in rows] == [0.0, 1.0]
    assert [report.reached(one, best) for one in rows] == [1.0, None]
    found = {one["engine"]: one for one in report.families(rows)}
    assert (found["auto"]["reached"], found["openjij"]["reached"]) == (1.0, 0.0)
    skipped = {
        "status": "skipped",
        "fault": "too large",
        "engine": "dwave-tabu",
        "case": "c",
        "family": "sparse",
        "seed": 1,
    }
    text = report.table([*rows, skipped | {"energy": None, "best": None}])
    assert "too large" in text
    assert "1/1" in text
    assert "sparse" in report.family_table(report.families(rows))


def test_curves_are_pictures_that_parse(parts: dict[str, ModuleType]) -> None:
    """Each family has one SVG with a line and a name for every engine; nothing to draw is a picture, too."""
    report, curves = parts["qubo_report"], parts["curves"]
    pictures = report.pictures([row("auto", -10.0), row("dwave-sa", -9.0)], 10.0)
    root = ET.fromstring(pictures["sparse"])
    assert len(root.findall(".//{*}polyline")) == 2
    assert {"auto", "dwave-sa"} <= {text.text for text in root.findall(".//{*}text")}
    assert ET.fromstring(curves.svg("a < b", {}, x="x", y="y")) is not None
    assert ET.fromstring(curves.svg("flat", {str(k): [(1.0, 0.0)] for k in range(9)}, x="x", y="y")) is not None


def test_the_table_is_measured_once_and_resumed(tmp_path: Path) -> None:
    """A second call takes the finished row from the file instead of measuring again, and writes the same report."""
    rows, report = tmp_path / "rows.jsonl", tmp_path / "report.json"
    command = [sys.executable, str(HERE / "qubo.py"), "--only", "bqp250_1", "--engines", "dwave-sa", "--seeds", "1"]
    command += ["--seconds", "0.2", "--rows", str(rows), "--json", str(report), "--svg", str(tmp_path / "curves")]
    command += ["--instances", str(shared_path("instances"))]
    first = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "1 of 1 runs verified" in first.stdout
    assert len(rows.read_text().splitlines()) == 1
    second = subprocess.run(command, capture_output=True, text=True, check=True)
    assert second.stdout == first.stdout
    assert "bqp250_1" not in second.stderr
    assert json.loads(report.read_text())["rows"][0]["energy"] <= -40000
    assert (tmp_path / "curves" / "bqp.svg").exists()
    wrong = subprocess.run([*command[:2], "--engines", "nobody"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
