"""Pictures of assignments: well-formed, whole, safe, and the same each time."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cluster.specs import make_spec
from hypothesis import given, settings
from hypothesis import strategies as st

from qamctl.cluster.check import check_columns
from qamctl.cluster.monitor import state_of
from qamctl.cluster.monitor_block import present_state
from qamctl.cluster.spec import ClusterSpec
from qamctl.errors import UsageError
from qamctl.pipeline import run
from qamctl.report import cluster_links
from qamctl.report.cluster_boxes import MOST_BARS
from qamctl.report.cluster_svg import MOST_AGENTS, MOST_CLUSTERS, MOST_TOLD, cluster_svg

SVG = "{http://www.w3.org/2000/svg}"


def draw(spec: ClusterSpec, leaf: list[int] | np.ndarray, before: bool = True) -> ET.Element:
    """The picture, read again."""
    return ET.fromstring(source(spec, leaf, before))


def source(spec: ClusterSpec, leaf: list[int] | np.ndarray, before: bool = True) -> str:
    cluster = np.asarray(leaf, np.int32)
    after = state_of(spec, cluster, check_columns(spec, cluster))
    return cluster_svg(spec, after, present_state(spec) if before else None)


def of_class(tree: ET.Element, name: str) -> list[ET.Element]:
    """Elements that have a class, those of the legend apart."""
    inner = tree.find(f"{SVG}g[@transform]")
    assert inner is not None
    return [one for one in inner.iter() if name in one.get("class", "").split()]


def titles(tree: ET.Element, name: str) -> list[str | None]:
    return [one.findtext(f"{SVG}title") for one in of_class(tree, name)]


def texts(tree: ET.Element) -> list[str]:
    return [one.text or "" for one in tree.iter(f"{SVG}text")]


def fleet(**more: Any) -> ClusterSpec:
    """Two zones of two hosts; one agent moves, one comes, one is left out."""
    cpu = {"capacity": {"cpu": 4}, "safe": {"cpu": 3}}
    return make_spec(
        resources=["cpu"],
        agents=[
            {"id": "a", "demand": {"cpu": 2}, "cluster": "h1"}, {"id": "b", "demand": {"cpu": 1.5}, "cluster": "h1"},
            {"id": "c", "demand": {"cpu": 2}}, {"id": "d", "demand": {"cpu": 5}, "cluster": "h2", "optional": True},
            {"id": "e", "optional": True},
        ],
        clusters=[
            {"id": "h1", "parent": "z1", **cpu}, {"id": "h2", "parent": "z1", **cpu},
            {"id": "h3", "parent": "z2", **cpu}, "z1", {"id": "z2", "safe": {"cpu": 3}},
        ],
        links=[("a", "b", 4), ("a", "c"), ("b", "c", 0)],
        **more,
    )  # fmt: skip


def test_every_cluster_and_agent_is_drawn() -> None:
    """Boxes by name, agents with where they go and come from, links with their weights, bars with their figures."""
    tree = draw(fleet(), [0, 2, 2, -1, -1])
    assert sorted(map(str, titles(tree, "box"))) == ["h1", "h2", "h3", "left out", "z1", "z2"]
    assert titles(tree, "agent") == [
        "a in h1",
        "b, from h1 to h3",
        "c, placed in h3",
        "d, left out, from h2",
        "e, left out",
    ]
    kinds = [one.get("class") for one in of_class(tree, "agent")]
    assert kinds == ["agent stays", "agent moves", "agent comes", "agent away", "agent away"]
    assert titles(tree, "cut") == ["a – c: 1, cut", "a – b: 4, cut"]
    assert titles(tree, "kept") == []
    assert sorted(map(str, titles(tree, "bar"))) == [
        "cpu: 0 / 4, safe up to 3, before 5",
        "cpu: 2 / 4, safe up to 3, before 3.5",
        "cpu: 3.5 / 4, safe up to 3, before 0",
        "cpu: 3.5, safe up to 3, before 0",
    ]
    widths = [float(one.get("stroke-width", "0")) for one in of_class(tree, "cut")]
    assert widths[1] > widths[0]


def test_links_inside_are_thin() -> None:
    """Thinner than cut ones of the same weight, and before them, so that they lie behind."""
    tree = draw(fleet(), [0, 0, 2, 1, 1])
    links = of_class(tree, "link")
    assert [one.get("class") for one in links] == ["link kept", "link cut"]
    assert float(links[0].get("stroke-width", "9")) < 1.7
    assert titles(tree, "kept") == ["a – b: 4"]


def test_bars_say_when_it_is_too_much() -> None:
    """Above the safe limit, and above the capacity; a cluster that uses nothing has an empty track."""
    tree = draw(fleet(), [0, 0, 2, 1, 1])
    states = {one.get("class") for one in of_class(tree, "load")}
    assert states == {"load", "load hot", "load over"}
    assert len(of_class(tree, "track")) == 4
    assert {"above it", "above the capacity", "safe limit", "cut link", "link inside"} <= set(texts(tree))


def test_the_reader_is_told_in_words() -> None:
    """A title, a description of every cluster, and a heading; sizes with who comes and goes."""
    tree = draw(fleet(), [0, 2, 2, -1, -1])
    assert (tree.get("role"), tree.get("aria-labelledby")) == ("img", "qamctl-title qamctl-desc")
    title, desc = (tree.find(f"{SVG}{name}") for name in ("title", "desc"))
    assert title is not None
    assert desc is not None
    assert (title.get("id"), title.text) == ("qamctl-title", "Clusters of test")
    assert desc.text is not None
    assert desc.text.startswith("5 agents in 2 clusters · cut 0 → 5 · load 2.5 → 1 · 2 moves · 1 placed · 2 left out.")
    assert "h1: 1 agent, cpu 2 of 4." in desc.text
    assert "h3: 2 agents, cpu 3.5 of 4. z1: 1 agent, cpu 2." in desc.text
    assert {"test", "2 (+2)", "1 (−1)", "left out"} <= set(texts(tree))


def test_without_a_past_nothing_is_marked() -> None:
    """No moves, no marks of before."""
    tree = draw(make_spec(agents=3, clusters=2), [0, 1, 1])
    assert {one.get("class") for one in of_class(tree, "agent")} == {"agent stays"}
    assert of_class(tree, "was") == []
    desc = tree.find(f"{SVG}desc")
    assert desc is not None
    assert desc.text == "3 agents in 2 clusters. c0: 1 agent. c1: 2 agents."
    assert texts(tree)[:2] == ["test", "3 agents in 2 clusters"]


@settings(max_examples=50)
@given(st.text(min_size=1), st.text(min_size=1))
def test_any_ids_are_safe(agent: str, cluster: str) -> None:
    """Markup, quotes, control characters and half a surrogate pair in ids leave the picture well-formed."""
    people = [{"id": agent, "demand": {"<r&>": 1}, "cluster": cluster}, {"id": f"{agent}]]>"}]
    places = [{"id": cluster, "capacity": {"<r&>": 2}}, {"id": f"{cluster}<script>"}]
    spec = make_spec(agents=people, clusters=places, links=[(agent, f"{agent}]]>")], name=agent + cluster)
    tree = draw(spec, [0, 1])
    assert len(of_class(tree, "agent")) == 2
    assert {one.tag.removeprefix(SVG) for one in tree.iter()} <= {
        "svg", "title", "desc", "style", "rect", "text", "g", "path", "circle", "line",
    }  # fmt: skip


def test_nothing_is_loaded_from_elsewhere() -> None:
    """No scripts, no addresses but that of the format: it can be shown anywhere."""
    text = source(fleet(), [0, 2, 2, -1, -1])
    assert text.count("http") == 1
    assert "<script" not in text
    assert "url(" not in text
    assert "prefers-color-scheme: dark" in text


def test_it_is_the_same_each_time() -> None:
    """Byte for byte."""
    assert source(fleet(), [0, 2, 2, -1, -1]) == source(fleet(), [0, 2, 2, -1, -1])


def test_names_are_shown_of_few_agents() -> None:
    """Of more, dots alone; each still tells its name."""
    few = draw(make_spec(agents=60, clusters=2), [k % 2 for k in range(60)])
    many = draw(make_spec(agents=61, clusters=2), [k % 2 for k in range(61)])
    assert len(of_class(few, "label")) == 60
    assert len(of_class(many, "label")) == 0
    assert len(of_class(many, "agent")) == 61


def test_of_very_many_agents_the_sums_are_drawn() -> None:
    """Boxes, bars, and one line between any two clusters, whose weight is that of all links between them."""
    n = MOST_AGENTS + 1
    links = [("a0", "a1", 0.1), ("a2", "a3", 0.2), ("a4", "a6", 7), ("a0", "a500", 3)]
    clusters = [{"id": name, "capacity": {"cpu": 900}, "parent": "all"} for name in ("x", "y", "z")]
    spec = make_spec(
        agents=[{"id": f"a{k}", "demand": {"cpu": 1}} for k in range(n)], clusters=[*clusters, "all"], links=links
    )
    tree = draw(spec, [k % 2 if k < 500 else 2 for k in range(n)])
    assert of_class(tree, "agent") == []
    assert titles(tree, "cut") == ["x – y: 0.3 cut", "x – z: 3 cut"]
    assert sorted(map(str, titles(tree, "box"))) == ["all", "x", "y", "z"]
    assert "cut links between clusters" in texts(tree)
    order = [one.get("class", "") for one in tree.find(f"{SVG}g[@transform]") or []]
    assert order.index("box around") < order.index("link cut") < order.index("box cluster")


def test_of_very_many_lines_the_heaviest(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the legend says so."""
    monkeypatch.setattr(cluster_links, "MOST_LINES", 3)
    n = 8
    links = [(f"a{k}", f"a{k + 1}", k + 1) for k in range(n - 1)]
    tree = draw(make_spec(agents=n, clusters=2, links=links), [k % 2 for k in range(n)])
    assert titles(tree, "cut") == ["a4 – a5: 5, cut", "a5 – a6: 6, cut", "a6 – a7: 7, cut"]
    assert "cut link, the 3 heaviest of 7" in texts(tree)
    tree = draw(make_spec(agents=n, clusters=2, links=links), [0] * n)
    assert "link inside, the 3 heaviest of 7" in texts(tree)


