"""YAML text to plain data, and what is refused."""

from __future__ import annotations

import pytest
import yaml

from qamctl.errors import SpecError
from qamctl.spec.yaml_text import load_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("012", 12),
        ("-7", -7),
        ("+3", 3),
        ("0x1F", 31),
        ("0o17", 15),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2026-11-20", "2026-11-20"),
        ("'12'", "12"),
        ('"<<"', "<<"),
        ("[a, <<]", ["a", "<<"]),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    """Scalars are what YAML 1.2's core schema says, not what YAML 1.1 said."""
    assert load_yaml(f"a: {text}\n".encode(), "x") == {"a": value}


def test_aliases_share_the_value_of_their_anchor() -> None:
    """A modest alias stands for its anchor's value, scalars included."""
    assert load_yaml(b"a: &x [1, &y 2]\nb: *x\nc: *y", "x") == {"a": [1, 2], "b": [1, 2], "c": 2}


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)
TOWER = "a0: &a0 []\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 300))


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("a: !!str 5", "1:4", "tag"),
        ("a: !x {b: 1}", "1:4", "tag"),
        ("x: {<<: {a: 1}}", "1:5", "merge"),
        ("b: 1\na: 1\na: 2", "3:1", "second time"),
        ("1: 2", "1:1", "key must be text"),
        ("[a, b]: 2", "1:6", "key must be text"),
        ("a: &x [*x]", "1:8", "contains itself"),
        ("a: *x", "1:4", ""),
        ("a: 1\n---\nb: 2", "2:1", "second document"),
        ("a: .nan", "1:4", "not a number"),
        ("a: -.inf", "1:4", "not a number"),
        ("a: 1e999", "1:4", "too large"),
        (f"a: {'9' * 30}", "1:4", "30 digits"),
        (f"a: 0x{'F' * 30}", "1:4", "32 digits"),
        (f"a: {'[' * 70}", "1:67", "64 deep"),
        ("a: [1, 2", "2:1", "not valid YAML"),
        ("a: 'x", "1:6", "not valid YAML"),
        (BOMB, None, "aliases expand"),
        (TOWER, "64:12", "64 deep"),
    ],
)
def test_what_an_attacker_needs_is_refused_with_its_place(text: str, place: str | None, word: str) -> None:
    """Tags, merge keys, duplicates, bombs, depth and odd numbers are faults with line and column."""
    with pytest.raises(SpecError) as caught:
        load_yaml(text.encode(), "x.yaml")
    (fault,) = caught.value.diagnostics
    assert word in fault.message
    assert place is None or str(fault.location) == f"x.yaml:{place}"


def test_text_that_yaml_cannot_hold_is_refused() -> None:
    """A character that YAML forbids is a fault of the file."""
    with pytest.raises(SpecError) as caught:
        load_yaml(b"a: \x01", "x.yaml")
    assert "not valid YAML" in caught.value.diagnostics[0].message


def test_the_loader_in_python_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML was built without libyaml its own parser gives the same data."""
    text = b"a: &x [1, {b: no}]\nc: *x\nd: |\n  two\n  lines\n"
    expected = load_yaml(text, "x")
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert load_yaml(text, "x") == expected
