"""The grammar of CPLEX LP text: from the tokens of each section to terms, constraints, bounds and lists of names."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final

import numpy as np

from qamctl.errors import SpecError
from qamctl.formats.faults import shown
from qamctl.formats.models.build import difference
from qamctl.formats.models.lp_text import LpText, Section, Token
from qamctl.qubo.model import EQ, GE, LE, Floats, Ints

_SENSES: Final = {"<": LE, "<=": LE, "=<": LE, ">": GE, ">=": GE, "=>": GE, "=": EQ}
_INFINITE: Final = ("inf", "infinity")
_KINDS: Final = {
    "name": "a name", "number": "a number", "sense": "a sense (<=, =, >=)", "end": "the end of the section",
}  # fmt: skip


class Terms:
    """Coefficients and the variables that each multiplies, packed: a large file has millions.

    Parameters
    ----------
    width
        Variables of a term.
    """

    def __init__(self, width: int = 1) -> None:
        self._index, self._value, self._width = array("q"), array("d"), width

    def __len__(self) -> int:
        return len(self._value)

    def add(self, value: float, *variables: int) -> None:
        """One more term."""
        self._index.extend(variables)
        self._value.append(value)

    def repeat(self, start: int) -> None:
        """The terms from `start` on once more."""
        self._index += self._index[start * self._width :]
        self._value += self._value[start:]

    def columns(self) -> tuple[Ints, Floats]:
        """[k, width] the variables, and [k] the coefficients."""
        return np.array(self._index, np.int64).reshape(-1, self._width), np.array(self._value, np.float64)


class Reader:
    """The content of the file as it is read: terms by the order in which variables first appear."""

    def __init__(self, text: LpText) -> None:
        self.text = text
        self.index: dict[str, int] = {}
        self.first_at: list[int] = []
        self.linear, self.pairs, self.entries = Terms(), Terms(2), Terms()
        self.offset = 0.0
        self.start = [0]
        self.senses: list[int] = []
        self.rhs: list[float] = []
        self.names: list[str] = []
        self.row_at: list[int] = []
        self.low: dict[int, float] = {}
        self.high: dict[int, float] = {}
        self.binaries: dict[int, None] = {}
        self.integers: dict[int, None] = {}
        self._tokens: Iterator[Token] = iter(())
        self._ahead: list[Token] = []

    def section(self, section: Section) -> None:
        """Read one section."""
        self._tokens, self._ahead = self.text.tokens(section), []
        match section.what:
            case "min" | "max":
                self._title("obj")
                self.offset += self._expression(self.linear, self.pairs)
                self._expect("end")
            case "rows":
                while self._peek().kind != "end":
                    self._row()
            case "bounds":
                while self._peek().kind != "end":
                    self._bound()
            case "binaries" | "integers":
                into = self.binaries if section.what == "binaries" else self.integers
                while self._peek().kind != "end":
                    into[self._variable(self._expect("name"))] = None
            case "end":
                pass
            case what:
                message = f"{what} ({shown(section.word)}) are not taken: a model here is binary and linear constrained"
                raise self.text.fault(section.at, message, "write them as linear constraints")

    def _peek(self, ahead: int = 0) -> Token:
        while len(self._ahead) <= ahead:
            self._ahead.append(next(self._tokens))
        return self._ahead[ahead]

    def _next(self) -> Token:
        token = self._peek()
        if token.kind != "end":
            self._ahead.pop(0)
        return token

    def _expect(self, kind: str, text: str | None = None) -> Token:
        token = self._next()
        if token.kind != kind or (text is not None and token.text != text):
            raise self._stands(token, _KINDS[kind] if text is None else f"`{text}`")
        return token

    def _stands(self, token: Token, wanted: str, hint: str | None = None) -> SpecError:
        found = _KINDS["end"] if token.kind == "end" else shown(token.text)
        return self.text.fault(token.at, f"{found} stands where {wanted} should", hint)

    def _title(self, default: str) -> str:
        if self._peek().kind == "name" and self._peek(1).text == ":":
            name = self._next().text
            self._next()
            return name
        return default

    def _variable(self, token: Token) -> int:
        place = self.index.setdefault(token.text, len(self.index))
        if place == len(self.first_at):
            self.first_at.append(token.at)
        return place

    def _sign(self) -> tuple[float, bool]:
        """The sign of a term, and whether one is written."""
        sign, written = 1.0, False
        while self._peek().text in ("+", "-"):
            sign, written = -sign if self._next().text == "-" else sign, True
        return sign, written

    def _expression(self, linear: Terms, pairs: Terms | None) -> float:
        """Terms up to something that is none; gives the constant. Quadratic terms go to `pairs`, None refuses them."""
        constant, first = 0.0, True
        while True:
            sign, signed = self._sign()
            token = self._peek()
            is_title = token.kind == "name" and self._peek(1).text == ":"
            if is_title or not (token.kind in ("number", "name") or token.text == "["):
                if signed:
                    raise self._stands(token, "a term")
                return constant
            if not (signed or first):
                raise self.text.fault(token.at, f"{shown(token.text)} follows a term without + or -")
            first = False
            if token.text == "[":
                self._quadratic(sign, pairs)
                continue
            self._next()
            if token.kind == "name":
                linear.add(sign, self._variable(token))
                continue
            value = sign * float(token.text)
            if self._peek().text == "*":
                self._next()
                linear.add(value, self._variable(self._expect("name")))
            elif self._peek().kind == "name" and self._peek(1).text != ":":
                linear.add(value, self._variable(self._next()))
            else:
                constant += value

    def _quadratic(self, sign: float, pairs: Terms | None) -> None:
        opening = self._expect("mark", "[")
        if pairs is None:
            hint = "replace each product by a variable with linear constraints of its own, or move it to the objective"
            raise self.text.fault(opening.at, "a constraint is quadratic", hint)
        while self._peek().text != "]":
            own, _ = self._sign()
            value = 0.5 * sign * own * (float(self._next().text) if self._peek().kind == "number" else 1.0)
            one = self._variable(self._expect("name"))
            if self._peek().text == "^":
                self._next()
                power = self._expect("number")
                if float(power.text) != 2:
                    raise self.text.fault(power.at, f"the power {shown(power.text)} is not 2")
                pairs.add(value, one, one)
            else:
                self._expect("mark", "*")
                pairs.add(value, one, self._variable(self._expect("name")))
        self._next()
        slash = self._peek()
        if slash.text != "/" or self._peek(1).kind != "number" or float(self._peek(1).text) != 2:
            message = "the quadratic part of the objective, in [ ... ], is not followed by / 2"
            raise self.text.fault(slash.at, message, "double its coefficients and write ] / 2")
        self._next()
        self._next()

    def _number(self) -> float:
        """A number with its sign, or an infinity."""
        sign, _ = self._sign()
        token = self._next()
        if token.kind == "name" and token.text.lower() in _INFINITE:
            return sign * np.inf
        if token.kind != "number":
            hint = "variables stand on the left of the sense, one number on its right" if token.kind == "name" else None
            raise self._stands(token, "a number", hint)
        return sign * float(token.text)

    def _starts_with_number(self) -> bool:
        ahead = 0
        while self._peek(ahead).text in ("+", "-"):
            ahead += 1
        number = self._peek(ahead)
        is_number = number.kind == "number" or number.text.lower() in _INFINITE
        return is_number and self._peek(ahead + 1).kind == "sense"

    def _row(self) -> None:
        at = self._peek().at
        name = self._title("")
        left = (self._number(), _SENSES[self._next().text]) if self._starts_with_number() else None
        before = len(self.entries)
        constant = self._expression(self.entries, None)
        bounds = [(-left[1], left[0])] if left else []  # a <= f is f >= a
        if left is None or self._peek().kind == "sense":
            bounds.append((_SENSES[self._expect("sense").text], self._number()))
        if self._peek().text == "->":
            message = f"the constraint {shown(name) if name else 'here'} has an indicator (->)"
            raise self.text.fault(self._peek().at, message, "write it as a linear constraint with a large coefficient")
        for k, (sense, value) in enumerate(bounds):
            if not np.isfinite(value):
                raise self.text.fault(at, "the right side of a constraint is not a finite number", "remove it")
            if k:
                self.entries.repeat(before)
            self._add(name, sense, difference(value, constant), at)

    def _add(self, name: str, sense: int, rhs: float, at: int) -> None:
        self.start.append(len(self.entries))
        self.senses.append(sense)
        self.rhs.append(rhs)
        self.names.append(name)
        self.row_at.append(at)

    def _bound(self) -> None:
        left = (self._number(), _SENSES[self._next().text]) if self._starts_with_number() else None
        variable = self._variable(self._expect("name"))
        if left is not None:
            self._limit(variable, -left[1], left[0])
        token = self._peek()
        if token.kind == "name" and token.text.lower() == "free" and left is None:
            self._next()
            self._limit(variable, GE, -np.inf)
        elif token.kind == "sense":
            self._limit(variable, _SENSES[self._next().text], self._number())
        elif left is None:
            raise self._stands(token, _KINDS["sense"])

    def _limit(self, variable: int, sense: int, value: float) -> None:
        if sense in (GE, EQ):
            self.low[variable] = value
        if sense in (LE, EQ):
            self.high[variable] = value

    def order(self) -> list[int]:
        """The variables as they were met, in the order of the model: binaries first, as they are listed.

        Raises
        ------
        SpecError
            A variable is neither binary nor an integer between 0 and 1.
        """
        listed = {**self.binaries, **self.integers}
        for name, place in self.index.items():
            if place in self.binaries:
                continue
            low, high = self.low.get(place, 0.0), self.high.get(place, np.inf)
            if place not in self.integers:
                message = f"the variable {shown(name)} is continuous; a model here is binary"
                raise self.text.fault(self.first_at[place], message, "list it under Binary")
            if not 0.0 <= low <= high <= 1.0:
                message = (
                    f"the variable {shown(name)} is a general integer, {low:g} to {high:g}; a model here is binary"
                )
                raise self.text.fault(self.first_at[place], message, "write it as a sum of binaries: z0 + 2 z1 + 4 z2")
        return list(listed)

    def fix(self) -> None:
        """Bounds that leave a binary variable one value, or none, as constraints."""
        names = list(self.index)
        for place in sorted({*self.low, *self.high}):
            low, high = self.low.get(place, 0.0), self.high.get(place, 1.0)
            if low > 0:
                self.entries.add(1.0, place)
                self._add(f"bound of {names[place]}", *((EQ, 1.0) if low <= 1 else (GE, 2.0)), self.first_at[place])
            if high < 1:
                self.entries.add(1.0, place)
                self._add(f"bound of {names[place]}", *((EQ, 0.0) if high >= 0 else (LE, -1.0)), self.first_at[place])
