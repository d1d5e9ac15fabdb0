"""qiskit's provider for Azure Quantum (`azure.quantum.qiskit`) on every kind of target, its counts held to exact ones.

What is exact was worked out by hand. Samples are compared with it by chi square: a limit is passed by chance once in
1.7 million times (5 sigma), for the provider makes ids of jobs that no seed decides.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from emulator.asking import V1
from support.sdk_room import SLOW, Room, room

pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'qsharp' package is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:AzureBackendBase.configuration:DeprecationWarning"),
]

#: Targets that take QIR; the last one is none that the SDK knows.
QIR_TARGETS = [
    "ionq.simulator", "ionq.qpu.aria-1", "rigetti.sim.qvm", "quantinuum.sim.h2-1e", "quantinuum.qpu.h2-1",
    "quantinuum.qpu.helios-1", "qci.simulator", "acme.machine",
]  # fmt: skip

#: Targets that take their provider's own language, and how their backends are asked for.
IONQ_JSON = {"input_data_format": "ionq.circuit.v1", "gateset": "qis"}
OPENQASM = {"input_data_format": "honeywell.openqasm.v1"}
OWN = [
    ("ionq.simulator", IONQ_JSON), ("ionq.qpu.aria-1", IONQ_JSON), ("ionq.qpu.forte-1", IONQ_JSON),
    ("quantinuum.sim.h2-1e", OPENQASM), ("quantinuum.qpu.h2-1", OPENQASM),
]  # fmt: skip

#: Chances of the key: 1 on the qubit 0, 1 on the qubit 1.
P, Q = 0.2, 0.7


@pytest.fixture(scope="module")
def here() -> Iterator[Room]:
    """An emulator for all of them."""
    with room() as found:
        yield found


@pytest.fixture(scope="module")
def provider(here: Room) -> Any:
    """The provider; it is told that there is nothing to tell."""
    from azure.quantum.qiskit import AzureQuantumProvider

    return AzureQuantumProvider(here.workspace())


def backend(provider: Any, name: str, **filters: Any) -> Any:
    """A backend; the provider prints what it looks for."""
    with contextlib.redirect_stdout(io.StringIO()):
        return provider.get_backend(name, **filters)


def result(job: Any) -> Any:
    """The result of a job; the SDK prints while it waits."""
    with contextlib.redirect_stdout(io.StringIO()):
        return job.result()


def bell() -> Any:
    """Two qubits that agree."""
    from qiskit import QuantumCircuit

    made = QuantumCircuit(2, 2, name="bell")
    made.h(0)
    made.cx(0, 1)
    made.measure([0, 1], [0, 1])
    return made


def ghz() -> Any:
    """Three qubits that agree, the first in a register of its own; the third one is turned."""
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    one, two = ClassicalRegister(1, "one"), ClassicalRegister(2, "two")
    made = QuantumCircuit(QuantumRegister(3, "q"), one, two, name="ghz")
    made.h(0)
    made.cx(0, 1)
    made.cx(0, 2)
    made.x(2)
    made.measure([0, 1, 2], [0, 1, 2])
    return made


def turned() -> Any:
    """Two qubits, each turned by an angle of its own, and a phase between them."""
    from qiskit import QuantumCircuit

    made = QuantumCircuit(2, 2, name="turned")
    made.ry(2 * math.asin(math.sqrt(P)), 0)
    made.rx(2 * math.asin(math.sqrt(Q)), 1)
    made.cz(0, 1)
    made.measure([0, 1], [0, 1])
    return made


def some() -> Any:
    """Two of four qubits are measured: the third into the first bit, the first into the second."""
    from qiskit import QuantumCircuit

    made = QuantumCircuit(4, 2, name="some")
    made.x(0)
    made.h(2)
    made.x(3)
    made.measure([2, 0], [0, 1])
    return made


#: Circuit -> the chances of its keys, the last register and the last bit first, as qiskit writes them.
EXACT: dict[Any, dict[str, float]] = {
    ghz: {"10 0": 0.5, "01 1": 0.5},
    turned: {"00": (1 - P) * (1 - Q), "01": P * (1 - Q), "10": (1 - P) * Q, "11": P * Q},
    some: {"10": 0.5, "11": 0.5},
}

EVEN = {"00": 0.5, "11": 0.5}


def assert_fits(counts: Mapping[str, float], exact: Mapping[str, float], shots: int) -> None:
    """Hold that counts are a sample of a distribution."""
    from scipy.stats import chi2

    assert sum(counts.values()) == shots
    assert counts.keys() <= exact.keys()
    far = sum((counts.get(key, 0) - shots * p) ** 2 / (shots * p) for key, p in exact.items())
    assert far <= chi2.isf(5.7e-7, max(1, len(exact) - 1)), (counts, exact)


def joined(exact: Mapping[str, float]) -> dict[str, float]:
    """Keys without the gaps between registers."""
    return {key.replace(" ", ""): chance for key, chance in exact.items()}


def test_backends_of_all_targets_are_offered(here: Room, provider: Any) -> None:
    """With their sizes: one of each target that the SDK knows, and a general one where it is asked for another."""
    from azure.quantum.qiskit.backends.generic import AzureGenericQirBackend
    from qiskit.providers.exceptions import QiskitBackendNotFoundError
    from qsharp import TargetProfile

    assert provider.get_workspace().name == "ws1"
    with contextlib.redirect_stdout(io.StringIO()):
        every = {one.name: one for one in provider.backends()}
        rigetti = [one.name for one in provider.backends(provider_id="rigetti")]
    assert {*QIR_TARGETS, SLOW} - {"acme.machine"} <= every.keys()
    assert rigetti == ["rigetti.sim.qvm", SLOW]
    assert (every["ionq.simulator"].num_qubits, every["rigetti.sim.qvm"].num_qubits) == (29, 20)
    assert all(one.max_circuits == 1 and "measure" in one.target.operation_names for one in every.values())
    strange = backend(provider, "acme.machine")
    assert (type(strange), strange.num_qubits) == (AzureGenericQirBackend, 5)
    assert strange.options.target_profile == TargetProfile.Adaptive_RI
    with pytest.raises(QiskitBackendNotFoundError, match=r"acme\.none"):
        provider.get_backend("acme.none")
    assert "azure-quantum-qiskit" in here.sent().header("user-agent")


@pytest.mark.parametrize("name", QIR_TARGETS)
def test_circuits_sent_as_qir_give_their_distributions(provider: Any, name: str) -> None:
    """Bits and registers stand where qiskit has them; the simulator of IonQ draws no samples, it is exact."""
    target = backend(provider, name)
    for circuit, exact in EXACT.items():
        found = result(target.run(circuit(), shots=600))
        assert found.success
        counts, data = found.get_counts(), found.data()
        if name == "ionq.simulator":
            assert counts == pytest.approx({key: 600 * chance for key, chance in exact.items()})
        assert_fits(counts, exact, 600)
        assert found.get_counts(circuit().name) == counts
        assert {key: found.get_memory().count(key) for key in counts} == counts
        assert len(found.get_memory()) == 600
        assert data["probabilities"] == {key: count / 600 for key, count in counts.items()}
        assert data["raw_counts"] == counts


@pytest.mark.parametrize(("name", "filters"), OWN)
def test_circuits_sent_in_a_providers_language_give_their_distributions(
    provider: Any, name: str, filters: dict[str, Any]
) -> None:
    """The simulator of IonQ tells exact chances, of which the SDK draws; registers are told as one."""
    target = backend(provider, name, **filters)
    for circuit, exact in EXACT.items():
        if circuit is ghz and filters is OPENQASM:
            continue  # the SDK puts the first register first there
        found = result(target.run(circuit(), shots=600))
        assert_fits(found.get_counts(), joined(exact), 600)
        if name == "ionq.simulator":
            assert found.data()["probabilities"] == pytest.approx(joined(exact))


@pytest.mark.parametrize("shots", [1, 7, 2000])
def test_as_many_shots_are_taken_as_asked_for(provider: Any, shots: int) -> None:
    """500 where nothing is said."""
    for name in ("rigetti.sim.qvm", "acme.machine"):
        target = backend(provider, name)
        assert_fits(result(target.run(bell(), shots=shots)).get_counts(), EVEN, shots)
    assert sum(result(backend(provider, "quantinuum.sim.h2-1e").run(bell())).get_counts().values()) == 500


def test_the_first_format_of_results_tells_frequencies(provider: Any) -> None:
    """Of which the SDK draws counts for a simulator, and works them out for a machine."""
    sampled = result(backend(provider, "rigetti.sim.qvm").run(turned(), shots=400, output_data_format=V1)).data()
    frequencies = sampled["probabilities"]
    assert_fits({key: round(400 * value) for key, value in frequencies.items()}, EXACT[turned], 400)
    assert_fits(sampled["counts"], frequencies, 400)
    machine = result(backend(provider, "ionq.qpu.aria-1").run(turned(), shots=400, output_data_format=V1)).data()
    assert machine["counts"] == {key: round(400 * value) for key, value in machine["probabilities"].items()}
    assert_fits(machine["counts"], EXACT[turned], 400)


@pytest.mark.parametrize("name", ["quantinuum.sim.h2-1e", "quantinuum.qpu.helios-1", "acme.machine"])
def test_a_circuit_that_decides_as_it_measures_runs_where_it_may(provider: Any, name: str) -> None:
    """What is measured is done to another qubit; of the base profile the compiler refuses it."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    assert_fits(result(backend(provider, name).run(circuit, shots=40)).get_counts(), EVEN, 40)
    with pytest.raises(Exception, match="cannot use a dynamic bool value"):
        backend(provider, "rigetti.sim.qvm").run(circuit)


