"""A strict reader of the Prometheus text format."""

from __future__ import annotations

import re

#: https://prometheus.io/docs/instrumenting/exposition_formats/ (text format, version 0.0.4)
SAMPLE = re.compile(
    r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)\{(?P<labels>(?:[a-z_]+=\"(?:[^\"\\\n]|\\[\\n\"])*\",?)*)\} (?P<value>\S+)"
)
LABEL = re.compile(r"([a-z_]+)=\"((?:[^\"\\\n]|\\[\\n\"])*)\"")

UNESCAPE = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def parse(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """A strict reader: every family once, HELP and TYPE before its samples, no label set twice."""
    assert text.endswith("\n")
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    lines = iter(text[:-1].split("\n"))
    for line in lines:
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert family not in found
            assert next(lines) == f"# TYPE {family} {'counter' if family.endswith('_total') else 'gauge'}"
            found[family] = {}
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample is not None, line
        assert sample["name"] == family
        labels = tuple(
            (label, re.sub(r'\\[\\n"]', lambda match: UNESCAPE[match[0]], value))
            for label, value in LABEL.findall(sample["labels"])
        )
        assert labels not in found[family]
        found[family][labels] = float(sample["value"])
    return found
