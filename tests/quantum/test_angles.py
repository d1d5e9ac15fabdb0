"""The shipped table of angles: whole, near to what training finds, and interpolated beyond its depths."""

from __future__ import annotations

import numpy as np
import pytest
from support.qaoa_problems import group_problem, ising_problem

from qamctl.quantum.ansatz import MIXERS, Ansatz
from qamctl.quantum.qaoa.angles import Shape, canonical, deepened, deepest, ramp, table, table_angles
from qamctl.quantum.qaoa.landscape import Landscape
from qamctl.quantum.qaoa.structure import ansatz_for
from qamctl.quantum.qaoa.train import train
from qamctl.quantum.register import Register


@pytest.mark.parametrize("mixer", MIXERS)
def test_the_table_is_whole(mixer: str) -> None:
    """Every mixer has depths 1 to 8, gammas rise from a positive one, betas are negative, and deeper is better."""
    own = table()["mixers"][mixer]
    assert list(own["depths"]) == [str(p) for p in range(1, 9)]
    ratios = [entry["ratio"] for entry in own["depths"].values()]
    assert ratios == sorted(ratios)
    for depth in range(1, 9):
        angles = table_angles(Ansatz(Register(2), mixer, depth))
        assert len(angles) == 2 * depth
        assert (angles[:depth] > 0).all()
        assert (angles[depth:] < 0).all()
        assert angles[depth - 1] >= angles[0]
        assert angles == pytest.approx(canonical(angles, mixer))


def test_the_table_says_where_it_comes_from() -> None:
    """Command, seed, date and families stand beside the figures."""
    provenance = table()["provenance"]
    assert provenance["command"].startswith("python tests/benchmarks/qaoa_angles.py")
    assert f"--seed {provenance['seed']}" in provenance["command"]
    assert {"made", "models", "families", "units"} <= set(provenance)


@pytest.mark.parametrize("mixer", MIXERS)
def test_shipped_angles_are_nearly_as_good_as_trained_ones(mixer: str) -> None:
    """On problems that the table was not made from, two layers lose less than two points on average."""
    rng = np.random.default_rng(77)
    lost = []
    for k in range(9):
        problem = ising_problem(k, rng, 10, 11) if mixer == "x" else group_problem(k, rng)
        ansatz = ansatz_for(problem.polynomial.n, problem.groups, 2, mixer)
        space = Landscape(problem.polynomial, ansatz)
        angles = table_angles(ansatz, space.shape)
        trained = train(space, angles)
        assert trained.value is not None
        lost.append(space.ratio(trained.value) - space.ratio(space.value(angles)))
    assert min(lost) > -1e-6
    assert np.mean(lost) < 0.02


def test_figures_outside_the_table_count_as_its_ends() -> None:
    """A shape far from all that the table knows gives the angles of the nearest shape inside."""
    ansatz = Ansatz(Register(2), "x", 3)
    ends = table()["mixers"]["x"]["shapes"]
    far = table_angles(ansatz, Shape(9.0, 99.0, 99.0))
    assert (far == table_angles(ansatz, Shape(**ends["most"]))).all()
    assert (table_angles(ansatz) == table_angles(ansatz, Shape(**ends["median"]))).all()


def test_deeper_circuits_are_interpolated() -> None:
    """Beyond the table's depth angles are stretched, and the ends are as Zhou et al. have them."""
    ansatz = Ansatz(Register(2), "x", deepest("x") + 3)
    assert len(table_angles(ansatz)) == 2 * (deepest("x") + 3)
    assert (table_angles(ansatz, depth=2) == table_angles(Ansatz(Register(2), "x", 2))).all()
    assert deepened(np.array([1.0, -2.0]), 2) == pytest.approx([1.0, 1.0, -2.0, -2.0])
    assert deepened(np.array([1.0, 3.0, -4.0, -2.0]), 3) == pytest.approx([1.0, 2.0, 3.0, -4.0, -3.0, -2.0])


def test_a_ramp_rises_and_falls() -> None:
    """Gammas rise evenly while betas go to 0."""
    assert ramp(2, 0.8) == pytest.approx([0.2, 0.6, -0.6, -0.2])


@pytest.mark.parametrize("mixer", MIXERS)
def test_symmetric_angles_are_one(mixer: str) -> None:
    """All signs turned, and where the mixer has a period, whole periods added: the same energy, the same angles."""
    problem = group_problem(3, np.random.default_rng(2))
    ansatz = ansatz_for(problem.polynomial.n, problem.groups, 2, mixer)
    space = Landscape(problem.polynomial, ansatz, double=True)
    angles = np.array([0.3, 0.6, -0.5, -0.2])
    turned = -angles
    if mixer in ("x", "grover"):
        turned[2:] += np.array([1, -2]) * (np.pi if mixer == "x" else 2 * np.pi)
    assert space.value(turned) == pytest.approx(space.value(angles), abs=1e-9)
    assert canonical(turned, mixer) == pytest.approx(angles)
