"""The targets of Azure Quantum: the data, names that are not there, what the live service says, and what fits."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import urlparse

import pytest
import yaml
from support.shared import shared_path

from qamctl.azure.service import TargetStatus
from qamctl.azure.targets import PROFILES, check, find, formats, from_status, known, merge
from qamctl.errors import UnsupportedError, UsageError
from qamctl.quantum.qir import PROFILES as QIR_PROFILES
from qamctl.quantum.targets import TARGETS


def status(id: str, provider: str = "ionq", qubits: int | None = None, profile: str | None = None) -> TargetStatus:
    """What the service lists."""
    return TargetStatus(id, provider, "Available", 5.0, qubits, profile)


@pytest.mark.parametrize("id", known())
def test_a_row_is_complete(id: str) -> None:
    """Every target has a provider, limits, a format, a source that is a URL, and a date."""
    target = known()[id]
    assert target.id == id
    assert id.startswith(target.provider + ".")
    assert target.qubits is not None
    assert target.qubits > 0
    assert 1 <= target.min_shots <= target.default_shots <= (target.max_shots or 10**9)
    assert target.formats
    assert target.batch == 1
    assert target.shots_param == "shots"
    address = urlparse(target.source)
    assert (address.scheme, bool(address.netloc), bool(address.path)) == ("https", True, True)
    assert "2025-01-01" <= target.date <= "2026-11-20"
    assert target.known
    assert target.text


@pytest.mark.parametrize("id", known())
def test_a_row_is_of_one_piece(id: str) -> None:
    """A machine is named as one, gates and QIR come together, and circuits are compiled for what is large enough."""
    target = known()[id]
    assert target.qpu == (".qpu." in id or id == "qci.machine1")
    assert (target.kind is None) == (target.profile is None) == (target.formats[0].name != "qir")
    if target.kind is not None and target.profile is not None:
        kind = TARGETS[target.kind]
        assert PROFILES.index(target.profile) <= PROFILES.index(kind.profile)
        assert kind.qubits is None or (target.qubits or 0) <= kind.qubits
        check(target, qubits=1, shots=target.default_shots, profile="base")


def test_profiles_are_those_of_the_compiler() -> None:
    """The profiles that targets take are what the compiler makes, in order."""
    assert tuple(QIR_PROFILES) == PROFILES


def test_every_target_of_the_sdk_is_known() -> None:
    """What the installed azure-quantum has a class for is in our data, with its qubits where it says them."""
    from azure.quantum.target import IonQ, Quantinuum
    from azure.quantum.target.pasqal import PasqalTarget
    from azure.quantum.target.rigetti import RigettiTarget

    assert {*IonQ.target_names, *Quantinuum.target_names} <= set(known())
    for kind in (PasqalTarget, RigettiTarget):
        for member in kind:
            assert known()[member.value].qubits == kind.num_qubits(member.value)


def test_formats_are_those_of_the_sdk() -> None:
    """Native formats and content types are the defaults of the installed SDK's targets."""
    import inspect

    from azure.quantum.target import IonQ, Pasqal, Quantinuum, Rigetti

    for name, kind in (("ionq", IonQ), ("quantinuum", Quantinuum), ("rigetti", Rigetti), ("pasqal", Pasqal)):
        given = inspect.signature(kind.__init__).parameters
        assert formats()[name].input == given["input_data_format"].default
        assert formats()[name].output == given["output_data_format"].default
        if "content_type" in given:
            assert formats()[name].content_type == given["content_type"].default


def test_a_name_that_is_not_there_is_told_with_the_nearest() -> None:
    """An unknown target is a usage error that names the nearest ones, and all where none is near."""
    with pytest.raises(UsageError, match=r"there is no target 'ionq.qpu.forte1': did you mean ionq.qpu.forte-1 or"):
        find("ionq.qpu.forte1")
    with pytest.raises(UsageError, match=r"did you mean ionq.simulator"):
        find("IonQ.Simulator")
    with pytest.raises(UsageError, match=r"known are ionq.simulator, .*qci.machine1") as caught:
        find("xyz")
    assert "ankaa" not in caught.value.message
    assert find("ionq.simulator").qubits == 29


def test_a_format_that_is_not_taken_is_refused() -> None:
    """A target gives the format of a name, and says what it takes where it has none."""
    target = find("ionq.qpu.aria-1")
    assert target.format("ionq").output == "ionq.quantum-results.v1"
    assert target.format("qir").output == "microsoft.quantum-results.v2"
    with pytest.raises(
        UnsupportedError, match=r"does not take programs in the format rigetti: it takes qir \(qir.v1\)"
    ):
        target.format("rigetti")


def test_the_live_service_goes_before_our_data() -> None:
    """Qubits and profile of the day replace ours, and silence, or a profile without a name, leaves them."""
    ours = find("ionq.qpu.forte-1")
    assert merge(ours, None) is ours
    assert merge(ours, status(ours.id)) == ours
    live = merge(ours, status(ours.id, qubits=35, profile="adaptive-ri"))
    assert (live.qubits, live.profile, live.kind) == (35, "adaptive-ri", "ionq")
    assert merge(ours, status(ours.id, profile="unheard-of")).profile == "base"
    assert merge(find("pasqal.qpu.fresnel"), status("pasqal.qpu.fresnel", "pasqal", 80, "base")).profile is None


