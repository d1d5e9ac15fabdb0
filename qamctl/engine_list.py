"""What `qamctl backends` lists: the engines on this machine, and the targets of Azure Quantum with what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from qamctl.remote import Office

if TYPE_CHECKING:
    from qamctl.azure.prices import Price
    from qamctl.azure.service import TargetStatus
    from qamctl.azure.targets import Target

#: Packages that engines need, as pip names them -> the module that is imported.
_MODULES: Final[Mapping[str, str]] = {"qamctl[noise]": "qiskit_aer", "dwave-neal": "neal"}


def engines() -> list[dict[str, Any]]:
    """The engines on this machine: what they take, and whether all that they need is there."""
    from qamctl.backends import registry

    native = [
        {"name": name, "takes": [kind], "max_variables": None, "quantum": False, "ready": True, "why": None}
        for kind, names in registry.NATIVE_SOLVERS.items()
        for name in names
    ]
    rows: list[dict[str, Any]] = []
    for name in registry.names():
        able = registry.get(name).capabilities
        missing = able.package is not None and find_spec(_MODULES.get(able.package, able.package)) is None
        rows.append({
            "name": name, "takes": list(able.kinds), "max_variables": able.max_variables, "quantum": able.quantum,
            "ready": not missing, "why": f"not installed: pip install '{able.package}'" if missing else None,
        })  # fmt: skip
    return [*native, *rows]


def targets(office: Office, *, live: bool = False) -> list[dict[str, Any]]:
    """The targets of Azure Quantum as we know them, and, live, as the service tells them now.

    Raises
    ------
    SpecError
        The file of prices can't be used.
    AuthError, BackendError, TemporaryError
        The service does not answer well.
    """
    from qamctl.azure import prices
    from qamctl.azure import targets as data

    known, costs = data.known(), prices.load_prices(office.options.prices)
    if not live:
        return [_row(target, costs.get(id), None) for id, target in known.items() if not target.retired]
    listed = statuses(office)
    found = [_row(data.from_status(status), costs.get(status.id), status) for status in listed]
    return sorted(found, key=lambda row: str(row["id"]))


def statuses(office: Office) -> list[TargetStatus]:
    """What the service lists today.

    Raises
    ------
    AuthError, BackendError, TemporaryError
        It does not answer well.
    """
    from qamctl.azure.client import error_of
    from qamctl.azure.service import ServiceFault

    with office.desk() as desk:
        service = desk.client.service
        try:
            return list(desk.client.call("asking for the targets", service.targets))
        except ServiceFault as fault:
            raise error_of(fault, f"asking {service.workspace} for its targets") from fault


def _row(target: Target, price: Price | None, status: TargetStatus | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": target.id, "provider": target.provider, "text": target.text, "qpu": target.qpu, "qubits": target.qubits,
        "profile": target.profile, "max_shots": target.max_shots, "formats": [one.input for one in target.formats],
        "price": None if price is None else price_of(price), "known": target.known, "retired": target.retired,
        "source": target.source, "date": target.date,
    }  # fmt: skip
    if status is not None:
        row |= {"availability": status.availability, "queue_seconds": status.queue_seconds}
    return row


def price_of(price: Price) -> dict[str, Any]:
    """A price as data: its formula with coefficients, and where it is from."""
    return {
        "formula": price.formula, "currency": price.currency,
        "coefficients": {name: float(value) for name, value in price.coefficients.items()}, "text": price_text(price),
        "known": price.known, "verified": price.verified, "assumed": list(price.assumed), "source": price.source,
        "date": price.date, "note": price.note,
    }  # fmt: skip


def price_text(price: Price) -> str:
    """A price in a few words."""
    if price.formula == "free":
        return "free"
    if not price.known:
        return "not known"
    c = {name: f"{value:f}" for name, value in price.coefficients.items()}
    unit = price.currency
    if price.formula == "gate-shots":
        least = f", at least {unit} {max(c['minimum'], c['minimum_mitigated'], key=float)}"
        return f"{unit} {c['one_qubit']} a gate and shot, {c['two_qubit']} of two qubits{least}"
    if price.formula == "hqc":
        times = f" at {c['price_per_hqc']}" if "price_per_hqc" in c else ""
        return (
            f"{unit}: {c['base']} + (N1 x {c['one_qubit']} + N2 x {c['two_qubit']} + Nm x {c['spam']}) x shots / "
            f"{c['divisor']}{times}"
        )
    if price.formula == "per-time":
        return f"{unit} {c['unit_price']} for {c['unit_seconds']} s"
    job = f" and {c['per_job']} a job" if "per_job" in c else ""
    return f"{unit} {c['per_shot']} a shot{job}"
