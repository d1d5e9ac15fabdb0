"""Rules between pods: apart, together, near and spread, each only where a problem file means exactly the same."""

from __future__ import annotations

from typing import Any

import pytest
from support.kubernetes import (
    HOST,
    PREFERRED,
    REQUIRED,
    ZONE,
    agents,
    away,
    imported,
    links,
    near,
    node,
    pod,
    replicas,
    rule,
    term,
)

from qamctl.formats.kubernetes import groups as rules_of_groups

NODES = [node("a", "z1"), node("b", "z1"), node("c", "z2"), node("d", "z2")]
WEB = "default/ReplicaSet/web"
AWAY, NEAR = f"spec.affinity.podAntiAffinity.{REQUIRED}", f"spec.affinity.podAffinity.{REQUIRED}"
SPREAD = "spec.topologySpreadConstraints"


def ruled(*objects: dict[str, Any]) -> tuple[dict[str, dict[str, Any]], set[tuple[str, str, str]], list[str]]:
    """Groups by id, links, and warnings."""
    data, warnings = imported([*NODES, *objects])
    return {row.pop("id"): row for row in data.get("groups", [])}, links(data), warnings


def constraint(key: str, app: str = "web", **more: Any) -> dict[str, Any]:
    return term(app, key, maxSkew=1, whenUnsatisfiable="DoNotSchedule") | more


# apart


def test_replicas_that_avoid_each_other_are_apart() -> None:
    """Anti-affinity to the own labels on the host's name is a rule of the group."""
    assert ruled(*replicas("web", ["a", "b", "c"], affinity=away(term("web")))) == ({WEB: {"apart": True}}, set(), [])


def test_a_pod_that_avoids_others_has_links() -> None:
    """Anti-affinity is mutual: the other pods keep away as well; itself is not meant."""
    loud = pod("loud", "a", labels={"app": "loud"}, affinity=away(term("web"), term("loud")))
    assert ruled(loud, *replicas("web", ["b", "c"])) == (
        {},
        {("apart", "loud", "web-0"), ("apart", "loud", "web-1")},
        [],
    )


def test_a_rolling_update_keeps_both_generations_apart() -> None:
    """Pods of the old ReplicaSet and of the new one match one selector."""
    old, new = (
        replicas("web", ["a", "b"], affinity=away(term("web"))),
        replicas("neu", ["c"], affinity=away(term("web"))),
    )
    new[0]["metadata"]["labels"]["app"] = "web"
    assert ruled(*old, *new) == (
        {WEB: {"apart": True}},
        {("apart", "web-0", "neu-0"), ("apart", "web-1", "neu-0")},
        [],
    )


def test_only_some_members_that_avoid_each_other_are_linked() -> None:
    """A group in which not all pairs are apart is no group apart."""
    web = replicas("web", ["a", "b", "c"])
    web[0]["spec"]["affinity"] = away(term("web"))
    assert ruled(*web) == ({}, {("apart", "web-0", "web-1"), ("apart", "web-0", "web-2")}, [])


def test_namespaces_bound_what_is_avoided() -> None:
    """By default those of the pod; named ones, all of them, or those that a selector takes."""
    here, there = pod("q", "b", labels={"app": "web"}), pod("q", "c", labels={"app": "web"}, namespace="prod")

    def avoided(**more: Any) -> tuple[set[str], list[str]]:
        loud = pod("loud", "a", affinity=away(term("web", **more)))
        _, found, warnings = ruled(loud, here, there)
        return {b for _, _, b in found}, warnings

    assert avoided() == ({"q"}, [])
    assert avoided(namespaces=["prod"]) == ({"prod/q"}, [])
    assert avoided(namespaceSelector={}) == ({"q", "prod/q"}, [])
    by_name = {"matchLabels": {"kubernetes.io/metadata.name": "prod"}}
    assert avoided(namespaceSelector=by_name) == ({"prod/q"}, [])
    assert avoided(namespaces=["default"], namespaceSelector=by_name) == ({"q", "prod/q"}, [])
    by_label = {"matchLabels": {"stage": "live"}}
    reason = "it selects namespaces by labels, which are not in the list: it is left out"
    assert avoided(namespaceSelector=by_label) == (set(), [f"{AWAY} of default/loud: {reason}"])
    live = {"kind": "Namespace", "metadata": {"name": "prod", "labels": {"stage": "live"}}}
    loud = pod("loud", "a", affinity=away(term("web", namespaceSelector=by_label)))
    assert ruled(live, loud, here, there) == ({}, {("apart", "loud", "prod/q")}, [])


