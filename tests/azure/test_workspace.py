"""Which workspace is meant: sources and their order, what is missing or makes no sense, and keys that stay secret."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qamctl.azure.clean import Secret
from qamctl.azure.workspace import REGIONS, Place, find_place
from qamctl.errors import AuthError, QamError, UsageError

A, B = "11111111-2222-3333-4444-555555555555", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
KEY = "CANARYKEY0123456789abcdefgh=="
STRING = f"SubscriptionId={A};ResourceGroupName=rg;WorkspaceName=ws1;ApiKey={KEY};"
STRING += "QuantumEndpoint=https://eastus.quantum.azure.com/;"
RESOURCE = f"/subscriptions/{B}/resourceGroups/group/providers/Microsoft.Quantum/Workspaces/other"
CONNECTION = "AZURE_QUANTUM_CONNECTION_STRING"
VARIABLES = {
    "AZURE_QUANTUM_SUBSCRIPTION_ID": A,
    "AZURE_QUANTUM_WORKSPACE_RG": "rg",
    "AZURE_QUANTUM_WORKSPACE_NAME": "ws1",
    "AZURE_QUANTUM_WORKSPACE_LOCATION": "East US",
}


def string_with(**parts: str) -> str:
    """The connection string with other parts; an empty one is left out."""
    names = {"SubscriptionId": A, "ResourceGroupName": "rg", "WorkspaceName": "ws1", "ApiKey": KEY}
    names |= {"QuantumEndpoint": "https://eastus.quantum.azure.com/"} | parts
    return "".join(f"{name}={value};" for name, value in names.items() if value)


def test_a_connection_string_says_everything() -> None:
    """Workspace, region, address and key come from it."""
    place = find_place(environ={CONNECTION: STRING})
    assert place == Place(A, "rg", "ws1", "eastus", "https://eastus.quantum.azure.com/", None, Secret(KEY))
    assert place.workspace_key == f"{A}/rg/ws1"


def test_variables_say_the_rest() -> None:
    """Without a key no address is needed: Azure is asked for it by whoever has a token."""
    place = find_place(environ=VARIABLES)
    assert place == Place(A, "rg", "ws1", "eastus")
    assert place.resource_id == f"/subscriptions/{A}/resourceGroups/rg/providers/Microsoft.Quantum/workspaces/ws1"


@pytest.mark.parametrize("variable", ["QAMCTL_AZURE_KEY", "AZURE_QUANTUM_API_KEY"])
def test_a_key_beside_the_variables_finds_the_address_by_the_region(variable: str) -> None:
    """A key without an endpoint goes to the region's; blanks and the line's end around it are not part of it."""
    place = find_place(environ={**VARIABLES, variable: f" {KEY}\n"})
    assert (place.endpoint, place.key) == ("https://eastus.quantum.azure.com/", Secret(KEY))
    del (without := {**VARIABLES, variable: KEY})["AZURE_QUANTUM_WORKSPACE_LOCATION"]
    with pytest.raises(AuthError, match="AZURE_QUANTUM_WORKSPACE_LOCATION"):
        find_place(environ=without)
    place = find_place(environ=without, endpoint="https://proxy.example/quantum")
    assert (place.endpoint, place.location) == ("https://proxy.example/quantum/", None)


def test_the_stronger_source_wins_part_by_part() -> None:
    """Arguments before the connection string, this before the resource id, this before single variables."""
    environ = {**VARIABLES, "AZURE_QUANTUM_RESOURCE_ID": RESOURCE, "QAMCTL_AZURE_KEY": "weaker"}
    assert find_place(environ=environ).workspace_key == f"{B}/group/other"
    environ[CONNECTION] = STRING
    place = find_place(environ=environ)
    assert (place.workspace_key, place.key) == (f"{A}/rg/ws1", Secret(KEY))
    place = find_place(environ=environ, resource_id=RESOURCE)
    assert place.workspace_key == f"{B}/group/other"
    place = find_place(environ=environ, workspace="mine", resource_group=" ")
    assert place.workspace_key == f"{A}/rg/mine"


def test_a_key_is_never_sent_to_another_workspace() -> None:
    """A connection string of another workspace than the one meant gives neither key nor address."""
    place = find_place(environ={CONNECTION: STRING}, resource_id=RESOURCE)
    assert (place.key, place.endpoint, place.location) == (None, None, None)
    with pytest.raises(AuthError, match="no key"):
        find_place(environ={CONNECTION: STRING}, resource_id=RESOURCE, credential="key")
    upper = find_place(environ={CONNECTION: STRING}, subscription=A.upper(), resource_group="RG", workspace="WS1")
    assert upper.key == Secret(KEY)  # Azure's names have no case
    assert upper.workspace_key == f"{A}/rg/ws1"


def test_another_login_than_a_key_leaves_the_key() -> None:
    """Who asks for the CLI's login gets no key along with it."""
    place = find_place(environ={CONNECTION: STRING}, credential="cli")
    assert (place.key, place.credential, place.endpoint) == (None, "cli", "https://eastus.quantum.azure.com/")


