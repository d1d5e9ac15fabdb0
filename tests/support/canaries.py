"""Secrets that must never be written: planted by the tests of Azure Quantum, looked for in all that a test run wrote.

`python tests/support/canaries.py FOLDER_OR_FILE...` names every file that holds one, and then ends with 1.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

#: The key of the workspace in every test; nothing but the service's own memory may know it.
KEY = "canary-key-5c1f0e7b9a2d4c68"

#: The key, tokens of storage addresses, bearer tokens, JSON web tokens.
PATTERN = re.compile(
    rb"canary-key-[0-9a-f]+|[?&]sig=(?!PLACEHOLDER|CANARY)[A-Za-z0-9%+/=_-]{16,}|sig%3[Dd][A-Za-z0-9%+/=_-]{16,}"
    rb"|Bearer [A-Za-z0-9._-]{16,}|eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{10,}"
)

#: Bytes that are read at a time, and that two reads share.
BLOCK, OVERLAP = 1 << 20, 4096


def files_in(places: Iterable[Path]) -> Iterator[Path]:
    """Every regular file below some places."""
    for place in places:
        if place.is_file():
            yield place
        for folder, _, names in os.walk(place):
            yield from (path for name in names if (path := Path(folder) / name).is_file() and not path.is_symlink())


def leaks_in(path: Path) -> list[str]:
    """What a file holds of secrets, each cut to its first letters."""
    found = []
    try:
        with path.open("rb") as file:
            tail = b""
            while block := file.read(BLOCK):
                found += [match.group()[:24].decode("ascii", "replace") for match in PATTERN.finditer(tail + block)]
                tail = block[-OVERLAP:]
    except PermissionError:  # a file that a test made unreadable holds what the test wrote itself
        return []
    return sorted(set(found))


def main(places: list[str]) -> int:
    """Tell every file with a secret in it; the exit code."""
    leaks = {path: found for path in files_in(map(Path, places)) if (found := leaks_in(path))}
    for path, found in leaks.items():
        sys.stdout.write(f"{path}: {', '.join(found)}\n")
    sys.stdout.write(f"{len(leaks)} of the files that were written hold a secret\n")
    return 1 if leaks else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
