"""Jobs that circuits are simulated for, over connections whose threads end: the process has to outlive them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from emulator.asking import BELL_LL

CODE = """
import http.client, json, sys
from urllib.parse import urlsplit
from qamctl.emulator.front.server import serve
from qamctl.emulator.service import AzureService

WORKSPACE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Quantum/workspaces/ws"
PROGRAMS = {
    "rigetti.quil.v1": (b"DECLARE ro BIT[2]\\nH 0\\nCNOT 0 1\\nMEASURE 0 ro[0]\\nMEASURE 1 ro[1]\\n",
                        "rigetti.sim.qvm", "rigetti", "rigetti.quil-results.v1", "count"),
    "qir.v1": (sys.stdin.buffer.read(), "rigetti.sim.qvm", "rigetti", "microsoft.quantum-results.v2", "shots"),
}

def ask(port, method, path, body=b"", **headers):
    # A connection of its own for each request: its thread ends with it.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, {"x-ms-quantum-api-key": "k", **headers})
    answer = connection.getresponse()
    found = answer.read()
    connection.close()
    assert answer.status < 300, (answer.status, found)
    return json.loads(found) if found else None

def run(port, id, form):
    payload, target, provider, output, shots = PROGRAMS[form]
    api = "?api-version=2026-01-15-preview"
    asked = json.dumps({"containerName": f"job-{id}"})
    container = ask(port, "POST", f"{WORKSPACE}/storage/sasUri{api}", asked)["sasUri"]
    parts = urlsplit(container)
    ask(port, "PUT", f"{parts.path}/inputData?{parts.query}", payload, **{"x-ms-blob-type": "BlockBlob"})
    body = {"id": id, "name": id, "providerId": provider, "target": target, "inputDataFormat": form,
            "outputDataFormat": output, "containerUri": container, "inputParams": {shots: 50}}
    ask(port, "PUT", f"{WORKSPACE}/jobs/{id}{api}", json.dumps(body))
    return ask(port, "GET", f"{WORKSPACE}/jobs/{id}{api}")["status"]

with serve(AzureService(key="k", queue_seconds=0.0, run_seconds=0.0)) as url:
    assert "qiskit" not in sys.modules
    port = urlsplit(url).port
    print([run(port, f"j{number}", form) for number, form in enumerate(sys.argv[1:])])
from qiskit import QuantumCircuit  # the process itself may use it afterwards, too
import threading
thread = threading.Thread(target=lambda: QuantumCircuit(2, 2, global_phase=0.1).h(0))
thread.start()
thread.join()
"""


@pytest.mark.parametrize("forms", [("rigetti.quil.v1",) * 4, ("qir.v1",) * 3 + ("rigetti.quil.v1",)])
def test_jobs_over_several_connections_do_not_crash(tmp_path: Path, forms: tuple[str, ...]) -> None:
    """qiskit, loaded by the first job in a thread that ends, would end the process by a signal at the next one."""
    environ = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "QDK_PYTHON_TELEMETRY": "none"}
    done = subprocess.run(
        [sys.executable, "-c", CODE, *forms], cwd=tmp_path, env=environ, input=BELL_LL, capture_output=True, timeout=120
    )  # fmt: skip
    assert done.returncode == 0, (done.returncode, done.stderr.decode()[-2000:])
    assert done.stdout.decode().split() == str(["Succeeded"] * 4).split()
