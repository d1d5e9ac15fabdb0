"""The status page."""

from __future__ import annotations

import http.client
import json
import re
import ssl
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from emulator.asking import KEY, Asker
from emulator.front.sockets import QUOTAS, ask, connected, port_of, raw, sas

from qamctl.emulator.faults import Event, Faults
from qamctl.emulator.front.page import Page
from qamctl.emulator.front.proxy import proxy
from qamctl.emulator.front.server import serve
from qamctl.emulator.service import AzureService

OWN = ["127.0.0.1:80"]
#: Elements that have no end.
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Elements(HTMLParser):
    """The elements and texts of a page; every one is closed, in turn."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(page.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of all elements of a kind."""
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture
def url() -> Iterator[str]:
    """The address of a service with a page."""
    service = AzureService()
    page = Page(service)
    with serve(service, watch=page.watch, page=page) as found:
        yield found


def busy() -> tuple[Asker, Page]:
    """A service in which all that a page can tell has happened, but requests."""
    faults = Faults(seed=4, rates={"throttle": 0.0, "slow@GET job": 0.25}, script=[Event("GET job", 7, "twice", 2)])
    asker = Asker(seed=7, faults=faults, lost_shots=0.01)
    page = Page(asker.service, speed=10_000.0)
    asker.json("PUT", "sessions/s1", {"name": "a session", "providerId": "ionq", "target": "ionq.simulator"})
    asker.make("j1", b"bad", sessionId="s1", tags=["a"])
    asker.make("j2", name="<script>alert(1)</script>")
    asker.clock.time += 60
    asker.json("GET", "jobs")
    asker.make("j3", name="\u202eright \x00 \ud800 " + "long" * 50)
    asker.make("j4")
    asker.clock.time += 30
    return asker, page


def shown(page: Page, target: str = "/") -> bytes:
    """What is sent for an address."""
    found = page("GET", target, OWN)
    assert found is not None
    assert found.status == 200
    return found.body


