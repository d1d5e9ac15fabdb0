"""The SDK's targets as its documentation has them: what they tell, and what they make of what they are given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from emulator.asking import BELL_LL, V1, V2
from support.sdk_room import QIR, SLOW, Room, room, submit, uses

from qamctl.emulator.faults import Event, Faults

GHZ = {"qubits": 3, "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1},
                                {"gate": "cnot", "control": 1, "target": 2}]}  # fmt: skip
QASM = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\nx q[0];\nmeasure q -> c;\n'
QUIL = "DECLARE ro BIT[2]\nX 0\nMEASURE 0 ro[0]\nMEASURE 1 ro[1]\n"


class Written:
    """What stands for a callable of Q#: it knows its name, and the QIR that it is."""

    _name = "Mine.Nested.main"

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def _repr_qir_(self, **kwargs: Any) -> bytes:
        self.asked.append(kwargs)
        return BELL_LL


@pytest.fixture(scope="module")
def here() -> Iterator[Room]:
    """An emulator for all of them."""
    with room() as found:
        yield found


@pytest.fixture(scope="module")
def workspace(here: Room) -> Any:
    """One of its workspaces."""
    return here.workspace()


def body(here: Room) -> dict[str, Any]:
    """What made the last job."""
    found: dict[str, Any] = json.loads(here.sent().body)
    return found


@uses("Target name input_data_format output_data_format provider_id content_type", "Target.submit", "Job.get_results")
def test_a_target_is_made_of_its_name(here: Room, workspace: Any) -> None:
    """Its provider is the first part of it; what it is told of formats holds for all that it submits."""
    from azure.quantum.target import Target

    formats = {"input_data_format": "qir.v1", "output_data_format": V2, "content_type": "qir.v1"}
    target = Target(workspace, "acme.machine", **formats)
    assert (target.name, target.provider_id, target.input_data_format) == ("acme.machine", "acme", "qir.v1")
    job = target.submit(BELL_LL)
    assert (body(here)["name"], body(here)["providerId"]) == ("azure-quantum-job", "acme")
    assert sum(job.get_results().values()) == pytest.approx(1.0)
    assert Target(workspace, "echo-output", provider_id="Microsoft.Test.FirstParty").provider_id.startswith("Micro")


@uses("Target.from_target_status provider_id status", "Target.current_availability", "Target.average_queue_time")
def test_a_target_is_made_of_what_the_service_tells(workspace: Any) -> None:
    """With its availability and its queue."""
    from azure.quantum._client.models import TargetStatus
    from azure.quantum.target import Target

    status = TargetStatus({"id": "acme.machine", "currentAvailability": "Degraded", "averageQueueTime": 7})
    target = Target.from_target_status(workspace, "acme", status)
    assert (target.name, target.provider_id) == ("acme.machine", "acme")
    assert (target.current_availability, target.average_queue_time) == ("Degraded", 7)
    machine = workspace.get_targets("quantinuum.qpu.h2-1")
    assert (machine.current_availability, machine.average_queue_time) == ("Degraded", 79856)


@uses("Target.refresh", "Target.current_availability", "Target.average_queue_time")
def test_a_target_learns_how_it_is(workspace: Any) -> None:
    """As the service tells it now; one that there is not is refused."""
    from azure.quantum.target import Target

    with room(faults=Faults(script=[Event("GET providers", 2, "unavailable")])) as own:
        target = own.workspace().get_targets("ionq.simulator")
        told = [target.current_availability]
        for _ in range(2):
            target.refresh()
            told.append(target.current_availability)
    assert told == ["Available", "Unavailable", "Available"]
    blank = Target(workspace, "acme.machine")
    assert (blank.current_availability, blank.average_queue_time) == ("", None)
    blank.refresh()
    assert (blank.current_availability, blank.average_queue_time) == ("Available", 0)
    with pytest.raises(ValueError, match=r"target 'acme\.none' of provider 'acme' not found"):
        Target(workspace, "acme.none").refresh()


@uses("Target.submit input_data name shots input_params priority tags input_data_format output_data_format "
      "content_type encoding job_id")  # fmt: skip
def test_all_that_is_said_of_a_job_is_sent(here: Room, workspace: Any) -> None:
    """By the name that the service has for it."""
    from azure.quantum.target import Target

    given = {"a": 1, "shots": 5} | QIR["input_params"]  # type: ignore[operator]
    with pytest.warns(UserWarning, match="Parameter 'shots' conflicts"):
        job = Target(workspace, "acme.machine").submit(
            input_data=BELL_LL.decode(), name="mine", shots=7, input_params=given, priority="Standard", tags=["t"],
            input_data_format="qir.v1", output_data_format=V1, content_type="qir.v1", encoding="identity",
            job_id="mine-1",
        )  # fmt: skip
    sent = body(here)
    told = {"name": "mine", "priority": "Standard", "tags": ["t"], "inputDataFormat": "qir.v1", "outputDataFormat": V1}
    assert sent.items() >= told.items()
    assert sent["inputParams"] == {"a": 1, "shots": 7} | QIR["input_params"]  # type: ignore[operator]
    assert (job.id, job.details.target, "sessionId" in sent) == ("mine-1", "acme.machine", False)
    properties = job.download_blob_properties(job.details.input_data_uri)
    assert (properties.content_settings.content_encoding, properties.size) == ("identity", len(BELL_LL))


