"""The service's JSON as our types, and ours as its."""

from __future__ import annotations

import json
import re

import pytest
from azure.replay import KEY, SAS, SIGNATURE, answering, as_json, job_json, submission

from qamctl.azure import sdk_shapes as shapes
from qamctl.azure.clean import Cleaner
from qamctl.azure.service import ServiceFault, Uploaded

V2 = "microsoft.quantum-results.v2"
TOKEN = "canary-token-0123456789"


def test_everything_that_a_submission_says_is_sent() -> None:
    """What is not said is left out."""
    uploaded = Uploaded(SAS, "https://s/c/inputData")
    least = shapes.body_of(submission(), uploaded)
    assert least == {
        "itemType": "Job", "name": "night", "providerId": "ionq", "target": "ionq.simulator", "containerUri": SAS,
        "inputDataUri": "https://s/c/inputData", "inputDataFormat": "qir.v1", "outputDataFormat": V2,
        "inputParams": {"shots": 10},
    }  # fmt: skip
    most = shapes.body_of(submission(tags=("a",), metadata={"m": "1"}, priority="High", session="s"), uploaded)
    assert {name: most[name] for name in most.keys() - least.keys()} == {
        "tags": ["a"], "metadata": {"m": "1"}, "priority": "High", "sessionId": "s",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (None, None), ({}, None), ({"code": None, "message": None}, None), ("text", None),
        ({"code": "A"}, ("A", "")), ({"message": "m"}, ("", "m")),
        ({"code": "A", "message": f"sig={SIGNATURE}"}, ("A", "sig=***")),
    ],
)  # fmt: skip
def test_the_error_of_a_job_is_never_null(said: object, error: tuple[str, str] | None) -> None:
    """Code and message as texts, or nothing."""
    assert shapes.job_of(job_json(status="Failed", errorData=said), Cleaner()).error == error


@pytest.mark.parametrize(
    ("said", "total"),
    [
        (None, None), ({}, None), ({"estimatedTotal": None}, None), ({"estimatedTotal": "1"}, None),
        ({"estimatedTotal": True}, None), ({"estimatedTotal": float("nan")}, None), ({"estimatedTotal": 0}, 0.0),
        ({"estimatedTotal": 1.5, "currencyCode": "USD", "events": [{"dimensionId": "d"}, 3]}, 1.5),
    ],
)  # fmt: skip
def test_a_cost_is_a_number_or_not_said(said: object, total: float | None) -> None:
    """Anything else than a finite number is no cost."""
    cost = shapes.job_of(job_json(costEstimate=said), Cleaner()).cost
    assert (None if cost is None else cost.total) == total
    assert cost is None or cost.events == (({"dimensionId": "d"},) if total else ())


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("Base", "base"), ("Adaptive_RI", "adaptive-ri"), ("Adaptive_RIF", "adaptive-rif"),
        ("adaptive-rif", "adaptive-rif"),
        ("Adaptive_RIFLA", "adaptive-rif"), ("Unrestricted", None), ("Adaptive", None), ("", None),
        (None, None), ("Based", None),
    ],
)  # fmt: skip
def test_profiles_have_our_names(name: str | None, profile: str | None) -> None:
    """The service's words are ours in lower case with a dash; unknown ones are not said."""
    assert shapes.profile_of(name) == profile


def test_a_target_says_what_it_says() -> None:
    """Qubits and profile where the service has them, with sane values."""
    said = {
        "id": "p",
        "targets": [
            {
                "id": "a",
                "currentAvailability": "Degraded",
                "averageQueueTime": 3,
                "numQubits": 29,
                "targetProfile": "Base",
            },
            {"id": "b", "averageQueueTime": None, "numQubits": 0, "statusPage": ""},
        ],
    }
    first, second = shapes.targets_of(said, Cleaner())
    assert (first.availability, first.queue_seconds, first.qubits, first.profile) == ("Degraded", 3.0, 29, "base")
    assert (second.availability, second.queue_seconds, second.qubits, second.profile) == (
        "Unavailable",
        0.0,
        None,
        None,
    )
    assert second.status_page is None


def test_a_quota_needs_a_limit() -> None:
    """Use and holds default to nothing, the limit does not."""
    quota = shapes.quota_of({"dimension": "d", "limit": 3}, Cleaner())
    assert (quota.used, quota.held, quota.limit, quota.period) == (0.0, 0.0, 3.0, "")
    with pytest.raises(ServiceFault, match="limit"):
        shapes.quota_of({"dimension": "d"}, Cleaner())


def test_no_secret_is_in_details() -> None:
    """A job's details, however the service dresses its tokens, hold none of them."""
    said = job_json(
        containerUri=SAS, inputDataUri=SAS, outputDataUri=SAS, metadata={"note": SAS, "key": KEY},
        errorData={"code": "A", "message": f"see {SAS}"}, extra=[{"sasUri": SAS}, f"Bearer {TOKEN}"],
    )  # fmt: skip
    azure = answering(as_json(said))
    job = azure.get_job("x")
    text = json.dumps(job.details) + repr(job) + repr(azure)
    assert not re.search(f"{SIGNATURE}|{KEY}|{TOKEN}", text)
    assert job.details["containerUri"] == "https://store.blob.core.windows.net/job-x"