def test_generic_variables_are_not_ours() -> None:
    """LOCATION, RESOURCE_GROUP and SUBSCRIPTION_ID mean something else on many machines."""
    environ = {
        "LOCATION": "eastus",
        "RESOURCE_GROUP": "rg",
        "SUBSCRIPTION_ID": A,
        "AZURE_QUANTUM_WORKSPACE_NAME": "ws1",
    }
    with pytest.raises(AuthError) as caught:
        find_place(environ=environ)
    assert "AZURE_QUANTUM_SUBSCRIPTION_ID" in caught.value.message
    assert "AZURE_QUANTUM_WORKSPACE_RG" in caught.value.message


@pytest.mark.parametrize("absent", [0, 1, 2])
def test_everything_that_is_missing_is_named(absent: int) -> None:
    """Each missing part with its option and its variable, those that are there are not, and the other ways."""
    pairs = [
        ("--subscription", "AZURE_QUANTUM_SUBSCRIPTION_ID"), ("--resource-group", "AZURE_QUANTUM_WORKSPACE_RG"),
        ("--workspace", "AZURE_QUANTUM_WORKSPACE_NAME"),
    ]  # fmt: skip
    environ = {name: value for name, value in VARIABLES.items() if name != pairs[absent][1]}
    with pytest.raises(AuthError) as caught:
        find_place(environ={**environ, pairs[absent][1]: "  "})
    told = caught.value.message.partition("Give")[0]
    assert [option in told for option, _ in pairs] == [at == absent for at in range(3)]
    assert [variable in told for _, variable in pairs] == [at == absent for at in range(3)]
    assert CONNECTION in caught.value.message
    assert caught.value.code == 6


