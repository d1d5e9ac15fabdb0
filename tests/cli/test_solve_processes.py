"""`qamctl solve` as shells see it: signals keep the best, kills leave nothing half, answers repeat; real processes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-P", "-m", "qamctl"]  # -P: the installed package, not the one in this folder


def call(*argv: str, text: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *argv], input=text, capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | environ,
    )  # fmt: skip


def write_model(room: Path, n: int = 120, seed: int = 7) -> str:
    """A dense model that no engine proves within seconds."""
    chance = random.Random(seed)
    rows = [f"{i} {j} {chance.randint(-50, 50)}" for i in range(n) for j in range(i, n)]
    diagonal = [row for row in rows if row.split()[0] == row.split()[1]]
    others = [row for row in rows if row.split()[0] != row.split()[1]]
    text = "\n".join([f"p qubo 0 {n} {n} {len(others)}", *diagonal, *others, ""])
    (room / "hard.qubo").write_text(text)
    return "hard.qubo"


def write_constrained(room: Path, items: int = 12, places: int = 4, seed: int = 3) -> str:
    """Items on places of limited capacity, with costs between items."""
    chance = random.Random(seed)
    names = [[f"i{i}_{p}" for p in range(places)] for i in range(items)]
    sizes = [chance.randint(2, 9) for _ in range(items)]
    rows = [
        f"  - {{name: cap{p}, sense: '<=', rhs: {sum(sizes) * 5 // (4 * places)}, terms: {{"
        + ", ".join(f"{names[i][p]}: {sizes[i]}" for i in range(items)) + "}}"
        for p in range(places)
    ]  # fmt: skip
    linear = ", ".join(f"{name}: {chance.randint(1, 20)}" for row in names for name in row)
    pairs = [
        f"[{names[a][p]}, {names[b][q]}, {chance.randint(1, 9)}]"
        for a in range(items) for b in range(a) if chance.random() < 0.3
        for p in range(places) for q in range(places) if p != q
    ]  # fmt: skip
    text = [
        "kind: model", "version: 1", f"variables: [{', '.join(name for row in names for name in row)}]",
        f"linear: {{{linear}}}", f"quadratic: [{', '.join(pairs)}]",
        f"groups: [{', '.join('[' + ', '.join(row) + ']' for row in names)}]", "constraints:", *rows, "",
    ]  # fmt: skip
    (room / "assign.yaml").write_text("\n".join(text))
    return "assign.yaml"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("backend", ["auto", "tabu"])
def test_signals_keep_the_best_so_far(room: Path, number: signal.Signals, code: int, backend: str) -> None:
    """A first signal ends the search; the best sample is written, shown, and checks."""
    process = subprocess.Popen(
        [*COMMAND, "solve", write_model(room), "--backend", backend, "--time-limit", "60", "-v", "--result", "r.json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert any("built" in line for line in process.stderr)
    time.sleep(1.5)  # into the search
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    result = json.loads((room / "r.json").read_text())
    assert (process.returncode, result["status"]) == (code, "interrupted")
    assert result["objective"] < 0
    assert out.startswith("Status: interrupted")
    assert call("check", "r.json", "hard.qubo").returncode == 0


def test_a_kill_leaves_nothing_half_written(room: Path) -> None:
    """A run that is killed leaves its manifest and log, no result, and the next run on the folder is whole."""
    argv = [*COMMAND, "solve", write_model(room), "--backend", "neal", "--out", "run", "-v"]
    process = subprocess.Popen(
        [*argv, "--time-limit", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert any("built" in line for line in process.stderr)
    process.kill()
    process.wait()
    process.stderr.close()
    left = {path.name for path in (room / "run").iterdir()}
    assert {"manifest.json", "spec.qubo"} <= left
    assert not left & {"result.json", "metrics.json", "samples.npz"}
    json.loads((room / "run" / "manifest.json").read_text())
    again = subprocess.run([*argv, "--max-steps", "100"], capture_output=True, text=True, timeout=60, check=False)
    assert again.returncode == 0, again.stderr
    assert call("check", "run/result.json", "hard.qubo").returncode == 0
    assert not [path.name for path in (room / "run").iterdir() if path.name.endswith(".tmp")]


DETERMINED = ("solution", "objective", "energy", "terms", "bound", "status", "levels", "solved_by")


def answer(ran: subprocess.CompletedProcess[str]) -> str:
    """What must be the same, as canonical JSON."""
    assert ran.returncode in (0, 4), ran.stderr
    return json.dumps({key: json.loads(ran.stdout)[key] for key in DETERMINED}, sort_keys=True)


@pytest.mark.parametrize("backend", ["auto", "anneal", "tabu", "neal", "cpsat"])
@pytest.mark.parametrize("write", [write_model, write_constrained])
def test_steps_give_the_same_answer(room: Path, write, backend: str) -> None:  # type: ignore[no-untyped-def]
    """With a step budget the answer is the same byte for byte, whatever the threads and the build of the kernels."""
    argv = ("solve", write(room, 30) if write is write_model else write(room, 6, 3),
            "--backend", backend, "--max-steps", "60", "--seed", "5", "-o", "json")  # fmt: skip
    one = answer(call(*argv, "--threads", "1"))
    assert answer(call(*argv, "--threads", "3")) == one
    assert answer(call(*argv, QAMCTL_KERNELS="reference")) == one


def test_samples_are_the_same_too(room: Path) -> None:
    """Samples that are asked for have the same bytes with equal seeds, whatever the threads."""
    argv = ("solve", write_model(room, 20), "--backend", "anneal", "--reads", "10", "--max-steps", "100", "--seed", "5",
            "-o", "json")  # fmt: skip
    assert answer(call(*argv, "--threads", "1")) == answer(call(*argv, "--threads", "3"))


def test_standard_input_is_a_model(room: Path) -> None:
    """`-` reads the model from standard input, in every command that takes one."""
    text = "p qubo 0 2 2 1\n0 0 -1\n1 1 -2\n0 1 4\n"
    ran = call("solve", "-", "--max-steps", "100", "--result", "r.json", "-o", "json", text=text)
    assert json.loads(ran.stdout)["objective"] == -2
    assert call("validate", "-", text=text).returncode == 0
    assert call("check", "r.json", "-", text=text).returncode == 0
    assert call("bench", "-", "--backend", "exact", "--max-steps", "1", text=text).returncode == 0
    assert call("solve", "-", "--dry-run", text="garbage").returncode == 3
    spec = (room / "two.yaml").read_text()
    assert json.loads(call("solve", "-", "--max-steps", "50", "-o", "json", text=spec).stdout)["kind"] == "schedule"


def test_an_engine_that_never_ends_does_not_hold_the_process(room: Path) -> None:
    """When the time is up the result is written, and the process ends without the engine."""
    script = """
