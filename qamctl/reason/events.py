"""The lines of a state file: what stands in a header, in decisions and in feedback, and how a line is sealed.

Every line ends with a SHA-256 of itself and of all lines before it, so that no byte can change unnoticed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from qamctl.errors import SpecError, UsageError
from qamctl.reason.spec import Learning
from qamctl.spec.faults import show

SCHEMA: Final = "qamctl/state/1"
_FAMILY: Final = "qamctl/state/"
#: What stands before the checksum at the end of a line, and the length of both with `"}`.
_SEAL: Final = b',"sha256":"'
_SEALED: Final = len(_SEAL) + 64 + 2
#: How every event begins.
_START: Final = b'{"n":'
#: Sums of probabilities, computed on whatever machine, are this close to 1.
_ROUNDING: Final = 1e-9
#: What JSON has as numbers.
_NUMBERS: Final = frozenset({float, int})
#: Values that a message names.
_NAMED: Final = 5


class Damage(Exception):
    """A line is no line of a state file, or does not follow from those before it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What may come of an action (None: of any), and its probability on each path."""

    id: str
    action: str | None
    likelihood: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision, with all that later feedback needs.

    Attributes
    ----------
    run
        Its name; feedback refers to it.
    decision, action
        The most probable decision, and what was done.
    posterior
        [N] of the paths.
    actions
        How many there were to choose from.
    chances
        Of each action that could have been chosen; the others had none.
    credit
        How far each path had advised the action, 0 to 1; paths that had not are left out.
    gradients
        outcome -> evidence -> derivative of log p(outcome) by its reliability.
    """

    run: str
    decision: str
    action: str
    posterior: tuple[float, ...]
    actions: int
    chances: Mapping[str, float]
    credit: Mapping[str, float]
    gradients: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a decision: an outcome, the reward of what was done, or [N] the rewards of all paths."""

    outcome: str | None = None
    reward: float | None = None
    rewards: tuple[float, ...] | None = None

    def __str__(self) -> str:
        if self.rewards is not None:
            shown = ", ".join(f"{value:g}" for value in self.rewards[:_NAMED])
            return f"the rewards {shown}{', ...' if len(self.rewards) > _NAMED else ''}"
        return f"the outcome {show(self.outcome)}" if self.reward is None else f"the reward {self.reward!r}"


def find_outcome(outcomes: Iterable[Outcome], name: str, decision: Decision) -> Outcome:
    """The outcome of an action: of the action itself, else of its decision, else of any.

    Raises
    ------
    UsageError
        There is none of that name; with those that there are.
    """
    rows = list(outcomes)
    for action in (decision.action, decision.decision, None):
        for row in rows:
            if row.id == name and row.action == action:
                return row
    wanted = (decision.action, decision.decision, None)
    known = list(dict.fromkeys(row.id for row in rows if row.action in wanted))
    has = f"known are {', '.join(map(show, known[:20]))}" if known else "the spec gives none"
    raise UsageError(f"the action {show(decision.action)} has no outcome {show(name)}; {has}")


def spec_sha256(paths: tuple[str, ...], outcomes: tuple[Outcome, ...]) -> str:
    """SHA-256 of what must not change while a state file lives."""
    text = dumps({"outcomes": [asdict(outcome) for outcome in outcomes], "paths": paths})
    return hashlib.sha256(text.encode()).hexdigest()


def dumps(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no spaces, floats so that they read back exactly."""
    return _SORTED.encode(value)


def seal(chain: str, record: Mapping[str, Any]) -> bytes:
    """A record as a line that ends with its checksum; `chain` is that of the line before."""
    body = _COMPACT.encode(record)[:-1].encode()
    return body + _SEAL + _checksum(chain, body).encode() + b'"}\n'


def unseal(chain: str, line: bytes) -> tuple[dict[str, Any], str]:
    """The record in a line, and its checksum.

    Raises
    ------
    Damage
        The checksum is another one, or there is none.
    """
    text = line.removesuffix(b"\n")
    if not is_sealed(chain, text):
        raise Damage("its checksum is not that of its content and of the lines before it")
    try:
        record = _DECODER.decode(text[:-_SEALED].decode() + "}")
    except (ValueError, RecursionError):
        raise Damage("it is no JSON") from None
    if type(record) is not dict:
        raise Damage("it is no mapping")
    return record, text[-66:-2].decode()


def list_in(line: bytes, name: str) -> str:
    """The text of a list of numbers in a line: `seal` writes it as `dumps` does, which would take far longer."""
    start = line.index(f'"{name}":['.encode()) + len(name) + 3
    return line[start : line.index(b"]", start) + 1].decode()


def is_sealed(chain: str, line: bytes) -> bool:
    """Whether a line ends with the right checksum; `chain` is that of the line before."""
    return line[-_SEALED:] == _SEAL + _checksum(chain, line[:-_SEALED]).encode() + b'"}'


def is_beginning(tail: bytes) -> bool:
    """Whether bytes at the end of a file are the beginning of an event that was never written to its end.

    A power cut may leave zeros where the rest should be.
    """
    text = tail.rstrip(b"\0")
    place = text.find(_SEAL)
    return text[: len(_START)] == _START[: len(text)] and (place < 0 or len(text) < place + _SEALED)


