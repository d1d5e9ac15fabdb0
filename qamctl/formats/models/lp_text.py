"""The text of a CPLEX LP file as sections, and a section as tokens; every token knows where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from qamctl.errors import SpecError
from qamctl.formats.faults import fault, shown
from qamctl.formats.json_place import line_and_column
from qamctl.formats.models.detect import FORMATS

_WHAT = FORMATS["lp"]

#: Word that starts a section, lower case, spaces single -> the section.
SECTIONS: Final = {
    **dict.fromkeys(("minimize", "minimise", "minimum", "min"), "min"),
    **dict.fromkeys(("maximize", "maximise", "maximum", "max"), "max"),
    **dict.fromkeys(("subject to", "such that", "st", "s.t.", "st."), "rows"),
    **dict.fromkeys(("lazy constraints",), "rows"),
    **dict.fromkeys(("bounds", "bound"), "bounds"),
    **dict.fromkeys(("generals", "general", "gens", "gen", "integers", "integer", "ints", "int"), "integers"),
    **dict.fromkeys(("binaries", "binary", "bin", "bins"), "binaries"),
    **dict.fromkeys(("semi-continuous", "semis", "semi"), "semi-continuous variables"),
    **dict.fromkeys(("sos", "sos1", "sos2"), "special ordered sets"),
    **dict.fromkeys(("user cuts",), "user cuts"),
    **dict.fromkeys(("general constraints", "gencons"), "general constraints"),
    **dict.fromkeys(("pwlobj",), "piecewise-linear terms"),
    **dict.fromkeys(("end",), "end"),
}  # fmt: skip

_WORDS = "|".join(sorted((re.escape(word).replace(r"\ ", r"[ \t]+") for word in SECTIONS), key=len, reverse=True))
#: A section's word begins its line, and nothing behind it makes it the name of a row or of a variable.
_HEADER = re.compile(rf"(?im)^[ \t]*({_WORDS})(?=[ \t]*$|[ \t]+(?![ \t:+*<>=^-]))")
_OBJECTIVE = re.compile(r"(?im)^[ \t]*(minimi[sz]e|minimum|min|maximi[sz]e|maximum|max)(?=\s|$)")
_COMMENT = re.compile(r"\\.*")
_LETTER = r"A-Za-z_!\"#$%&(),;?@'`{}|~\u0080-\U0010ffff"
_TOKEN = re.compile(
    rf"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)"
    rf"|(?P<name>[{_LETTER}][{_LETTER}0-9./]*(?:\[[^\[\]\s]*\][{_LETTER}0-9./]*)*)"
    r"|(?P<sense><=|=<|>=|=>|<|>|=)|(?P<mark>->|[-+*^/:\[\]])|(?P<odd>\S)|$)",
    re.ASCII,
)


class Token(NamedTuple):
    """A piece of a section: its kind (number, name, sense, mark, end), its text and its place in the text."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the file: what it is, where its word stands, and where its content starts and ends."""

    what: str
    word: str
    at: int
    start: int
    stop: int


class LpText:
    """An LP file's text with its comments blanked out."""

    def __init__(self, text: str, label: str) -> None:
        self.text = _COMMENT.sub(lambda match: " " * len(match[0]), text) if "\\" in text else text
        self.label = label

    def fault(self, at: int, message: str, hint: str | None = None) -> SpecError:
        """The error for a fault at a place in the text."""
        return fault(self.label, *line_and_column(self.text, at), message, hint=hint, what=_WHAT)

    def sections(self) -> list[Section]:
        """The sections in order, the objective first.

        Raises
        ------
        SpecError
            The file does not begin with an objective, or does not end with `End`.
        """
        start = len(self.text) - len(self.text.lstrip())
        first = _OBJECTIVE.match(self.text, self.text.rfind("\n", 0, start) + 1)
        if first is None:
            word = re.match(r"\S*", self.text[start:])
            found = shown(word[0]) if word and word[0] else "nothing"
            raise self.fault(start, f"{found} stands where Minimize or Maximize should")
        heads = [first, *_HEADER.finditer(self.text, first.end())]
        sections = []
        for head, after in zip(heads, [*heads[1:], None], strict=True):
            what = SECTIONS[" ".join(head[1].lower().split())]
            stop = len(self.text) if after is None else after.start()
            sections.append(Section(what, head[1], head.start(1), head.end(), stop))
        last = sections[-1]
        if last.what != "end":
            at = len(self.text.rstrip())
            raise self.fault(at, "the file does not finish with `End`", "it may be cut off")
        rest = self.text[last.start :]
        if rest.strip():
            at = last.start + len(rest) - len(rest.lstrip())
            raise self.fault(at, "something stands behind `End`", "remove it")
        for section in sections[1:]:
            if section.what in ("min", "max"):
                raise self.fault(section.at, "a second objective stands here", "keep one objective in a file")
        if any(section.what == "end" for section in sections[:-1]):
            raise self.fault(last.at, "a second `End` stands here", "keep one problem in a file")
        return sections

    def tokens(self, section: Section) -> Iterator[Token]:
        """The tokens of a section, and a last one of kind "end"."""
        at = section.start
        while True:
            match = _TOKEN.match(self.text, at, section.stop)
            kind = match.lastgroup if match else None
            if match is None or kind is None:
                yield Token("end", "", section.stop)
                return
            at = match.end()
            if kind == "odd":
                raise self.fault(
                    match.start(kind), f"{shown(match[kind])} can't stand here", "names start with a letter"
                )
            yield Token(kind, match[kind], match.start(kind))
