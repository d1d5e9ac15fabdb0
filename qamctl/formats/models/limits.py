"""How large a model file may be: checked before memory is taken, and said to the user."""

from __future__ import annotations

from typing import Final

#: Bytes of a model file, and of what a packed one may unpack to.
SIZE: Final = 512 * 1024 * 1024

#: Bytes of a file in a format whose terms are read one by one.
LIST_SIZE: Final = 256 * 1024 * 1024

#: Variables of a model; files can declare any number in a few bytes.
VARIABLES: Final = 10_000_000

#: Constraints of a model.
CONSTRAINTS: Final = 10_000_000

#: Terms of a Hamiltonian, which are read one by one.
TERMS: Final = 1_000_000

#: Files in the archive of a CQM: three for each constraint, one more for each group, three for the rest.
CQM_FILES: Final = 1_000_000


def too_many_variables(count: int) -> str | None:
    """What is wrong with declaring so many variables; None where nothing is."""
    return f"{count:,} variables are more than the {VARIABLES:,} that are taken" if count > VARIABLES else None