@pytest.mark.parametrize(
    ("selector", "avoided"),
    [
        ({}, {"x", "y", "z"}),
        (None, set()),
        ({"matchLabels": {"tier": "front", "app": "web"}}, {"x"}),
        ({"matchExpressions": [rule("app", "In", "web", "db")]}, {"x", "y"}),
        ({"matchExpressions": [rule("app", "NotIn", "web")]}, {"y", "z"}),
        ({"matchExpressions": [rule("tier", "Exists")]}, {"x"}),
        ({"matchExpressions": [rule("tier", "DoesNotExist"), rule("app", "Exists")]}, {"y"}),
    ],
)
def test_selectors_of_pods(selector: dict[str, Any] | None, avoided: set[str]) -> None:
    """An empty selector takes everything, none at all takes nothing."""
    away_from = {"topologyKey": HOST} | ({"labelSelector": selector} if selector is not None else {})
    _, found, _ = ruled(
        pod("loud", "a", labels={"app": "loud", "tier": "front"}, affinity=away(away_from)),
        pod("x", "b", labels={"app": "web", "tier": "front"}),
        pod("y", "b", labels={"app": "db"}),
        pod("z", "c"),
    )
    assert {b for _, _, b in found} == avoided


def test_labels_of_the_pod_itself_can_be_part_of_the_selector() -> None:
    """matchLabelKeys takes the own generation, mismatchLabelKeys the others; a key that is absent says nothing."""

    def pods(**more: Any) -> set[tuple[str, str, str]]:
        affinity = away({"topologyKey": HOST, "labelSelector": {}, **more})
        return ruled(
            pod("p", "a", labels={"hash": "1"}, affinity=affinity),
            pod("q", "b", labels={"hash": "1"}),
            pod("r", "c", labels={"hash": "2"}),
        )[1]

    assert pods(matchLabelKeys=["hash"]) == {("apart", "p", "q")}
    assert pods(mismatchLabelKeys=["hash", "zone"]) == {("apart", "p", "r")}


