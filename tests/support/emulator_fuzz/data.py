"""Requests to the data plane that ask for nothing that there is, or whose bodies are not what the interface says."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

from support.emulator_fuzz.request import Header, Scene, Sent, Way, asked, request

#: Bodies that the service would take, by what they make.
GOOD: Final[dict[str, dict[str, Any]]] = {
    "job": {
        "itemType": "Job", "name": "a job", "containerUri": "http://127.0.0.1/devstoreaccount1/box", "sessionId": None,
        "inputDataUri": "http://127.0.0.1/devstoreaccount1/box/inputData", "inputDataFormat": "qir.v1",
        "outputDataFormat": "microsoft.quantum-results.v2", "providerId": "ionq", "target": "ionq.simulator",
        "inputParams": {"shots": 100}, "metadata": {"a": "b"}, "tags": ["a"], "priority": "Standard",
    },
    "session": {
        "name": "a session", "providerId": "ionq", "target": "ionq.simulator", "jobFailurePolicy": "Abort",
    },
    "sas": {"containerName": "fuzzed", "blobName": "a"},
    "patch": {"id": "job-there", "name": "another", "tags": ["b"], "priority": "High"},
}  # fmt: skip

#: What a body must have.
_NEEDED: Final = {
    "job": ("containerUri", "inputDataFormat", "providerId", "target"),
    "session": ("providerId", "target"),
    "sas": ("containerName",),
}

#: Fields that are no texts; all others are.
_LISTS: Final = ("tags",)
_OBJECTS: Final = ("inputParams", "metadata")


def sent(scene: Scene, kind: str, body: bytes, id: str = "fuzzed", headers: tuple[Header, ...] = ()) -> bytes:
    """A request with one of these bodies; the id is that of a job or session that is not there."""
    json_ = (b"Content-Type", b"application/json")
    method, path = {
        "job": ("PUT", f"jobs/{id}"),
        "session": ("PUT", f"sessions/{id}"),
        "sas": ("POST", "storage/sasUri"),
        "patch": ("PATCH", f"jobs/{scene.job}"),
    }[kind]
    return asked(scene, method, path, body, headers=[json_, *headers])


def any_kind(draw: Random) -> tuple[str, dict[str, Any]]:
    """One of the good bodies, to be spoilt."""
    kind = draw.choice(list(GOOD))
    return kind, dict(GOOD[kind])


def no_json(draw: Random, scene: Scene) -> Sent:
    """A body that is no JSON (RFC 8259): cut, decorated, or in no UTF-8."""
    kind, body = any_kind(draw)
    good = json.dumps(body).encode()
    spoilt: list[Callable[[], bytes]] = [
        lambda: b"",
        lambda: b" \r\n ",
        lambda: good[: draw.randrange(1, len(good))],
        lambda: good[draw.randrange(1, len(good)) :],
        lambda: good + b"}",
        lambda: good + good,
        lambda: good.replace(b'"', b"'"),
        lambda: good.replace(b"}", b",}", 1),
        lambda: good.replace(b": ", b" = ", 1),
        lambda: b"// so\n" + good,
        lambda: good.replace(b'"', b"", 1),
        lambda: good.replace(b"a", b"\xff", 1),
        lambda: good.replace(b"a", b"\xed\xa0\x80", 1),
        lambda: good.replace(b"a", b"\xc0\xaf", 1),
        lambda: good.replace(b"a", b"\x00", 1),
        lambda: good.replace(b"a", b"\n", 1),
        lambda: good.replace(b"a", rb"\x61", 1),
        lambda: good.replace(b"a", rb"\u00g1", 1),
        lambda: good.decode().encode("utf-16"),
        lambda: good.decode().encode("utf-32-le"),
        lambda: b"<Job/>",
        lambda: b"a=b&c=d",
        lambda: draw.randbytes(draw.randint(1, 300)) + b"\xff",
        lambda: b"\x80\x04}\x94.",
        lambda: b"[" * draw.randint(1, 100_000),
        lambda: b'{"name":' * draw.randint(1, 50_000),
    ]
    return Sent(sent(scene, kind, draw.choice(spoilt)()))


def no_object(draw: Random, scene: Scene) -> Sent:
    """The body is an object, not another value."""
    kind, body = any_kind(draw)
    value = draw.choice([None, True, 0, -1.5, "text", [], [body], [[]], "{}", 10**300])
    return Sent(sent(scene, kind, json.dumps(value).encode()))


def no_number(draw: Random, scene: Scene) -> Sent:
    """Numbers that JSON does not have, or that nobody can keep, wherever anything may stand."""
    value = draw.choice(
        ["NaN", "Infinity", "-Infinity", "1e999", "-1e99999", "01", "+1", ".5", "1.", "0x10", "1_0", "1e", "9" * 6000,
         "--1", "nan", "undefined", "True", "None"]
    )  # fmt: skip
    fields = {"inputParams": '{"shots": %s}', "metadata": '{"a": %s}', "extra": "%s", "tags": "[%s]"}
    name = draw.choice(list(fields))
    body = {key: given for key, given in GOOD["job"].items() if key != name}
    text = json.dumps(body)[:-1] + f', "{name}": {fields[name] % value}' + "}"
    return Sent(sent(scene, "job", text.encode()))


def deep(draw: Random, scene: Scene) -> Sent:
    """Values within values, deeper than any reader goes."""
    kind, body = any_kind(draw)
    depth = draw.choice([300, 900, 970, 985, 995, 1000, 3000, 20_000, 100_000])
    name = draw.choice(["inputParams", "extra", "metadata"]) if kind == "job" else "extra"
    opened, closed = draw.choice([("[", "]"), ('{"a":', "}")])
    inner = opened * depth + ("1" if opened != "[" else "") + closed * depth
    body.pop(name, None)
    return Sent(sent(scene, kind, (json.dumps(body)[:-1] + f', "{name}": {{"a": {inner}}}' + "}").encode()))


def wrong_type(draw: Random, scene: Scene) -> Sent:
    """A field that is of another type than the interface says."""
    kind, body = any_kind(draw)
    name = draw.choice(list(body))
    values: list[Any] = [0, 1, -1.5, True, False, 10**30]
    if name not in _LISTS:
        values += [[], ["a"], [None]]
    if name not in _OBJECTS:
        values += [{}, {"a": "b"}]
    if name in (*_LISTS, *_OBJECTS):
        values += ["", "text", "null"]
    if name in _LISTS:
        values = [*values, [1], [None], [["a"]], [{"a": 1}], ["a", 2], [True]]
    body[name] = draw.choice(values)
    return Sent(sent(scene, kind, json.dumps(body).encode()))


def missing(draw: Random, scene: Scene) -> Sent:
    """A field that must be there is missing, null or empty, or goes by another name."""
    kind = draw.choice(list(_NEEDED))
    body, name = dict(GOOD[kind]), draw.choice(_NEEDED[kind])
    value = body.pop(name)
    change = draw.choice([{}, {name: None}, {name: ""}, {f"{name} ": value}, {f"{name}s": value}])
    return Sent(sent(scene, kind, json.dumps({**body, **change}).encode()))


def no_such_value(draw: Random, scene: Scene) -> Sent:
    """A text that names nothing, or has a form that the interface does not take."""
    odd = draw.choice(["nothing", "../x", "\x00", "ionq", "é", "a b", "%s%n", "{}", "x" * 5000])
    address = ["no address", "/box", "box", "http://", "http:///", "http://127.0.0.1", "http://127.0.0.1/",
               "http://[/x", "file:///box", "ftp://127.0.0.1/box", "::::", "javascript:x",
               "http://127.0.0.1/devstoreaccount1", "http://127.0.0.1/devstoreaccount1/"]  # fmt: skip
    box = ["A", "a", "ab", "-ab", "ab-", "a--b", "a_b", "a.b", "a/b", "../ab", "a b", "é" * 5, "x" * 64, "abc\n",
           "ab\x00c"]  # fmt: skip
    kind, name, value = draw.choice(
        [
            ("job", "target", odd),
            ("job", "providerId", odd.replace("ionq", "rigetti")),
            ("job", "sessionId", odd),
            ("job", "containerUri", draw.choice(address)),
            ("session", "target", odd),
            ("session", "jobFailurePolicy", odd),
            ("sas", "containerName", draw.choice(box)),
            ("sas", "blobName", draw.choice(["x" * 1025, "a\x00b", "a\nb"])),
        ]
    )
    return Sent(sent(scene, kind, json.dumps(GOOD[kind] | {name: value}).encode()))


def odd_id(draw: Random, scene: Scene) -> Sent:
    """An id that is none in any address: control bytes, no UTF-8, dots alone, half an escape, a slash, or no end."""
    id = draw.choice(
        ["%00", "a%00b", "%0d%0aSet-Cookie:x", "%0a", "%ff", "%c0%ae", "%ed%a0%80", "..", ".", "%2e%2e", "a%2f..%2fb",
         "..%2f..%2fetc", "%2f", "%7f", "a%1b%5b2J", "%", "%zz", "%u0041", "%4", "%%41", "x" * 3000, "%c2%85", "%09",
         ""]
    )  # fmt: skip
    kind = draw.choice(["job", "session"])
    return Sent(sent(scene, kind, json.dumps(GOOD[kind]).encode(), id))


def not_there(draw: Random, scene: Scene) -> Sent:
    """What is asked for, under an id that there is not, or that is none."""
    id = draw.choice(
        ["nothing", "%00", "%ff", "..", "%2e%2e", "%", "a%0d%0ab", "x" * 2000, "%ed%a0%80", "JOB-THERE", "job-there%20",
         "job-there%00", "../jobs/job-there", "job-there/", "./job-there", "job-there/x", "a:b", ":cancel",
         "session-ther"]
    )  # fmt: skip
    body = json.dumps(GOOD["patch"]).encode()
    method, path, content = draw.choice(
        [("GET", "jobs/{}", None), ("DELETE", "jobs/{}", None), ("PATCH", "jobs/{}", body), ("POST", "jobs/{}:cancel",
         b""), ("GET", "sessions/{}", None), ("POST", "sessions/{}:close", b""), ("GET", "sessions/{}/jobs", None)]
    )  # fmt: skip
    return Sent(asked(scene, method, path.format(id), content))


def second(draw: Random, scene: Scene) -> Sent:
    """A job under an id that is taken."""
    return Sent(sent(scene, "job", json.dumps(GOOD["job"]).encode(), scene.job))


def wrong_method(draw: Random, scene: Scene) -> Sent:
    """A method that an address does not take."""
    method, path = draw.choice(
        [("POST", f"jobs/{scene.job}"), ("HEAD", f"jobs/{scene.job}"), ("GET", f"jobs/{scene.job}:cancel"),
         ("PUT", "jobs"), ("DELETE", "jobs"), ("PATCH", "jobs"), ("HEAD", "jobs"), ("DELETE",
         f"sessions/{scene.session}"), ("PATCH", f"sessions/{scene.session}"), ("GET", "storage/sasUri"), ("PUT",
         "storage/sasUri"), ("POST", "quotas"), ("DELETE", "providerStatus"), ("PUT", "topLevelItems"), ("POST",
         "sessions"), ("GET", f"sessions/{scene.session}:close")]
    )  # fmt: skip
    return Sent(asked(scene, method, path, draw.choice([None, b"{}"])), silent=method == "HEAD")


def wrong_key(draw: Random, scene: Scene) -> Sent:
    """A key that is missing, nearly right, somewhere else, or a token that opens nothing here."""
    key = scene.key.encode()
    near = key[:-1] + bytes([key[-1] ^ 1])
    host = (b"Host", scene.hosts[0].encode())
    heads: list[list[Header]] = [
        [],
        *(
            [(b"x-ms-quantum-api-key", text)]
            for text in (b"", near, key + b"x", key[:-1], key.upper(), key + b"," + key)
        ),
        [(b"x-ms-quantum-api-key", draw.randbytes(30).hex().encode())],
        [(b"x-ms-quantum-api-key", b"\xff\xe9" * 9)],
        [(b"api-key", key)],
        [(b"Authorization", b"Bearer " + key)],
        [(b"Authorization", b"Basic e30=")],
        [(b"Authorization", b"Bearer " + b"x" * 20_000)],
        [(b"Cookie", b"x-ms-quantum-api-key=" + key)],
    ]
    path = draw.choice(["quotas", f"jobs/{scene.job}", "nothing", "storage/sasUri", "sessions"])
    target = f"{scene.root}/{path}?{scene.version}"
    return Sent(request(draw.choice(["GET", "POST", "DELETE"]), target, [host, *draw.choice(heads)], b""), denied=True)


WAYS: tuple[Way, ...] = (
    no_json, no_json, no_object, no_number, deep, wrong_type, wrong_type, missing, no_such_value, odd_id, not_there,
    second, wrong_method, wrong_key,
)  # fmt: skip