BROKEN: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "subscription": (VARIABLES, {"subscription": KEY}, "--subscription is not a GUID"),
    "subscription variable": ({**VARIABLES, "AZURE_QUANTUM_SUBSCRIPTION_ID": KEY}, {}, "SUBSCRIPTION_ID is not a GUID"),
    "group": (VARIABLES, {"resource_group": f"{KEY}/x"}, "--resource-group is no such name"),
    "group with a dot": (VARIABLES, {"resource_group": "rg."}, "--resource-group is no such name"),
    "group too long": (VARIABLES, {"resource_group": "r" * 91}, "--resource-group is no such name"),
    "name": (VARIABLES, {"workspace": f"-{KEY}"}, "--workspace is no such name"),
    "name too long": (VARIABLES, {"workspace": "w" * 55}, "--workspace is no such name"),
    "name too short": (VARIABLES, {"workspace": "w"}, "--workspace is no such name"),
    "region": (VARIABLES, {"location": "eastsu"}, "did you mean eastus"),
    "no region": (VARIABLES, {"location": KEY}, "--location is no region of Azure: as eastus"),
    "resource id": ({}, {"resource_id": f"/subscriptions/{KEY}"}, "--resource-id is not the resource id"),
    "resource id variable": ({"AZURE_QUANTUM_RESOURCE_ID": KEY}, {}, "RESOURCE_ID is not the resource id"),
    "clash": ({}, {"resource_id": RESOURCE, "workspace": "ws1"}, "--resource-id and --workspace name different"),
    "credential": (VARIABLES, {"credential": KEY}, "choose key, environment"),
    "string without a part": ({CONNECTION: string_with(ApiKey="")}, {}, "lacks apikey"),
    "string with more": ({CONNECTION: STRING + f"{KEY}=1"}, {}, "part 6 of AZURE_QUANTUM_CONNECTION_STRING"),
    "string of something": ({CONNECTION: KEY.rstrip("=")}, {}, "part 1 of AZURE_QUANTUM_CONNECTION_STRING"),
    "string with a part twice": ({CONNECTION: STRING + f"apikey={KEY}"}, {}, "says apikey twice"),
    "string without a value": ({CONNECTION: "ApiKey=;"}, {}, "part 1 of"),
    "string with another GUID": ({CONNECTION: string_with(SubscriptionId=KEY)}, {}, f"{CONNECTION} is not a GUID"),
    "string with http": ({CONNECTION: string_with(QuantumEndpoint="http://eastus.quantum/")}, {}, "plain http"),
    "key with blanks": ({**VARIABLES, "QAMCTL_AZURE_KEY": f"{KEY} {KEY}"}, {}, "QAMCTL_AZURE_KEY has characters"),
    "key with a line": ({**VARIABLES, "AZURE_QUANTUM_API_KEY": f"{KEY}\n{KEY}"}, {}, "API_KEY has characters"),
    "key of letters that none has": ({**VARIABLES, "QAMCTL_AZURE_KEY": f"{KEY}é"}, {}, "has characters"),
}  # fmt: skip
for endpoint in (
    "http://example.com/", "http://127.0.0.1.example.com/", "ftp://127.0.0.1/", "eastus.quantum.azure.com", "https://",
    f"https://user:{KEY}@example.com/", f"https://example.com/?sig={KEY}", "https://example.com/#a", "https://a b/",
    "https://[::1", "https://example.com:99999/", "https://example.com:0/",
):  # fmt: skip
    BROKEN[f"endpoint {endpoint[:20]}{len(endpoint)}"] = (VARIABLES, {"endpoint": endpoint}, "--endpoint is")


@pytest.mark.parametrize("case", BROKEN)
def test_what_makes_no_sense_is_told_without_being_repeated(case: str) -> None:
    """The part and its source are named, a key is not, wherever it slipped in."""
    environ, arguments, message = BROKEN[case]
    with pytest.raises(UsageError) as caught:
        find_place(environ=environ, **arguments)
    assert message in caught.value.message
    assert "CANARY" not in caught.value.message


def test_a_resource_id_may_be_repeated_by_its_parts() -> None:
    """The same workspace said twice is no contradiction."""
    assert find_place(environ={}, resource_id=RESOURCE + "/", workspace="OTHER").workspace_key == f"{B}/group/other"


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1234/", "http://localhost:80", "http://[::1]:9/", "http://127.9.9.9/base"]
)
def test_plain_http_is_for_this_machine_and_a_key(address: str) -> None:
    """A test service is reached over http on loopback with a key, and with nothing else."""
    string = string_with(QuantumEndpoint=address)
    place = find_place(environ={CONNECTION: string})
    assert (place.endpoint, place.key, place.location) == (address.rstrip("/") + "/", Secret(KEY), None)
    for credential in ("cli", "environment", "managed-identity", "workload-identity", "browser"):
        with pytest.raises(UsageError, match=f"kind {credential} sends a token"):
            find_place(environ={CONNECTION: string}, credential=credential)
    with pytest.raises(AuthError, match="only a key logs in"):
        find_place(environ=VARIABLES, endpoint=address)
    with pytest.raises(UsageError, match="plain http"):
        Place(A, "rg", "ws1", None, "http://example.com/", None, Secret(KEY))


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ("https://westus.quantum.azure.com/", "westus"), ("https://westus-v2.quantum.azure.com", "westus"),
        ("https://westus-v2.quantum-test.azure.com/", "westus"),
        ("https://westus.quantum.azure.com.example.com/", None),
    ],
)  # fmt: skip
def test_the_address_tells_the_region(address: str, region: str | None) -> None:
    """Workspaces of both kinds; other addresses tell none."""
    string = string_with(QuantumEndpoint=address)
    assert find_place(environ={CONNECTION: string}).location == region


