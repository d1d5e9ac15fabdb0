"""Secrets do not pass: planted ones, in every way of writing them; ordinary text does, as it is."""

from __future__ import annotations

import copy
import json
import pickle
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qamctl.azure.clean import GONE, Cleaner, Secret, clean_data, clean_text

CANARY = "Canary0abc+def/ghi="
#: Values as signatures, keys and tokens have them, without vowels: the name of a secret is not in them.
SECRETS = st.text("BCDFGHJKLMNPQRSTVWXZ0123456789+/_-", min_size=8, max_size=60).map(lambda text: f"Q7{text}=")
#: Text around them, of other letters.
WORDS = st.text(string.ascii_lowercase + " \n.,()", max_size=30)

#: Ways to write a secret; `{}` is it, escaped for an address where that is how it is found.
ADDRESSES: dict[str, str] = {
    "sas": "https://x.blob.core.windows.net/job-1/out?sv=2025-01-05&se=2050-01-01T00%3A00%3A00Z&sr=c&sp=rl&sig={}",
    "signature first": "https://x.blob.core.windows.net/job-1?SIG={}&sv=2025-01-05",
    "in HTML": "<a href='https://x/y?sv=1&amp;sig={}'>",
    "in JSON": '{{"sasUri": "https://x/y?sv=1\\u0026sig={}"}}',
    "alone": "sv=2025-01-05&sig={}&sp=r",
    "a line of a log": '127.0.0.1:1 "PUT /c/b?sv=1&sig={} HTTP/1.1" 201 0',
    "of urllib3": "Max retries exceeded with url: /c/b?comp=block&sig={}&se=2 (Caused by X)",
    "key of a page": "https://calendar.example/?target=H1&key={}",
    "escaped name": "https://x/y?sv=1&%73ig={}",
}
PLAIN: dict[str, str] = {
    "connection string": "SubscriptionId=1;ResourceGroupName=g;WorkspaceName=w;ApiKey={};QuantumEndpoint=https://e/;",
    "storage": "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};EndpointSuffix=core.windows.net",
    "header": "Authorization: Bearer {}",
    "shared key": "authorization: SharedKey account:{}",
    "headers of Python": "{{'x-ms-quantum-api-key': '{}', 'accept': '*/*'}}",
    "a pair of Python": "[('x-ms-quantum-api-key', '{}'), ('a', 'b')]",
    "bytes of Python": "[(b'x-ms-quantum-api-key', b'{}')]",
    "curl": 'curl -H "x-ms-quantum-api-key: {}" https://e/',
    "JSON": '{{"apiKey": "{}", "n": 1}}',
    "JSON in JSON": '{{"body": "{{\\"client_secret\\": \\"{}\\"}}"}}',
    "form": "client_id=1&grant_type=client_credentials&client_secret={}&scope=s",
    "assertion": "client_assertion={}&x=1",
    "variable": "export AZURE_CLIENT_SECRET={}",
    "variable of ours": "QAMCTL_AZURE_KEY={} qamctl jobs list",
    "variable of the SDK": "AZURE_QUANTUM_API_KEY='{}'",
    "GitHub": "ACTIONS_ID_TOKEN_REQUEST_TOKEN={}",
    "token": '"access_token": "{}"',
    "bearer": "sent Bearer {} to the service",
    "encoded": "api%5Fkey=1&apikey%3D{}",
}


