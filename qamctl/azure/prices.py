"""What a job will cost at most, before it is sent: the makers' formulas with their published coefficients, as data.

The service names a price only after the job, so a cap must rest on our own table (`prices.toml`); a file of the user's
goes before it. Amounts are computed as exact fractions and rounded up: an estimate is an upper bound.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import ceil
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from qamctl.azure.targets import Target
from qamctl.errors import SpecError
from qamctl.runs.ledger import MICROS

#: Units of account that are no money.
UNITS: Final = frozenset({"HQC", "eHQC"})


@dataclass(frozen=True, slots=True)
class CircuitFigures:
    """What of a circuit its price depends on, as it was compiled for its target.

    Attributes
    ----------
    two_qubit_gates
        Larger gates are to be taken apart first; a swap is three.
    measurements
        In the middle of the circuit, too; and resets.
    depth
        Layers of gates.
    """

    qubits: int
    one_qubit_gates: int
    two_qubit_gates: int
    measurements: int
    depth: int


@dataclass(frozen=True, slots=True)
class Price:
    """What jobs on a target cost.

    Attributes
    ----------
    formula
        A key of `FORMULAS`.
    currency
        A currency, or a unit of account (`UNITS`).
    coefficients
        By name, as they were published.
    source, date
        Where they are from, and of what day (ISO 8601; empty where not said).
    verified
        Whether a billed job agreed (`credits.verified`).
    assumed
        Coefficients that are not published, but ours.
    """

    target: str
    formula: str
    currency: str
    coefficients: Mapping[str, Decimal]
    source: str
    date: str
    verified: bool = False
    assumed: tuple[str, ...] = ()
    note: str = ""

    @property
    def known(self) -> bool:
        """Whether it gives an upper bound."""
        if self.formula == "per-time":  # without any of our guesses a price per second bounds nothing
            return any(name in self.coefficients for name in ("seconds_per_job", "seconds_per_shot"))
        return self.formula != "unknown"

    @property
    def mark(self) -> str:
        """Eight letters for what this price says: bills under another one confirm nothing of it."""
        said = [self.formula, self.currency, {name: str(value) for name, value in self.coefficients.items()}]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Estimate:
    """The most that a job will cost.

    Attributes
    ----------
    amount, micros
        In units and millionths of the currency, rounded up; 0 where not known.
    breakdown
        The parts that it is the sum of; for time and HQC also how much of them it is.
    known
        Whether there is an upper bound at all.
    price
        `Price.mark`.
    """

    target: str
    amount: float
    currency: str
    micros: int
    formula: str
    breakdown: Mapping[str, float]
    verified: bool
    source: str
    date: str
    known: bool
    price: str
    assumed: tuple[str, ...] = ()
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For results, and for a job's row."""
        return {
            "amount": self.amount, "currency": self.currency, "micros": self.micros, "formula": self.formula,
            "breakdown": dict(self.breakdown), "verified": self.verified, "source": self.source, "date": self.date,
            "known": self.known, "price": self.price, "assumed": list(self.assumed), "note": self.note,
        }  # fmt: skip


Parts = dict[str, Fraction]
Shares = Mapping[str, Fraction]


def _free(c: Shares, figures: CircuitFigures, shots: int, mitigated: bool) -> tuple[Parts, Parts]:
    return {}, {}


def _gate_shots(c: Shares, figures: CircuitFigures, shots: int, mitigated: bool) -> tuple[Parts, Parts]:
    """The published formula adds the minimum to the gates, its text calls it a minimum: the sum bounds both."""
    least = max(c["minimum"], c["minimum_mitigated"]) if mitigated else c["minimum"]
    return {
        "minimum": least,
        "one_qubit": c["one_qubit"] * figures.one_qubit_gates * shots,
        "two_qubit": c["two_qubit"] * figures.two_qubit_gates * shots,
    }, {}


def _hqc(c: Shares, figures: CircuitFigures, shots: int, mitigated: bool) -> tuple[Parts, Parts]:
    """Preparing a qubit counts as measuring it does."""
    parts = {
        "base": c["base"],
        "one_qubit": c["one_qubit"] * figures.one_qubit_gates * shots / c["divisor"],
        "two_qubit": c["two_qubit"] * figures.two_qubit_gates * shots / c["divisor"],
        "spam": c["spam"] * (figures.qubits + figures.measurements) * shots / c["divisor"],
    }
    price = c.get("price_per_hqc", Fraction(1))
    return {name: part * price for name, part in parts.items()}, {"hqc": sum(parts.values(), Fraction())}


