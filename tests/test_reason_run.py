"""A decision's run: from the file to its result, whichever engine answers, and what the next run has learned."""

from __future__ import annotations

import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qamctl import reason_engines
from qamctl.errors import BackendError, ExitCode, UsageError
from qamctl.pipeline import bench, dry_run, run
from qamctl.quantum.simulate.batches import Stopped
from qamctl.story import RunReport
from qamctl.validation import check_files

SPEC = """\
kind: reason
version: 1
name: incident
paths:
  - {id: retry, prior: 0.5, actions: [prefer t1 on a1]}
  - {id: escalate, prior: 0.3}
  - {id: wait, prior: 0.2}
evidence:
  - {id: timeout-seen, likelihood: {retry: 0.2, escalate: 0.9, wait: 0.4}}
  - {id: queue-long, likelihood: {escalate: 0.6}, otherwise: 0.5}
utility:
  - {action: call, values: {retry: -1, escalate: 5}}
  - {action: hold, values: {retry: 2, escalate: -2, wait: 2}}
outcomes:
  - {id: solved, likelihood: {retry: 0.7, escalate: 0.9, wait: 0.4}}
  - {id: failed, likelihood: {retry: 0.3, escalate: 0.1, wait: 0.6}}
"""
#: Where all amplitudes are real, a coupling that is real makes nothing interfere.
EVOLVES = SPEC.replace("escalate, prior: 0.3", "escalate, prior: 0.3, phase: 1") + (
    "context: {couplings: [[retry, escalate, 0.3]], time: 0.5}\ncoherence: 1\n"
)
STATE = SPEC + "state: agent.state.json\n"

#: Prior times likelihoods, by hand.
JOINT = {"retry": 0.5 * 0.2 * 0.5, "escalate": 0.3 * 0.9 * 0.6, "wait": 0.2 * 0.4 * 0.5}


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Writes a spec and gives its path."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def write(text: str = SPEC) -> str:
        path = tmp_path / "incident.yaml"
        path.write_text(text)
        return str(path)

    return write


def start(path: str, *backends: str, **flags: Any) -> RunReport:
    return run("reason", path, {"seed": 1, **flags} | ({"backend": list(backends)} if backends else {}))


