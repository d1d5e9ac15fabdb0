"""YAML text to plain data, straight from libyaml's events: no tags, no surprises, no tree of nodes.

Scalars follow the YAML 1.2 core schema (`no` is text, 012 is twelve, 1e3 is a number). What a problem file
has no use for and an attacker has is refused with its place: tags, merge keys, duplicate keys, keys that
are not text, aliases that expand without bound, deep nesting, several documents, NaN and infinity.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Final

from qamctl.errors import Diagnostic, Location, SpecError
from qamctl.spec.faults import show

#: Nesting of mappings and lists.
DEPTH: Final = 64

#: Nodes that aliases may add to what the file spells out.
EXPANSION: Final = 1_000_000

#: Digits of a number.
DIGITS: Final = 25

_INTEGER = re.compile(r"[-+]?[0-9]+\Z").match
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z").match
_RADIX = re.compile(r"0x[0-9a-fA-F]+\Z|0o[0-7]+\Z").match
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z").match
#: Plain scalars that are neither text nor numbers.
CONSTANTS: Final[dict[str, Any]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class _Fault(Exception):
    """What is wrong with the event at hand."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def events(raw: bytes) -> Callable[[], Any]:
    """The function that gives the next parser event of `raw`; libyaml where PyYAML has it."""
    import yaml

    parser = yaml.CSafeLoader(raw) if yaml.__with_libyaml__ else yaml.SafeLoader(raw)
    return parser.get_event


def load_yaml(raw: bytes, label: str) -> Any:
    """Plain data from YAML text.

    Raises
    ------
    SpecError
        With the line and column of the first thing that is refused.
    """
    import yaml

    try:
        return _build(events(raw), label, marked=b"!" in raw or b"&" in raw)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Location(label, mark.line + 1, mark.column + 1) if mark else Location(label)
        problem = error.problem or error.context or "unreadable"
        raise _spec_error(label, f"not valid YAML: {problem}", where) from None
    except yaml.YAMLError as error:
        raise _spec_error(label, f"not valid YAML: {str(error).splitlines()[0]}", Location(label)) from None


def _spec_error(label: str, message: str, where: Location, hint: str | None = None) -> SpecError:
    return SpecError(f"{label} cannot be read", [Diagnostic(message, where, hint)])


def scalar(text: str) -> Any:
    """The value of a plain scalar by the core schema."""
    if text in CONSTANTS:
        return CONSTANTS[text]
    if _INTEGER(text):
        if len(text) > DIGITS + 1:
            raise _Fault(f"a number of {len(text)} digits is more than anything here needs")
        return int(text)
    if _FLOAT(text):
        value = float(text) if len(text) <= 2 * DIGITS else math.inf
        if math.isinf(value):
            raise _Fault("the number is too large or has too many digits")
        return value
    if _RADIX(text):
        if len(text) > DIGITS:
            raise _Fault(f"a number of {len(text)} digits is more than anything here needs")
        return int(text, 0)
    if _NOT_FINITE(text):
        raise _Fault(f"{text} is not a number that can be used", "every number must be finite")
    return text


def _build(next_event: Callable[[], Any], label: str, *, marked: bool) -> Any:
    """One loop over the events; containers under construction stand on an explicit stack.

    This is the hot path of every large file: `marked` says whether the text can hold a tag or an anchor
    at all, so that the others do not pay for looking.
    """
    from yaml.events import (
        AliasEvent,
        DocumentStartEvent,
        MappingEndEvent,
        MappingStartEvent,
        ScalarEvent,
        SequenceEndEvent,
        SequenceStartEvent,
        StreamEndEvent,
    )

    known: dict[str, Any] = {}  # plain scalars that were read before
    # container, its key at hand, whether there is one, its anchor, nodes before it, levels in it so far
    stack: list[tuple[Any, Any, bool, str | None, int, int]] = []
    container: Any = None
    key: Any = None
    has_key = False
    anchor: str | None = None
    start = height = 0
    anchors: dict[str, tuple[Any, int, int]] = {}  # value, nodes, levels
    opened: set[str] = set()
    nodes = expanded = documents = 0
    root: Any = None
    try:
        while True:
            event = next_event()
            kind = type(event)
            if kind is ScalarEvent:
                value: Any = event.value
                if event.implicit[0]:
                    try:
                        value = known[value]
                    except KeyError:
                        value = known[value] = scalar(value)
                if marked:
                    nodes += 1
                    if event.tag is not None:
                        raise _Fault(f"the tag {event.tag} is not allowed", "write plain values, text in quotes")
                    if event.anchor is not None:
                        anchors[event.anchor] = (value, 1, 0)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if event.tag is not None:
                    raise _Fault(f"the tag {event.tag} is not allowed", "write plain mappings and lists")
                if len(stack) >= DEPTH:
                    raise _Fault(f"nested more than {DEPTH} deep")
                if event.anchor is not None:
                    opened.add(event.anchor)
                    anchors.pop(event.anchor, None)
                stack.append((container, key, has_key, anchor, start, height))
                container, has_key = ({} if kind is MappingStartEvent else []), False
                anchor, start, height = event.anchor, nodes, 0
                nodes += 1
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                value, levels = container, height + 1
                if anchor is not None:
                    opened.discard(anchor)
                    anchors[anchor] = (value, nodes - start, levels)
                container, key, has_key, anchor, start, height = stack.pop()
                if levels > height:
                    height = levels
            elif kind is AliasEvent:
                if event.anchor in opened:
                    raise _Fault(f"*{event.anchor} contains itself")
                if event.anchor not in anchors:
                    raise _Fault(f"*{event.anchor} is defined nowhere above")
                value, size, levels = anchors[event.anchor]
                height = max(height, levels)
                if len(stack) + levels > DEPTH:
                    raise _Fault(f"*{event.anchor} makes this nested more than {DEPTH} deep")
                nodes += size
                expanded += size
                if expanded > EXPANSION:
                    raise _Fault(f"aliases expand to more than {EXPANSION:,} values", "use a side table for many rows")
            elif kind is StreamEndEvent:
                return root
            elif kind is DocumentStartEvent:
                documents += 1
                if documents > 1:
                    raise _Fault("a second document starts here", "keep one problem in a file")
                continue
            else:
                continue

            if has_key:
                container[key] = value
                has_key = False
            elif type(container) is dict:
                if type(value) is not str:
                    raise _Fault("a key must be text", "put it in quotes")
                if value in container:
                    raise _Fault(f"the key {show(value)} stands here a second time")
                if value == "<<" and kind is ScalarEvent and event.implicit[0]:
                    raise _Fault("merge keys (<<) are not allowed", "write the fields out")
                key, has_key = value, True
            elif container is None:
                root = value
            else:
                container.append(value)
    except _Fault as fault:
        mark = event.start_mark
        where = Location(label, mark.line + 1, mark.column + 1)
        raise _spec_error(label, fault.message, where, fault.hint) from None
