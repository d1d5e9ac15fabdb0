"""The unmodified SDK over https with a real connection string, in a process that only its environment leads here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from emulator.asking import BELL_LL, SUBSCRIPTION

from qamctl.emulator.front.proxy import proxy
from qamctl.emulator.service import AzureService

KEY = "c4n4ry-0123456789"
CONNECTION = (
    f"SubscriptionId={SUBSCRIPTION};ResourceGroupName=rg;WorkspaceName=ws1;ApiKey={KEY};"
    "QuantumEndpoint=https://eastus.quantum.azure.com/;"
)

START = """
import contextlib, io, json, os, sys
from azure.quantum import Workspace

PROGRAM = sys.stdin.read()

def submitted(workspace, name="bell"):
    return workspace.get_targets("rigetti.sim.qvm").submit(
        PROGRAM, name=name, shots=300, input_data_format="qir.v1", output_data_format="microsoft.quantum-results.v2",
        content_type="qir.v1", input_params={"items": [{"entryPoint": "ENTRYPOINT__main", "arguments": []}]})

def run(workspace):
    with contextlib.redirect_stdout(io.StringIO()):
        job = submitted(workspace)
        found = job.get_results()
    return job, found
"""


@pytest.fixture
def service() -> AzureService:
    """Jobs take a moment."""
    return AzureService(key=KEY, queue_seconds=0.05, run_seconds=0.05, cancel_seconds=0.05)


def lived(service: AzureService, folder: Path, code: str, **variables: str) -> Any:
    """What a process prints as its last line, as JSON."""
    with proxy(service, folder) as front:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
        environ |= {**front.environment, "QDK_PYTHON_TELEMETRY": "none", "HOME": str(folder), **variables}
        environ |= {"XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        command = [sys.executable, "-c", START + code]
        done = subprocess.run(command, cwd=folder, env=environ, input=BELL_LL, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    assert KEY.encode() not in done.stdout
    return json.loads(done.stdout.splitlines()[-1])


def test_a_connection_string_alone_leads_to_results_and_attachments(service: AzureService, tmp_path: Path) -> None:
    """From the environment: submit, wait, results, attachments up, down and listed."""
    code = """
job, found = run(Workspace())
job.upload_attachment("notes", b"mine")
print(json.dumps({
    "sum": sum(found.values()), "keys": sorted(found), "status": job.details.status,
    "blobs": [blob.name for blob in job.list_attachments()],
    "input": job.download_attachment("inputData").decode() == PROGRAM,
    "notes": job.download_attachment("notes").decode(),
}))
"""
    told = lived(service, tmp_path, code, AZURE_QUANTUM_CONNECTION_STRING=CONNECTION)
    assert told["sum"] == pytest.approx(1.0)
    assert set(told["keys"]) <= {"[0, 0, 0]", "[0, 1, 1]", "[1, 0, 0]", "[1, 1, 1]"}
    assert told["status"] == "Succeeded"
    assert told["blobs"] == ["inputData", "notes", "outputData"]
    assert (told["input"], told["notes"]) == (True, "mine")
    assert service.requests["PUT job"] == len(service.jobs) == 1


def test_a_connection_string_leads_to_listing_cancelling_and_sessions(service: AzureService, tmp_path: Path) -> None:
    """The same verbs as over plain http."""
    code = """
with contextlib.redirect_stdout(io.StringIO()):
    workspace = Workspace.from_connection_string(os.environ["MINE"])
    first = submitted(workspace, "first")
    first.wait_until_completed()
    second = workspace.cancel_job(submitted(workspace, "second"))
    second.wait_until_completed()
    target = workspace.get_targets("rigetti.sim.qvm")
    with target.open_session(name="s") as session:
        pass
print(json.dumps({
    "listed": [[job.details.name, job.details.status] for job in workspace.list_jobs(status=["Cancelled", "Succeeded"])
    ],
    "session": session.details.status,
    "sessions": len(workspace.list_sessions()),
}))
"""
    told = lived(service, tmp_path, code, MINE=CONNECTION)
    assert told["listed"] == [["first", "Succeeded"], ["second", "Cancelled"]]
    assert (told["session"], told["sessions"]) == ("Succeeded", 1)


def test_a_service_principal_finds_its_workspace_and_runs(service: AzureService, tmp_path: Path) -> None:
    """Token from Entra, address from the resource id or the name, bearer to the data plane."""
    code = """
group = "/subscriptions/SUB/resourceGroups/rg"
job, found = run(Workspace(resource_id=f"{group}/providers/Microsoft.Quantum/Workspaces/ws1"))
by_name = Workspace(name="ws1")
print(json.dumps([job.details.status, by_name.resource_group, by_name.location]))
""".replace("SUB", SUBSCRIPTION)
    service = AzureService(key=KEY, queue_seconds=0.05, run_seconds=0.05, workspaces=[f"{SUBSCRIPTION}/rg/ws1"])
    variables = {"AZURE_TENANT_ID": SUBSCRIPTION, "AZURE_CLIENT_ID": SUBSCRIPTION, "AZURE_CLIENT_SECRET": KEY}
    assert lived(service, tmp_path, code, **variables) == ["Succeeded", "rg", "eastus"]


def test_a_wrong_key_is_refused(service: AzureService, tmp_path: Path) -> None:
    """401, told as the SDK tells it."""
    code = """
from azure.core.exceptions import ClientAuthenticationError
try:
    Workspace().get_targets()
except ClientAuthenticationError as error:
    print(json.dumps(error.status_code))
"""
    other = CONNECTION.replace(KEY, "other")
    assert lived(service, tmp_path, code, AZURE_QUANTUM_CONNECTION_STRING=other) == 401
