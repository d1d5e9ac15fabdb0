"""The one choke point that secrets do not pass: whatever Azure says goes through here before it is shown or written.

What is taken out: the query of an address that a shared access signature (SAS) signs, keys, client secrets, headers
that authorise, bearer and JSON web tokens, by the ways they are written; and secrets that are known, whatever they
look like. Addresses stay, up to their `?`. Everything takes time in proportion to the length of the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote

#: What stands where a secret stood.
GONE: Final = "***"

#: Below this many characters a secret is not looked for: it would be met in any text.
_SHORTEST: Final = 8

#: Levels of data that are followed; below them everything is taken out.
_DEPTH: Final = 64

#: Names whose values are secrets, in any case, with `-`, `_`, a blank or nothing between their words.
_NAMES: Final = (
    "sig", "signature", "api key", "x ms quantum api key", "subscription key", "account key", "primary key",
    "secondary key", "shared access key", "shared access signature", "client secret", "client assertion",
    "access token", "refresh token", "id token", "request token", "password", "authorization", "qamctl azure key",
)  # fmt: skip

#: Names in the query of an address that are secrets only there.
_QUERY_NAMES: Final = "key|code|token"

#: A value goes on to a blank, a quote, a bracket, a `;`, or the backslash of a quote that is escaped.
_VALUE: Final = r"[^\s;\"'<>\\]"

_NAME: Final = rf"(?:{'|'.join(name.replace(' ', '[-_ ]?') for name in _NAMES)})"
_QUOTE: Final = r"(?:\\{0,8}[\"'])"  # perhaps escaped

#: After a name, quoted or not.
_ASSIGNED: Final = re.compile(
    rf"""
    ({_NAME} {_QUOTE}? [ \t]{{0,8}} (?:[:=]|%3D|%253D|%3A) >? [ \t]{{0,8}} (?:b?{_QUOTE})?)
    (?:(?:Bearer|Basic|Digest|Negotiate|SharedKey|SharedKeyLite|SharedAccessSignature)[ ]{{1,8}})?
    {_VALUE}+
    """,
    re.IGNORECASE | re.VERBOSE,
)
#: After a quoted name, in a pair as Python shows headers.
_PAIRED: Final = re.compile(rf"""({_QUOTE}{_NAME}{_QUOTE}[ ]?,[ ]?b?{_QUOTE})[^"']+""", re.IGNORECASE)
_QUERY: Final = re.compile(r"(?:\?|%3F|%253F)(?:\\u0026|[^\s\"'<>\\])+", re.IGNORECASE)
_IN_QUERY: Final = re.compile(rf"([?&](?:{_QUERY_NAMES})=)[^&;]+", re.IGNORECASE)
_SIGNED: Final = re.compile(r"(?:^|[?&;]|amp;|\\u0026)(?:sig|signature)=", re.IGNORECASE)
_BEARER: Final = re.compile(r"(Bearer(?:[ \t]|%20|\+){1,8})([A-Za-z0-9._~+/=%-]{8,})", re.IGNORECASE)
_JWT: Final = re.compile(r"eyJ[A-Za-z0-9_.%+/=-]{8,}")
_SECRET_KEY: Final = re.compile(".*(?:" + "|".join(name.replace(" ", "") for name in _NAMES if name != "sig") + ")|sig")


class Secret:
    """A text that does not show itself: not in messages, not in `repr`, not where data is written."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text, for who sends it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({GONE})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written down")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self


class Cleaner:
    """Takes secrets out.

    Parameters
    ----------
    secrets
        Known ones, as the key in use: taken out wherever they are met, as they are or escaped for an address or JSON.
        Those below 8 characters are not looked for.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        shapes = {shape for secret in secrets if len(secret) >= _SHORTEST for shape in _shapes(secret)}
        longest_first = sorted(shapes, key=lambda shape: (-len(shape), shape))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if shapes else None

    def __repr__(self) -> str:
        return "Cleaner()"

    def clean_text(self, text: str) -> str:
        """The text without secrets; a text without any comes back as it is."""
        if self._known is not None:
            text = self._known.sub(GONE, text)
        text = _QUERY.sub(_query, text)
        text = _PAIRED.sub(rf"\1{GONE}", text)
        text = _ASSIGNED.sub(rf"\1{GONE}", text)
        text = _BEARER.sub(_bearer, text)
        return _JWT.sub(GONE, text)

    def clean_data(self, data: Any) -> Any:
        """Data as JSON has it, without secrets: in texts, in keys, and all that stands under a key as `apiKey`.

        Numbers, booleans and None stay as they are, tuples become lists, and what JSON does not know becomes its text.
        """
        return self._data(data, _DEPTH)

    def _data(self, data: Any, depth: int) -> Any:
        if data is None or isinstance(data, (bool, int, float)):
            return data
        if isinstance(data, str):
            return self.clean_text(data)
        if depth == 0:
            return GONE
        if isinstance(data, Mapping):
            return {self.clean_text(str(key)): self._under(str(key), value, depth) for key, value in data.items()}
        if isinstance(data, (list, tuple)):
            return [self._data(value, depth - 1) for value in data]
        return self.clean_text(str(data))

    def _under(self, key: str, value: Any, depth: int) -> Any:
        word = re.sub(r"[-_ ]", "", key).lower()
        if _SECRET_KEY.fullmatch(word) and value is not None:
            return GONE
        if word.endswith("uri") and isinstance(value, str):
            value = value.partition("?")[0]  # of these, nobody needs more
        return self._data(value, depth - 1)


def clean_text(text: str) -> str:
    """As `Cleaner.clean_text`, where no secret is known."""
    return _PLAIN.clean_text(text)


def clean_data(data: Any) -> Any:
    """As `Cleaner.clean_data`, where no secret is known."""
    return _PLAIN.clean_data(data)


def _shapes(secret: str) -> set[str]:
    """The ways in which a secret is written."""
    shapes = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), quote(quote(secret, safe=""), safe="")}
    shapes |= {re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), shape) for shape in shapes}
    return shapes | {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}


def _query(found: re.Match[str]) -> str:
    """Nothing in place of a query that is signed, else the query without keys."""
    plain = unquote(unquote(unquote(found[0])))
    if _SIGNED.search(plain):
        return ""
    return _IN_QUERY.sub(rf"\1{GONE}", found[0])


def _bearer(found: re.Match[str]) -> str:
    """Tokens have digits or are long; "bearer credentials" are words."""
    token = found[2]
    return f"{found[1]}{GONE}" if len(token) >= 20 or any(letter.isdigit() for letter in token) else found[0]


_PLAIN: Final = Cleaner()