def _per_time(c: Shares, figures: CircuitFigures, shots: int, mitigated: bool) -> tuple[Parts, Parts]:
    zero = Fraction()
    of_shot = c.get("seconds_per_shot", zero) + c.get("seconds_per_layer", zero) * figures.depth
    seconds = c.get("seconds_per_job", zero) + of_shot * shots
    step = c.get("increment_seconds", zero)
    if step:
        seconds = ceil(seconds / step) * step
    return _at_least(c, {"time": seconds * c["unit_price"] / c["unit_seconds"]}), {"seconds": seconds}


def _per_shot(c: Shares, figures: CircuitFigures, shots: int, mitigated: bool) -> tuple[Parts, Parts]:
    return _at_least(c, {"job": c.get("per_job", Fraction()), "shots": c["per_shot"] * shots}), {}


def _at_least(c: Shares, parts: Parts) -> Parts:
    return parts | {"up_to_minimum": max(Fraction(), c.get("minimum", Fraction()) - sum(parts.values()))}


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula: the coefficients that it must have and may have, and what it makes of a job.

    `parts` gives the parts of the amount, and what else is to be told.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...]
    parts: Callable[[Shares, CircuitFigures, int, bool], tuple[Parts, Parts]]


#: Formulas by name.
FORMULAS: Final[Mapping[str, Formula]] = MappingProxyType(
    {
        "free": Formula((), (), _free),
        "gate-shots": Formula(("one_qubit", "two_qubit", "minimum", "minimum_mitigated"), (), _gate_shots),
        "hqc": Formula(("base", "one_qubit", "two_qubit", "spam", "divisor"), ("price_per_hqc",), _hqc),
        "per-time": Formula(
            ("unit_price", "unit_seconds"),
            ("increment_seconds", "seconds_per_job", "seconds_per_shot", "seconds_per_layer", "minimum"),
            _per_time,
        ),
        "per-shot": Formula(("per_shot",), ("per_job", "minimum"), _per_shot),
        "unknown": Formula((), (), _free),
    }
)


def estimate(
    target: Target | str, figures: CircuitFigures, shots: int, prices: Mapping[str, Price], *, mitigated: bool = True
) -> Estimate:
    """The most that a job will cost, minimum charges included.

    Parameters
    ----------
    prices
        `load_prices`; a target that is not there has no known price.
    mitigated
        IonQ: whether its error mitigation is on, as it is by default on its machines: then the minimum is higher.
    """
    id = target if isinstance(target, str) else target.id
    price = prices.get(id) or Price(id, "unknown", "USD", {}, "", "", note="no price is known of this target")
    shares = {name: Fraction(value) for name, value in price.coefficients.items()}
    parts, told = FORMULAS[price.formula].parts(shares, figures, shots, mitigated) if price.known else ({}, {})
    micros = ceil(sum(parts.values(), Fraction()) * MICROS)
    return Estimate(
        target=id, amount=micros / MICROS, currency=price.currency, micros=micros, formula=price.formula,
        breakdown={name: float(part) for name, part in (parts | told).items()}, verified=price.verified,
        source=price.source, date=price.date, known=price.known, price=price.mark, assumed=price.assumed,
        note=price.note,
    )  # fmt: skip


def load_prices(path: Path | None = None) -> Mapping[str, Price]:
    """Our prices, with those of a file before them.

    Parameters
    ----------
    path
        TOML: a table for each target, or for several by a pattern (`["quantinuum.qpu.*"]`); what it gives replaces
        what we have, and another formula begins from nothing.

    Raises
    ------
    SpecError
        The file can't be read, or says what makes no sense: every fault with its line.
    """
    return _ours() if path is None else _merged(path, _ours())


@cache
def _ours() -> Mapping[str, Price]:
    import tomllib
    from importlib.resources import files

    text = files("qamctl.azure").joinpath("prices.toml").read_text("utf-8")
    rows = tomllib.loads(text, parse_float=Decimal)
    return MappingProxyType({id: _price(id, row) for id, row in rows.items()})


def _price(id: str, row: Mapping[str, Any]) -> Price:
    formula = FORMULAS[row["formula"]]
    names = formula.required + formula.optional
    date = row.get("date", "")
    return Price(
        target=id, formula=row["formula"], currency=row["currency"],
        coefficients=MappingProxyType({name: Decimal(row[name]) for name in names if name in row}),
        source=row["source"], date=date if isinstance(date, str) else date.isoformat(),
        verified=row.get("verified", False), assumed=tuple(row.get("assumed", ())), note=row.get("note", ""),
    )  # fmt: skip


def _merged(path: Path, ours: Mapping[str, Price]) -> Mapping[str, Price]:
    from qamctl.azure import price_file  # only where there is one

    rows, faults = price_file.read(path, ours)
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise SpecError(f"can't use the prices of {path}: {faults[0].message}{more}", faults)
    return MappingProxyType(dict(ours) | {id: _price(id, row) for id, row in rows.items()})
