"""The mixing method: the C++ kernel takes the reference's steps, and the method does what it should."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest
from support.campaigns.mixing import campaign

from qamctl.kernels import extension
from qamctl.kernels.mixing import mixing
from qamctl.kernels.mixing.reference import Mixing, dot

needs_native = pytest.mark.skipif(extension("mixing") is None, reason="the C++ kernels are not built")


def rows_of(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """CSR of a symmetric matrix."""
    row, other = np.nonzero(matrix)
    first = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(matrix)))]).astype(np.int64)
    return first, other.astype(np.int32), matrix[row, other]


def random_matrix(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.integers(-3, 4, (n, n)) * 1.0, 1)
    return upper + upper.T


def makers() -> list[Callable[..., object]]:
    """The reference, and the C++ kernel where it is built."""
    found = extension("mixing")
    return [Mixing] if found is None else [Mixing, found.Mixing]


@needs_native
def test_both_kernels_agree_bit_by_bit() -> None:
    """Vectors, products and triangles are the same numbers, whatever the model and the rank; bad arrays are refused."""
    campaign(extension("mixing"))


@needs_native
@pytest.mark.parametrize("isa", ["1", "3", "4"])
def test_every_instruction_set_gives_the_same_vectors(isa: str) -> None:
    """Bits of the vectors do not depend on what the processor can do."""
    code = (
        "import numpy as np, hashlib; from qamctl.kernels.mixing import mixing;"
        "rng = np.random.default_rng(1); m = np.triu(rng.normal(size=(50, 50)), 1); m = m + m.T;"
        "r, c = np.nonzero(m); f = np.concatenate([[0], np.cumsum(np.bincount(r, minlength=50))]).astype(np.int64);"
        "d = mixing(f, c.astype(np.int32), m[r, c], rng.normal(size=(50, 16))); d.run(20, 1e9);"
        "print(hashlib.sha256(d.vectors.tobytes() + d.triangles(0.0, 99).tobytes()).hexdigest())"
    )
    env = os.environ | {"QAMCTL_ISA": isa}
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, env=env)
    plain = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True,
        env=os.environ | {"QAMCTL_KERNELS": "reference"},
    )  # fmt: skip
    assert done.stdout == plain.stdout


@pytest.mark.parametrize("make", makers())
def test_each_sweep_lowers_the_objective_by_what_it_says(make: Callable[..., Mixing]) -> None:
    """The objective falls by `change`, and where nothing changes the norms are the dual variables."""
    matrix = random_matrix(15, 3)
    descent = make(*rows_of(matrix), np.random.default_rng(0).normal(size=(15, 8)))
    descent.run(1, 1e9)

    def objective() -> float:
        return float((matrix * (descent.vectors @ descent.vectors.T)).sum() / 2)

    for _ in range(5):
        before = objective()
        descent.run(1, 1e9)
        assert before - objective() == pytest.approx(descent.change)
    descent.run(3000, 1e9)
    assert descent.change < 1e-9
    assert objective() == pytest.approx(-descent.norms.sum() / 2)
    assert np.linalg.norm(descent.vectors, axis=1) == pytest.approx(np.ones(15))
    assert np.linalg.eigvalsh(matrix + np.diag(descent.norms))[0] > -1e-3


@pytest.mark.parametrize("make", makers())
def test_triangles_are_those_that_are_violated(make: Callable[..., Mixing]) -> None:
    """Exactly the violated triangle inequalities come back, worst first."""
    descent = make(*rows_of(random_matrix(9, 4)), np.random.default_rng(2).normal(size=(9, 8)))
    descent.run(30, 1e9)
    x = descent.vectors @ descent.vectors.T
    expected = {}
    for a in range(9):
        for b in range(a + 1, 9):
            for c in range(b + 1, 9):
                for ab, ac in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                    excess = -1 - (ab * x[a, b] + ac * x[a, c] + ab * ac * x[b, c])
                    if excess > 0.05:
                        expected[a, b, c, ab, ac, ab * ac] = excess
    found = descent.triangles(0.05, 10_000)
    assert expected
    assert {tuple(int(v) for v in row[:6]): row[6] for row in found} == pytest.approx(expected)
    assert (np.diff(found[:, 6]) <= 0).all()
    assert np.array_equal(descent.triangles(0.05, 3), found[:3])


@pytest.mark.parametrize("make", makers())
def test_slices_do_not_change_the_path(make: Callable[..., Mixing]) -> None:
    """One run of twelve sweeps, and many short ones, end at the same vectors; no time at all still makes one sweep."""
    rows, vectors = rows_of(random_matrix(12, 5)), np.random.default_rng(1).normal(size=(12, 8))
    whole, parts = make(*rows, vectors), make(*rows, vectors)
    assert whole.run(12, 1e9) == 12
    assert parts.run(100, 0.0) == 1
    for _ in range(11):
        parts.run(1, 1e9)
    assert parts.sweeps == whole.sweeps == 12
    assert np.array_equal(whole.vectors, parts.vectors)
    assert whole.run(0, 1e9) == 0


@pytest.mark.parametrize("make", makers())
def test_spins_without_couplings_keep_their_vectors(make: Callable[..., Mixing]) -> None:
    """A field of zero has no direction: the vector stays, and models may be empty."""
    vectors = np.random.default_rng(1).normal(size=(3, 8))
    descent = make(*rows_of(np.zeros((3, 3))), vectors)
    descent.run(2, 1e9)
    assert np.array_equal(descent.vectors, vectors)
    assert descent.norms.tolist() == [0, 0, 0]
    empty = make(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0), np.zeros((0, 8)))
    assert empty.run(1, 1e9) == 1
    assert empty.products().shape == (0,)
    assert empty.triangles(0.0, 5).shape == (0, 7)


@pytest.mark.parametrize("make", makers())
def test_arrays_that_do_not_fit_are_refused(make: Callable[..., Mixing]) -> None:
    """A rank that is no multiple of 8, rows of another model, and too few weights are errors."""
    first, other, weight = rows_of(random_matrix(4, 1))
    good = np.zeros((4, 8))
    for arrays in (
        (first, other, weight, np.zeros((4, 7))),
        (first, other, weight, np.zeros((5, 8))),
        (first, other, weight[1:], good),
        (first, other + np.int32(1), weight, good),
        (first[::-1].copy(), other, weight, good),
    ):
        with pytest.raises(ValueError, match="do not fit"):
            make(*arrays)
    with pytest.raises(ValueError, match="as many weights"):
        make(first, other, weight, good).reweigh(weight[1:])


@needs_native
def test_one_caller_at_a_time() -> None:
    """A second thread is refused while the first one runs."""
    descent = mixing(*rows_of(random_matrix(300, 1)), np.random.default_rng(1).normal(size=(300, 24)))
    thread = threading.Thread(target=descent.run, args=(10**9, 0.3))
    thread.start()
    refused = 0
    while thread.is_alive():
        try:
            descent.run(1, 0.0)
        except RuntimeError:
            refused += 1
    thread.join()
    assert refused


def test_sums_are_made_in_lanes() -> None:
    """The scalar product is that of the vectors."""
    a, b = np.random.default_rng(1).normal(size=(2, 24))
    assert dot(a, b) == pytest.approx(float(a @ b))


def test_the_reference_is_used_where_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """QAMCTL_KERNELS=reference gives the numpy kernel."""
    monkeypatch.setenv("QAMCTL_KERNELS", "reference")
    assert isinstance(mixing(*rows_of(random_matrix(3, 1)), np.ones((3, 8))), Mixing)
