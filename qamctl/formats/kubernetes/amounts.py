"""Quantities of Kubernetes (`100m`, `2Gi`, `1e3`), read exactly and written in units that a problem file takes.

As the scheduler counts them: CPU in thousandths of a core, everything else in whole bytes or pieces, both rounded up
(k8s.io/apimachinery/pkg/api/resource).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from types import MappingProxyType
from typing import Final

from qamctl.formats.faults import shown
from qamctl.formats.kubernetes.documents import Entry
from qamctl.spec.cells import PLACES
from qamctl.spec.quantities import MOST

CPU: Final = "cpu"

_QUANTITY = re.compile(
    r"(?P<number>\+?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30}))"
    r"(?:(?P<suffix>[numkMGTPE]|[KMGTPE]i)|[eE](?P<exponent>[-+]?[0-9]{1,2}))?",
    re.ASCII,
).fullmatch
_SUFFIXES: Final[Mapping[str, Fraction]] = MappingProxyType(
    {suffix: Fraction(1000) ** power for power, suffix in enumerate("num kMGTPE", -3) if suffix != " "}
    | {f"{suffix}i": Fraction(1024) ** power for power, suffix in enumerate("KMGTPE", 1)}
)
#: Units of bytes, the one that people read best first, as powers of two.
_BYTES: Final = (("MiB", 20), ("KiB", 10), ("bytes", 0))
#: Bits of the unit where none is exact.
_COARSE: Final = 10


@dataclass(frozen=True, slots=True)
class Unit:
    """How amounts of a resource are written: as `amount / per`; not exact ones are rounded."""

    name: str
    per: int
    exact: bool = True

    def written(self, amount: int, *, up: bool) -> int | float:
        """An amount as a number of a problem file; up or down where the unit is too coarse."""
        if not self.exact:
            return -(-amount // self.per) if up else amount // self.per
        return amount // self.per if amount % self.per == 0 else amount / self.per


def amount(resource: str, entry: Entry) -> int:
    """A quantity in whole small units: thousandths of a core, bytes, pieces."""
    number = _exact(entry)
    whole = ceil(number * 1000) if resource == CPU else ceil(number)
    if whole > (MOST << _COARSE if is_bytes(resource) else MOST):
        raise entry.fault(f"the quantity {shown(str(entry.value))} is absurd")
    return whole


def amounts(entry: Entry) -> dict[str, int]:
    """Quantities by resource."""
    return {resource: amount(resource, value) for resource, value in entry.pairs()}


def unit_of(resource: str, amounts: Iterable[int]) -> Unit:
    """The unit in which all amounts of a resource can be written.

    A quantity of a problem file has six decimals at most, and no more than 10^12 of its smallest decimal: bytes of a
    large machine are too many, and MiB of an odd number of bytes have too many decimals.
    """
    if resource == CPU:
        return Unit("cores", 1000)
    if not is_bytes(resource):
        return Unit("", 1)
    used = [value for value in amounts if value]
    most = max(used, default=0)
    even = min(((value & -value).bit_length() - 1 for value in used), default=_BYTES[0][1])
    for name, bits in _BYTES:
        decimals = max(0, bits - even)  # an odd number over 2^k has k decimals
        if decimals <= PLACES and most * 10**decimals <= MOST << bits:
            return Unit(name, 1 << bits)
    return Unit("KiB", 1 << _COARSE, exact=False)


def is_bytes(resource: str) -> bool:
    """Whether a resource is counted in bytes."""
    return resource in ("memory", "ephemeral-storage", "storage") or resource.startswith("hugepages-")


def _exact(entry: Entry) -> Fraction:
    value = entry.value
    text = value if isinstance(value, str) else repr(value) if type(value) in (int, float) else ""
    match = _QUANTITY(text.strip())
    if not match:
        told = shown(str(value))
        raise entry.fault(f"{told} can't be a quantity, as 2, 0.5, 100m, 2Gi or 1e3, and not negative")
    scale = Fraction(10) ** int(match["exponent"]) if match["exponent"] else _SUFFIXES.get(match["suffix"], 1)
    return Fraction(match["number"]) * scale
