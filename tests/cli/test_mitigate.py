"""`qamctl solve --mitigate`: what is taken out of noisy counts, what it costs, what is refused, what checks."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from support.command_line import Run

pytest.importorskip("qiskit_aer")

QASM = 'OPENQASM 3;\ninclude "stdgates.inc";\n'
GHZ = QASM + "qubit[6] q;\nbit[6] c;\nh q[0];\n" + "".join(f"cx q[{k}], q[{k + 1}];\n" for k in range(5))
NOISY = ("--backend", "noisy", "--seed", "3")
#: Two one-hot pairs, entangled by nothing, with a bit that is never measured between them.
PAIRS = QASM + (
    "qubit[4] q;\nbit[5] c;\nx q[0]; ry(1.2) q[1]; cx q[1], q[0];\nx q[2]; ry(0.7) q[3]; cx q[3], q[2];\n"
    "c[0] = measure q[1]; c[1] = measure q[0]; c[3] = measure q[3]; c[4] = measure q[2];\n"
)
PAIRS_Z = "observable: [[IIZI, 1.0], [ZIII, 0.5], [IIII, 2.0], [ZIZI, -0.3]]\n"
EXACT = math.cos(1.2) + 0.5 * math.cos(0.7) + 2 - 0.3 * math.cos(0.7) * math.cos(1.2)


def spec(qasm: str, rest: str) -> str:
    return f"kind: circuit\nversion: 1\nname: small\nfile: small.qasm\n{rest}"


def write(qasm: str, rest: str, name: str = "small.yaml") -> None:
    Path("small.qasm").write_text(qasm)
    Path(name).write_text(spec(qasm, rest))


@pytest.fixture(autouse=True)
def _folder(room: Path) -> None:
    """Each test has a folder of its own."""


def solution(run: Run, file: str, *flags: str) -> Any:
    """The solution of a run that the check agrees with."""
    ran = run("solve", file, *NOISY, *flags, "--out", "run", "--metrics", "m.json", "-o", "json")
    assert ran.code == 0, ran.err
    checked = run("check", "run/result.json", file)
    assert checked.code == 0, checked.out
    return ran.json["solution"]


def test_readout_of_a_ghz_state_is_corrected(run: Run) -> None:
    """The parity of six qubits is 1 again within four standard errors, where the counts alone are far from it."""
    write(GHZ + "c = measure q;\n", "shots: 3000\nobservable: [[ZZZZZZ, 1]]\nnoise: {p1: 0, p2: 0, readout: 0.04}\n")
    found = solution(run, "small.yaml", "--mitigate", "readout")
    mean, told = found["expectation"], found["mitigation"]
    assert abs(mean["value"] - 1) < 4 * mean["standard_error"]
    assert abs(told["raw"]["value"] - 1) > 4 * told["raw"]["standard_error"]
    assert told["raw"]["value"] == mean["from_counts"]["value"]
    assert (told["circuits"], told["shots"], found["shots"]) == (3, 9000, 3000)
    assert told["overhead"] == pytest.approx(3 * (mean["standard_error"] / told["raw"]["standard_error"]) ** 2)
    assert all(abs(rate - 0.04) < 0.02 for bit in told["readout"][0] for rate in bit)
    assert sum(told["distribution"].values()) == pytest.approx(1)
    assert told["distribution"]["000000"] + told["distribution"]["111111"] > 0.95
    plain = solution(run, "small.yaml")
    assert plain["counts"] == found["counts"]
    assert plain["mitigation"] is None
    metrics = json.loads(Path("m.json").read_text())
    assert "mitigation" not in metrics["search"]["noisy"]


@pytest.mark.parametrize("preset", ["generic", "rigetti"])
def test_extrapolation_of_an_ising_chain(run: Run, preset: str) -> None:
    """X and Z of a chain come nearer to the exact energy by readout and zne together, and within four errors of it."""
    write(
        QASM + "qubit[3] q;\nbit[3] c;\nh q;\ncx q[0], q[1]; rz(-0.7) q[1]; cx q[0], q[1];\n"
        "cx q[1], q[2]; rz(-0.7) q[2]; cx q[1], q[2];\nrx(-1.1) q;\nc = measure q;\n",
        "shots: 8000\nobservable: [[IZZ, -1], [ZZI, -1], [IIX, -0.7], [IXI, -0.7], [XII, -0.7], [III, 0.5]]\n",
    )
    exact = run("solve", "small.yaml", "-o", "json").json["objective"]
    found = solution(run, "small.yaml", "--noise", preset, "--mitigate", "readout,zne")
    mean, told = found["expectation"], found["mitigation"]
    assert abs(mean["value"] - exact) < 4 * mean["standard_error"]
    assert abs(mean["value"] - exact) < abs(told["raw"]["value"] - exact) / 3
    assert [point["scale"] for point in told["points"]] == [1, 3, 5]
    assert (told["methods"], told["circuits"], told["shots"]) == (["readout", "zne"], 10, 80_000)
    assert told["asymptote"] == 0.5
    assert told["fit"] in ("exponential", "linear")
    assert told["why"]
    metrics = json.loads(Path("m.json").read_text())["search"]["noisy"]
    assert metrics["shots"] == 88_000
    assert metrics["mitigation"]["value"] == mean["value"]
    assert metrics["mitigation"]["overhead"] == told["overhead"]
    again = solution(run, "small.yaml", "--noise", preset, "--mitigate", "readout", "--mitigate", "zne")
    assert again == found


@pytest.mark.parametrize("words", ["postselect", "readout", "zne", "readout,postselect", "zne,postselect"])
def test_one_hot_groups_are_kept(run: Run, words: str) -> None:
    """With a bit that nothing is measured into, by the field of the spec: near the exact mean, what is kept is told."""
    write(PAIRS, PAIRS_Z + f"shots: 4000\nnoise: {{preset: rigetti}}\nmitigate: [{words}]\ngroups: [[0, 1], [3, 4]]\n")
    found = solution(run, "small.yaml")
    mean, told = found["expectation"], found["mitigation"]
    assert abs(mean["value"] - EXACT) < 5 * mean["standard_error"] + 0.02
    assert set(told["methods"]) == set(words.split(","))
    if "postselect" not in words:
        assert told["kept"] is None
        return
    assert 0.8 < told["kept"] < 1
    assert set(told["distribution"]) <= {"10010", "10001", "01010", "01001"}
    assert sum(told["distribution"].values()) == pytest.approx(1)


def test_a_distribution_alone(run: Run) -> None:
    """Without an observable readout correction gives a distribution, and no mean."""
    Path("bell.qasm").write_text(QASM + "qubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n")
    found = solution(run, "bell.qasm", "--mitigate", "readout")
    told = found["mitigation"]
    assert found["expectation"] is told["raw"] is told["overhead"] is told["fit"] is None
    assert found["counts"]["01"] > 0
    assert told["distribution"]["00"] + told["distribution"]["11"] > 0.97
    page = run("solve", "bell.qasm", *NOISY, "--mitigate", "readout").out
    assert "mitigated" in page
    assert "Without mitigation" not in page


def test_the_page_and_the_dry_run(run: Run) -> None:
    """The page has both means and what the second one cost; a dry run tells circuits and shots beforehand."""
    write(PAIRS, PAIRS_Z + "shots: 2000\nmitigate: zne\n")
    page = run("solve", "small.yaml", *NOISY).out
    assert "Without mitigation: " in page
    assert "Mitigation: zne (circuits 3, shots 6000, overhead " in page
    assert "fit " in page
    dry = run("solve", "small.yaml", *NOISY, "--mitigate", "zne,readout", "--dry-run", "-o", "json").json
    assert dry["mitigation"] == {"methods": ["zne", "readout"], "circuits": 5, "shots": 10_000}
    assert "mitigation" not in run("solve", "small.yaml", "--mitigate", "none", "--dry-run", "-o", "json").json
    assert "overhead" not in run("solve", "small.yaml", *NOISY, "--mitigate", "none").out
    assert run("bench", "small.yaml", "--backend", "statevector", "--backend", "noisy").code == 0


def test_where_it_may_be_asked_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags go before the environment, that before `solver`, that before the spec's own field."""

    def methods(*flags: str) -> Any:
        told = run("solve", "small.yaml", *NOISY, *flags, "--dry-run", "-o", "json").json.get("mitigation")
        return told and told["methods"]

    write(PAIRS, PAIRS_Z + "mitigate: zne\n")
    assert methods() == ["zne"]
    write(PAIRS, PAIRS_Z + "mitigate: zne\nsolver: {mitigate: [readout]}\n")
    assert methods() == ["readout"]
    monkeypatch.setenv("QAMCTL_MITIGATE", "readout,zne")
    assert methods() == ["readout", "zne"]
    assert methods("--mitigate", "zne") == ["zne"]
    assert methods("--mitigate", "none") is None
    assert "readout,zne" in run("config", "show").out
    Path("ring.qubo").write_text("p qubo 0 2 2 1\n0 0 -1\n1 1 -1\n0 1 2\n")
    assert run("solve", "ring.qubo", "--max-steps", "100").code == 0  # the environment may mean other files