def test_it_needs_no_key_and_protects_itself(url: str) -> None:
    """Nothing is loaded or run, it stands in no frame, and nobody keeps it."""
    for path, kind in (("/", "text/html; charset=utf-8"), ("/status.json", "application/json")):
        status, headers, _ = ask(url, "GET", path, headers={})
        assert (status, headers["Content-Type"]) == (200, kind)
        policy = headers["Content-Security-Policy"]
        assert re.match(r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; ", policy)
        assert "frame-ancestors 'none'" in policy
        assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:{port}", "[::1]:{port}", "127.0.0.1:{port}"])
def test_this_machine_is_asked_by_its_names(url: str, host: str) -> None:
    """With or without a port, which may be one that is passed on."""
    head = f"GET /status.json HTTP/1.1\r\nHost: {host.format(port=port_of(url))}\r\nConnection: close\r\n\r\n"
    assert raw(url, head.encode()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.", "eastus.quantum.azure.com", "0.0.0.0"],
)
@pytest.mark.parametrize("path", ["/", "/status.json", "/?refresh=5"])
def test_any_other_name_is_refused(url: str, host: str, path: str) -> None:
    """A web site whose name leads to this machine reads nothing, wherever the request has the name."""
    for target, named in ((path, host), (f"http://{host}{path}", host), (f"http://{host}{path}", "127.0.0.1")):
        found = raw(url, f"GET {target} HTTP/1.1\r\nHost: {named}\r\nConnection: close\r\n\r\n".encode())
        assert found.startswith(b"HTTP/1.1 403 ")
        assert found.endswith(b"The status page answers to 127.0.0.1 and localhost only.\n")


@pytest.mark.parametrize(
    "hosts",
    [
        "",
        "Host:\r\n",
        "Host: 127.0.0.1:\r\n",
        "Host: 127.0.0.1:1@evil.example\r\n",
        "Host: me@127.0.0.1\r\n",
        "Host: 127.0.0.1\r\nHost: evil.example\r\n",
        "Host: 127.0.0.1\r\nHost: 127.0.0.1\r\n",
        "Host: 127.0.0.1, evil.example\r\n",
    ],
)
@pytest.mark.parametrize("path", ["/", "/status.json", "/?refresh=5"])
def test_what_names_no_host_or_several_is_no_request(url: str, hosts: str, path: str) -> None:
    """It is refused as such, and reads nothing either."""
    found = raw(url, f"GET {path} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n".encode())
    assert found.startswith(b"HTTP/1.1 400 ")
    assert found.endswith(b'{"error": {"code": "BadRequest", "message": "The headers of the request are not valid."}}')


def test_a_request_of_old_without_a_host_is_refused(url: str) -> None:
    """HTTP/1.0 has none, and so nothing tells which name led here."""
    assert raw(url, b"GET /status.json HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_it_is_read_only(url: str, method: str) -> None:
    """405, with what there is."""
    status, headers, _ = ask(url, method, "/", b"x", {})
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert ask(url, method, "/status.json", b"x", {})[0] == 405


def test_a_head_has_the_length_of_the_page(url: str) -> None:
    """And nothing of it."""
    _, asked, _ = ask(url, "GET", "/")
    status, headers, body = ask(url, "HEAD", "/")
    assert (status, headers["Content-Type"], body) == (200, asked["Content-Type"], b"")
    assert int(headers["Content-Length"]) > 2000


def test_the_icon_that_browsers_ask_for_is_none(url: str) -> None:
    """Without an error, and the service goes on behind the page's addresses."""
    assert ask(url, "GET", "/favicon.ico", headers={})[::2] == (204, b"")
    assert ask(url, "GET", "/index.html", headers={})[0] == 401
    assert ask(url, "GET", QUOTAS)[0] == 200


def test_without_a_page_its_addresses_are_the_services() -> None:
    """As ever."""
    with serve(AzureService()) as url:
        assert ask(url, "GET", "/", headers={})[0] == 401
        assert ask(url, "GET", "/status.json")[0] == 404


def test_it_is_on_the_proxy_itself_and_not_behind_azures_names(tmp_path: Path) -> None:
    """There the service answers."""
    service = AzureService()
    page = Page(service)
    with proxy(service, tmp_path, watch=page.watch, page=page) as front:
        assert b"Azure Quantum emulator" in ask(front.url, "GET", "/", headers={})[2]
        connection = http.client.HTTPSConnection(
            "127.0.0.1", port_of(front.url), timeout=20, context=ssl.create_default_context(cafile=str(front.authority))
        )
        connection.set_tunnel("eastus.quantum.azure.com", 443)
        connection.request("GET", "/", headers={"Host": "127.0.0.1"})
        assert connection.getresponse().status == 401
        connection.close()


@pytest.mark.parametrize("target", ["/", "/?refresh=5"])
def test_it_is_whole_html_for_every_reader(target: str) -> None:
    """A language, a title, headings in order, and tables that name themselves, their columns and their rows."""
    _, page = busy()
    text = shown(page, target)
    found = Elements(text)
    assert text.startswith(b"<!DOCTYPE html>\n")
    assert found.all("html") == [{"lang": "en"}]
    assert found.texts["title"] == ["Azure Quantum emulator"]
    assert [tag for tag, _ in found.found if re.fullmatch("h[1-6]", tag)] == ["h1", *["h2"] * 4]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in found.all("meta")
    assert {"name": "color-scheme", "content": "light dark"} in found.all("meta")
    tables = len(found.all("table"))
    assert tables == len(found.texts["caption"]) == len([one for one in found.all("div") if one.get("tabindex") == "0"])
    assert tables >= 6
    assert {one["scope"] for one in found.all("th")} == {"col", "row"}
    rows = len(found.all("tr")) - tables
    assert len([one for one in found.all("th") if one["scope"] == "row"]) == rows


@pytest.mark.parametrize("target", ["/", "/?refresh=5"])
def test_it_has_no_script_and_loads_nothing(target: str) -> None:
    """Nor styles outside of the one that the policy names."""
    _, page = busy()
    found = Elements(shown(page, target))
    tags = {tag for tag, _ in found.found}
    assert not tags & {"script", "img", "link", "iframe", "object", "embed", "form", "input", "button", "svg", "base"}
    for _, attributes in found.found:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")]
        assert "javascript:" not in "".join(value or "" for value in attributes.values()).lower()
    assert {one["href"] for one in found.all("a")} <= {"/", "/?refresh=5", "/status.json"}
    assert "url(" not in found.texts["style"][0]
    assert "@import" not in found.texts["style"][0]


def test_names_are_texts() -> None:
    """What a name could do in a page or to the direction of writing it does not, and no name fills the page."""
    _, page = busy()
    found = shown(page).decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in found
    assert "<script" not in found
    assert "\\u202eright \\u0000 \\ud800 long" in found
    assert "\u202e" not in found
    assert "long" * 20 not in found


def test_it_is_renewed_only_where_that_is_asked_for() -> None:
    """By a link, which then leads back."""
    _, page = busy()
    again: list[tuple[int, Any]] = []
    for target in ("/", "/?refresh=5", "/?refresh=0", "/?refresh=5;url=https://evil.example"):
        found = Elements(shown(page, target))
        renewed = [one["content"] for one in found.all("meta") if one.get("http-equiv") == "refresh"]
        again.append((len(renewed), found.all("a")[0]["href"]))
        assert set(renewed) <= {"5"}
    assert again == [(0, "/?refresh=5"), (1, "/"), (0, "/?refresh=5"), (0, "/?refresh=5")]


def test_the_figures_are_told_as_json() -> None:
    """In the shape that is documented; a look runs no job."""
    _, page = busy()
    told = json.loads(shown(page, "/status.json"))
    assert list(told) == ["now", "started", "uptime_seconds", "settings", "faults", "requests", "jobs", "sessions"]
    assert (told["started"], told["now"]) == ("2026-11-18T11:06:40.000Z", "2026-11-18T11:08:10.000Z")
    assert told["uptime_seconds"] == 90.0
    settings = told["settings"]
    assert (settings["seed"], settings["speed"], settings["noise"]) == (7, 10_000.0, "none")
    assert told["faults"] == {
        "seed": 4,
        "rates": {"throttle": 0.0, "slow@GET job": 0.25},
        "script": [{"kind": "GET job", "nth": 7, "fault": "twice", "times": 2}],
        "befell": {},
    }
    jobs = told["jobs"]
    assert (jobs["total"], jobs["by_status"]) == (4, {"Due": 2, "Failed": 1, "Succeeded": 1})
    assert (jobs["mean_wait_seconds"], jobs["mean_run_seconds"]) == (10.0, 5.0)
    assert jobs["latest"][3] == {
        "id": "j1", "name": "a job", "target": "ionq.simulator", "status": "Failed",
        "created": "2026-11-18T11:06:40.000Z", "tags": 1,
    }  # fmt: skip
    assert told["sessions"]["by_status"] == {"Failed": 1}
    assert told["sessions"]["latest"][0]["jobs"] == 1
    assert told["requests"] == {"total": 0, "per_second": 0.0, "by_kind": {}, "by_status": {}, "latest": []}


def test_the_page_has_the_same_figures() -> None:
    """Each where a reader looks for it."""
    _, page = busy()
    found = Elements(shown(page))
    names = dict(zip(found.texts["dt"], found.texts["dd"], strict=True))
    assert (names["Jobs"], names["Sessions"], names["Seed"], names["Speed"]) == ("4", "1", "7", "10,000 ×")
    assert (names["Mean wait"], names["Mean run"], names["Requests/s"]) == ("10 s", "5 s", "0.0")
    assert names["Lost bits of shots"] == "1.000%"
    assert "The latest 4 of 4 jobs" in found.texts["caption"]
    assert "25.000%" in found.texts["td"]
    assert "up for 1 min 30 s" in " ".join(found.texts["p"])


def test_an_idle_service_has_a_page_too() -> None:
    """Which says that there is nothing."""
    found = Elements(shown(Page(AzureService())))
    assert found.all("table") == []
    assert found.texts["p"].count("None yet.") == 3


def test_requests_are_told_but_not_those_for_the_page(url: str) -> None:
    """With what befell them, and without any secret."""
    path = sas(url)
    ask(url, "PUT", path, "body-secret", {"x-ms-blob-type": "BlockBlob"})
    ask(url, "GET", QUOTAS, headers={"x-ms-quantum-api-key": KEY, "x-qamctl-fault": "throttle"})
    ask(url, "GET", QUOTAS, headers={"Authorization": "Bearer secret", "User-Agent": "<b onclick=x>"})
    raw(url, b"nonsense\r\n\r\n")
    with connected(url) as connection:
        connection.request("GET", "/nothing/<script>")
        connection.getresponse().read()
    for _ in range(3):
        ask(url, "GET", "/")
    text = ask(url, "GET", "/")[2]
    body = ask(url, "GET", "/status.json")[2]
    told: Mapping[str, Any] = json.loads(body)["requests"]
    assert told["total"] == 6
    assert told["by_kind"] == {"GET quotas": 2, "GET unknown": 1, "POST sas": 1, "PUT blob": 1, "no HTTP": 1}
    assert told["by_status"] == {"200": 1, "201": 1, "400": 1, "401": 2, "429": 1}
    assert json.loads(body)["faults"]["befell"] == {"throttle": 1}
    assert [one["kind"] for one in told["latest"][:3]] == ["GET unknown", "", "GET quotas"]
    found = Elements(text)
    assert "The latest 6 of 6 requests" in found.texts["caption"]
    assert "<b onclick=x>" in found.texts["td"]
    for hidden in (KEY, "secret", "sig=", path.partition("sig=")[2].partition("&")[0]):
        assert hidden.encode() not in text + body