@pytest.mark.parametrize("way", ADDRESSES)
@pytest.mark.parametrize("escape", [quote_plus, lambda text: quote(text, safe=""), lambda text: quote(quote(text))])
@given(secret=SECRETS, before=WORDS, after=WORDS)
@settings(max_examples=25, deadline=None)
def test_no_secret_in_an_address_survives(
    way: str, escape: Callable[[str], str], secret: str, before: str, after: str
) -> None:
    """Neither the secret nor its last half is left, however it is escaped, and wherever it stands."""
    text = before + ADDRESSES[way].format(escape(secret)) + " " + after
    cleaned = clean_text(text)
    assert escape(secret[len(secret) // 2 :]) not in cleaned
    assert clean_text(cleaned) == cleaned


@pytest.mark.parametrize("way", PLAIN)
@given(secret=SECRETS, before=WORDS, after=WORDS)
@settings(max_examples=40, deadline=None)
def test_no_secret_with_a_name_survives(way: str, secret: str, before: str, after: str) -> None:
    """What stands after the name of a secret is taken out, and nothing around it."""
    head, _, tail = PLAIN[way].format(GONE).partition(GONE)
    head = head.partition("SharedKey")[0].partition("Bearer")[0]
    cleaned = clean_text(f"{before} {PLAIN[way].format(secret)} {after}")
    assert secret[len(secret) // 2 :] not in cleaned
    assert cleaned.startswith(f"{before} {head}")
    assert cleaned.endswith(f" {after}" if tail.startswith("&") else f"{tail} {after}")
    assert clean_text(cleaned) == cleaned


@given(secret=SECRETS, before=WORDS, after=WORDS)
@settings(max_examples=100, deadline=None)
def test_a_whole_address_that_is_escaped_loses_its_query(secret: str, before: str, after: str) -> None:
    """An address inside another's query, escaped once or twice, is not left signed."""
    once = quote(f"https://x/y?sv=1&sig={secret}", safe="")
    for text in (f"https://p/go#{once}", f"https://p/go#{quote(once, safe='')}", once, f"https://p/go?url={once}"):
        cleaned = clean_text(f"{before} {text} {after}")
        assert quote(secret, safe="") not in cleaned
        assert "sv" not in cleaned.replace(before, "").replace(after, "")


@given(
    parts=st.lists(
        st.text(string.ascii_letters + string.digits + "_-", min_size=8, max_size=40), min_size=3, max_size=3
    )
)
@settings(max_examples=100, deadline=None)
def test_a_web_token_is_taken_out_wherever_it_stands(parts: list[str]) -> None:
    """The three parts of a JSON web token go, also where no word tells what it is."""
    token = "eyJ" + ".".join(parts)
    for text in (token, f"got {token}, then", f"x={quote(token)}&y=1", f'["{token}"]'):
        cleaned = clean_text(text)
        assert not any(part in cleaned for part in parts)


@given(secret=st.text(min_size=8, max_size=40).filter(lambda text: text.strip("*") != ""), around=WORDS)
@settings(max_examples=200, deadline=None)
def test_a_known_secret_is_taken_out_whatever_it_looks_like(secret: str, around: str) -> None:
    """As it is, escaped for addresses once or twice, in upper or lower case, in JSON and in Python's own writing."""
    cleaner = Cleaner([secret])
    ways = [secret, json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret)]
    if not any(0xD800 <= ord(letter) <= 0xDFFF for letter in secret):
        ways += [quote(secret, safe=""), quote_plus(secret), quote(quote(secret, safe=""), safe="")]
    for way in ways:
        found = cleaner.clean_text(f"{around}|{way}|{around}")
        inner = way[1:-1] if way not in (secret,) and way[0] in "\"'" else way
        assert inner not in found or inner in around or inner in GONE


def test_known_secrets_that_are_too_short_are_left() -> None:
    """A secret of few letters would be met in any text; of two that begin alike the longer one goes whole."""
    assert Cleaner(["abcdefg", ""]).clean_text("abcdefg") == "abcdefg"
    assert Cleaner(["abcdefgh", "abcdefghijkl"]).clean_text("abcdefghijkl abcdefgh") == "*** ***"
    assert repr(Cleaner(["abcdefgh"])) == "Cleaner()"


ORDINARY = [
    "the design of the signal is significant: sign here",
    "See https://learn.microsoft.com/azure/quantum?view=azure-python#keys for more.",
    "the endpoint is plain http, and only a key works there",
    "bearer credentials are refused over http",
    'www-authenticate: Bearer error="invalid_token", realm=""',
    "no password, no token, no key: the api key is missing, and so is the authorization",
    "https://x.blob.core.windows.net/job-1/outputData",
    "InvalidInputData: QVM reported a problem; the operator a is not known",
    "what? why? who?? a?b?c",
    "targets: ionq.simulator, quantinuum.sim.h2-1e (100 %3A)",
    '{"status": "Succeeded", "id": "00000000-0000-0000-0000-000000000001", "shots": 100}',
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    """Words that only resemble secrets stay."""
    assert clean_text(text) == text
    assert Cleaner(["a-known-secret"]).clean_text(text) == text


@given(st.text(string.ascii_lowercase + string.digits + " .,;:!?()[]{}'\"\n\t-_/", max_size=200))
@settings(max_examples=300, deadline=None)
def test_text_without_names_of_secrets_is_left_as_it_is(text: str) -> None:
    """Without `=`, `&` and the names of headers there is nothing to take out."""
    names = ("sig", "key", "secret", "token", "password", "authorization", "bearer", "assertion")
    if not any(name in text for name in names):
        assert clean_text(text) == text


def test_the_address_before_the_query_stays() -> None:
    """Only what is behind the `?` is signed."""
    assert clean_text(f"get https://a.b/c/d?sv=1&sig={CANARY}, then") == "get https://a.b/c/d then"
    assert clean_text(f'"https://a.b/c?sig={CANARY}"') == '"https://a.b/c"'
    assert clean_text("https://a.b/c?sv=1&code=abc&x=1") == "https://a.b/c?sv=1&code=***&x=1"


GARBAGE = [
    "?",
    "sig=",
    "eyJ",
    "Bearer ",
    "\\",
    "%3F",
    "?a&sig",
    "apikey",
    "sig'",
    "eyJ-",
    "Bearer a",
    "\\u0026",
    "x-ms-",
    "'",
]


@pytest.mark.parametrize("piece", GARBAGE)
def test_a_megabyte_of_beginnings_is_read_to_its_end(piece: str) -> None:
    """Text made of what secrets begin with takes one pass, not one for each beginning (which would take days)."""
    text = piece * (1_000_000 // len(piece))
    cleaned = clean_text(f"{text} sig={CANARY} end")
    assert CANARY not in cleaned
    assert cleaned.endswith(" sig=*** end")


def test_data_is_cleaned_to_its_depth() -> None:
    """Texts, keys, and whatever stands under the name of a secret; numbers and shape stay."""
    data = {
        "containerUri": f"https://a/b?anything={CANARY}",
        "inputDataUri": f"https://a/b/c?sv=1&sig={CANARY}",
        "metadata": {
            "apiKey": CANARY,
            "API-Key": {"value": CANARY},
            "primaryKey": [CANARY],
            "connection_password": None,
        },
        "tags": [f"sig={CANARY}", ("a", 1, 2.5, True, None)],
        f"https://a?sig={CANARY}": 1,
        "outputDataUri": None,
        "signals": "fine",
        "costEstimate": {"estimatedTotal": 0.5},
    }
    before = copy.deepcopy(data)
    cleaned = clean_data(data)
    assert CANARY not in json.dumps(cleaned)
    assert cleaned == {
        "containerUri": "https://a/b",
        "inputDataUri": "https://a/b/c",
        "metadata": {"apiKey": GONE, "API-Key": GONE, "primaryKey": GONE, "connection_password": None},
        "tags": ["sig=***", ["a", 1, 2.5, True, None]],
        "https://a": 1,
        "outputDataUri": None,
        "signals": "fine",
        "costEstimate": {"estimatedTotal": 0.5},
    }
    assert data == before


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | SECRETS,
        lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
    )
)
@settings(max_examples=100, deadline=None)
def test_cleaned_data_is_json_and_stays_what_it_is(data: object) -> None:
    """Cleaning twice is cleaning once, and the outcome can be written."""
    cleaned = clean_data(data)
    assert clean_data(cleaned) == cleaned
    json.dumps(cleaned)


def test_data_that_json_does_not_know_becomes_text() -> None:
    """An error among the data is told in clean words."""
    assert clean_data([ValueError(f"sig={CANARY}"), {1: 2}]) == ["sig=***", {"1": 2}]


def test_data_without_a_bottom_is_cut() -> None:
    """Below 64 levels everything is taken out, so that no depth of nesting ends the process."""
    data: list[object] = [CANARY]
    for _ in range(5000):
        data = [data]
    assert CANARY not in repr(clean_data(data))


def test_a_secret_does_not_show_itself() -> None:
    """Not in text, not in containers, not by being written down or copied."""
    secret = Secret(CANARY)
    assert secret.reveal() == CANARY
    assert CANARY not in f"{secret} {secret!r} {[secret]} {copy.deepcopy([secret])}"
    assert secret == Secret(CANARY)
    assert secret != Secret("other")
    assert secret != CANARY
    assert len({secret, Secret(CANARY), copy.copy(secret)}) == 1
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