def test_of_very_many_clusters_those_that_hold_most() -> None:
    """With what is around them; the description says how many are not there."""
    n = MOST_CLUSTERS + 5
    clusters: list[Any] = [{"id": f"c{k}", "parent": "even" if k % 2 == 0 else "odd"} for k in range(n)]
    spec = make_spec(agents=[f"a{k}" for k in range(n - 5)], clusters=[*clusters, "even", "odd"])
    tree = draw(spec, list(range(5, n)))
    names = set(titles(tree, "box"))
    assert len(names) == MOST_CLUSTERS + 2
    assert {"even", "odd"} <= names
    assert not {f"c{k}" for k in range(5)} & names
    desc = tree.find(f"{SVG}desc")
    assert desc is not None
    assert desc.text is not None
    assert desc.text.endswith(f"And {MOST_CLUSTERS + 2 - MOST_TOLD} more clusters. 5 clusters are not drawn.")


def test_elastic_clusters_that_are_empty_are_not_drawn() -> None:
    """They are none."""
    spec = make_spec(agents=2, clusters=5, elastic=True, target=2)
    assert titles(draw(spec, [3, 3]), "box") == ["c3"]


def test_of_many_resources_the_fullest_have_bars() -> None:
    """In the order of the file; a resource without limits has a bar in proportion, and one that nobody uses none."""
    names = [f"r{k}" for k in range(6)]
    demand = {name: k + 1 for k, name in enumerate(names)}
    capacity = dict.fromkeys(names, 10)
    spec = make_spec(
        resources=names, agents=[{"id": "a", "demand": demand, "cluster": "x"}],
        clusters=[{"id": "x", "capacity": capacity}],
    )  # fmt: skip
    bars = [str(one).split(":")[0] for one in titles(draw(spec, [0]), "bar")]
    assert bars == names[-MOST_BARS:]
    free = make_spec(
        resources=["cpu", "ram"],
        agents=[{"id": "a", "demand": {"cpu": 4}}, {"id": "b", "demand": {"cpu": 1}}],
        clusters=2,
    )
    tree = draw(free, [0, 1])
    assert titles(tree, "bar") == ["cpu: 4", "cpu: 1"]
    widths = [float(one.get("width", "0")) for one in of_class(tree, "load")]
    assert widths[0] == pytest.approx(4 * widths[1], abs=0.3)
    marked = make_spec(resources=["cpu"], agents=1, clusters=[{"id": "x", "safe": {"cpu": 5}}])
    assert len(of_class(draw(marked, [0]), "safe")) == 1
    none = make_spec(resources=["cpu"], agents=1, clusters=[{"id": "x", "capacity": {"cpu": 0}}])
    assert titles(draw(none, [0]), "bar") == []


