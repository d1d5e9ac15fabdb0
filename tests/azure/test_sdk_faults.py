"""What goes wrong beneath, and logins that fail: told as faults, once, and without secrets."""

from __future__ import annotations

import time
import traceback
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from azure.core.credentials import AccessToken
from azure.replay import KEY, SAS, SIGNATURE, Answer, answering, as_json, fault_of, job_json, sent

from qamctl.azure.sdk_faults import retry_after
from qamctl.azure.workspace import Place

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b""), Answer(200, b"<html>", {"content-type": "text/html"}), as_json([]), as_json("job"),
        as_json(None), as_json({}), as_json({"id": "x"}), as_json({"id": 1, "status": "Waiting"}),
        as_json({"id": "x", "status": ""}),
        Answer(200, b'{"id": "x"', {"content-type": "application/json"}), Answer(202, b"{}"), Answer(204),
        Answer(200, b"[" * 100_000, {"content-type": "application/json"}),
    ],
)  # fmt: skip
def test_an_answer_that_makes_no_sense_may_pass(answer: Answer) -> None:
    """Success in words that are no job is a fault that another attempt may mend, never a job."""
    fault = fault_of(answering(answer))
    assert (fault.status, fault.code, fault.passing) == (None, "BadAnswer", True)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 422, 301, 307])
def test_a_refusal_is_told_by_status_code_and_message(status: int) -> None:
    """What no patience mends keeps the service's words."""
    body = {"error": {"code": "InvalidJobDefinition", "message": "The job\nis wrong."}}
    fault = fault_of(answering(as_json(body, status, location="https://evil.example/")))
    assert (fault.status, fault.code, fault.message) == (status, "InvalidJobDefinition", "The job is wrong.")
    assert not fault.passing


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_fault_tells_how_long_to_wait(status: int) -> None:
    """Status, code of the header, and Retry-After; one request was sent."""
    azure = answering(as_json({}, status, x_ms_error_code="ServerBusy", retry_after="12"))
    fault = fault_of(azure)
    assert (fault.status, fault.code, fault.retry_after, fault.passing) == (status, "ServerBusy", 12.0, True)
    assert len(sent(azure)) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None), ({"retry-after": "3"}, 3.0), ({"retry-after": "0.5"}, 0.5), ({"retry-after-ms": "250"}, 0.25),
        ({"x-ms-retry-after-ms": "1500", "retry-after": "9"}, 1.5), ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None), ({"retry-after": "1e9"}, None), ({"retry-after": "nan"}, None),
        ({"retry-after-ms": "x", "retry-after": "2"}, 2.0), ({"retry-after": " 4 "}, 4.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0),
        ({"retry-after": "Fri, 15 Jan 2021 08:00:30 GMT"}, 0.0),
        ({"retry-after": "Fri, 15 Foo 2027 08:00:30 GMT"}, None),
    ],
)  # fmt: skip
def test_what_a_service_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds, or a date; nonsense is nothing."""
    assert retry_after(headers, 1_800_000_000.0) == seconds


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (requests.exceptions.ConnectTimeout("x"), "no connection"),
        (requests.exceptions.ReadTimeout(f"url: /a?sig={SIGNATURE}"), "the connection was lost"),
        (requests.exceptions.ConnectionError(f"[Errno 104] reset ?sig={SIGNATURE}"), "(reset"),
        (requests.exceptions.SSLError("certificate"), "no connection"),
        (requests.exceptions.ChunkedEncodingError("broke off"), "the connection was lost"),
    ],
)
def test_a_connection_that_fails_is_no_answer(error: Exception, message: str) -> None:
    """Whatever fails beneath HTTP may pass, and its text with the address is not repeated."""
    fault = fault_of(answering(error))
    assert (fault.status, fault.passing) == (None, True)
    assert message in fault.message
    assert SIGNATURE not in fault.message
    assert fault.__suppress_context__


def test_a_bug_beneath_stays_a_bug_without_secrets() -> None:
    """It is no fault of the service; its trace is kept, and its text holds neither key nor signed address."""
    azure = answering(RuntimeError(f"sent {KEY} to {SAS}"))
    with pytest.raises(RuntimeError, match="RuntimeError in the SDK: sent") as caught:
        azure.get_job("x")
    text = "".join(traceback.format_exception(caught.value))
    assert KEY not in text
    assert SIGNATURE not in text
    assert "replay.py" in text


def test_messages_of_the_service_are_cleaned_and_cut() -> None:
    """A service that repeats key and addresses in its errors does not get them into ours."""
    message = f"bad {SAS} with {KEY} " + "x" * 5000
    fault = fault_of(answering(as_json({"error": {"code": f"sig={SIGNATURE}", "message": message}}, 400)))
    text = f"{fault.message} {fault.code}"
    assert SIGNATURE not in text
    assert KEY not in text
    assert fault.message.startswith("bad https://store.blob.core.windows.net/job-x with *** xxx")
    assert len(fault.message) == 500


TOKEN = "canary-token-0123456789"
ABROAD = Place(SUBSCRIPTION, "r (g)", "ws1", None, None, "cli", None)


class TokenLogin:
    """A login that gives a token, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.scopes = error, list[str]()

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.scopes += scopes
        if self.error is not None:
            raise self.error
        return AccessToken(TOKEN, int(time.time()) + 3600)


