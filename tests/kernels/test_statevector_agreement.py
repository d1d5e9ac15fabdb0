"""The C++ kernels of state vectors and their references find the same bits, on every processor and in any threads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from support.campaigns import statevector as campaigns

from qamctl.kernels import extension
from qamctl.kernels.statevector import QUBIT, Evolution, evolution
from qamctl.kernels.statevector import general as general_file
from qamctl.kernels.statevector import qubits as qubits_file
from qamctl.kernels.statevector.reference import Qubits

needs_native = pytest.mark.skipif(extension("statevector") is None, reason="the C++ kernels are not built")

PRINTS = """
import hashlib, numpy as np
from qamctl.kernels.statevector import QUBIT, Axis, evolution
from support.campaigns.statevector import angles, figures
found = hashlib.sha256()
rng = np.random.default_rng(7)
group = Axis(np.ones((3, 3)) - np.eye(3), np.full(3, 3**-0.5))
for n in (1, 4, 6, 11, 12, 13, 14):
    for axes, grover in (([QUBIT] * n, False), ([QUBIT] * min(n, 9) + [group], False), ([QUBIT] * n, True)):
        diagonal = rng.normal(size=int(np.prod([axis.size for axis in axes])))
        for bits in figures(evolution(diagonal, axes, grover=grover, threads=2), *angles(4, rng)):
            found.update(bits)
print(found.hexdigest())
"""


@needs_native
def test_the_campaign_of_the_sanitizers_passes() -> None:
    """Blocks of every shape, axes of every kind, and refusals: bit by bit what the references do."""
    campaigns.campaign(extension("statevector"))  # type: ignore[arg-type]


@needs_native
@pytest.mark.parametrize("n", range(1, 15))
def test_qubits_agree_bit_by_bit(n: int) -> None:
    """Energies, gradients with and without a cut, amplitudes and samples, at any depth and seed."""
    for depth in (1, 4, 8) if n < 12 else (5,):
        for seed in range(2):
            campaigns.qubits(extension("statevector"), n, depth, seed, threads=1)  # type: ignore[arg-type]


@needs_native
def test_every_instruction_set_finds_the_same_bits() -> None:
    """Neither the processor nor the kernel changes a figure."""
    settings = [{"QAMCTL_ISA": isa} for isa in "134"] + [{"QAMCTL_KERNELS": "reference"}]
    path = os.pathsep.join(sys.path)
    found = {
        subprocess.run(
            [sys.executable, "-P", "-c", PRINTS], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONPATH": path} | setting,
        ).stdout
        for setting in settings
    }  # fmt: skip
    assert len(found) == 1
    assert len(found.pop().strip()) == 64


@needs_native
def test_threads_change_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """One, two and seven threads, from sizes on at which there is less work than threads."""
    monkeypatch.setattr(qubits_file, "THREADS", 0)
    monkeypatch.setattr(general_file, "THREADS", 0)
    for n, grover in ((4, False), (9, False), (13, False), (15, False), (3, True), (13, True)):
        rng = np.random.default_rng(n)
        diagonal, (gammas, betas) = rng.normal(size=2**n), campaigns.angles(3, rng)
        found = [
            campaigns.figures(evolution(diagonal, [QUBIT] * n, grover=grover, threads=threads), gammas, betas)  # type: ignore[arg-type]
            for threads in (1, 2, 7)
        ]
        assert found[0] == found[1] == found[2]


@needs_native
def test_one_caller_at_a_time() -> None:
    """A second thread is refused while the first one's pass runs, and the state is whole afterwards."""
    diagonal = np.random.default_rng(1).normal(size=2**18)
    shared = evolution(diagonal, [QUBIT] * 18)
    angles = np.full(8, 0.2), np.full(8, 0.3)
    refused, stopped = 0, threading.Event()

    def others() -> None:
        while not stopped.is_set():
            try:
                shared.energy(*angles)
            except InterruptedError:
                return
            except RuntimeError:
                nonlocal refused
                refused += 1

    thread = threading.Thread(target=others)
    thread.start()
    try:
        for _ in range(1000):
            if refused:
                break
            try:
                shared.energy(*angles)
            except RuntimeError:
                refused += 1
    finally:
        stopped.set()
        thread.join()
    assert refused
    assert shared.energy(*angles) == evolution(diagonal, [QUBIT] * 18).energy(*angles)


def test_the_reference_is_used_where_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """QAMCTL_KERNELS=reference gives the numpy kernels, for qubits and for other axes."""
    monkeypatch.setenv("QAMCTL_KERNELS", "reference")
    plain: Evolution = evolution(np.arange(8.0), [QUBIT] * 3)
    other: Evolution = evolution(np.arange(8.0), [QUBIT] * 3, grover=True)
    assert isinstance(plain._passes, Qubits)  # type: ignore[attr-defined]
    assert type(other._steps).__module__ == "qamctl.kernels.statevector.general_reference"  # type: ignore[attr-defined]
    for each in (plain, other):
        assert each.energy(np.zeros(1), np.zeros(1)) == pytest.approx(3.5)
