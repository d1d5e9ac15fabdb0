"""`qamctl emulator`: as real processes, as a team would use it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.azure_process import room as clean
from support.canaries import KEY
from support.command_line import Ran, Run

BELL = """\
OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
h q[0];
cx q[0], q[1];
c = measure q;
"""

#: A list of jobs.
JOBS = "subscriptions/s/resourceGroups/g/providers/Microsoft.Quantum/workspaces/w/jobs?api-version=2026-01-15-preview"

#: Tells what of its environment leads to a workspace.
TELL = "import os, json; print(json.dumps({k: v for k, v in os.environ.items() if 'AZURE' in k or 'QAMCTL' in k}))"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Nothing of the user's, and a key whose traces the whole test run is searched for."""
    return {**clean(tmp_path), "QAMCTL_EMULATOR_KEY": KEY}


def emulator(environ: Mapping[str, str], *words: str, code: int = 0) -> Ran:
    """The command with a command beside it, which must end with the code."""
    line = [sys.executable, "-P", "-m", "qamctl", "emulator", *words]
    done = subprocess.run(line, env=dict(environ), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, (words, done.returncode, done.stdout[-2000:], done.stderr[-4000:])
    return Ran(done.returncode, done.stdout, done.stderr)


def qamctl(*words: str) -> list[str]:
    """Our own command line, as a command beside the service."""
    return [sys.executable, "-P", "-m", "qamctl", *words]


@contextmanager
def standing(environ: Mapping[str, str], *words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The service without a command, and what it tells of itself; ended with SIGTERM."""
    line = [sys.executable, "-P", "-m", "qamctl", "emulator", "-o", "json", *words]
    process = subprocess.Popen(line, env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first, process.communicate()
        yield process, json.loads(first)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def sockets_of(pid: int) -> list[str]:
    """Addresses on which a process listens, by the kernel's own account."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(link) if link.is_symlink() else ""
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = []
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            cells = row.split()
            if cells[9] in inodes and (cells[3] == "0A" or table.startswith("udp")):
                found.append(cells[1].partition(":")[0])
    return found


@pytest.mark.parametrize("code", [0, 3])
def test_it_ends_with_the_command_s_exit_code(code: int, environ: dict[str, str]) -> None:
    """And standard output is the command's."""
    ran = emulator(environ, "--", sys.executable, "-c", f"print('mine'); raise SystemExit({code})", code=code)
    assert ran.out == "mine\n"
    assert "emulator is up at http://127.0.0.1:" in ran.err


@pytest.mark.parametrize("flags", [[], ["--https"]])
def test_our_own_client_runs_on_it(flags: list[str], environ: dict[str, str], tmp_path: Path) -> None:
    """Whatever a configuration file says of a real workspace."""
    config = tmp_path / "config" / "qamctl"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(
        'workspace = "real"\nsubscription = "11111111-2222-3333-4444-555555555555"\nresource_group = "real"\n'
        'location = "westus"\ncredential = "cli"\n'
    )
    circuit = tmp_path / "bell.qasm"
    circuit.write_text(BELL)
    submit = qamctl("submit", str(circuit), "--target", "ionq.simulator", "--shots", "200", "-o", "json")
    found = emulator(environ, *flags, "--", *submit).json
    assert found["status"] == "feasible", found
    assert set(found["solution"]["counts"]) == {"00", "11"}


def test_the_environment_has_nothing_of_a_real_workspace(environ: dict[str, str]) -> None:
    """And what it has leads to the emulator; with --https also for clients that take no other address than Azure's."""
    real = {"AZURE_QUANTUM_CONNECTION_STRING": "real", "AZURE_CLIENT_SECRET": "real", "QAMCTL_AZURE_KEY": "real"}
    plain = emulator({**environ, **real}, "--", sys.executable, "-c", TELL).json
    assert "real" not in plain.values()
    assert plain["QAMCTL_ENDPOINT"].startswith("http://127.0.0.1:")
    front = emulator({**environ, **real}, "--https", "--", sys.executable, "-c", TELL).json
    assert "real" not in front.values()
    assert "QuantumEndpoint=https://eastus.quantum.azure.com/" in front["AZURE_QUANTUM_CONNECTION_STRING"]


def test_nothing_of_a_test_mixes_with_real_jobs(environ: dict[str, str], tmp_path: Path) -> None:
    """Each start begins without jobs, the user's state is not touched, and what is to stay is written where asked."""
    circuit, result = tmp_path / "bell.qasm", tmp_path / "bell.json"
    circuit.write_text(BELL)
    submit = qamctl("submit", str(circuit), "--target", "ionq.simulator", "--result", str(result))
    for _ in range(2):
        ran = emulator(environ, "--seed", "3", "--request-log", str(tmp_path / "log"), "--", *submit)
        assert "sent" in ran.err or "Waiting" in ran.err, ran
    assert sum(json.loads(line)["kind"] == "PUT job" for line in (tmp_path / "log").read_text().splitlines()) == 2
    assert json.loads(result.read_text())["status"] == "feasible"
    assert not (tmp_path / "state").exists()


def test_the_sdk_and_a_service_principal_need_no_argument_with_https(environ: dict[str, str]) -> None:
    """`Workspace()` by the connection string; by the resource id with what the environment logs in with."""
    script = """
import os
from azure.identity import DefaultAzureCredential
from azure.quantum import Workspace
print(len(Workspace().get_targets()) > 5)
name = os.environ["AZURE_QUANTUM_RESOURCE_ID"]
for variable in [v for v in os.environ if v.startswith("AZURE_QUANTUM_")]:
    del os.environ[variable]
print(Workspace(resource_id=name, credential=DefaultAzureCredential()).location)
"""
    ran = emulator(environ, "--https", "--", sys.executable, "-c", script)
    assert ran.out.split() == ["True", "eastus"], ran


def test_what_it_keeps_is_there_the_next_time(environ: dict[str, str], tmp_path: Path) -> None:
    """With the key that it drew, in a folder of its owner's."""
    environ = {name: value for name, value in environ.items() if name != "QAMCTL_EMULATOR_KEY"}
    circuit, folder = tmp_path / "bell.qasm", str(tmp_path / "kept")
    circuit.write_text(BELL)
    submit = qamctl("submit", str(circuit), "--target", "ionq.simulator", "-o", "json")
    first = emulator(environ, "--state", folder, "--", *submit).json
    job = first["job"]["id"]
    script = "import os, urllib.request as u\nprint(u.urlopen(os.environ['QAMCTL_ENDPOINT'] + {!r}).read().decode())"
    again = emulator(environ, "--state", folder, "--", sys.executable, "-c", script.format("status.json")).json
    assert job in json.dumps(again)
    assert (tmp_path / "kept").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_without_a_command_it_stands_until_it_is_told_to_end(number: int, environ: dict[str, str]) -> None:
    """With a page, a file of variables that only its owner reads, and no trace at the end."""
    with standing(environ, "--https") as (process, told):
        with urllib.request.urlopen(told["url"], timeout=30) as page:
            assert page.status == 200
            assert KEY not in page.read().decode()
        file, certificate = Path(told["env_file"]), Path(told["certificate"])
        assert file.stat().st_mode & 0o077 == 0
        shown = subprocess.run(
            ["/bin/sh", "-c", f'. "$1"; {sys.executable} -P -m qamctl jobs list -o json', "sh", file],
            env=environ, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert shown.returncode == 0, shown
        process.send_signal(number)
        assert process.wait(60) == 0
    assert not file.exists()
    assert not certificate.exists()
    port = int(told["url"].rsplit(":")[-1].strip("/"))
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 5)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's account of sockets is Linux's")
def test_it_listens_on_this_machine_only(environ: dict[str, str]) -> None:
    """Both of its sockets are bound to 127.0.0.1, and no other address of this machine answers."""
    with standing(environ, "--https") as (process, told):
        assert sockets_of(process.pid) == ["0100007F", "0100007F"]
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", int(told["url"].rsplit(":")[-1].strip("/"))), 5)


def test_a_wrong_key_is_refused_and_no_key_is_written(environ: dict[str, str], tmp_path: Path) -> None:
    """Neither the right one nor a wrong one is in the request log or in what is printed."""
    log = tmp_path / "requests.jsonl"
    with standing(environ, "--request-log", str(log)) as (process, told):
        codes = []
        for key in (KEY, "wrong-key-0123456789"):
            request = urllib.request.Request(told["url"] + JOBS, headers={"x-ms-quantum-api-key": key})
            try:
                codes.append(urllib.request.urlopen(request, timeout=30).status)
            except urllib.error.HTTPError as refused:
                codes.append(refused.code)
        assert codes == [200, 401]
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    text = log.read_text() + out + err + json.dumps(told)
    assert [json.loads(line)["status"] for line in log.read_text().splitlines()] == [200, 401]
    assert KEY not in text
    assert "wrong-key" not in text


def test_a_signal_reaches_the_command_and_nothing_is_left(environ: dict[str, str], tmp_path: Path) -> None:
    """The exit code is the command's answer to it."""
    ready = tmp_path / "ready"
    body = (
        "import signal, sys, time, subprocess\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
        f"open({str(ready)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(300)\n"
    )
    line = [sys.executable, "-P", "-m", "qamctl", "emulator", "--", sys.executable, "-c", body]
    process = subprocess.Popen(line, env=environ, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not (ready.exists() and ready.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 9
    child = Path(f"/proc/{ready.read_text()}/stat")
    while (
        child.exists() and child.read_text().rpartition(")")[2].split()[0] != "Z" and time.monotonic() < deadline + 60
    ):
        time.sleep(0.05)
    assert not child.exists() or child.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--port", "99999"], 2, "--port: must be a whole number"),
        (["--fault", "boom"], 2, "there is no fault 'boom'"),
        (["--noise", "loud"], 2, "--noise: must be"),
        (["--faults", "none.yaml"], 3, "cannot be read"),
        (["--request-log", "no/such/folder/x"], 2, "no/such/folder"),
        (["--env-file", "no/such/folder/x"], 2, "no/such/folder"),
        (["--azurite", "http://example.com/"], 2, "Azurite"),
        (["--azurite", "http://127.0.0.1:9/"], 75, "127.0.0.1:9"),
        (["--", "no-such-command"], 2, "no command 'no-such-command'"),
    ],
)
def test_bad_input_is_told_with_its_code(words: list[str], code: int, told: str, run: Run) -> None:
    """In one object, with -o json before the command's words."""
    ran = run("emulator", "-o", "json", *words)
    assert (ran.code, ran.json["error"]["code"]) == (code, code), ran
    assert told in json.dumps(ran.json["error"]), ran


def test_a_taken_port_is_told(run: Run) -> None:
    """With what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = run("emulator", "--port", str(taken.getsockname()[1]), "--", "true")
    assert ran.code == 2
    assert "can't be used" in ran.err


def test_a_bad_file_of_faults_is_told_with_its_place(run: Run, room: Path) -> None:
    """Line and column."""
    (room / "faults.yaml").write_text("rates:\n  boom: 1\n")
    ran = run("emulator", "--faults", "faults.yaml", "--", "true")
    assert ran.code == 3
    assert "faults.yaml:2:3: there is no fault 'boom'" in ran.err


def test_a_file_of_somebody_else_is_not_replaced(run: Run, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be gone at the end; what an emulator that was killed left is."""
    monkeypatch.setenv("QAMCTL_EMULATOR_KEY", KEY)
    file = room / ".env"
    file.write_text("MINE=1\n")
    ran = run("emulator", "--env-file", ".env", "--", "true")
    assert (ran.code, file.read_text()) == (2, "MINE=1\n")
    assert "name another one" in ran.err
    file.write_text("# Azure Quantum's emulator, as long as it is up\nexport A=b\n")
    assert run("emulator", "--env-file", ".env", "--", "true").code == 0
    assert not file.exists()
