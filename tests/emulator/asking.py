"""What the tests of the emulator ask it with: a clock that only they move, and requests without a socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from qamctl.emulator.messages import Response
from qamctl.emulator.service import AzureService, Outcome, Work, make_request

START = 1_795_000_000.0
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
WORKSPACE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Quantum/workspaces/ws1"
KEY = "emulator-key"
V1, V2 = "microsoft.quantum-results.v1", "microsoft.quantum-results.v2"

#: Two results of three coupled qubits in the base profile, one register (as qdk writes it, without labels).
BELL_LL = b"""%Result = type opaque
%Qubit = type opaque

define i64 @ENTRYPOINT__main() #0 {
block_0:
  call void @__quantum__rt__initialize(i8* null)
  call void @__quantum__qis__h__body(%Qubit* null)
  call void @__quantum__qis__cx__body(%Qubit* null, %Qubit* inttoptr (i64 1 to %Qubit*))
  call void @__quantum__qis__rx__body(double 1.0, %Qubit* inttoptr (i64 2 to %Qubit*))
  call void @__quantum__qis__m__body(%Qubit* null, %Result* null)
  call void @__quantum__qis__m__body(%Qubit* inttoptr (i64 1 to %Qubit*), %Result* inttoptr (i64 1 to %Result*))
  call void @__quantum__qis__m__body(%Qubit* inttoptr (i64 2 to %Qubit*), %Result* inttoptr (i64 2 to %Result*))
  call void @__quantum__rt__array_record_output(i64 3, i8* null)
  call void @__quantum__rt__result_record_output(%Result* inttoptr (i64 2 to %Result*), i8* null)
  call void @__quantum__rt__result_record_output(%Result* inttoptr (i64 1 to %Result*), i8* null)
  call void @__quantum__rt__result_record_output(%Result* null, i8* null)
  ret i64 0
}

declare void @__quantum__rt__initialize(i8*)
declare void @__quantum__qis__h__body(%Qubit*)
declare void @__quantum__qis__cx__body(%Qubit*, %Qubit*)
declare void @__quantum__qis__rx__body(double, %Qubit*)
declare void @__quantum__qis__m__body(%Qubit*, %Result*) #1
declare void @__quantum__rt__array_record_output(i64, i8*)
declare void @__quantum__rt__result_record_output(%Result*, i8*)

attributes #0 = { "entry_point" "output_labeling_schema" "qir_profiles"="base_profile" "required_num_qubits"="3" "required_num_results"="3" }
attributes #1 = { "irreversible" }

!llvm.module.flags = !{!0, !1, !2, !3}
!0 = !{i32 1, !"qir_major_version", i32 1}
!1 = !{i32 7, !"qir_minor_version", i32 0}
!2 = !{i32 1, !"dynamic_qubit_management", i1 false}
!3 = !{i32 1, !"dynamic_result_management", i1 false}
"""  # noqa: E501 - a line of attributes is one line in QIR


class FakeClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def canned(work: Work) -> Outcome:
    """A runner that simulates nothing: a job whose input is `bad` fails."""
    if work.payload == b"bad":
        return Outcome(error=("InvalidInputData", "it is bad"))
    return Outcome(b'{"payload": "%d bytes"}' % len(work.payload), cost={"currencyCode": "USD", "estimatedTotal": 1.5})


class Asker:
    """A service with a clock of its own, and requests to it."""

    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock()
        settings = {"runner": canned, "queue_seconds": 10.0, "run_seconds": 5.0, "cancel_seconds": 2.0} | settings
        self.service = AzureService(clock=self.clock, **settings)
        self.key = self.service.key

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Mapping[str, Any] = b"",
        *,
        key: str | None = "",
        workspace: str = WORKSPACE,
        **headers: str,
    ) -> Response:
        """Ask the data plane, with the service's key unless another one, or None, is given."""
        key = self.key if key == "" else key
        sign = "&" if "?" in path else "?"
        every = {"host": "127.0.0.1:80", **headers} | ({} if key is None else {"x-ms-quantum-api-key": key})
        url = f"{workspace}/{path}{sign}api-version=2026-01-15-preview"
        return self.service.handle(make_request(method, url, every, body))

    def json(self, *asked: Any, **settings: Any) -> Any:
        """Ask the data plane for something that it has."""
        found = self.ask(*asked, **settings)
        assert found.status == 200, found.body
        return json.loads(found.body)

    def store(self, method: str, url: str, body: bytes = b"", **headers: str) -> Response:
        """Ask the storage, at an address with its token; `_` in the names of headers stands for `-`."""
        every = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.service.handle(make_request(method, url, every, body))

    def container(self, name: str) -> str:
        """The address that opens a container."""
        return str(self.json("POST", "storage/sasUri", {"containerName": name})["sasUri"])

    def upload(self, id: str, payload: bytes = b"x") -> str:
        """Put a job's input; gives the container's address."""
        container = self.container(f"job-{id}")
        found = self.store("PUT", within(container, "inputData"), payload, x_ms_blob_type="BlockBlob")
        assert found.status == 201, found.body
        return container

    def put(self, id: str, payload: bytes = b"x", **fields: Any) -> Response:
        """Put input and job."""
        return self.ask("PUT", f"jobs/{id}", job_body(self.upload(id, payload), **fields))

    def make(self, id: str, payload: bytes = b"x", **fields: Any) -> dict[str, Any]:
        """Put input and job, which is taken."""
        found = self.put(id, payload, **fields)
        assert found.status == 200, found.body
        made: dict[str, Any] = json.loads(found.body)
        return made


def within(address: str, blob: str) -> str:
    """The address of a blob, from that of its container."""
    place, _, query = address.partition("?")
    return f"{place}/{blob}?{query}"


def job_body(container: str, **fields: Any) -> dict[str, Any]:
    """What makes a job."""
    return {
        "itemType": "Job",
        "name": "a job",
        "containerUri": container,
        "inputDataUri": container.partition("?")[0] + "/inputData",
        "inputDataFormat": "qir.v1",
        "outputDataFormat": V2,
        "providerId": "ionq",
        "target": "ionq.simulator",
        "inputParams": {"shots": 100},
    } | fields


def error(found: Response) -> tuple[int, str]:
    """Status and code of an error of the data plane."""
    return found.status, json.loads(found.body)["error"]["code"]