MID = PAIRS.replace("x q[2];", "c[2] = measure q[2]; x q[2];")
NO_Z = "observable: [[XIII, 1]]\n"
FAULTS: list[tuple[str, str, tuple[str, ...], int, str]] = [
    (PAIRS, PAIRS_Z, ("--mitigate", "zne"), 2, "--mitigate: mitigation is for engines that simulate noise"),
    (PAIRS, PAIRS_Z + "mitigate: zne\n", ("--backend", "noisy", "--backend", "qir"), 2, "small.yaml:6:1: mitigate: "),
    (PAIRS, "", (*NOISY, "--mitigate", "zne"), 2, "--mitigate: zne extrapolates the mean of an observable"),
    (PAIRS, "mitigate: zne\n", NOISY, 3, "small.yaml:5:1: mitigate: zne extrapolates"),
    (PAIRS, PAIRS_Z + "mitigate: postselect\n", NOISY, 3, "give `groups` in a circuit spec"),
    (PAIRS, NO_Z + "groups: [[0, 1]]\nmitigate: postselect\n", NOISY, 3, "which the observable is not read from"),
    (PAIRS, PAIRS_Z + "groups: [[1, 2]]\nmitigate: postselect\n", NOISY, 3, "nothing is measured into it"),
    (PAIRS, PAIRS_Z + "groups: [[0, 5]]\n", NOISY, 3, "small.yaml:6:14: an entry of `groups` must be a bit"),
    (PAIRS, PAIRS_Z + "groups: [[0, 1], [1, 3]]\n", NOISY, 3, "must not repeat a bit, found 1 again"),
    (PAIRS, PAIRS_Z + "groups: [[]]\n", NOISY, 3, "a list of at least one bit"),
    (PAIRS, PAIRS_Z + "groups: 3\n", NOISY, 3, "a list of lists of bits, found 3"),
    (PAIRS, PAIRS_Z + "mitigate: [reedout]\n", NOISY, 3, "hint: did you mean `readout`?"),
    (PAIRS, PAIRS_Z + "mitigate: [none, zne]\n", NOISY, 3, "has none beside others"),
    (PAIRS, PAIRS_Z + "mitigate: [3]\n", NOISY, 3, "found 3"),
    (PAIRS, PAIRS_Z + "solver: {mitigate: all}\n", NOISY, 3, "small.yaml:6:10: `mitigate` must be among"),
    (PAIRS, PAIRS_Z, (*NOISY, "--mitigate", "all"), 2, "must be among readout, zne, postselect, detect, or none"),
    (MID, PAIRS_Z, ("--noise", "quantinuum", *NOISY, "--mitigate", "readout"), 2, "the circuit, `measure`, is neither"),
    (QASM + "qubit q;\nbit c;\nc = measure q;\n", "observable: [[Z, 1]]\n", (*NOISY, "--mitigate", "zne"), 2,
     "nothing to fold: leave zne out"),
    (QASM + "qubit q;\nh q;\n", "observable: [[I, 1]]\n", (*NOISY, "--mitigate", "readout"), 2, "nothing is measured"),
    (GHZ + "c = measure q;\n", "shots: 2\ngroups: [[0, 1]]\nmitigate: postselect\n", NOISY, 4, "none of 2 shots"),
]  # fmt: skip