import sys, time
import numpy as np
from types import SimpleNamespace
from qamctl.backends import registry
from qamctl.backends.base import Capabilities
from qamctl.backends.local import LocalBackend
from qamctl.cli.main import main

exact = registry.get("exact")

def sample(compiled, options):
    if compiled.n == 1:  # what is sampled before the clock runs
        return exact.fetch(exact.submit(compiled, options))
    options["report"](np.eye(compiled.n, dtype=np.uint8)[0], -1.0)
    while True:
        time.sleep(1)

sys.modules["endless"] = SimpleNamespace(backend=lambda: LocalBackend("endless", Capabilities(("qubo",)), sample))
registry.MODEL_ENGINES["endless"] = "endless"
sys.argv[1:] = ["solve", "two.qubo", "--backend", "endless", "--time-limit", "2", "--result", "r.json"]
sys.exit(main())
"""
    (room / "two.qubo").write_text("p qubo 0 2 2 1\n0 0 -1\n1 1 -2\n0 1 4\n")
    ran = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    result = json.loads((room / "r.json").read_text())
    assert (result["objective"], result["solved_by"]) == (-1, "endless")
    assert "still at work" in result["attempts"][0]["note"]


def test_a_missing_package(room: Path) -> None:
    """An engine whose package is not installed exits with 8; `auto` does without it."""
    script = "import sys; sys.modules['neal'] = None; sys.modules['ortools'] = None\n"
    script += "from qamctl.cli.main import main; sys.exit(main(sys.argv[1:]))"
    argv = [sys.executable, "-P", "-c", script, "solve", write_constrained(room, 6, 3), "--max-steps", "50"]
    for backend, code in (("neal", 8), ("cpsat", 8), ("auto", 0)):
        ran = subprocess.run([*argv, "--backend", backend], capture_output=True, text=True, check=False)
        assert ran.returncode == code, ran.stderr
