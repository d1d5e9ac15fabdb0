"""Whole answers under the hash of what they follow from: sealed when written, verified when read, bounded in size.

An entry that is damaged in any way, or is another answer's, is told apart from one that is not there: it is removed,
and whoever asked is told why.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qamctl.runs.canonical import line
from qamctl.runs.shelf import Item, Shelf

SCHEMA: Final = "qamctl/answer/1"

#: From this share of their room on it is looked how much there is, and cleared down to that one: so that looking at
#: every entry, which takes a second for a hundred thousand, is not every run's.
FULL: Final = 0.9
CLEARED: Final = 0.8

#: Where answers lie in the state folder.
FOLDER: Final = "answers"


class DamagedError(Exception):
    """An entry does not hold what was written; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a state folder.

    Attributes
    ----------
    shelf
        `answers` in the state folder.
    most
        Bytes that they may take in all.
    """

    shelf: Shelf
    most: int

    def get(self, key: str) -> dict[str, bytes] | None:
        """The parts of the answer of that key, which then counts as used just now; None where there is none.

        Raises
        ------
        DamagedError
            There is an entry that can't be trusted; it has been removed, as far as it could be.
        """
        try:
            parts = unseal(key, self.shelf.read(key))
        except FileNotFoundError:
            return None
        except OSError as error:
            self.shelf.drop(key)
            raise DamagedError(f"it can't be read: {(error.strerror or str(error)).lower()}") from error
        except DamagedError:
            self.shelf.drop(key)
            raise
        self.shelf.mark(key)
        return parts

    def put(self, key: str, parts: Mapping[str, bytes]) -> bool:
        """Keep an answer, and forget those used least recently where there is no room; False: it is too large.

        Not synced to disk: an entry that a power cut leaves half written is found out when it is read.

        Raises
        ------
        TemporaryError, UsageError
            It can't be written.
        """
        data = seal(key, parts)
        if len(data) > self.most:
            return False
        self.shelf.write(key, data, durable=False)
        if self.shelf.estimate(key) > FULL * self.most:
            self.shelf.clear(self.shelf.surplus(most=int(CLEARED * self.most)))
        return True

    def drop(self, key: str) -> None:
        """Forget an answer."""
        self.shelf.drop(key)


def answers_of(state: Path, megabytes: int) -> Answers:
    """The answers that a state folder keeps, in at most so many megabytes (of a million bytes)."""
    return Answers(Shelf(state / FOLDER), megabytes * 1_000_000)


def prune_answers(
    state: Path, *, keep: int | None = None, before: float | None = None, dry_run: bool = False
) -> list[Item]:
    """Forget answers by the rules of `runs.store.prune`, and give back which, the least recently used first.

    Parameters
    ----------
    keep
        Those used last, so many, stay.
    before
        Seconds since 1970: what was used later stays.
    dry_run
        Only say what would go.
    """
    shelf = Shelf(state / FOLDER)
    gone = shelf.surplus(keep=keep, before=before)
    if not dry_run:
        shelf.clear(gone)
    return gone


def seal(key: str, parts: Mapping[str, bytes]) -> bytes:
    """An entry: the hash of all that follows, a line with key and lengths, then the parts one after the other."""
    lengths = {name: len(data) for name, data in parts.items()}
    body = line({"schema": SCHEMA, "key": key, "parts": lengths}).encode() + b"\n" + b"".join(parts.values())
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def unseal(key: str, data: bytes) -> dict[str, bytes]:
    """The parts of an entry.

    Raises
    ------
    DamagedError
        It is not whole, not as it was written, of another version, or of another key.
    """
    seal_, newline, body = data[:64], data[64:65], data[65:]
    if hashlib.sha256(body).hexdigest().encode() != seal_ or newline != b"\n":
        raise DamagedError("its hash differs" if body else "it is cut off")
    first, _, rest = body.partition(b"\n")
    try:
        head = json.loads(first)
        schema, owner, lengths = head["schema"], head["key"], [(str(k), int(v)) for k, v in head["parts"].items()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError("its head is no head of an answer") from error
    if schema != SCHEMA:
        raise DamagedError(f"it is of schema {schema!r:.60}, and {SCHEMA!r} is read here")
    if owner != key:
        raise DamagedError("it is the answer to another question")
    parts, at = {}, 0
    for name, length in lengths:
        parts[name] = rest[at : at + length]
        at += length
    if at != len(rest) or any(length < 0 for _, length in lengths):
        raise DamagedError("its parts are not as long as they are said to be")
    return parts
