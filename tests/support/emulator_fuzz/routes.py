"""Requests to the data plane whose address, version, page or faults are none."""

from __future__ import annotations

from random import Random
from urllib.parse import quote

from support.emulator_fuzz.request import Scene, Sent, Way, asked, own, request

_LISTS = ("jobs", "sessions", "topLevelItems", "sessions/session-there/jobs")


def route(draw: Random, scene: Scene) -> Sent:
    """There is nothing at this address."""
    path = draw.choice(
        ["nothing", "job", "jobs/", "jobs/a/b", "jobs//", "jobs/a:b:c", "/jobs", "//jobs", "storage", "storage/",
         "%6aobs/%2e", "storage/sasuri/x", "storage/../quotas", "../ws1/quotas", "./quotas", "%2e/quotas", "quotas/",
         "quotas;x", "quotas%00", "quotas%0a", "quotas%20", "%20quotas", "quot\\as", "quotas..", "quotas%2f",
         "sessions/a/b", "sessions/a/jobs/b", "topLevelItems/x", "providerStatus/ionq", "quotas%ff", "quotas%ed%b3%bf",
         "\xff\xfe", "%zz", "%", "x" * 20_000, "a/" * 3000, "__class__", "%s%s%n", "..%c0%af..", "..%5c..%5cquotas",
         "'--", "(", "[", "*"]
    )  # fmt: skip
    return Sent(asked(scene, draw.choice(["GET", "PUT", "POST", "PATCH", "DELETE"]), path, b""))


def workspace(draw: Random, scene: Scene) -> Sent:
    """A workspace that there is not, or an address that leads past it."""
    _, subscriptions, id, groups, group, providers, provider, workspaces, name = scene.root.split("/")
    parts = [subscriptions, id, groups, group, providers, provider, workspaces, name]
    odd = ["other", "..", ".", "%00", "%ff", "%2e%2e", "%2f", "*", "'", "%0a", "\\", "x" * 9000, "%", "%ed%a0%80", "{}"]
    change = draw.randrange(4)
    if change == 0:
        parts[draw.choice([1, 3, 7])] = draw.choice(odd)
    elif change == 1:
        parts[draw.choice([0, 2, 4, 5, 6])] = draw.choice(
            [*odd, "subscription", "Microsoft_Quantum", "MicrosoftXQuantum"]
        )
    elif change == 2:
        del parts[draw.randrange(len(parts))]
    else:
        where = draw.randrange(1, len(parts))
        parts.insert(where, draw.choice([*odd, "", "x", parts[where]]))
    target_ = f"/{'/'.join(parts)}/{draw.choice(['quotas', 'jobs', 'nothing'])}?{scene.version}"
    return Sent(request("GET", target_, own(scene)))


def look_alike(draw: Random, scene: Scene) -> Sent:
    """Letters that only look like those of an address, or become them in another case."""
    pairs = [("s", "%C5%BF"), ("S", "%C5%BF"), ("k", "%E2%84%AA"), ("o", "%D0%BE"), ("a", "%D0%B0"), ("i", "%C4%B1")]
    whole = f"{scene.root}/jobs"
    letter, other = draw.choice([pair for pair in pairs if pair[0] in whole])
    where = draw.choice([at for at, found in enumerate(whole) if found == letter])
    return Sent(request("GET", f"{whole[:where]}{other}{whole[where + 1 :]}?{scene.version}", own(scene)))


def suite(draw: Random, scene: Scene) -> Sent:
    """A provider of a subscription that there is not, or something that none tells."""
    start = f"/subscriptions/{scene.root.split('/')[2]}/providers/Microsoft.Quantum/suiteOffers"
    path = draw.choice(
        ["nothing/providerStatus", "..", "ionq", "ionq/", "ionq/quotas", "/providerStatus", "%00/providerStatus",
         "ionq/x/providerStatus", "%ff/providerStatus", "ionq%0a/providerStatus", "*/providerStatus",
         "ionq/providerStatus/x"]
    )  # fmt: skip
    return Sent(request("GET", f"{start}/{path}?{scene.version}", own(scene)))


def api_version(draw: Random, scene: Scene) -> Sent:
    """No version, one that is no date, or one of before the service (the interface asks for one)."""
    version = draw.choice(
        ["", "api-version", "api-version=", "api-version=%20", "api-version=x", "api-version=2026",
         "api-version=2026-01", "api-version=2026-13-45", "api-version=2026-00-00", "api-version=0000-00-00",
         "api-version=2026-02-30-preview", "api-version=1999-01-01", "api-version=1970-01-01-preview",
         "api-version=2026-01-15-PREVIEW", "api-version=2026-01-15-beta", "api-version=2026-01-15-preview%00",
         "api-version=2026-01-15-preview%0a", "api-version=2026-01-15-previe", "api-version=%ff",
         "api-version=%D9%A2%D9%A0%D9%A2%D9%A6-01-15", "Api_Version=2026-01-15", "apiversion=2026-01-15",
         "api-version=2026-01-15-preview&api-version=x", "api-version=2026-01-15-preview,2026-01-15-preview",
         "%61pi-version", "version=2026-01-15", "api-version=" + "1" * 20_000, "api-version=2026%2F01%2F15",
         "api-version=+2026-01-15"]
    )  # fmt: skip
    path = draw.choice(["quotas", "jobs", f"jobs/{scene.job}", "providerStatus", "sessions", "topLevelItems"])
    return Sent(asked(scene, "GET", path, query=version))


