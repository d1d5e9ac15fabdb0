"""Why an output can't be read, and how a piece of it is shown without what should not be seen."""

from __future__ import annotations

import re
from typing import Any, Final

#: Characters of an output that a message shows.
SHOWN: Final = 80

_LOOKED_AT: Final = 1000

#: What may follow words like these is nobody's business; Quantinuum's results once came with an access token.
_SECRET: Final = re.compile(
    r"""(\w*(?:sig|key|token|secret|password|bearer)["']?\s*[=:\s]\s*["']?)[^"'&,;}\s]+""", re.I
)


class Unreadable(Exception):
    """An output is not what its format says; inside this package only, `parse` makes a `BackendError` of it."""


def beginning(data: bytes) -> str:
    """The first characters of an output, on one line, printable, without secrets."""
    text = data[:_LOOKED_AT].decode("utf-8-sig", "replace")
    return clean(text, SHOWN) if text.strip() else "nothing"


def clean(value: Any, most: int = 40) -> str:
    """A piece of an output as it may stand in a message."""
    text = value if isinstance(value, str) else _brief(value)
    # Cut first, because names and values may be as large as the output; what is cut in a secret is masked to the end.
    text = _SECRET.sub(r"\1...", text[:_LOOKED_AT])
    line = "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
    return f"`{line[:most]}...`" if len(line) > most else f"`{line}`"


def _brief(value: Any) -> str:
    """What a value is, without walking through it: it may be large, or nested without end."""
    kinds = {dict: "an object", list: "a list", bool: "true or false", type(None): "null"}
    if type(value) in kinds:
        return kinds[type(value)]
    # Python refuses to write numbers of thousands of digits.
    return "a number of many digits" if isinstance(value, int) and value.bit_length() > 256 else str(value)
