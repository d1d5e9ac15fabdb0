"""Classes of machines: what they couple, and how much fits."""

from __future__ import annotations

import pytest

from qamctl.errors import UnsupportedError, UsageError
from qamctl.quantum.qir import PROFILES
from qamctl.quantum.targets import TARGETS, check_fits, check_profile, target_class


def test_every_class_has_a_profile_and_known_gates() -> None:
    """Names are keys; QIR profiles and qiskit's gates are such as there are."""
    from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping

    for name, target in TARGETS.items():
        assert target_class(name) is target
        assert target.profile in PROFILES
        assert set(target.gates) <= set(get_standard_gate_name_mapping())
        assert target.grid is None or target.grid[0] * target.grid[1] == target.qubits


def test_a_target_takes_its_profile_and_what_is_less() -> None:
    """The profiles are in order; more than a target takes is refused, with what it takes and who takes more."""
    order = list(PROFILES)
    for target in TARGETS.values():
        for profile in order:
            if order.index(profile) <= order.index(target.profile):
                check_profile(profile, target)
            else:
                with pytest.raises(UnsupportedError, match=f"{target.name} does not take QIR of the profile {profile}"):
                    check_profile(profile, target)
    with pytest.raises(UnsupportedError, match="choose --qir-profile base or adaptive-ri, or a --target of simulator"):
        check_profile("adaptive-rif", TARGETS["quantinuum"])


def test_a_lattice_couples_neighbours_both_ways() -> None:
    """9 x 12 qubits have 9 * 11 + 8 * 12 couplings; without a lattice there is no list."""
    pairs = TARGETS["rigetti"].couplings()
    assert pairs is not None
    assert len(pairs) == 2 * (9 * 11 + 8 * 12)
    assert [11, 12] not in pairs
    assert [0, 12] in pairs
    assert [12, 0] in pairs
    assert TARGETS["ionq"].couplings() is None


def test_what_does_not_fit_is_told_with_what_would() -> None:
    """How many qubits there are, and which classes have more."""
    check_fits(36, TARGETS["ionq"])
    check_fits(10**6, TARGETS["simulator"])
    with pytest.raises(
        UnsupportedError, match=r"60 qubits, and ionq has 36: it fits simulator, quantinuum-helios, rigetti"
    ):
        check_fits(60, TARGETS["ionq"])
    with pytest.raises(UsageError, match="choose simulator"):
        target_class("eniac")