def test_the_address_of_a_workspace_is_looked_up_once() -> None:
    """Without an endpoint Azure's management tells it; both get tokens, each its own."""
    found = as_json({"location": "westus", "properties": {"endpointUri": "https://westus-v2.quantum.azure.com/"}})
    login = TokenLogin()
    azure = answering(found, as_json(job_json()), as_json(job_json(status="Executing")), place=ABROAD, login=login)
    assert azure.endpoint == f"https://management.azure.com/subscriptions/{SUBSCRIPTION}/resourcegroups/r (g)" + (
        "/providers/microsoft.quantum/workspaces/ws1"
    )
    assert [azure.get_job("x").status, azure.get_job("x").status] == ["Waiting", "Executing"]
    urls = [urlsplit(one.url) for one in sent(azure)]
    assert [url.hostname for url in urls] == ["management.azure.com"] + ["westus-v2.quantum.azure.com"] * 2
    assert urls[0].path == f"/subscriptions/{SUBSCRIPTION}/resourceGroups/r%20%28g%29" + (
        "/providers/Microsoft.Quantum/workspaces/ws1"
    )
    assert login.scopes == ["https://management.azure.com/.default", "https://quantum.microsoft.com/.default"]
    assert all(one.headers["Authorization"] == f"Bearer {TOKEN}" for one in sent(azure))


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (as_json({"error": {"code": "AuthorizationFailed", "message": "no"}}, 403), 403, "AuthorizationFailed"),
        (as_json({"error": {"code": "ResourceNotFound", "message": "no"}}, 404), 404, "ResourceNotFound"),
        (as_json({}, 503), 503, ""),
        (as_json({"properties": {}}), None, "BadAnswer"),
        (as_json({"properties": {"endpointUri": "http://evil.example/"}}), None, "BadAnswer"),
        (as_json({"properties": {"endpointUri": None}}), None, "BadAnswer"),
        (as_json([]), None, "BadAnswer"),
    ],
)
def test_a_workspace_that_is_not_found_is_a_fault(answer: Answer, status: int | None, code: str) -> None:
    """One attempt at looking it up; nothing is sent to an address that is not https."""
    azure = answering(answer, place=ABROAD, login=TokenLogin())
    fault = fault_of(azure)
    assert (fault.status, fault.code) == (status, code)
    assert len(sent(azure)) == 1


def test_a_login_that_fails_is_told_apart() -> None:
    """What the login says is 401 `Credential`; that it could not be asked may pass. Nothing is sent."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError
    from azure.identity import CredentialUnavailableError

    class Busy:
        status_code, reason, headers = 503, "busy", {"retry-after": "5"}

        def text(self) -> str:
            return ""

    class Refusing(Busy):
        status_code = 400

    cases: list[tuple[Exception, int | None, str, str]] = [
        (CredentialUnavailableError(message="Please run 'az login'\nmore"), 401, "Credential", "Please run 'az login'"),
        (
            ClientAuthenticationError(message=f"AADSTS7000222: client_secret={TOKEN}"),
            401,
            "Credential",
            "AADSTS7000222",
        ),
        (ServiceRequestError("[Errno -2] Name or service not known"), None, "", "Name or service not known"),
        (HttpResponseError(response=Busy()), 503, "", "busy"),  # type: ignore[arg-type]
        (HttpResponseError(response=Refusing()), 401, "Credential", "busy"),  # type: ignore[arg-type]
        (ValueError(TOKEN), 401, "Credential", "ValueError"),
        (FileNotFoundError(2, "No such file", TOKEN), 401, "Credential", "No such file"),
    ]
    for error, status, code, message in cases:
        azure = answering(place=ABROAD, login=TokenLogin(error))
        fault = fault_of(azure)
        assert (fault.status, fault.code) == (status, code), error
        assert message in fault.message
        assert TOKEN not in fault.message
        assert sent(azure) == []


def test_a_token_that_the_service_refuses_is_not_a_failed_login() -> None:
    """401 of the service is the service's."""
    found = as_json({"properties": {"endpointUri": "https://westus.quantum.azure.com/"}})
    refused = Answer(401, b"", {"www-authenticate": 'Bearer error="invalid_token"'})
    fault = fault_of(answering(found, refused, place=ABROAD, login=TokenLogin()))
    assert (fault.status, fault.code) == (401, "")
