"""Every operation of the SDK's generated client has a place here."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from emulator.asking import SUBSCRIPTION, Asker, error

from qamctl.emulator.messages import Response, make_request

#: What the arguments of operations are called -> what they are given here.
ARGUMENTS = {
    "subscription_id": SUBSCRIPTION,
    "resource_group_name": "rg",
    "workspace_name": "ws1",
    "job_id": "one",
    "session_id": "s1",
    "provider_id": "ionq",
    "filter": "State eq 'Waiting'",
    "skip": 0,
    "top": 10,
    "orderby": "CreationTime desc",
}


def operations() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Public methods of the operation classes, each with the function that forms its request."""
    from azure.quantum._client.operations import _operations as module

    for name, one in inspect.getmembers(module, inspect.isclass):
        if one.__module__ == module.__name__ and name.endswith("Operations"):
            for method, _ in inspect.getmembers(one, inspect.isfunction):
                if not method.startswith("_"):
                    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removesuffix("Operations")).lower()
                    yield f"{name}.{method}", getattr(module, f"build_{words}_{method}_request")


def served(asker: Asker, build: Callable[..., Any]) -> Response:
    """The answer to the request that an operation forms."""
    names = [name for name, one in inspect.signature(build).parameters.items() if one.kind != one.VAR_KEYWORD]
    formed = build(**{name: ARGUMENTS[name] for name in names}, json={"nothing": "of use"})
    headers = {**formed.headers, "host": "eastus.quantum.azure.com", "x-ms-quantum-api-key": asker.key}
    return asker.service.handle(make_request(formed.method, formed.url, headers, str(formed.content or "").encode()))


def test_every_operation_of_the_sdk_is_served() -> None:
    """It is answered, or refused for its content: never as an address or a method that there is not."""
    pytest.importorskip("azure.quantum")
    asker = Asker()
    asker.make("one")
    assert asker.ask("PUT", "sessions/s1", {"providerId": "ionq", "target": "ionq.simulator"}).status == 200
    found = {}
    for name, build in operations():
        answer = served(asker, build)
        found[name] = 200 if answer.status < 300 else error(answer)
        if name.endswith(".delete"):
            asker.make("one")
    assert found == {
        **dict.fromkeys(found, 200),
        "ServicesJobsOperations.create": (400, "InvalidProperty"),
        "ServicesSessionsOperations.open": (400, "InvalidProperty"),
        "ServicesStorageOperations.get_sas_uri": (400, "InvalidProperty"),
    }


def test_no_request_that_the_sdk_can_form_is_left_out() -> None:
    """Each function that forms one belongs to an operation."""
    module = pytest.importorskip("azure.quantum._client.operations._operations")
    forming = {name for name, _ in inspect.getmembers(module, inspect.isfunction) if name.startswith("build_")}
    assert {build.__name__ for _, build in operations()} == forming
    assert forming


def test_the_sdk_s_former_address_of_a_change_is_served() -> None:
    """Of versions 3.6 to 3.11."""
    asker = Asker()
    asker.make("one")
    path = "jobUpdateOptions/one"
    assert asker.json("PATCH", path, {"name": "two", "tags": ["a"], "priority": "High"}) == {
        "id": "one", "name": "two", "tags": ["a"], "priority": "High",
    }  # fmt: skip
    assert asker.json("GET", "jobs/one")["name"] == "two"
    assert error(asker.ask("GET", path)) == (405, "MethodNotAllowed")