def test_a_run_draws_its_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--picture`: written whole, beside the result; nothing is drawn where there is no answer."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    spec = tmp_path / "fleet.yaml"
    text = "kind: cluster\nversion: 1\nagents: [{id: a, cluster: c0}, {id: b, cluster: c1}]\n"
    spec.write_text(text + "clusters: {count: 2}\nlinks: [{a: a, b: b, weight: 9}]\n")
    flags: dict[str, Any] = {"backend": ["assignment"], "max_steps": 100, "seed": 1}
    picture = tmp_path / "pictures" / "fleet.svg"
    run("cluster", str(spec), {**flags, "picture": str(picture)})
    tree = ET.fromstring(picture.read_text())
    assert sorted(map(str, titles(tree, "agent")))[0].startswith("a")
    assert len(of_class(tree, "moves")) == 1
    picture.unlink()
    spec.write_text(text + "clusters: {count: 2, min_size: 2}\n")
    run("cluster", str(spec), {**flags, "picture": str(picture)})
    assert not picture.exists()
    with pytest.raises(UsageError, match=r"must be a file that ends in \.svg, not"):
        run("cluster", str(spec), {**flags, "picture": str(tmp_path / "fleet.png")})
    copy = tmp_path / "fleet.svg"
    copy.write_text(spec.read_text())
    with pytest.raises(UsageError, match="would overwrite"):
        run("cluster", str(copy), {**flags, "picture": str(copy)})


def test_the_page_is_wide_enough_for_its_words() -> None:
    """Neither heading nor legend stand outside."""
    tree = draw(fleet(name="a fleet with a name that is quite a bit longer than any box is wide"), [0, 2, 2, -1, -1])
    wide = float(tree.get("width", "0"))
    assert all(float(one.get("x", "0")) < wide for one in tree.iter(f"{SVG}text"))
