"""Collects every fault of a spec, so that the user hears of all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from qamctl.errors import Diagnostic, Location, SpecError
from qamctl.spec.source import Path_, Source

#: Faults that are shown, and that are kept while more are counted.
SHOWN, KEPT = 50, 500

#: Beyond these sizes "did you mean" would cost more time than it saves.
CANDIDATES, WORD = 5_000, 80

Hint = str | Callable[[], str | None] | None


class Refusal(Exception):
    """A cell cannot be read; the decoder that knows the row turns it into a fault.

    Parameters
    ----------
    way
        From the field to the culprit inside it: ("cpu",) in `demand: {cpu: lots}`.
    """

    def __init__(self, message: str, hint: Hint = None, way: Path_ = ()) -> None:
        super().__init__(message)
        self.message, self.hint, self.way = message, hint, way


class Faults:
    """The faults found so far in one source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.count = 0
        self._kept: list[tuple[Path_, str, Hint]] = []

    def add(self, path: Path_, message: str, hint: Hint = None) -> None:
        """Note a fault of the field at `path`; a callable hint is only asked if the fault is shown."""
        self.count += 1
        if len(self._kept) < KEPT:
            if message.startswith(("must ", "is ")):
                message = f"{_subject(path)} {message}"
            self._kept.append((path, message, hint))

    def refuse(self, path: Path_, refusal: Refusal) -> None:
        """Note the refusal of the cell at `path`."""
        self.add(path + refusal.way, refusal.message, refusal.hint)

    def within(self, path: Path_) -> bool:
        """Whether a fault was noted at `path` or inside it."""
        return any(kept[: len(path)] == path for kept, _, _ in self._kept)

    def check(self) -> None:
        """Go on if all is well.

        Raises
        ------
        SpecError
            With every fault in the order of the file, where there is one.
        """
        if not self.count:
            return
        places = self.source.places([path for path, _, _ in self._kept])
        order = sorted(range(len(places)), key=lambda i: (places[i].line or 0, places[i].column or 0))[:SHOWN]
        shown = []
        for i in order:
            _, message, hint = self._kept[i]
            shown.append(Diagnostic(message, places[i], hint() if callable(hint) else hint))
        if self.count > len(shown):
            shown.append(Diagnostic(f"and {self.count - len(shown):,} more faults", Location(self.source.label)))
        faults = "1 fault" if self.count == 1 else f"{self.count:,} faults"
        raise SpecError(f"{self.source.label} is not a valid spec: {faults}", shown)


def _subject(path: Path_) -> str:
    """What a fault at `path` is about."""
    name = next((part for part in reversed(path) if isinstance(part, str)), "the spec")
    return show(name) if path and isinstance(path[-1], str) else f"an entry of {show(name)}"


def nearest(word: str, known: Collection[str]) -> Hint:
    """A hint that names the known word that is most like `word`; nothing where none is close."""

    def ask() -> str | None:
        from difflib import get_close_matches

        if len(word) > WORD or len(known) > CANDIDATES:
            return None
        # A name that was refused stands as None among the others.
        close = get_close_matches(word, [name for name in known if name and len(name) <= WORD], 1)
        return f"did you mean {show(close[0])}?" if close else None

    return ask


def show(value: Any) -> str:
    """A value as it is quoted in a message: short, on one line, without control characters."""
    if isinstance(value, str):
        text = value if len(value) <= 60 else f"{value[:57]}..."
        return f"`{text}`" if text.isprintable() and "`" not in text else ascii(text)
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