@uses("Target.submit shots", "Target.submit input_params", "Job.get_results_shots")
@pytest.mark.parametrize(("asked", "found"), [({"shots": 30}, 30), ({}, 500)])
def test_as_many_shots_are_taken_as_asked_for(workspace: Any, asked: dict[str, int], found: int) -> None:
    """By the argument, or, with a warning, among the parameters; 500 where nothing is said."""
    from azure.quantum.target import Target

    target = Target(workspace, "acme.machine")
    options = {key: value for key, value in QIR.items() if key != "input_params"}
    assert len(target.submit(BELL_LL, **asked, **options).get_results_shots()) == found
    with pytest.warns(UserWarning, match="'shots' from the 'input_params'"):
        job = target.submit(BELL_LL, input_params={"shots": 12}, **options)
    assert len(job.get_results_shots()) == 12
    assert len(target.submit(BELL_LL, shots=3, **options).get_results_shots()) == 3


@uses("Target.submit input_data", "Job.get_results_histogram", "Workspace.user_agent")
def test_a_program_that_knows_its_qir_is_submitted_as_such(here: Room, workspace: Any) -> None:
    """With its entry point, the target's profile, the format of QIR, and a word on where it comes from."""
    from azure.quantum.target import Target

    program = Written()
    job = Target(workspace, "acme.machine", target_profile="Adaptive_RI").submit(program, shots=10)
    assert program.asked == [{"target": "acme.machine"}]
    sent = body(here)
    assert (sent["inputDataFormat"], sent["outputDataFormat"]) == ("qir.v1", V2)
    told = {"entryPoint": "ENTRYPOINT__main", "arguments": [], "target_profile": "Adaptive_RI", "shots": 10}
    assert sent["inputParams"] == told
    assert "azure-quantum-qsharp" in here.sent().header("user-agent")
    assert "azure-quantum-qsharp" in workspace.user_agent
    assert sum(entry["count"] for entry in job.get_results_histogram().values()) == 10


@uses("Target.make_params", "InputParams.as_dict", "Target.submit input_params")
def test_parameters_are_made_for_a_target(here: Room, workspace: Any) -> None:
    """An entry point with its arguments, each with its type."""
    target = workspace.get_targets("acme.machine")
    params = target.make_params()
    params.entry_point = "ENTRYPOINT__main"
    params.arguments["n"], params.arguments["x"], params.arguments["all"] = 3, 0.5, [1, 2]
    told = {
        "entryPoint": "ENTRYPOINT__main",
        "arguments": [
            {"name": "n", "value": 3, "type": "Int"},
            {"name": "x", "value": 0.5, "type": "Double"},
            {"name": "all", "value": [1, 2], "type": "Array", "elementType": "Int"},
        ],
    }
    assert params.as_dict() == told
    job = target.submit(BELL_LL, input_params=params, **{k: QIR[k] for k in QIR if k != "input_params"})
    assert body(here)["inputParams"] == told == job.details.input_params
    with pytest.raises(Exception, match="non-batching"):
        params.items  # noqa: B018 - to be asked for is what fails


@uses("InputParams num_items", "InputParams.items", "InputParams.as_dict", "Target.submit input_params")
def test_parameters_of_several_items_make_several_results(workspace: Any) -> None:
    """An item's own ones come before those of all."""
    from azure.quantum.target.params import InputParams

    params = InputParams(num_items=3)
    params.entry_point = "ENTRYPOINT__main"
    for item in params.items:
        item.entry_point = "ENTRYPOINT__main"
    params.file_uris["x"] = "somewhere"
    told = params.as_dict()
    assert [item["entryPoint"] for item in told["items"]] == ["ENTRYPOINT__main"] * 3
    assert told["resumeAfterFailedItem"] is True
    assert told["fileUris"] == {"x": "somewhere"}
    options = {k: QIR[k] for k in QIR if k != "input_params"}
    job = workspace.get_targets("acme.machine").submit(BELL_LL, shots=20, input_params=params, **options)
    assert [len(shots) for shots in job.get_results_shots()] == [20, 20, 20]
    with pytest.raises(ValueError, match="num_items must be"):
        InputParams(num_items=0)