def test_an_unknown_target_is_as_the_others_of_its_provider() -> None:
    """A target that only the service knows takes formats and class from its nearest relative, and no limits."""
    new = from_status(status("quantinuum.qpu.helios-2", "quantinuum", 192))
    assert (new.kind, new.profile, new.qubits, new.qpu) == ("quantinuum-helios", "adaptive-rif", 192, True)
    assert (new.max_shots, new.known, new.retired, new.source) == (None, False, False, "")
    assert from_status(status("rigetti.sim.new", "Rigetti")).formats == find("rigetti.sim.qvm").formats
    assert from_status(status("ionq.simulator", qubits=31)) == replace(find("ionq.simulator"), qubits=31)


@pytest.mark.parametrize(
    ("id", "qpu"), [("sparse-sim-ionq", False), ("new.Simulator", False), ("echo-output", True), ("new.machine", True)]
)
def test_what_does_not_say_that_it_simulates_is_a_machine(id: str, qpu: bool) -> None:
    """A target of a provider that is not known counts as a quantum computer unless its name says otherwise."""
    new = from_status(status(id, "Microsoft.Test.FirstParty"))
    assert new.qpu is qpu
    assert (new.kind, new.profile, new.formats[0].name) == ("simulator", "base", "qir")


def test_every_recorded_target_becomes_one() -> None:
    """Whatever the real service listed is known, or made of what it says."""
    listed = set()
    for path in shared_path("azure-recordings").glob("*.yaml"):
        text = path.read_text()
        if "providerStatus" not in text:
            continue
        for pair in yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["interactions"]:
            if "providerStatus" in pair["request"]["uri"]:
                for provider in json.loads(pair["response"]["body"]["string"])["value"]:
                    listed |= {(target["id"], provider["id"]) for target in provider["targets"]}
    assert len(listed) > 20
    for id, provider in listed:
        made = from_status(status(id, provider))
        assert (made.id, made.provider) == (id, provider)
        assert made.known == (id in known())
        assert made.known or id.startswith(("echo-", "sparse-sim-")) or id.endswith("-preview")


def test_too_many_qubits_name_who_has_them() -> None:
    """A circuit that is too large for a target is refused with those of today that it fits."""
    target = find("ionq.qpu.aria-1")
    check(target, qubits=25)
    with pytest.raises(UnsupportedError) as caught:
        check(target, qubits=40)
    assert caught.value.message.startswith("the circuit has 40 qubits, and ionq.qpu.aria-1 has 25: it fits ")
    named = caught.value.message.split("it fits ")[1].split(", ")
    assert named == [
        t.id for t in known().values() if (t.qubits or 0) >= 40 and t.profile is not None and not t.retired
    ]
    assert "pasqal.qpu.fresnel" not in named
    with pytest.raises(UnsupportedError, match=r"has 12: it fits pasqal.sim.emu-mps, pasqal.sim.emu-tn, pasqal.qpu"):
        check(find("pasqal.sim.emu-free"), qubits=60)
    with pytest.raises(UnsupportedError, match="no known target is as large"):
        check(target, qubits=4000)
    check(replace(target, qubits=None), qubits=4000)


@pytest.mark.parametrize("shots", [0, -1])
def test_no_shots_are_refused(shots: int) -> None:
    """Fewer shots than a target takes are a usage error with its limits."""
    with pytest.raises(UsageError, match=rf"--shots {shots}: ionq.qpu.aria-1 takes from 1 to 10,000"):
        check(find("ionq.qpu.aria-1"), shots=shots)
    with pytest.raises(UsageError, match="takes from 1 on"):
        check(find("ionq.simulator"), shots=shots)


def test_too_many_shots_are_refused() -> None:
    """More shots than a target takes are a usage error; where the service decides any number passes."""
    check(find("ionq.qpu.aria-1"), shots=10_000)
    with pytest.raises(UsageError, match="takes at most 10,000 in a job"):
        check(find("ionq.qpu.aria-1"), shots=10_001)
    check(find("ionq.simulator"), shots=10**7)


def test_a_profile_that_is_not_taken_names_who_takes_it() -> None:
    """QIR of more than a target's profile is refused, with the profiles it takes and the targets that take this one."""
    check(find("quantinuum.qpu.h2-1"), profile="base")
    with pytest.raises(UnsupportedError, match=r"choose --qir-profile base, or of quantinuum.sim.h2-1sc, "):
        check(find("ionq.simulator"), profile="adaptive-ri")
    with pytest.raises(UnsupportedError, match=r"--qir-profile base or adaptive-ri, or of quantinuum.sim.helios-1sc, "):
        check(find("quantinuum.qpu.h2-1"), profile="adaptive-rif")
    with pytest.raises(UnsupportedError, match=r"takes no QIR, but pasqal.pulser.v1: QIR of the profile base fits"):
        check(find("pasqal.qpu.fresnel"), profile="base")
    with pytest.raises(UnsupportedError, match="or of no known target"):
        check(find("ionq.simulator"), qubits=500, profile="adaptive-ri")
