"""The targets that are offered: those of our table, and what the service knows of them besides."""

from __future__ import annotations

import pytest
from emulator.asking import Asker

from qamctl.azure.clean import Cleaner
from qamctl.azure.prices import load_prices
from qamctl.azure.sdk_shapes import targets_of
from qamctl.azure.targets import from_status, known
from qamctl.emulator.targets import TARGETS, Target, provider_status
from qamctl.emulator.timing import scaled

GATES = {target.id: target for target in TARGETS if target.profile is not None}


def test_every_target_of_today_that_takes_qir_is_offered() -> None:
    """One table serves both: nothing more, nothing less, in one place each."""
    today = {id for id, target in known().items() if not target.retired and target.profile is not None}
    assert GATES.keys() == today
    assert len({target.id for target in TARGETS}) == len(TARGETS)


@pytest.mark.parametrize("id", GATES)
def test_what_the_table_knows_of_a_target_holds(id: str) -> None:
    """Provider, profile, formats and shots; of emulators that hold less as a state vector, those qubits."""
    ours, row = GATES[id], known()[id]
    assert ours.provider == row.provider
    assert str(ours.profile).lower().replace("_", "-") == row.profile
    assert set(ours.formats) == {format.input for format in row.formats}
    assert (ours.min_shots, ours.max_shots) == (row.min_shots, row.max_shots)
    assert (ours.state_qubits or ours.qubits) == row.qubits
    assert ours.is_simulator is not row.qpu
    assert ours.min_shots <= ours.default_shots <= (ours.max_shots or ours.default_shots)


def test_the_client_reads_what_the_service_tells_of_targets() -> None:
    """Our own: each target as the table has it, with the qubits and the profile that the service says."""
    every = Asker().json("GET", "providerStatus")["value"]
    told = [one for provider in every for one in targets_of(provider, Cleaner())]
    assert {one.id for one in told} == {target.id for target in TARGETS}
    for one in told:
        if one.id in GATES:
            found = from_status(one)
            assert (found.known, found.qubits, found.profile) == (True, GATES[one.id].qubits, known()[one.id].profile)


def test_jobs_take_longer_on_machines_than_on_simulators() -> None:
    """A thousand shots: simulators seconds, trapped ions minutes, and no job takes no time."""
    times = scaled(1.0, 0)
    runs = {id: times(target, "j", 1000).run for id, target in GATES.items()}
    assert all(run > 0.05 for run in runs.values())
    assert max(run for id, run in runs.items() if GATES[id].is_simulator) < 15
    assert min(runs[id] for id in runs if "ionq.qpu" in id or "quantinuum.qpu" in id) > 30
    assert all(target.queue >= 1 for target in GATES.values())


def test_rigettis_times_are_those_that_its_price_is_of() -> None:
    """The price table assumes them, too."""
    assumed = load_prices()["rigetti.qpu.cepheus-1-108q"].coefficients
    target = GATES["rigetti.qpu.cepheus-1-108q"]
    assert (target.start_seconds, target.shot_seconds) == (
        float(assumed["seconds_per_job"]), float(assumed["seconds_per_shot"]),
    )  # fmt: skip


def test_a_provider_is_as_available_as_its_best_target() -> None:
    """And a target that is down at this moment is told as such."""
    targets = (
        Target("a", "one", 1, "Base", ("qir.v1",), availability="Degraded"),
        Target("b", "one", 1, "Base", ("qir.v1",)),
    )
    (told,) = provider_status(targets)
    assert (told["currentAvailability"], [one["currentAvailability"] for one in told["targets"]]) == (
        "Available", ["Degraded", "Available"],
    )  # fmt: skip
    (told,) = provider_status(targets, frozenset({"b"}))
    assert told["currentAvailability"] == "Degraded"
