"""The variables with which a command finds the service."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from qamctl.azure.workspace import find_place
from qamctl.emulator.front.environment import SUBSCRIPTION, around, as_shell, variables

FRONT = {"HTTPS_PROXY": "http://127.0.0.1:9", "REQUESTS_CA_BUNDLE": "ca.pem"}


def test_our_own_client_finds_the_workspace_by_them(tmp_path: Path) -> None:
    """With and without the proxy."""
    for endpoint, front in (("http://127.0.0.1:9/", None), ("https://eastus.quantum.azure.com/", FRONT)):
        found = find_place(environ=variables("the-key", tmp_path / "key", endpoint, tmp_path, front))
        assert (found.subscription, found.name, found.location) == (SUBSCRIPTION, "emulator", "eastus")
        assert found.key is not None
    assert found.endpoint == "https://eastus.quantum.azure.com/"


def test_the_plain_address_is_no_connection_string(tmp_path: Path) -> None:
    """The SDK would refuse one that is not https; with the proxy there is one, and a service principal."""
    plain = variables("the-key", tmp_path / "key", "http://127.0.0.1:9/", tmp_path)
    assert "AZURE_QUANTUM_CONNECTION_STRING" not in plain
    front = variables("the-key", tmp_path / "key", "https://eastus.quantum.azure.com/", tmp_path, FRONT)
    assert "ApiKey=the-key;" in front["AZURE_QUANTUM_CONNECTION_STRING"]
    assert front["AZURE_CLIENT_SECRET"] == "the-key"
    assert front.items() >= FRONT.items()


@pytest.mark.parametrize(
    "name",
    [
        "AZURE_QUANTUM_CONNECTION_STRING", "AZURE_QUANTUM_RESOURCE_ID", "QAMCTL_AZURE_KEY", "QAMCTL_KEY_FILE",
        "QAMCTL_ENDPOINT", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT", "MSI_SECRET",
        "SUBSCRIPTION_ID", "RESOURCE_GROUP", "LOCATION",
    ],
)  # fmt: skip
def test_nothing_of_a_real_workspace_is_handed_on(name: str) -> None:
    """A test must not cost anything."""
    assert around({name: "real", "PATH": "/bin", "QAMCTL_SEED": "1"}, {"A": "b"}) == {
        "PATH": "/bin", "QAMCTL_SEED": "1", "A": "b",
    }  # fmt: skip


def test_a_shell_reads_them(tmp_path: Path) -> None:
    """Whatever is in them."""
    file = tmp_path / "env"
    file.write_text(as_shell({"ONE": "a b; $HOME 'c'", "TWO": ""}))
    found = subprocess.run(
        ["/bin/sh", "-c", '. "$1"; printf "%s|%s" "$ONE" "$TWO"', "sh", file],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "a b; $HOME 'c'|"