def test_a_transpiled_circuit_runs(provider: Any) -> None:
    """By the gates that the backend names: a swap of a qubit that is 1, under the control of one that is."""
    from qiskit import QuantumCircuit, transpile

    circuit = QuantumCircuit(3, 3)
    circuit.x([0, 1])
    circuit.cswap(0, 1, 2)
    circuit.measure(range(3), range(3))
    for name in ("ionq.simulator", "rigetti.sim.qvm", "quantinuum.sim.h2-1e", "acme.machine"):
        target = backend(provider, name)
        made = transpile(circuit, backend=target)
        assert "cswap" not in made.count_ops()
        assert result(target.run(made, shots=20)).get_counts() == {"101": 20}


def test_a_circuit_is_sent_to_a_provider_as_qiskit_writes_it(provider: Any) -> None:
    """With gates that OpenQASM 2 did not have at first: two quarter turns of the first qubit, which go to the last."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(3, 3)
    circuit.sx([0, 0])
    circuit.rzz(0.7, 0, 1)
    circuit.swap(0, 2)
    circuit.measure(range(3), range(3))
    for name, filters in OWN:
        assert result(backend(provider, name, **filters).run(circuit, shots=20)).get_counts() == {"100": 20}


@pytest.mark.parametrize("name", ["ionq.simulator", "ionq.qpu.aria-1"])
def test_gates_of_an_aria_run_as_they_are(provider: Any, name: str) -> None:
    """A pi pulse turns a qubit over, and an entangling gate two of them together, as far as its angle says."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import Gate

    circuit = QuantumCircuit(3, 3)
    circuit.append(Gate("gpi", 1, [0.1]), [2])
    circuit.append(Gate("ms", 2, [0.1, 0.2, math.asin(math.sqrt(P)) / math.pi]), [0, 1])
    circuit.measure(range(3), range(3))
    found = result(backend(provider, name, gateset="native").run(circuit, shots=600))
    assert_fits(found.get_counts(), {"100": 1 - P, "111": P}, 600)