def _listed(draw: Random, scene: Scene, name: str, value: str) -> Sent:
    text = f"{name}={quote(value, safe='', errors='surrogateescape')}"
    return Sent(asked(scene, "GET", draw.choice(_LISTS), query=f"{text}&{scene.version}"))


def filter_(draw: Random, scene: Scene) -> Sent:
    """A filter that the interface does not have: names, words, signs, quotes, parentheses."""
    good = "Name eq 'x'"
    text = draw.choice(
        ["x", "eq", "Name", "Name eq", "Name eq x", "Name 'x'", "Name eq 5", "Name = 'x'", "Name == 'x'",
         "Name eq 'x", "Name eq x'", "Colour eq 'x'", "name.first eq 'x'", f"({good}", f"{good})", f"(({good})", "()",
         f"{good} and", f"and {good}", f"{good} or or {good}",
         "startswith(Name)", "startswith(Name, )", "startswith(Name, x)", "startswith('x', Name)",
         "startswith(Name 'x')", "startswith(Name, 'x'", "startswith(CreationTime, '2')", "startswith",
         "startswith(Tags, 'x')", "CreationTime ge yesterday", "CreationTime ge",
         "CreationTime ge 'x'", "CreationTime ge 2026-13-01", "CreationTime ge 2026-02-30",
         "CreationTime ge 2026-01-01T99:00", "CreationTime ge 999999-01-01", "CreationTime is 2026-01-01",
         "CreationTime ge -1", "\x00", f"{good}\x00", "\udcff", "é eq 'x'", "Name eq \"x\"", "1=1", "Name;eq;'x'", "{}",
         "%", "Name eq 'x' --", "/*", "(" * draw.randint(51, 3000) + good + ")" * 50, "(" * 3000, "'" * 3,
         "Name eq " + "(" * 100, f"{good} and " * 500, "Name eq 'x' and 5", "Name/x eq 'x'", "$filter", "Name eq @x",
         "Name eq '" + "''" * draw.randint(1, 4000) + " and", "CreationTime ge 2026-01-31 2026-02-01"]
    )  # fmt: skip
    return _listed(draw, scene, "filter", text)


def order(draw: Random, scene: Scene) -> Sent:
    """An order by what there is not, or in no direction."""
    text = draw.choice(
        ["x", "Name up", "Name asc desc", "-Name", "Name=asc", "asc", "desc Name", "Tags", "1",
         "Name asc;", "\x00", "\udcff", "Name\x00", "é", "creation_time", "Name  asc x", "__class__", "Id" * 9000,
         "(Name)", "'Name'"]
    )  # fmt: skip
    return _listed(draw, scene, "orderby", text)


def number(draw: Random, scene: Scene) -> Sent:
    """A page begins and ends at numbers that are not negative."""
    name = draw.choice(["skip", "top"])
    text = draw.choice(
        ["x", "-1", "1.5", "1e3", "", " ", "+1", "0x10", "1_0", "٥", "²", "NaN", "Infinity", "9" * 30, "9" * 5000,
         "null", "1,2", "\x00", "1\x00", "1 2", "\udcff", "true", "'1'", "--1", "1;", "1%"]
    )  # fmt: skip
    return _listed(draw, scene, name, text)


def usage(draw: Random, scene: Scene) -> Sent:
    """Usages are those of a provider, which has to be named."""
    return Sent(
        asked(scene, "GET", "quotaUsages", query=draw.choice(["", "providerId=&", "provider=ionq&"]) + scene.version)
    )


def fault(draw: Random, scene: Scene) -> Sent:
    """Faults are words that the emulator knows, of which two take seconds."""
    text = draw.choice(
        [b"x", b"Slow", b"slow=", b"slow=x", b"slow=-1", b"slow=1e9", b"slow=nan", b"slow=inf", b"slow=601",
         b"slow=1=2", b"throttle=x", b"throttle=9999999", b"lost-after=5", b"failed", b"stuck", b"twice=2",
         b"slow;throttle", b"slow throttle", b"slow, x", b"throttle,lost", b"=5", b"\xe9", b"slow=\xb2",
         b"slow=" + b"1" * 5000, b"x," * 5000, b"slow==", b"error", b"500"]
    )  # fmt: skip
    path = draw.choice(["quotas", "jobs", f"jobs/{scene.job}", "nothing"])
    return Sent(asked(scene, "GET", path, headers=[(b"x-qamctl-fault", text)]))


WAYS: tuple[Way, ...] = (
    route, route, workspace, workspace, look_alike, suite, api_version, filter_, filter_, order, number, usage, fault,
)  # fmt: skip
