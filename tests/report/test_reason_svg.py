"""Pictures of decisions: well-formed, whole, safe, and the same each time."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qamctl.pipeline import run
from qamctl.report.reason_svg import MOST_BARS, MOST_STEPS, WIDTH, reason_svg

SVG = "{http://www.w3.org/2000/svg}"
PROBLEMS = Path(__file__).parents[2] / "problems"
NAMES = ["retry", '<script>alert("x")</script>', "a & b's", "ünïcode 道", "-->"]


def spec_of(**more: Any) -> str:
    """A spec whose paths have names that a careless picture would take for its own."""
    import json

    paths = [{"id": name, "prior": k + 1} for k, name in enumerate(NAMES)]
    evidence = [{"id": "<i>seen</i>", "likelihood": {NAMES[0]: 0.9}, "otherwise": 0.4}]
    return json.dumps({"kind": "reason", "version": 1, "paths": paths, "evidence": evidence, **more})


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Draws what a run of a spec gives."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def draw(spec: str | Path, **flags: Any) -> bytes:
        path = tmp_path / "spec.json"
        if isinstance(spec, str):
            path.write_text(spec)
        else:
            path = spec
        run("reason", str(path), {"seed": 1, "picture": tmp_path / "p.svg", **flags})
        return (tmp_path / "p.svg").read_bytes()

    return draw


def tree_of(data: bytes) -> ET.Element:
    """The picture, read again: nothing in it runs, and nothing is fetched."""
    tree = ET.fromstring(data)
    assert tree.tag == f"{SVG}svg"
    assert {one.tag.removeprefix(SVG) for one in tree.iter()}.isdisjoint({"script", "foreignObject", "image", "a"})
    for one in tree.iter():
        assert not [key for key in one.attrib if key.lower().startswith("on") or key.endswith("href")]
    return tree


def of_class(tree: ET.Element, name: str) -> list[ET.Element]:
    return [one for one in tree.iter() if name in one.get("class", "").split()]


def titles(tree: ET.Element) -> list[str]:
    return [one.text or "" for one in tree.iter(f"{SVG}title")]


def test_every_path_is_drawn(picture) -> None:  # type: ignore[no-untyped-def]
    """A bar as long as its probability, its name whole in the title, the decision marked."""
    data = picture(spec_of())
    tree = tree_of(data)
    told = titles(tree)
    for name in NAMES:
        assert any(text.startswith(f"{name}: ") for text in told), name
    assert b"<script>" not in data
    bars, tracks = of_class(tree, "bar"), of_class(tree, "track")
    assert len(bars) == len(tracks) == len(NAMES)
    shares = [
        float(bar.get("width", "0")) / float(track.get("width", "1")) for bar, track in zip(bars, tracks, strict=True)
    ]
    prior = np.arange(1, 6) * np.array([0.9, 0.4, 0.4, 0.4, 0.4])
    assert shares == pytest.approx(sorted((prior / prior.sum()).tolist(), reverse=True), abs=0.002)
    assert [bar.get("class") for bar in bars].count("bar chosen") == 1
    assert of_class(tree, "interval") == []
    assert len(of_class(tree, "step")) == len(NAMES)


def test_what_was_measured_has_intervals(picture) -> None:  # type: ignore[no-untyped-def]
    """A line from the low end to the high one, over each bar."""
    tree = tree_of(picture(spec_of(), backend=["statevector"], shots=300))
    assert len(of_class(tree, "interval")) == len(NAMES)
    for line in of_class(tree, "interval"):
        assert float(line.get("x1", "0")) < float(line.get("x2", "0")) <= WIDTH
    assert any("of 300 shots accepted" in (one.text or "") for one in tree.iter(f"{SVG}text"))


def test_the_same_bytes_each_time(picture) -> None:  # type: ignore[no-untyped-def]
    """Also of what was measured, for one seed."""
    flags: dict[str, Any] = {"backend": ["statevector"], "shots": 200}
    assert picture(spec_of(), **flags) == picture(spec_of(), **flags)
    assert picture(spec_of(), **flags) != picture(spec_of(), **{**flags, "shots": 201})


def test_a_network_has_no_steps(picture) -> None:  # type: ignore[no-untyped-def]
    """Bars of the combinations that are asked for, and no waterfall."""
    tree = tree_of(picture(PROBLEMS / "reason-alarm.yaml"))
    assert len(of_class(tree, "bar")) == 8
    assert of_class(tree, "step") == []


def test_a_reconstructed_state_is_a_heat_map(picture) -> None:  # type: ignore[no-untyped-def]
    """A cell for each element, its value in the title; needles for phases off the diagonal."""
    paths = [{"id": name, "prior": 1, "phase": k} for k, name in enumerate(NAMES[:3])]
    text = spec_of(paths=paths, reconstruct="tomography", coherence=1, method="sample")
    tree = tree_of(picture(text, shots=500))
    assert len(of_class(tree, "cell")) == 16
    assert len(of_class(tree, "phase")) >= 4
    assert any(text.startswith(f"{NAMES[0]}, {NAMES[1]}: ") for text in titles(tree))
    assert any((one.text or "").startswith("State by tomography: fidelity 0.9") for one in tree.iter(f"{SVG}text"))


def test_very_many_paths_and_steps(picture, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """So many bars, then how many more; so many steps; of a table of its own no bars, and a picture all the same."""
    ids = [f"p{k}" for k in range(40)]
    text = spec_of(
        paths=[{"id": name} for name in ids],
        evidence=[{"id": f"e{k}", "likelihood": {ids[k]: 0.5}, "otherwise": 1} for k in range(30)],
    )
    tree = tree_of(picture(text))
    assert len(of_class(tree, "bar")) == MOST_BARS
    assert f"and {40 - MOST_BARS} less probable paths" in [one.text for one in tree.iter(f"{SVG}text")]
    assert len(of_class(tree, "step")[0].get("points", "").split()) == MOST_STEPS
    solution = {
        "decision": "a", "evidence_probability": 0.5, "shots": 0, "accepted": 0, "decisions": {"a": 1.0},
        "posterior": {"table": "posterior.csv", "sha256": ""}, "intervals": {"table": "posterior.csv", "sha256": ""},
    }  # fmt: skip
    tree = tree_of(reason_svg({"solution": solution, "solved_by": "exact"}, []).encode())
    assert of_class(tree, "bar") == []


def test_everything_is_on_the_page(picture) -> None:  # type: ignore[no-untyped-def]
    """No bar, line or text begins outside of what is shown."""
    tree = tree_of(picture(spec_of(), backend=["statevector"], shots=100))
    high = float(tree.get("height", "0"))
    for one in tree.iter():
        for key, most in (("x", WIDTH), ("x1", WIDTH), ("x2", WIDTH), ("cx", WIDTH), ("y", high), ("cy", high)):
            if key in one.attrib:
                assert 0 <= float(one.get(key, "0")) <= most, ET.tostring(one)