def test_a_connection_string_is_read_with_care() -> None:
    """Names in any case and order, blanks around, a key with `=` in it, no `;` at the end."""
    parts = [part for part in STRING.split(";") if part][::-1]
    string = " ; ".join(part.replace("ApiKey", "APIKEY") for part in parts)
    assert find_place(environ={CONNECTION: string}) == find_place(environ={CONNECTION: STRING})


def test_a_key_file_is_stronger_than_the_environment(tmp_path: Path) -> None:
    """The key in a file that only its owner reads."""
    path = tmp_path / "key"
    path.write_text(f"{KEY}-file\n")
    path.chmod(0o600)
    for environ in ({CONNECTION: STRING}, {**VARIABLES, "QAMCTL_AZURE_KEY": "other"}):
        assert find_place(environ=environ, key_file=path).key == Secret(f"{KEY}-file")
    assert find_place(environ=VARIABLES, key_file=str(path), credential="key").key == Secret(f"{KEY}-file")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o601, 0o777])
def test_a_key_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    """Any right of others is one too many; the message says what to run."""
    path = tmp_path / "key"
    path.write_text(KEY)
    path.chmod(mode)
    with pytest.raises(AuthError, match="chmod 600") as caught:
        find_place(environ=VARIABLES, key_file=path)
    assert KEY not in caught.value.message


def test_a_key_file_that_holds_none_is_refused(tmp_path: Path) -> None:
    """A missing, empty, huge or odd file is told, and nothing waits for a pipe that nobody writes to."""
    empty, huge, pipe, odd = (tmp_path / name for name in ("empty", "huge", "pipe", "odd"))
    empty.write_text(" \n")
    huge.write_text("k" * 5000)
    os.mkfifo(pipe, 0o600)
    odd.write_bytes(b"\xff\xfe\x00abc")
    for path in (empty, huge, odd):
        path.chmod(0o600)
    cases = [
        (tmp_path / "missing", "No such file"),
        (empty, "holds no key"),
        (huge, "holds no key"),
        (pipe, "not a file"),
    ]
    for path, message in [*cases, (tmp_path, "not a file")]:
        with pytest.raises(AuthError, match=message):
            find_place(environ=VARIABLES, key_file=path)
    with pytest.raises(UsageError, match="the key file"):
        find_place(environ=VARIABLES, key_file=odd)


def test_a_place_does_not_show_its_key() -> None:
    """Not as text, and not in what is written of it."""
    place = find_place(environ={CONNECTION: STRING})
    assert KEY not in f"{place} {place!r} {vars(place)}"


def test_finding_a_place_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is said by arguments and environment."""

    def refuse(*arguments: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert find_place(environ={CONNECTION: STRING}).name == "ws1"


def test_regions_are_those_of_the_sdk() -> None:
    """No region that the installed SDK knows is missing."""
    from azure.quantum._constants import VALID_AZURE_REGIONS

    assert VALID_AZURE_REGIONS <= REGIONS


@given(
    text=st.text(max_size=120),
    part=st.sampled_from([CONNECTION, "AZURE_QUANTUM_RESOURCE_ID", *VARIABLES, "QAMCTL_AZURE_KEY"]),
)
@settings(max_examples=300, deadline=None)
def test_no_text_in_the_environment_is_a_crash(text: str, part: str) -> None:
    """Whatever a variable holds, a place comes out or one sentence, without the text."""
    told = ""
    try:
        find_place(environ={**VARIABLES, part: f"{text}\u2603CANARY"})
    except QamError as error:
        told = error.message
    assert "CANARY" not in told
