"""From OpenQASM 3 text to its syntax tree, with the place of every fault.

The reference parser raises without a place, prints to standard error, and nests as deeply as its input: so the text
is looked at first, and the parser's own listener is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Final

#: Brackets inside each other, and operators of one statement: the parser works by recursion.
NESTING, OPERATORS = 32, 256

_BRACKETS: Final = {"(": ")", "[": "]", "{": "}"}

#: Comments and strings, in the order in which a reader meets them.
_QUIET: Final = re.compile(r'//[^\n]*|/\*.*?(?:\*/|\Z)|"[^"\n]*"', re.DOTALL)


class Fault(Exception):
    """Something is wrong with a program, at a place of it; lines and columns count from 1."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None, hint: str | None = None):
        super().__init__(message)
        self.message, self.line, self.column, self.hint = message, line, column, hint


def blank(text: str) -> str:
    """The text with its comments and strings as spaces: every place stays where it is."""
    return _QUIET.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def check_comments(text: str) -> None:
    """Refuse a comment that is never closed: it would hide the rest."""
    for match in _QUIET.finditer(text):
        if match[0].startswith("/*") and (len(match[0]) < 4 or not match[0].endswith("*/")):
            raise Fault("the comment is never closed", *place(text, match.start()), "close it with `*/`")


def place(text: str, at: int) -> tuple[int, int]:
    """Line and column of a character."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def syntax_tree(text: str) -> Any:
    """The tree of a program, an `openqasm3.ast.Program`, whose spans are those of the text.

    Raises
    ------
    Fault
        The text is no OpenQASM 3.
    """
    from openqasm3 import parser as reference

    look_at(blank(text))
    modules: Any = reference  # what it is made of is not declared
    lexer = modules.qasm3Lexer(modules.InputStream(text))
    parser = modules.qasm3Parser(modules.CommonTokenStream(lexer))
    listener = _Listener(text)
    for recognizer in (lexer, parser):
        recognizer.removeErrorListeners()
        recognizer.addErrorListener(listener)
    try:
        tree = modules.QASMNodeVisitor().visitProgram(parser.program())
    except RecursionError:
        token = parser.getCurrentToken()
        raise Fault("the program is nested too deeply", token.line, token.column + 1) from None
    except reference.QASM3ParsingError as error:
        line, column, message = re.findall(r"\AL(\d+):C(\d+): (.*)", str(error), re.DOTALL)[0]
        raise Fault(message, int(line), int(column) + 1) from None
    _mend_spans(tree, text)
    return tree


def look_at(code: str) -> None:
    """Refuse brackets that do not match, and what the parser would recurse too deeply into.

    Parameters
    ----------
    code
        A program without its comments and strings.
    """
    opened: list[tuple[str, int]] = []
    operators = 0
    for match in re.finditer(r"[()\[\]{};]|[-+*/%&|^!~<>=]|\b(?:if|else|while|for)\b", code):
        sign = match[0]
        if sign in _BRACKETS:
            opened.append((sign, match.start()))
            if len(opened) > NESTING:
                raise Fault(f"more than {NESTING} brackets stand inside each other", *place(code, match.start()))
        elif sign in ")]}":
            if not opened:
                raise Fault(f"{sign!r} closes nothing", *place(code, match.start()))
            open_sign, at = opened.pop()
            if _BRACKETS[open_sign] != sign:
                raise Fault(f"{open_sign!r} is closed by {sign!r}", *place(code, at), "close it before that")
        if sign in "{};":
            operators = 0
        elif sign not in "()[]":
            operators += 1
            if operators > OPERATORS:
                raise Fault(f"a statement has more than {OPERATORS} operators", *place(code, match.start()))
    if opened:
        sign, at = opened[-1]
        raise Fault(f"{sign!r} is never closed", *place(code, at))


class _Listener:
    """Turns the first fault that the lexer or the parser meets into ours."""

    def __init__(self, text: str) -> None:
        self._text = text

    def syntaxError(self, recognizer: Any, symbol: Any, line: int, column: int, message: str, error: Any) -> None:
        """The parser's report."""
        if symbol is None:  # the lexer's
            sign = re.sub(r".*error at: '(.*)'\Z", r"\1", message, flags=re.DOTALL)
            raise Fault(f"{sign!r} can't be read here", line, column + 1)
        found = "the end of the file" if symbol.type == -1 else repr(symbol.text)
        missing = re.match(r"missing '?(.+?)'? at ", message)
        if missing is not None:
            last = recognizer.getTokenStream().LT(-1)
            if last is not None:  # just behind what was taken last
                line, column = last.line, last.column + len(last.text)
            raise Fault(f"{missing[1]!r} is missing before {found}", line, column + 1)
        wanted = re.search(r"expecting (?:'([^']+)'|([A-Za-z]+))\Z", message)
        hint = f"{wanted[1] or wanted[2]!s} is expected there" if wanted else None
        raise Fault(f"{found} is not expected here", line, column + 1, hint)

    def reportAmbiguity(self, *_: Any) -> None:
        """No fault."""

    def reportAttemptingFullContext(self, *_: Any) -> None:
        """No fault."""

    def reportContextSensitivity(self, *_: Any) -> None:
        """No fault."""


def nodes(tree: Any) -> Iterator[Any]:
    """Every node of a tree, parents before children."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, list | tuple):
            stack.extend(reversed(node))
        elif is_dataclass(node):
            yield node
            stack.extend(getattr(node, field.name) for field in reversed(fields(node)) if field.name != "span")


def _mend_spans(tree: Any, text: str) -> None:
    """Identifiers have the place in the file in place of the column: take the line's start off."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    for node in nodes(tree):
        if type(node).__name__ == "Identifier" and node.span is not None:
            shift = starts[node.span.start_line - 1]
            if node.span.start_column >= shift:
                node.span.start_column -= shift
                node.span.end_column -= shift