def test_ports_of_the_node_are_taken_once() -> None:
    """Pods with one port, protocol and address can't share a node; an address of its own is another place."""

    def ported(name: str, on: str, *ports: dict[str, Any], **more: Any) -> dict[str, Any]:
        return pod(name, on, containers=[{"name": "c", "ports": list(ports)}], **more)

    found, pairs, warnings = ruled(
        ported("p", "a", {"hostPort": 80, "containerPort": 8080}),
        ported("q", "b", {"hostPort": 80, "protocol": "TCP", "hostIP": "0.0.0.0"}, {"containerPort": 9}),
        ported("r", "c", {"hostPort": 80, "hostIP": "127.0.0.1"}),
        ported("s", "d", {"hostPort": 80, "hostIP": "127.0.0.2"}, {"hostPort": 81}),
        ported("t", "d", {"hostPort": 80, "protocol": "UDP"}),
    )
    assert pairs == {("apart", a, b) for a, b in ("pq", "pr", "ps", "qr", "qs")}
    assert (found, warnings) == ({}, [])
    twins = [ported(name, name, {"hostPort": 53}, owner="ReplicaSet/web") for name in "ab"]
    assert ruled(*twins) == ({WEB: {"apart": True}}, set(), [])
    daemons = [ported(name, name, {"hostPort": 53}, owner="DaemonSet/dns") for name in "ab"]
    daemons[1]["metadata"]["ownerReferences"] = []
    daemons[1]["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    assert ruled(*daemons) == ({}, set(), [])  # who can't move needs no rule


def test_too_many_pairs_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A selector that takes a whole large cluster would make a file of pairs."""
    monkeypatch.setattr(rules_of_groups, "MOST_PAIRS", 2)
    loud = pod("loud", "a", affinity=away(term("web")))
    _, found, warnings = ruled(loud, *replicas("web", ["b", "c", "d"]))
    assert len(found) == 2
    reason = "it makes more than 2 pairs, the others are left out"
    assert warnings == [f"spec.affinity.podAntiAffinity or a hostPort of default/loud: {reason}"]


# apart over more than a node


def test_replicas_in_a_zone_each_are_spread_over_as_many() -> None:
    """Anti-affinity over a label that nodes share: as many values as there are pods."""
    web = replicas("web", ["a", "c"], affinity=away(term("web", ZONE)))
    assert ruled(*web) == ({WEB: {"spread": {"label": ZONE, "min": 2, "weight": 0}}}, set(), [])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("waiting", "a pod that waits may be left out, and then there are fewer places than pods"),
        ("others", "it is about other pods than those of the owner"),
        ("some", "not all pods of the owner say it"),
        ("unlabelled", "not every node has the label"),
        ("unknown", "no node has the label"),
    ],
)
def test_avoiding_a_zone_is_told_where_it_is_not_exact(change: str, reason: str) -> None:
    """A rule that would mean something else is left out, and says why."""
    key = "rack" if change == "unknown" else ZONE
    web = replicas("web", ["a", None if change == "waiting" else "c"], affinity=away(term("web", key)))
    more = [pod("stranger", "d", labels={"app": "web"})] if change == "others" else []
    more += [node("e")] if change == "unlabelled" else []
    if change == "some":
        del web[1]["spec"]["affinity"]
    found, pairs, warnings = ruled(*web, *more)
    assert (found, pairs) == ({}, set())
    assert warnings == [f"{AWAY} ({key}) of default/web-0: {reason}: it is left out"]


def test_avoiding_nobody_says_nothing() -> None:
    """A single pod, or a selector that takes nobody else, is alone everywhere."""
    assert ruled(*replicas("web", ["a"], affinity=away(term("web", ZONE)))) == ({}, set(), [])


def test_preferring_to_be_apart_is_a_soft_spread() -> None:
    """With its weight, over nodes or over zones."""
    for key in (HOST, ZONE):
        wish = {"podAntiAffinity": {PREFERRED: [{"weight": 40, "podAffinityTerm": term("web", key)}]}}
        found = ruled(*replicas("web", ["a", "c"], affinity=wish))
        assert found == ({WEB: {"spread": {"label": key, "weight": 40}}}, set(), [])


# spread


def test_spread_constraints_become_the_spread_of_the_group() -> None:
    """Hard ones a largest skew, soft ones a wish; both over one label are one rule."""
    hard, soft = constraint(ZONE), constraint(ZONE, whenUnsatisfiable="ScheduleAnyway", maxSkew=3)
    for rules, spread in [
        ([hard], {"label": ZONE, "max_skew": 1, "weight": 0}),
        ([soft], {"label": ZONE, "weight": 1}),
        ([soft, hard, constraint(ZONE, maxSkew=2)], {"label": ZONE, "max_skew": 1, "weight": 1}),
    ]:
        found = ruled(*replicas("web", ["a", "c"], topologySpreadConstraints=rules))
        assert found == ({WEB: {"spread": spread}}, set(), [])


def test_a_group_spreads_over_one_label() -> None:
    """The hard rule goes first; what else is asked for is told."""
    rules = [constraint(HOST, whenUnsatisfiable="ScheduleAnyway"), constraint(ZONE)]
    found, _, warnings = ruled(*replicas("web", ["a", "c"], topologySpreadConstraints=rules))
    assert found == {WEB: {"spread": {"label": ZONE, "max_skew": 1, "weight": 0}}}
    reason = f"a group spreads over one label, and that is {ZONE}: it is left out"
    assert warnings == [f"{SPREAD} ({HOST}) of default/web-0: {reason}"]


@pytest.mark.parametrize(
    ("rules", "spec", "reason"),
    [
        ([constraint(ZONE, "db")], {}, "it counts other pods than those of the owner"),
        ([constraint("rack")], {}, "no node has the label"),
        ([constraint("rack", whenUnsatisfiable="ScheduleAnyway")], {}, "no node has the label"),
        ([constraint("tier")], {}, "not every node has the label"),
        (
            [constraint(ZONE)],
            {"nodeSelector": {ZONE: "z1"}},
            "some values are only on nodes that the pod may not be on",
        ),
        ([constraint(ZONE, nodeTaintsPolicy="Honor")], {}, "some values are only on nodes that the pod may not be on"),
        ([constraint(ZONE, minDomains=4)], {}, "there are fewer values than minDomains, 4"),
    ],
)
def test_a_spread_is_told_where_it_is_not_exact(rules: list[Any], spec: dict[str, Any], reason: str) -> None:
    """A constraint that would count otherwise is left out, and says why."""
    more = [node("e", "z3", taints=["k=v:NoSchedule"], tier="x")]
    found, _, warnings = ruled(*more, *replicas("web", ["a", "b"], topologySpreadConstraints=rules, **spec))
    assert found == {}
    key = rules[0]["topologyKey"]
    assert warnings == [f"{SPREAD} ({key}) of default/web-0: {reason}: it is left out"]


def test_policies_say_which_nodes_count() -> None:
    """By default nodes that the selector excludes do not count and tainted ones do; both can be turned round."""
    more = [node("e", "z3", taints=["k=v:NoSchedule"])]
    for extra, spec in [
        ({}, {}),
        ({"nodeAffinityPolicy": "Ignore"}, {"nodeSelector": {ZONE: "z1"}}),
        ({"nodeTaintsPolicy": "Honor"}, {"tolerations": [{"operator": "Exists"}]}),
    ]:
        web = replicas("web", ["a", "b"], topologySpreadConstraints=[constraint(ZONE, **extra)], **spec)
        assert ruled(*more, *web) == ({WEB: {"spread": {"label": ZONE, "max_skew": 1, "weight": 0}}}, set(), [])


def test_pods_of_one_owner_must_agree() -> None:
    """A rule that only some of them have is none of the group."""
    web = replicas("web", ["a", "c"], topologySpreadConstraints=[constraint(ZONE)])
    del web[1]["spec"]["topologySpreadConstraints"]
    found, _, warnings = ruled(*web)
    assert found == {}
    assert warnings == [f"{SPREAD} ({ZONE}) of default/web-0: not all pods of the owner say it: it is left out"]


@pytest.mark.parametrize("value", [{"maxSkew": 0}, {"whenUnsatisfiable": "Never"}])
def test_a_spread_of_another_form_is_refused(value: dict[str, Any]) -> None:
    """A skew of nothing, and a third way to be unsatisfied."""
    from qamctl.errors import SpecError

    with pytest.raises(SpecError, match=next(iter(value))):
        ruled(*replicas("web", ["a"], topologySpreadConstraints=[constraint(ZONE, **value)]))


# near and together


def test_pods_that_want_others_around_are_near_their_group() -> None:
    """The label of the affinity makes the neighbourhoods, and nodes without it are out of the question."""
    web = replicas("web", ["a", "c"], affinity=near(term("db", ZONE)))
    data, warnings = imported([*NODES, node("e"), *web, *replicas("db", ["b", "d"])])
    assert data["groups"] == [{"id": WEB, "near": ["default/ReplicaSet/db"]}]
    assert [row.get("neighbourhood") for row in data["clusters"]] == ["z1", "z1", "z2", "z2", None]
    assert agents(data)["web-0"]["clusters"] == ["a", "b", "c", "d"]
    assert "clusters" not in agents(data)["db-0"]
    assert warnings == []


def test_pods_without_owner_can_be_near_each_other() -> None:
    """Each is a group of its own where a rule needs one."""
    data, warnings = imported(
        [*NODES, pod("p", "a", affinity=near(term("q", ZONE))), pod("q", "b", labels={"app": "q"}), pod("r", "c")]
    )
    assert data["groups"] == [{"id": "default/Pod/p", "near": ["default/Pod/q"]}]
    assert [row.get("group") for row in data["agents"]] == ["default/Pod/p", "default/Pod/q", None]
    assert warnings == []


def test_only_one_label_makes_neighbourhoods() -> None:
    """The one that more groups ask for."""
    asks = {"web": ZONE, "api": HOST, "job": ZONE}
    pods = [row for app, key in asks.items() for row in replicas(app, ["a"], affinity=near(term("db", key)))]
    found, _, warnings = ruled(*pods, *replicas("db", ["a"]))
    assert set(found) == {WEB, "default/ReplicaSet/job"}
    reason = f"only one label can make the neighbourhoods, and that is {ZONE}: it is left out"
    assert warnings == [f"{NEAR} ({HOST}) of default/ReplicaSet/api: {reason}"]


def test_replicas_that_want_each_other_on_a_node_are_together() -> None:
    """In a chain, which holds all of them; over a label that nodes share there is no such rule."""
    assert ruled(*replicas("web", ["a", "a", "a"], affinity=near(term("web")))) == (
        {},
        {("together", "web-0", "web-1"), ("together", "web-1", "web-2")},
        [],
    )
    found, pairs, warnings = ruled(*replicas("web", ["a", "b"], affinity=near(term("web", ZONE))))
    assert (found, pairs) == ({}, set())
    reason = "a group that is to be in one place has a rule for nodes only: it is left out"
    assert warnings == [f"{NEAR} ({ZONE}) of default/web-0: {reason}"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("nobody", "it selects no pod that is there, and is left out"),
        ("several", "it selects something else than all pods of one owner, and is left out"),
        ("part", "it selects something else than all pods of one owner, and is left out"),
        ("some", "not all pods of the owner say it: it is left out"),
    ],
)
def test_being_near_is_told_where_it_is_not_exact(change: str, reason: str) -> None:
    """A rule that would mean something else is left out, and says why."""
    web = replicas("web", ["a", "a"], affinity=near(term("db", ZONE)))
    more = [] if change == "nobody" else replicas("db", ["a", "b"])
    more += [pod("stranger", "a", labels={"app": "db"})] if change == "several" else []
    if change == "part":
        more[1]["metadata"]["labels"] = {}
    if change == "some":
        del web[1]["spec"]["affinity"]
    found, pairs, warnings = ruled(*web, *more)
    assert (found, pairs) == ({}, set())
    assert warnings == [f"{NEAR} ({ZONE}) of default/web-0: {reason}"]


def test_pods_that_stay_need_no_rules() -> None:
    """What a pod of a DaemonSet wants around it is not asked again, nor told."""
    daemons = [
        pod(
            f"agent-{name}",
            name,
            owner="DaemonSet/agent",
            labels={"app": "agent"},
            affinity=near(term("nobody", ZONE)) | away(term("agent", ZONE)),
            topologySpreadConstraints=[constraint("rack", "agent")],
        )
        for name in "ac"
    ]
    assert ruled(*daemons) == ({}, set(), [])
