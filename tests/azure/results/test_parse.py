"""The door to all formats: what is told from the content, and what a refusal says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qamctl.azure.results import FORMATS, parse
from qamctl.errors import BackendError, UsageError

V1, V2 = "microsoft.quantum-results.v1", "microsoft.quantum-results.v2"
EXAMPLES: list[tuple[str, Any]] = [
    (V2, {"DataFormat": V2, "Results": [{"Shots": [[0, 1]]}]}),
    (V2, {"Results": [{"Shots": [[0, 1]]}]}),
    (V1, {"Histogram": ["[0, 1]", 1.0]}),
    ("ionq.quantum-results.v1", {"histogram": {"1": 1.0}}),
    ("rigetti.quil-results.v1", {"ro": [[1, 0]]}),
    ("honeywell.quantum-results.v1", {"c": ["01"]}),
    ("honeywell.quantum-results.v1", {"access_token": "x", "c": ["01"]}),
    ("pasqal.pulser-results.v1", {"10": 1}),
    ("pasqal.pulser-results.v1", {"counter": {"10": 1}}),
]


@pytest.mark.parametrize("said", ["", "microsoft.quantum-log.v1"])
@pytest.mark.parametrize(("format", "document"), EXAMPLES)
def test_format_is_told_from_the_content(format: str, document: Any, said: str) -> None:
    """Where the job names no format, or none that is known, the content tells, and the result says so."""
    (result,) = parse(json.dumps(document).encode(), format=said, shots=1, bits=2)
    assert result.counts == {"01": 1}
    assert result.format == f"{format} (told from the content)"


@pytest.mark.parametrize(("format", "document"), EXAMPLES)
def test_format_that_is_named_is_taken(format: str, document: Any) -> None:
    """A named format is the one that is read, however it is written."""
    (result,) = parse(json.dumps(document).encode(), format=f" {format.upper()} ", shots=1, bits=2)
    assert (result.counts, result.format) == ({"01": 1}, format)


@pytest.mark.parametrize(
    "data", [b"[]", b"{}", b"7", b'"010"', b'{"a": 1}', b'{"c": [1.5]}', b'{"c": []}', b'{"a": "b"}']
)
def test_content_of_no_format_is_refused(data: bytes) -> None:
    """What has the shape of no format is refused, with the formats that are read."""
    with pytest.raises(BackendError) as caught:
        parse(data, format="", shots=None)
    assert "the job names no format" in caught.value.message
    assert "it has the shape of none of them" in caught.value.message
    assert all(format in caught.value.message for format in FORMATS)


def test_refusal_names_what_it_looks_like() -> None:
    """An output of another format than the job's is named by both."""
    with pytest.raises(BackendError, match=rf"can't be read as {V2}: .*\(it looks like {V1}\)"):
        parse(b'{"Histogram": ["[0]", 1.0]}', format=V2, shots=1)


def test_refusal_says_what_was_found_and_what_to_do() -> None:
    """A refusal is one line: the format, the reason, the first 80 characters in printable form, the next step."""
    with pytest.raises(BackendError) as caught:
        parse(b'{"x":\n\t"' + b"\x1b[31m" + b"y" * 200, format="odd.v1\x07", shots=1)
    message = caught.value.message
    assert message.isprintable()
    assert "`odd.v1?`" in message
    found = '{"x": "?[31m'
    assert f"found `{found}{'y' * (80 - len(found))}...`; the job keeps its output" in message
    assert "submit again with output format microsoft.quantum-results.v2" in message


def test_refusal_of_nothing_says_so() -> None:
    """An empty output is shown as nothing."""
    with pytest.raises(BackendError, match="it is empty; found nothing"):
        parse(b"", format=V2, shots=1)


@pytest.mark.parametrize(
    "text",
    [
        '{"access_token": "CANARY-1", "c": 5}',
        "https://x.blob.core.windows.net/job?sv=2020&sig=CANARY%2F1&se=2",
        "AccountKey=CANARY;x",
        '{"api_key":"' + "CANARY" * 500,
        "Bearer CANARY.1.2",
    ],
)
def test_refusal_shows_no_secret(text: str) -> None:
    """Tokens, keys and signatures in an output do not get into the message."""
    with pytest.raises(BackendError) as caught:
        parse(text.encode(), format="honeywell.quantum-results.v1", shots=1)
    assert "CANARY" not in caught.value.message


def test_refusal_holds_no_document() -> None:
    """The error keeps neither the inner error nor its frames, and so not the output, alive."""
    with pytest.raises(BackendError) as caught:
        parse(b"[]", format=V2, shots=1)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(("shots", "bits"), [(-1, None), (None, -1)])
def test_negative_arguments_are_refused(shots: int | None, bits: int | None) -> None:
    """Shots and bits below 0 are a mistake of the caller, not of the service."""
    with pytest.raises(UsageError, match="can't be negative"):
        parse(b"{}", format=V2, shots=shots, bits=bits)
