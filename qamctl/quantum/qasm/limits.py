"""How large an OpenQASM program may be: checked before memory is taken, and said to the user."""

from __future__ import annotations

from typing import Final

#: Bytes of a program.
SIZE: Final = 4 * 1024 * 1024

#: Qubits and classical bits; a program can declare any number in a few bytes.
QUBITS: Final = 10_000
CLBITS: Final = 100_000

#: Operations, loops unrolled and own gates expanded.
OPERATIONS: Final = 250_000

#: Faults that are told at once.
FAULTS: Final = 20


def too_many_operations() -> str:
    """What is wrong with a program that stands for more."""
    return f"the program stands for more than {OPERATIONS:,} operations, the most that are taken"