@pytest.mark.parametrize("name", ["ionq.simulator", "ionq.qpu.forte-1"])
def test_gates_of_a_forte_run_as_they_are(provider: Any, name: str) -> None:
    """A qubit turns from Z to -Y, to X or -X as the other one is 0 or 1, and to 1 or 0."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import Gate

    for other, told in ((False, "01"), (True, "10")):
        circuit = QuantumCircuit(2, 2)
        if other:
            circuit.append(Gate("gpi", 1, [0.3]), [1])
        circuit.append(Gate("gpi2", 1, [0.0]), [0])
        circuit.append(Gate("zz", 2, [0.25]), [0, 1])
        circuit.append(Gate("gpi2", 1, [0.25]), [0])
        circuit.measure(range(2), range(2))
        found = result(backend(provider, name, gateset="native").run(circuit, shots=50))
        assert found.get_counts() == {told: 50}


def test_a_target_that_only_checks_programs_measures_nothing(provider: Any) -> None:
    """Every bit is 0, whatever the circuit."""
    checker = backend(provider, "quantinuum.sim.h2-1sc")
    assert result(checker.run(ghz(), shots=30)).get_counts() == {"00 0": 30}


def test_one_circuit_is_a_job(here: Room, provider: Any) -> None:
    """In a list or not; of several the SDK says that it can't, and nothing is sent."""
    target = backend(provider, "rigetti.sim.qvm")
    assert_fits(result(target.run([bell()], shots=50)).get_counts(), EVEN, 50)
    for asked in (target, backend(provider, "ionq.simulator", **IONQ_JSON)):
        before = here.service.requests.total()
        with pytest.raises(NotImplementedError):
            asked.run([bell(), bell()])
        assert here.service.requests.total() == before
    for nothing in ([], None):
        with pytest.raises(ValueError, match="No input provided"):
            target.run(nothing)


