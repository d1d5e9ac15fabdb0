"""The requests that `emulator.py` measures, as bytes: a client's own work shall not be what is measured."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count as counted
from typing import Any, Final
from urllib.parse import urlsplit

from emulator_load import Line, Server, Work

KEY: Final = "benchmark-key"
ROOT: Final = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Quantum/workspaces/ws"
)
VERSION: Final = "api-version=2026-01-15-preview"
ACCOUNT: Final = "devstoreaccount1"

BLOB: Final = os.urandom(4096)

#: Two coupled qubits, in QIR's base profile.
BELL: Final = b"""%Result = type opaque
%Qubit = type opaque

define i64 @ENTRYPOINT__main() #0 {
block_0:
  call void @__quantum__rt__initialize(i8* null)
  call void @__quantum__qis__h__body(%Qubit* null)
  call void @__quantum__qis__cx__body(%Qubit* null, %Qubit* inttoptr (i64 1 to %Qubit*))
  call void @__quantum__qis__m__body(%Qubit* null, %Result* null)
  call void @__quantum__qis__m__body(%Qubit* inttoptr (i64 1 to %Qubit*), %Result* inttoptr (i64 1 to %Result*))
  call void @__quantum__rt__array_record_output(i64 2, i8* null)
  call void @__quantum__rt__result_record_output(%Result* null, i8* null)
  call void @__quantum__rt__result_record_output(%Result* inttoptr (i64 1 to %Result*), i8* null)
  ret i64 0
}

declare void @__quantum__rt__initialize(i8*)
declare void @__quantum__qis__h__body(%Qubit*)
declare void @__quantum__qis__cx__body(%Qubit*, %Qubit*)
declare void @__quantum__qis__m__body(%Qubit*, %Result*) #1
declare void @__quantum__rt__array_record_output(i64, i8*)
declare void @__quantum__rt__result_record_output(%Result*, i8*)

attributes #0 = { "entry_point" "output_labeling_schema" "qir_profiles"="base_profile" "required_num_qubits"="2" \
"required_num_results"="2" }
attributes #1 = { "irreversible" }

!llvm.module.flags = !{!0, !1, !2, !3}
!0 = !{i32 1, !"qir_major_version", i32 1}
!1 = !{i32 7, !"qir_minor_version", i32 0}
!2 = !{i32 1, !"dynamic_qubit_management", i1 false}
!3 = !{i32 1, !"dynamic_result_management", i1 false}
"""

Row = dict[str, Any]


def data(server: Server, method: str, path: str, body: Any = None, query: str = "") -> bytes:
    """A request to the data plane."""
    sent = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{method} {ROOT}/{path}?{query}{VERSION} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"x-ms-quantum-api-key: {KEY}\r\nContent-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
    )
    return head.encode() + sent


def storage(server: Server, method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """A request to the storage."""
    head = (
        f"{method} /{ACCOUNT}/{path}?{token} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nx-ms-version: 2025-01-05\r\n"
        f"x-ms-blob-type: BlockBlob\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def submit(server: Server, line: Line, id: str, program: bytes, target: str = "ionq.simulator") -> None:
    """An address, the input, the job."""
    address = urlsplit(
        json.loads(line.ask(data(server, "POST", "storage/sasUri", {"containerName": f"job-{id}"})))["sasUri"]
    )
    line.ask(storage(server, "PUT", f"job-{id}/inputData", address.query, program))
    line.ask(data(server, "PUT", f"jobs/{id}", job(server, f"job-{id}", address.query, target)))


def job(server: Server, container: str, token: str, target: str = "ionq.simulator") -> Row:
    place = f"{server.url}/{ACCOUNT}/{container}"
    return {
        "itemType": "Job", "name": "a job", "containerUri": f"{place}?{token}", "inputDataUri": f"{place}/inputData",
        "inputDataFormat": "qir.v1", "outputDataFormat": "microsoft.quantum-results.v2", "providerId": "ionq",
        "target": target, "inputParams": {"shots": 100}, "tags": ["benchmark"],
    }  # fmt: skip


def pages(server: Server) -> list[Row]:
    """All jobs, page by page."""
    line, found, skip = Line(server.port), [], 0
    while part := json.loads(line.ask(data(server, "GET", "jobs", query=f"skip={skip}&top=100&")))["value"]:
        found, skip = [*found, *part], skip + 100
    line.close()
    return found


def kinds(server: Server, jobs: int) -> dict[str, Work]:
    """Kinds of request by name, while jobs 0, 1, ... are there."""
    line = Line(server.port)
    token = urlsplit(
        json.loads(line.ask(data(server, "POST", "storage/sasUri", {"containerName": "box"})))["sasUri"]
    ).query
    for k in range(100):
        line.ask(storage(server, "PUT", f"box/blob{k}", token, BLOB))
    line.close()
    fresh = counted()
    search = "filter=State%20eq%20'Waiting'&orderby=Name%20desc&"
    makers: dict[str, Callable[[int], bytes]] = {
        "GET job": lambda k: data(server, "GET", f"jobs/{k * 7 % jobs}"),
        "GET jobs": lambda k: data(server, "GET", "jobs", query=f"skip={k * 100 % jobs}&top=100&"),
        "GET jobs, filtered": lambda k: data(server, "GET", "jobs", query=f"{search}top=10&"),
        "GET providerStatus": lambda k: data(server, "GET", "providerStatus"),
        "POST sasUri": lambda k: data(server, "POST", "storage/sasUri", {"containerName": f"box-{k % 500}"}),
        "PUT blob 4 KiB": lambda k: storage(server, "PUT", f"box/blob{k % 100}", token, BLOB),
        "GET blob 4 KiB": lambda k: storage(server, "GET", f"box/blob{k % 100}", token),
        "PUT job": lambda k: data(
            server, "PUT", f"jobs/more-{next(fresh)}", job(server, "box", token, "ionq.qpu.aria-1")
        ),
    }
    return {name: partial(_ask, make) for name, make in makers.items()}


def _ask(make: Callable[[int], bytes], line: Line, k: int) -> bytes:
    return line.ask(make(k))


def fetch(server: Server, address: str) -> bytes:
    parts = urlsplit(address)
    return f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()


def account_token(server: Server) -> str:
    """A token for Azurite's own account, whose key everybody knows, and the container that it opens."""
    from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

    from qamctl.emulator.azurite import PUBLIC_KEY

    token = str(generate_account_sas(
        ACCOUNT, PUBLIC_KEY, ResourceTypes(container=True, object=True), AccountSasPermissions.from_string("rwlac"),
        datetime.now(UTC) + timedelta(days=1), start=datetime.now(UTC) - timedelta(hours=1),
    ))  # fmt: skip
    line = Line(server.port)
    line.ask(storage(server, "PUT", "box", f"restype=container&{token}"))
    line.close()
    return token
