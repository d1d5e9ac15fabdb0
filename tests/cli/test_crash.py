"""The trace of a bug is kept without secrets: not in the command line, not in the message, not in the trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from qamctl.cli.crash import crash_fault


def test_a_trace_holds_no_secret(tmp_path: Path) -> None:
    """Signed addresses, keys and tokens are taken out; the rest of the trace is whole."""
    uri = "https://account.blob.core.windows.net/job-1/inputData?sv=2024&sp=rw&sig=c2VjcmV0LXNpZ25hdHVyZQ%3D%3D"
    key = "ApiKey=a-key-that-nobody-may-see-77"
    try:
        try:
            raise ValueError(f"upload to {uri} failed")
        except ValueError as error:
            raise RuntimeError(f"{key}; Authorization: Bearer abcdefgh12345678901234") from error
    except RuntimeError as bug:
        fault = crash_fault(bug, ["submit", uri, f"--x={key};"], {"XDG_STATE_HOME": str(tmp_path)})
    (path,) = (tmp_path / "qamctl" / "crashes").iterdir()
    for text in (path.read_text(), fault.message):
        for secret in ("sig=c2V", "nobody-may-see", "abcdefgh1234567890"):
            assert secret not in text
    assert "https://account.blob.core.windows.net/job-1/inputData" in path.read_text()
    assert "test_crash.py" in path.read_text()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QAMCTL_AZURE_KEY", "{}"), ("AZURE_QUANTUM_API_KEY", "{}"), ("AZURE_CLIENT_SECRET", "{}"),
        ("AZURE_QUANTUM_CONNECTION_STRING", "SubscriptionId=s;ApiKey={};QuantumEndpoint=https://x/"),
        ("AZURE_QUANTUM_CONNECTION_STRING", "apikey = {}"),
    ],
)  # fmt: skip
def test_a_secret_of_the_environment_is_known_by_its_value(tmp_path: Path, name: str, value: str) -> None:
    """Also where nothing beside it tells what it is."""
    secret = "plain words nobody may see"
    environ = {"XDG_STATE_HOME": str(tmp_path), name: value.format(secret)}
    fault = crash_fault(RuntimeError(f"got {secret} here"), ["submit", secret], environ)
    (path,) = (tmp_path / "qamctl" / "crashes").iterdir()
    assert "got *** here" in fault.message
    assert secret not in path.read_text() + fault.message