@pytest.mark.parametrize(("qasm", "rest", "flags", "code", "told"), FAULTS)
def test_faults(run: Run, qasm: str, rest: str, flags: tuple[str, ...], code: int, told: str) -> None:
    """Each fault has its exit code, its place and its next step, and never a trace."""
    write(qasm, rest)
    ran = run("solve", "small.yaml", *flags)
    assert ran.code == code, ran.err
    assert told in ran.err
    assert "Traceback" not in ran.err


def test_models_and_schedules_have_none(run: Run) -> None:
    """The flag is refused with 2 for problems that are no circuit files."""
    Path("ring.qubo").write_text("p qubo 0 2 2 1\n0 0 -1\n1 1 -1\n0 1 2\n")
    assert run("init", "schedule", "--file", "plan.yaml").code == 0
    for file in ("ring.qubo", "plan.yaml"):
        ran = run("solve", file, "--mitigate", "readout")
        assert ran.code == 2
        assert f"--mitigate is for circuit files, and {file} is none" in ran.err
        assert run("solve", file, "--mitigate", "none", "--dry-run").code == 0


BREAKS: list[tuple[str, Any, str]] = [
    ("raw.value", 0.2, "solution.mitigation.raw.value: is 0.2"),
    ("raw", {}, "solution.mitigation.raw: must have a value"),
    ("methods", ["magic"], "solution.mitigation.methods: must be among"),
    ("shots", 0, "solution.mitigation.shots: must be a whole number"),
    ("points", None, "solution.mitigation.points: must be scales"),
    ("points", [{"scale": 1}], "solution.mitigation.points: must be scales"),
    ("points.0.value", 0.5, "solution.mitigation.points[0].value: is 0.5, counts and readout give"),
    ("points.2.value", 0.5, "solution.mitigation.points: give"),
    ("points.2.standard_error", -1, "solution.mitigation.points: allow no extrapolation"),
    ("readout", [], "solution.mitigation.readout: does not hold"),
    ("readout.0.0", [0.5, 0.5], "solution.mitigation.readout: does not hold"),
    ("readout.0.0", [0.3, 0.0], "solution.mitigation.points[0].value: is "),
]


@pytest.mark.parametrize(("way", "value", "told"), BREAKS)
def test_a_broken_result_is_found(run: Run, way: str, value: Any, told: str) -> None:
    """What was changed by hand in the block ends the check with 9."""
    write(PAIRS, PAIRS_Z + "shots: 500\nmitigate: [readout, zne]\n")
    assert run("solve", "small.yaml", *NOISY, "--out", "run").code == 0
    result = json.loads(Path("run/result.json").read_text())
    at, (*keys, last) = result["solution"]["mitigation"], way.split(".")
    for key in keys:
        at = at[int(key)] if key.isdecimal() else at[key]
    at[int(last) if last.isdecimal() else last] = value
    Path("run/result.json").write_text(json.dumps(result))
    ran = run("check", "run/result.json", "small.yaml")
    assert ran.code == 9
    assert told in ran.out
