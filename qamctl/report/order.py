"""The order of names that people expect: M2 before M10."""

from __future__ import annotations


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key to sort names by, in which runs of digits count as numbers."""
    parts: list[str] = []
    for char in name:
        if parts and parts[-1][-1].isdecimal() == char.isdecimal():
            parts[-1] += char
        else:
            parts.append(char)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