def check_version(header: bytes) -> None:
    """Refuse the header of another version of the format, and what is no header at all.

    Raises
    ------
    SpecError
        Another version wrote the file.
    Damage
        It is no state file.
    """
    try:
        record = _DECODER.decode(header.decode())
    except (ValueError, RecursionError):
        record = None
    schema = record.get("schema") if isinstance(record, dict) else None
    if not isinstance(schema, str) or not schema.startswith(_FAMILY):
        raise Damage("it is no header of a state file")
    if schema != SCHEMA:
        raise SpecError(
            f"the state file has the schema {show(schema)}, and this version reads {SCHEMA}; use the version that "
            "wrote it, or name another file as `state` to begin anew"
        )


def read_decision(record: Mapping[str, Any], paths: Mapping[str, int]) -> Decision:
    """The decision in an event; raises KeyError, TypeError or ValueError where it is none."""
    decision = Decision(
        text_of(record["run"]), text_of(record["decision"]), text_of(record["action"]),
        tuple(distribution(record["posterior"], len(paths))), record["actions"],
        by_name(record["chances"], most=1.0), by_name(record["credit"], most=1.0),
        {text_of(name): by_name(row, -math.inf) for name, row in _mapping(record["gradients"]).items()},
    )  # fmt: skip
    if not decision.chances.get(decision.action, 0.0) > 0:
        raise ValueError("the action has no chance")
    if abs(math.fsum(decision.chances.values()) - 1) > _ROUNDING:
        raise ValueError("the chances do not sum to 1")
    if type(decision.actions) is not int or decision.actions < len(decision.chances):
        raise ValueError("`actions` is not their number")
    if not decision.credit.keys() <= paths.keys():
        raise ValueError("a path in `credit` is unknown")
    return decision


def read_told(record: Mapping[str, Any], n: int) -> Told:
    """The outcome, reward or rewards of n paths in an event; raises as `read_decision`."""
    outcome, reward, rewards = (record.get(name) for name in ("outcome", "reward", "rewards"))
    if [outcome, reward, rewards].count(None) != 2:
        raise ValueError("feedback is either an outcome, a reward or rewards")
    if outcome is not None:
        return Told(outcome=text_of(outcome))
    if reward is not None:
        return Told(reward=_figures([reward], 1)[0])
    return Told(rewards=tuple(_figures(rewards, n)))


def read_outcome(row: Mapping[str, Any], n: int) -> Outcome:
    """The outcome in a row of a header; raises as `read_decision`."""
    action = _mapping(row)["action"]
    likelihood = _figures(row["likelihood"], n)
    if not all(0 <= chance <= 1 for chance in likelihood):
        raise ValueError("a likelihood lies outside 0..1")
    return Outcome(text_of(row["id"]), None if action is None else text_of(action), tuple(likelihood))


def read_learning(row: Mapping[str, Any]) -> Learning:
    """How feedback counts; raises as `read_decision`."""
    if _mapping(row).keys() != {field.name for field in fields(Learning)} or type(row["carry"]) is not bool:
        raise ValueError("`learning` has other fields")
    if type(row["horizon"]) is not int or row["horizon"] < 1:
        raise ValueError("`horizon` is no number of rewards")
    free = {name: row[name] for name in ("rate", "exploration") if row[name] is not None}
    by_name({"forgetting": row["forgetting"], "reliability_rate": row["reliability_rate"], **free})
    if row["forgetting"] > 1 or free.get("exploration", 0) > 1:
        raise ValueError("`forgetting` and `exploration` are at most 1")
    return Learning(**row)


def text_of(value: Any) -> str:
    """A text; raises TypeError for anything else."""
    if type(value) is not str:
        raise TypeError(f"{show(value)} is no text")
    return value


def by_name(value: Any, least: float = 0.0, most: float = math.inf) -> dict[str, float]:
    """Finite numbers by name; raises TypeError or ValueError for anything else."""
    numbers = _mapping(value).values()
    fit = set(map(type, numbers)) <= _NUMBERS and all(map(math.isfinite, numbers))
    if numbers and not (fit and min(numbers) >= least and max(numbers) <= most):
        raise ValueError(f"the numbers of {show(value)} are not all between {least:g} and {most:g}")
    return dict(value)


def distribution(value: Any, n: int) -> list[float]:
    """[n] probabilities of sum 1; raises TypeError or ValueError for anything else."""
    found = _list(value, n)
    # What is NaN or infinite has no sum of 1.
    if not (abs(math.fsum(found) - 1) <= _ROUNDING and min(found) >= 0):
        raise ValueError("probabilities do not sum to 1")
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    if type(value) is not dict:
        raise TypeError(f"{show(value)} is no mapping")
    return value


def _figures(value: Any, n: int) -> list[float]:
    """[n] finite numbers, as JSON has them."""
    if not all(map(math.isfinite, _list(value, n))):
        raise ValueError(f"{n} finite numbers are expected")
    return list(value)


def _list(value: Any, n: int) -> list[float]:
    """[n] numbers; for as few as most lines have, arrays would take longer."""
    if type(value) is not list or len(value) != n or set(map(type, value)) != {float}:
        raise ValueError(f"{n} numbers are expected")
    return value


def _checksum(chain: str, body: bytes) -> str:
    return hashlib.sha256(chain.encode() + body).hexdigest()


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no number in JSON")


_COMPACT: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
_SORTED: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"), sort_keys=True)
_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)
