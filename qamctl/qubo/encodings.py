"""How groups and inequalities can be encoded, by name."""

from __future__ import annotations

from qamctl.errors import UsageError

#: Encodings of one-hot groups: a penalty on the sum of the members, or walls (`domain_wall`).
ONE_HOT = ("one-hot", "domain-wall")

#: Encodings of inequalities: slack bits (`slack`), or a parabola without bits (`unbalanced`).
INEQUALITY = ("slack", "unbalanced")


def check_names(one_hot: str, inequality: str) -> None:
    """Refuse an encoding that does not exist.

    Raises
    ------
    UsageError
        With the names that do.
    """
    for what, name, known in (("one-hot groups", one_hot, ONE_HOT), ("inequalities", inequality, INEQUALITY)):
        if name not in known:
            raise UsageError(f"there is no encoding {name!r} of {what}: choose {' or '.join(known)}")