def test_without_a_backend_the_posterior_is_exact(spec, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Bayes by hand, the decision with the largest expected utility, its value as objective and bound, points."""
    report = start(spec(), out=tmp_path / "out")
    result, total = report.result, sum(JOINT.values())
    block = result["solution"]
    assert report.exit_code == ExitCode.OK
    assert (result["status"], result["solved_by"], result["fallback"]) == ("optimal", "exact", None)
    assert block["posterior"] == pytest.approx({name: p / total for name, p in JOINT.items()}, rel=1e-12)
    assert block["evidence_probability"] == pytest.approx(total, rel=1e-12)
    assert block["log_evidence_probability"] == pytest.approx(math.log(total), rel=1e-12)
    p = block["posterior"]
    assert block["expected_utility"] == pytest.approx({
        "call": 5 * p["escalate"] - p["retry"], "hold": 2 * p["retry"] - 2 * p["escalate"] + 2 * p["wait"]
    })  # fmt: skip
    assert (block["decision"], result["objective"]) == ("call", pytest.approx(block["expected_utility"]["call"]))
    assert (result["bound"], result["gap"]) == (result["objective"], 0)
    assert result["terms"] == {"expected_utility": result["objective"]}
    assert block["actions"] == {"prefer t1 on a1": p["retry"]}
    assert all(low == high == p[name] for name, (low, high) in block["intervals"].items())
    assert (block["joint_intervals"], block["counts"], block["shots"]) == (None, None, 0)
    assert (block["order_effect"], set(block["interference"].values())) == (0, {0})
    assert json.loads((tmp_path / "out" / "result.json").read_text()) == result
    assert check_files(str(tmp_path / "out" / "result.json"), spec()).found == []
    assert result["compiled"]["distance"] == 0


@pytest.mark.parametrize(("backend", "shots"), [("statevector", 4000), ("noisy", 4000), ("qir", 100)])
def test_engines_measure_it(spec, tmp_path: Path, backend: str, shots: int) -> None:  # type: ignore[no-untyped-def]
    """Shots, how many were accepted, circuit counts; intervals around the shares; the exact value judges."""
    if backend == "noisy":
        pytest.importorskip("qiskit_aer", reason="the noise is simulated by qiskit-aer")
    path = spec(SPEC + "noise: {preset: quantinuum}\nmethod: sample\n")
    report = start(path, backend, shots=shots, out=tmp_path / "out")
    result, metrics = report.result, report.metrics
    assert check_files(str(tmp_path / "out" / "result.json"), path).found == []
    block, [row] = result["solution"], result["attempts"]
    assert (result["status"], result["solved_by"], result["fallback"]) == ("feasible", backend, None)
    assert (block["shots"], row["shots"], sum(block["counts"].values())) == (shots, shots, block["accepted"])
    assert block["posterior"]["wait"] == pytest.approx(block["counts"]["wait"] / block["accepted"])
    total = sum(JOINT.values())
    for name, joint in JOINT.items():
        low, high = block["joint_intervals"][name]
        slack = 0.02 if backend == "noisy" else 0.0
        assert low - slack <= joint / total <= high + slack
    assert result["objective"] == result["bound"]  # the right decision, judged by exact arithmetic
    low, high = block["expected_utility_intervals"]["call"]
    assert low < block["expected_utility"]["call"] < high
    figures = metrics["search"][backend]
    assert figures["accepted"] + figures["rejected"] == figures["shots"] == shots
    assert figures["acceptance"] == pytest.approx(row["feasible_fraction"]) == pytest.approx(block["accepted"] / shots)
    assert figures["acceptance_expected"] == pytest.approx(figures["acceptance"], abs=5 / shots**0.5)
    circuit = figures["circuit"]
    assert circuit["after"]["qubits"] == row["variables"] == result["compiled"]["variables"]
    assert circuit["after"]["two_qubit"] <= circuit["before"]["two_qubit"]
    assert circuit["preparation"]["two_qubit"]
    assert result["compiled"]["distance"] == 0
    seconds = dict(metrics["seconds"])
    assert seconds.pop("total") == pytest.approx(sum(seconds.values()), abs=1e-5)
    assert seconds["solve"] > 0
    assert metrics["quantum_vs_classical"]["quantum"]["backend"] == backend


def test_methods_choose_engines(spec) -> None:  # type: ignore[no-untyped-def]
    """`sample` measures by itself, `exact` measures nothing, `amplify` amplifies; contradictions are refused."""
    assert start(spec(SPEC + "method: sample\n")).result["solved_by"] == "statevector"
    assert start(spec(SPEC + "method: exact\n")).result["solved_by"] == "exact"
    rare = SPEC.replace("otherwise: 0.5", "otherwise: 0.005").replace("{escalate: 0.6}", "{escalate: 0.6, wait: 0.001}")
    result = start(spec(rare + "method: amplify\n")).result
    assert result["compiled"]["rounds"] >= 1
    assert result["compiled"]["distance"] == 0
    for text, backend in (("method: exact\n", "statevector"), ("method: sample\n", "exact")):
        with pytest.raises(UsageError, match=f"the method is {text.split()[1]}"):
            start(spec(SPEC + text), backend)


def test_the_same_seed_gives_the_same_counts(spec) -> None:  # type: ignore[no-untyped-def]
    """Byte for byte, whatever the threads; another seed gives others."""
    path = spec(EVOLVES)
    texts = {json.dumps(start(path, "statevector", threads=n).result["solution"], sort_keys=True) for n in (1, 2)}
    assert len(texts) == 1
    assert json.dumps(start(path, "statevector", seed=2).result["solution"], sort_keys=True) not in texts


def test_engines_side_by_side(spec) -> None:  # type: ignore[no-untyped-def]
    """The first one's posterior is the answer, and each tells how far it is from the exact one."""
    result = start(spec(EVOLVES), "statevector", "exact").result
    assert [row["backend"] for row in result["attempts"]] == ["statevector", "exact"]
    assert (result["solved_by"], result["attempts"][1]["distance"]) == ("statevector", 0)
    assert 0 < result["attempts"][0]["distance"] < 0.1
    assert result["solution"]["interference"]["retry"] != 0
    rows = bench(spec(EVOLVES), ["exact", "statevector"], {"seed": 1, "shots": 500}, kind="reason")
    assert [row["backend"] for row in rows] == ["exact", "statevector"]
    assert (rows[0]["distance"], rows[1]["shots"]) == (0, 500)
    assert 0 < rows[1]["accepted"] < 500


@pytest.mark.parametrize("methods", [["readout"], ["readout", "zne"], ["detect"]])
def test_mitigation_tells_its_cost_and_gain(spec, tmp_path: Path, methods: list[str]) -> None:  # type: ignore[no-untyped-def]
    """Circuits and shots in all, the shares without it, both distances to the exact posterior; the result checks."""
    pytest.importorskip("qiskit_aer", reason="the noise is simulated by qiskit-aer")
    two = SPEC.replace("  - {id: wait, prior: 0.2}\n", "").replace(", wait: 0.4}", "}").replace(", wait: 2}", "}")
    path = spec(two.replace(", wait: 0.6}", "}") + "noise: {preset: rigetti}\n")
    report = start(path, "noisy", mitigate=methods, shots=8000, out=tmp_path / "out")
    [row], block = report.result["attempts"], report.result["solution"]["mitigation"]
    circuits = {"readout": 3, "readout+zne": 5, "detect": 2}["+".join(methods)]
    assert (block["methods"], block["circuits"], block["shots"]) == (methods, circuits, 8000 * circuits)
    assert row["shots"] == block["shots"]
    assert block["overhead"] > (0.8 if methods == ["detect"] else 1.5)
    assert block["distance"] == pytest.approx(row["distance"], abs=1e-5)
    without = block["bare"]["distance"] if "detect" in methods else block["distance_raw"]
    assert block["distance"] < without
    assert check_files(str(tmp_path / "out" / "result.json"), path).found == []


@pytest.mark.parametrize("fault", ["failed", "nothing"])
def test_what_fails_falls_back_to_arithmetic(spec, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:  # type: ignore[no-untyped-def]
    """With the reason; --strict forbids it."""

    def broken(self: object, circuits: object) -> Any:
        raise BackendError("the engine is out of order")

    path = spec()
    if fault == "failed":
        monkeypatch.setattr(reason_engines.Engine, "run", broken)
    else:
        monkeypatch.setattr(reason_engines, "accepted_counts", lambda samples, occurrences, plan: np.zeros(3))
    report = start(path, "statevector")
    result = report.result
    reason = "the engine is out of order" if fault == "failed" else "none of 1,000 shots was accepted"
    assert report.exit_code == ExitCode.OK
    assert (result["status"], result["solved_by"]) == ("optimal", "exact")
    assert reason in result["fallback"]["reason"]
    assert result["fallback"]["backend"] == "statevector"
    assert [row["status"] for row in result["attempts"]] == ["unknown", "optimal"]
    assert reason in result["attempts"][0]["note"]
    if fault == "failed":
        with pytest.raises(BackendError, match="out of order"):
            start(path, "statevector", strict=True)
    else:
        strict = start(path, "statevector", strict=True)
        assert (strict.exit_code, strict.result["status"]) == (ExitCode.INFEASIBLE, "unknown")


def test_impossible_evidence_is_named(spec) -> None:  # type: ignore[no-untyped-def]
    """Exit code 4, status infeasible, the evidence and its line; nothing is compiled."""
    text = SPEC.replace("{escalate: 0.6}, otherwise: 0.5", "{escalate: 0}, otherwise: 0")
    report = start(spec(text))
    assert report.exit_code == ExitCode.INFEASIBLE
    result = report.result
    assert (result["status"], result["solution"], result["compiled"]) == ("infeasible", None, None)
    [reason] = result["reasons"]
    assert reason["constraint"] == "impossible-evidence"
    assert reason["text"] == "evidence `queue-long` is impossible: its likelihood is 0 on every path"
    assert (Path(reason["file"]).name, reason["line"]) == ("incident.yaml", 10)
    twice = SPEC.replace("wait: 0.4}}\n  - {id: queue", "wait: 0}}\n  - {id: queue").replace(
        "{escalate: 0.6}, otherwise: 0.5", "{wait: 1}, otherwise: 0"
    )
    [reason] = start(spec(twice)).result["reasons"]
    assert "0 on every path that is left at that step" in reason["text"]
    assert dry_run(spec(text), {}, kind="reason")["compiled"] is None


def test_an_interrupt_keeps_what_there_is(spec, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """The engines that answered until then count; before any did, the status says so."""
    catch = reason_engines.Engine.run
    measured: list[str] = []

    def interrupted(self: reason_engines.Engine, circuits: Any) -> Any:
        if self.name == "qir":
            raise Stopped(None)
        found = catch(self, circuits)
        measured.append(self.name)
        return found

    path = spec()
    monkeypatch.setattr(reason_engines.Engine, "run", interrupted)
    result = start(path, "statevector", "qir").result
    assert (result["status"], result["solved_by"], measured) == ("interrupted", "statevector", ["statevector"])
    assert result["solution"]["shots"] == 1000
    alone = start(path, "qir").result
    assert (alone["status"], alone["solution"], alone["solved_by"]) == ("interrupted", None, None)


def test_ctrl_c_ends_a_run_after_the_engine_that_answered(spec, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """Exit code 130, its posterior is the answer, and the next engine does not begin."""
    plain = reason_engines.Engine.run

    def signalled(self: reason_engines.Engine, circuits: Any) -> Any:
        found = plain(self, circuits)
        os.kill(os.getpid(), signal.SIGINT)
        return found

    path = spec()
    monkeypatch.setattr(reason_engines.Engine, "run", signalled)
    report = start(path, "statevector", "exact")
    assert report.exit_code == ExitCode.INTERRUPTED
    assert report.result["status"] == "interrupted"
    assert [row["backend"] for row in report.result["attempts"]] == ["statevector"]
    assert report.result["solution"]["shots"] == 1000


def test_a_dry_run_tells_sizes_and_leaves_nothing(spec, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Sizes, engines and the circuit; neither a run directory nor a state file."""
    found = dry_run(spec(STATE), {"backend": ["statevector"]}, kind="reason")
    assert (found["paths"], found["evidence"], found["steps"], found["couplings"], found["pruned"]) == (3, 2, 2, 0, 0)
    assert (found["engines"], found["compiled"]["distance"], found["reasons"]) == (["statevector"], 0, [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["incident.yaml"]


def test_too_many_paths_for_a_circuit(spec, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """5,000 paths are computed, and their circuit is not made; with `prune` they are measured."""
    rows = "".join(f"    p{k},{1 / (k + 1) ** 3}\n" for k in range(5000))
    text = (
        "kind: reason\nversion: 1\npaths:\n  csv: |\n    id,prior\n" + rows
        + "evidence: [{id: e, likelihood: {p0: 0.5}, otherwise: 1}]\n"
    )  # fmt: skip
    result = start(spec(text)).result
    assert (result["status"], result["compiled"]["scope"]) == ("optimal", "refused")
    pruned = start(spec(text + "prune: 0.001\n"), "statevector").result
    block = pruned["solution"]
    assert 0 < block["pruned"]["error"] < 0.05
    assert pruned["compiled"]["distance"] == 0
    exact = result["solution"]["posterior"]
    for name in ("p0", "p1", "p4999"):
        low, high = block["joint_intervals"][name]
        assert low <= exact[name] <= high


def test_a_network_is_asked(spec) -> None:  # type: ignore[no-untyped-def]
    """By arithmetic and by a circuit; a product formula, a state and steps are not for networks."""
    path = str(Path(__file__).parents[1] / "problems" / "reason-sprinkler.yaml")
    spec()
    exact = start(path).result
    assert exact["solution"]["posterior"]["yes"] == pytest.approx(0.4581 / 0.6471, abs=1e-4)
    found = start(path, "statevector", shots=4000).result
    low, high = found["solution"]["joint_intervals"]["yes"]
    assert low < exact["solution"]["posterior"]["yes"] < high
    assert found["compiled"]["distance"] == 0
