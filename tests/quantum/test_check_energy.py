"""The energy of a result's sample, from the letters of its Pauli strings."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qamctl.quantum.check_energy as checker
from qamctl.quantum.check_energy import check_energy
from qamctl.quantum.hamiltonian import pauli_sum

STRINGS = [("ZZI", 1.0), ("Z0 Z2", -0.5), ("IIZ", 0.25), ("I2 Z1", 2.0), ("", 10.0)]


def result(sample: Any, objective: Any) -> dict[str, Any]:
    """What the check looks at."""
    return {"solution": {"sample": sample}, "objective": objective}


def test_the_right_energy_passes() -> None:
    """Of every sample, as the sum's energies have it, products behind the qubits or not."""
    total = pauli_sum(STRINGS[:-1])
    for number in range(8):
        bits = [number >> q & 1 for q in range(3)]
        energy = float(total.energy(np.array(bits))[0]) + 10
        assert check_energy(result([*bits, 1], energy), STRINGS, 3) == []
        (found,) = check_energy(result(bits, energy + 0.5), STRINGS, 3)
        assert str(found) == f"objective: objective: is {energy + 0.5}, the Pauli strings add up to {energy}"


def test_decimals_pass_up_to_rounding() -> None:
    """0.1 + 0.2 is 0.3 for the check, 0.3 and a thousandth is not."""
    strings = [("Z0", 0.1), ("Z1", 0.2)]
    assert check_energy(result([0, 0], 0.3), strings, 2) == []
    assert check_energy(result([0, 0], 0.301), strings, 2) != []


@pytest.mark.parametrize("sample", [None, "01", [0], [0, True], [0, 1.0]])
def test_what_is_no_sample_is_told_by_the_check_of_the_model(sample: Any) -> None:
    """Here nothing can be added up."""
    assert check_energy(result(sample, 1.0), [("ZZ", 1.0)], 2) == []
    assert check_energy({"solution": None}, [("ZZ", 1.0)], 2) == []


@pytest.mark.parametrize("objective", [None, "1", [1]])
def test_an_objective_that_is_no_number_does_not_hold(objective: Any) -> None:
    """There is a sample, so there is an energy."""
    assert len(check_energy(result([0, 0], objective), [("ZZ", 1.0)], 2)) == 1


def test_it_shares_no_code_with_sums_polynomials_or_products() -> None:
    """It knows what a discrepancy is, and how sums round."""
    tree = ast.parse(Path(checker.__file__).read_text())
    own = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    assert {name for name in own if name.startswith("qamctl")} == {"qamctl.checks.found", "qamctl.qubo.verdict"}