@uses("IonQ name", "IonQ.submit circuit name shots input_params", "Job.get_results")
def test_a_circuit_in_json_runs_on_ionq(here: Room, workspace: Any) -> None:
    """Exact probabilities, whatever the shots; a circuit has to be given."""
    from azure.quantum.target import IonQ

    target = IonQ(workspace, name="ionq.simulator")
    assert (target.input_data_format, target.output_data_format) == ("ionq.circuit.v1", "ionq.quantum-results.v1")
    assert (target.provider_id, target.target_profile) == ("IonQ", "Base")
    job = target.submit(circuit=GHZ, name="ghz", shots=100, input_params={"noise": None})
    assert (body(here)["name"], body(here)["inputParams"]) == ("ghz", {"noise": None, "shots": 100})
    assert job.get_results() == {"histogram": {"0": 0.5, "7": 0.5}}
    with pytest.raises(ValueError, match="must have a value"):
        target.submit()


@uses("Quantinuum name", "Quantinuum.submit circuit name shots input_params", "Job.get_results")
@pytest.mark.parametrize(
    ("name", "profile"), [("quantinuum.sim.h2-1e", "Adaptive_RI"), ("quantinuum.qpu.helios-1", "Adaptive_RIF")]
)
def test_openqasm_runs_on_quantinuum(here: Room, workspace: Any, name: str, profile: str) -> None:
    """Registers as texts, the lowest bit at their end; a circuit has to be given."""
    from azure.quantum.target import Quantinuum

    target = Quantinuum(workspace, name=name)
    assert (target.input_data_format, target.target_profile) == ("honeywell.openqasm.v1", profile)
    job = target.submit(circuit=QASM, name="x", shots=4, input_params={"error-model": False})
    assert body(here)["inputParams"] == {"error-model": False, "shots": 4}
    assert job.get_results() == {"c": ["001"] * 4}
    with pytest.raises(ValueError, match="must have a value"):
        target.submit()


@uses("rigetti.Rigetti name", "rigetti.Rigetti.submit input_data name shots input_params", "rigetti.InputParams count "
      "skip_quilc", "rigetti.Result job", "rigetti.Result.__getitem__", "Job.wait_until_completed")  # fmt: skip
def test_quil_runs_on_rigetti(here: Room, workspace: Any) -> None:
    """With parameters of its own kind, and results by register; of a job that failed there are none."""
    from azure.quantum.target.rigetti import InputParams, Result, Rigetti, RigettiTarget

    target = Rigetti(workspace, name=RigettiTarget.QVM.value)
    assert (target.input_data_format, target.output_data_format) == ("rigetti.quil.v1", "rigetti.quil-results.v1")
    with pytest.warns(UserWarning, match="'shots' from the 'input_params'"):
        job = target.submit(input_data=QUIL, name="q", input_params=InputParams(count=3, skip_quilc=True))
    assert body(here)["inputParams"] == {"shots": 3, "skipQuilc": True}
    with pytest.raises(RuntimeError, match="status: "):
        Result(job=submit(workspace, target=SLOW))
    job.wait_until_completed()
    assert Result(job)["ro"] == [[1, 0]] * 3
    assert len(target.submit(QUIL, shots=2).get_results()["ro"]) == 2


@uses("rigetti.Rigetti.submit input_params", "rigetti.InputParams substitutions", "rigetti.Result.__getitem__")
def test_quil_runs_once_for_each_set_of_parameters(workspace: Any) -> None:
    """As many times as asked for with each, one after the other: the example of the SDK's documentation."""
    import numpy as np
    from azure.quantum.target.rigetti import InputParams, Result

    quil = (
        "DECLARE ro BIT[3]\nDECLARE theta REAL[2]\nDECLARE beta REAL[1]\nRX(theta[0]) 0\nRX(theta[1]) 1\nRX(beta) 2\n"
        "MEASURE 0 ro[0]\nMEASURE 1 ro[1]\nMEASURE 2 ro[2]\n"
    )
    sets = {"theta": [[0.0, np.pi], [np.pi, 0.0]], "beta": [[2 * np.pi], [2 * np.pi]]}
    with pytest.warns(UserWarning, match="'shots' from the 'input_params'"):
        job = workspace.get_targets("rigetti.sim.qvm").submit(
            quil, input_params=InputParams(count=2, substitutions=sets)
        )
    job.wait_until_completed()
    assert Result(job)["ro"] == [[0, 1, 0], [0, 1, 0], [1, 0, 0], [1, 0, 0]]


@uses("rigetti.RigettiTarget.simulators", "rigetti.RigettiTarget.qpus", "rigetti.RigettiTarget.num_qubits",
      "Workspace.get_targets provider_id")  # fmt: skip
def test_the_known_targets_of_rigetti_are_offered(here: Room, workspace: Any) -> None:
    """With as many qubits as the SDK says."""
    from azure.quantum.target.rigetti import RigettiTarget

    known = [*RigettiTarget.simulators(), *RigettiTarget.qpus()]
    assert [target.name for target in workspace.get_targets(provider_id="rigetti")] == known
    told = json.loads(here.service.handle(here.sent()).body)["value"]
    sizes = {target["id"]: target["numQubits"] for provider in told for target in provider["targets"]}
    assert [sizes[name] for name in known] == [RigettiTarget.num_qubits(name) for name in known]