def test_a_job_is_watched_and_found_again(here: Room, provider: Any) -> None:
    """In the words of qiskit; nobody waits longer than said, and who asks later gets the same results."""
    from qiskit.providers import JobStatus

    target = backend(provider, SLOW)
    job = target.run(bell(), shots=50, job_name="mine")
    with contextlib.redirect_stdout(io.StringIO()), pytest.raises(TimeoutError, match="exceeded 0 seconds"):
        job.result(timeout=0)
    told = [job.status()]
    for minutes in (70, 45, 10):
        here.clock.move(minutes=minutes)
        told.append(job.status())
    assert told == [JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.RUNNING, JobStatus.DONE]
    counts = result(job).get_counts()
    for found in (provider.get_job(job.job_id()), target.retrieve_job(job.id())):
        assert (found.job_id(), found.backend().name) == (job.job_id(), SLOW)
        assert result(found).get_counts() == counts
    assert here.workspace().get_job(job.id()).details.name == "mine"


def test_a_job_is_cancelled_and_removed(here: Room, provider: Any) -> None:
    """Its result says that there is none."""
    from azure.core.exceptions import ResourceNotFoundError
    from qiskit.providers import JobStatus

    job = backend(provider, SLOW).run(bell())
    job.cancel()
    assert job.status() is JobStatus.RUNNING
    here.clock.move(minutes=5)
    assert job.status() is JobStatus.CANCELLED
    assert result(job).success is False
    job.delete()
    with pytest.raises(ResourceNotFoundError, match="JobNotFound"):
        provider.get_job(job.id())


@pytest.mark.parametrize(
    ("name", "filters"), [("acme.machine", {}), ("rigetti.sim.qvm", {}), ("ionq.simulator", IONQ_JSON)]
)
def test_a_circuit_that_is_too_large_fails_with_its_reason(provider: Any, name: str, filters: dict[str, Any]) -> None:
    """The job has failed, and its result tells why."""
    from qiskit import QuantumCircuit
    from qiskit.providers import JobStatus

    target = backend(provider, name, **filters)
    size = target.num_qubits + 1
    circuit = QuantumCircuit(size, 1)
    circuit.x(size - 1)
    circuit.measure(size - 1, 0)
    job = target.run(circuit)
    found = result(job)
    assert job.status() is JobStatus.ERROR
    assert found.success is False
    assert found.to_dict()["error_data"]["code"] == "InvalidInputData"
    told = found.to_dict()["error_data"]["message"]
    assert told == f"The program needs {size} qubits, and the target '{name}' has {size - 1}."


def test_a_backend_puts_its_jobs_into_its_session(provider: Any) -> None:
    """While the block runs."""
    target = backend(provider, "quantinuum.sim.h2-1e")
    with target.open_session(name="mine") as session:
        assert target.get_latest_session_id() == session.id
        jobs = [target.run(circuit(), shots=10) for circuit in (bell, turned)]
        found = [result(job) for job in jobs]
    assert all(one.success for one in found)
    assert session.details.status == "Succeeded"
    assert [job.id for job in session.list_jobs()] == [job.id() for job in jobs]
    assert session.details.target == "quantinuum.sim.h2-1e"


def test_shots_that_lost_a_qubit_are_left_out(here: Room) -> None:
    """Of the counts, and told among the raw ones."""
    from azure.quantum.qiskit import AzureQuantumProvider

    with room(lost_shots=0.2) as own:
        found = result(backend(AzureQuantumProvider(own.workspace()), "acme.machine").run(bell(), shots=600)).data()
    whole = sum(found["counts"].values())
    assert_fits({"whole": whole, "lost": 600 - whole}, {"whole": 0.64, "lost": 0.36}, 600)
    assert_fits(found["counts"], EVEN, whole)
    assert sum(found["raw_counts"].values()) == len(found["raw_memory"]) == 600
    assert {key for key in found["raw_counts"] if "-" not in key} == {"00", "11"}
    assert all("-" not in shot for shot in found["memory"])
