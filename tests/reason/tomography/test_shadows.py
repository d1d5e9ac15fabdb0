"""Classical shadows: unbiased also with errors of readout, with honest standard errors and bounds that hold."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pytest

from qamctl.errors import BackendError, UsageError
from qamctl.quantum.mitigation.readout import tensor_product
from qamctl.reason.bases import outcome_chances
from qamctl.reason.spec import Complex, Floats
from qamctl.reason.tomography.linear import PAULIS
from qamctl.reason.tomography.shadows import CONSTANT, Shadow, choose_bases, gather, shots_needed

FLIPS = np.array([[[0.97, 0.12], [0.03, 0.88]], [[0.99, 0.02], [0.01, 0.98]], [[0.9, 0.05], [0.1, 0.95]]])
#: Ten of the 63 strings on three qubits, of each weight.
LABELS = ("IIZ", "IXI", "YII", "ZZI", "XIY", "IYX", "ZXI", "XYZ", "ZZZ", "YXX")


def random_state(qubits: int, seed: int) -> Complex:
    """[2^n, 2^n] a nearly pure state."""
    rng, d = np.random.default_rng(seed), 1 << qubits
    psi = rng.normal(size=d) + 1j * rng.normal(size=d)
    psi /= np.linalg.norm(psi)
    return 0.95 * np.outer(psi, psi.conj()) + 0.05 * np.eye(d) / d


def shadow_of(rho: Complex, shots: int, seed: int, confusion: Floats | None = None) -> Shadow:
    """Shots in random bases, read with errors."""
    rng, qubits = np.random.default_rng(seed + 10_000), len(rho).bit_length() - 1
    matrices = np.tile(np.eye(2), (qubits, 1, 1)) if confusion is None else confusion
    counts = {}
    for basis, often in choose_bases(qubits, shots, seed).items():
        drawn = rng.multinomial(often, tensor_product(matrices, outcome_chances(rho, basis)))
        counts[basis] = {f"{k:0{qubits}b}": int(c) for k, c in enumerate(drawn) if c}
    return gather(counts, confusion, seed=seed)


def truth(rho: Complex, label: str) -> float:
    """The mean, by the matrix."""
    return float((rho @ reduce(np.kron, (PAULIS[letter] for letter in label))).trace().real)


def test_estimates_lie_within_three_standard_errors() -> None:
    """Of 400 cases with errors of readout at least 95 %; the bound of all that are estimated together holds always."""
    near, within = [], []
    for seed in range(40):
        rho = random_state(3, seed)
        for label, mean in shadow_of(rho, 6000, seed, FLIPS).means(LABELS).items():
            off = abs(mean.value - truth(rho, label))
            near.append(off <= 3 * mean.error)
            within.append(off <= mean.bound)
    assert len(near) == 400
    assert np.mean(near) >= 0.95
    assert all(within)


def test_readout_is_undone_without_bias_and_errors_are_those_that_are_seen() -> None:
    """Over 200 shadows the mean is the true one and the spread the standard error, where the flips are not alike."""
    rho = random_state(3, 77)
    found = [shadow_of(rho, 2500, seed, FLIPS).means(LABELS) for seed in range(200)]
    for label in LABELS:
        values = np.array([means[label].value for means in found])
        error = np.mean([means[label].error for means in found])
        assert abs(values.mean() - truth(rho, label)) < 4 * values.std() / 200**0.5, label
        assert error == pytest.approx(values.std(), rel=0.2), label
    # Were the flips ignored, Z of the lowest qubit would be read elsewhere by far more than that.
    sure, ignored = np.tile(np.eye(2), (3, 1, 1)), []
    for seed in range(40):
        read = shadow_of(rho, 2500, seed, FLIPS)
        ignored.append(Shadow(read.letters, read.outcomes, sure).means(["IIZ"])["IIZ"].value)
    assert abs(np.mean(ignored) - truth(rho, "IIZ")) > 6 * np.std(ignored) / 40**0.5


def test_the_leftmost_letter_is_the_highest_qubit() -> None:
    """Of |100> only qubit 2 is 1."""
    rho = np.diag(np.eye(8)[4]) + 0j
    means = shadow_of(rho, 30_000, 1).means(["ZII", "IZI", "IIZ", "III"])
    assert [round(means[label].value) for label in ("ZII", "IZI", "IIZ")] == [-1, 1, 1]
    assert (means["III"].value, means["III"].error, means["III"].bound) == (1, 0, 0)


def test_bases_are_drawn_evenly_and_by_seed() -> None:
    """All nine of two qubits come about as often; equal seeds draw alike; every shot has its basis."""
    found = choose_bases(2, 9000, 1)
    assert len(found) == 9
    assert sum(found.values()) == 9000
    assert list(found) == sorted(found)
    assert max(abs(often - 1000) for often in found.values()) < 5 * 30
    assert found == choose_bases(2, 9000, 1) != choose_bases(2, 9000, 2)
    many = choose_bases(40, 100, 1)
    assert sum(many.values()) == 100
    assert all(len(basis) == 40 for basis in many)


def test_the_bound_on_shots_is_that_of_the_theorem() -> None:
    """34 * 3^w / error^2 in each of at least 2 ln(2 M / failure) groups; undoing readout asks for more."""
    groups = 2 * np.log(2 * 2 / 0.05)
    found = shots_needed(["ZXI", "IIZ"], 0.1)
    assert found >= groups * CONSTANT * 9 / 0.01
    assert found <= (groups + 2) * (CONSTANT * 9 / 0.01 + 1)
    # The most that a read bit of the lowest two qubits counts: (1 + |P(1|0) - P(0|1)|) / contrast.
    factor = ((1 + 0.01) / 0.97) ** 2 * ((1 + 0.05) / 0.85) ** 2
    assert shots_needed(["ZXI", "IIZ"], 0.1, confusion=FLIPS) == pytest.approx(found * factor, rel=1e-3)
    assert shots_needed(["ZXI"], 0.1, failure=0.001) > shots_needed(["ZXI"], 0.1)
    assert shots_needed(["ZXI"], 0.05) == pytest.approx(4 * shots_needed(["ZXI"], 0.1), rel=1e-3)


def test_so_many_shots_have_that_bound() -> None:
    """What `shots_needed` says for an error is what a shadow tells as its bound."""
    shots = shots_needed(["ZX", "IZ"], 0.5, confusion=FLIPS[:2])
    means = shadow_of(random_state(2, 3), shots, 1, FLIPS[:2]).means(["ZX", "IZ"])
    assert means["ZX"].bound <= 0.5
    assert means["ZX"].bound == pytest.approx(0.5, rel=1e-3)
    assert means["IZ"].bound < means["ZX"].bound


def test_a_string_that_hardly_any_shot_sees_has_the_bound_for_an_error() -> None:
    """No shot of 50 need see a string on six qubits, and then 0 is no estimate."""
    rho = np.diag(np.eye(64)[0]) + 0j
    mean = shadow_of(rho, 50, 1).means(["ZZZZZZ"])["ZZZZZZ"]
    assert mean.error == mean.bound > 1


def test_shots_are_counted_and_mixed_by_seed() -> None:
    """The same shots in another order: their number and their plain mean do not change."""
    counts = {"XZ": {"01": 3, "11": 1}, "ZZ": {"00": 2}}
    one, other = gather(counts, seed=1), gather(counts, seed=2)
    assert one.shots == other.shots == 6
    rows = [sorted(map(tuple, np.hstack([s.letters, s.outcomes]).tolist())) for s in (one, other)]
    # Column 0 is the lowest qubit: Z of XZ, and the rightmost character.
    assert rows[0] == rows[1] == sorted([(2, 0, 1, 0)] * 3 + [(2, 0, 1, 1)] + [(2, 2, 0, 0)] * 2)
    assert not np.array_equal(one.letters, other.letters)


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("ZZ", "has 2 letters"),
        ("ZAB", "has `A`"),
        ("zzz", "small letters"),
        ("", "is empty"),
        ("Z7", "acts on qubit 7"),
    ],
)
def test_labels_that_are_none_are_refused(label: str, told: str) -> None:
    """With what is wrong of them."""
    shadow = shadow_of(random_state(3, 1), 500, 1)
    with pytest.raises(UsageError, match=told):
        shadow.means([label])


def test_strings_may_be_written_by_their_qubits() -> None:
    """Z2 X1 is ZXI."""
    means = shadow_of(random_state(3, 1), 500, 1).means(["ZXI", "Z2 X1"])
    assert means["ZXI"] == means["Z2 X1"]


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: choose_bases(0, 5, 1), UsageError, "at least one qubit"),
        (lambda: choose_bases(2, 0, 1), UsageError, "one shot"),
        (lambda: gather({}), BackendError, "no shot is left"),
        (lambda: gather({"XI": {"00": 1}}), UsageError, "not 'XI'"),
        (lambda: gather({"XX": {"00": 1}, "X": {"0": 1}}), UsageError, "not 'X'"),
        (lambda: gather({"XX": {"0": 1}}), BackendError, "1 bits in the basis XX"),
        (lambda: gather({"X": {"0": 1}}, np.full((1, 2, 2), 0.5)), BackendError, "tells nothing"),
        (lambda: gather({"X": {"0": 3}}).means(["X"]), BackendError, "3 shots are too few"),
        (lambda: gather({"X": {"0": 30}}).means(["X"], failure=0), UsageError, "chance of failure"),
        (lambda: shots_needed([], 0.1), UsageError, "at least one observable"),
        (lambda: shots_needed(["X"], 0), UsageError, "error above 0"),
        (lambda: shots_needed(["XX", "X"], 0.1), UsageError, "has 1 letters"),
        (lambda: shots_needed(["X"], 0.1, confusion=FLIPS), UsageError, "there are 3 qubits"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Any, error: type[Exception], told: str) -> None:
    """With a sentence that says what."""
    with pytest.raises(error, match=told):
        call()
