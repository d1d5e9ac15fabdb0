"""`qamctl backends`: the engines on this machine and the targets of Azure Quantum."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import Annotated, Any

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.session import open_console
from qamctl.cli.table import table
from qamctl.errors import ExitCode

app = new_app()


@app.command(cls=PlainCommand)
def backends(
    context: typer.Context,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the service: availability, queue times, qubits and profiles of today.")
    ] = False,
    prices: flag.Prices = None,
    output: flag.Output = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
) -> int:
    """List the engines on this machine, and the targets of Azure Quantum with qubits, QIR profile and price.

    \b
    Examples:
      qamctl backends
      qamctl backends --live --profile azure
      qamctl backends -o json | jq -r '.targets[] | select(.qpu | not) | .id'
    """
    flags = {"prices": prices, "output": output}
    console = open_console(context, flags, profile=profile, config=config)
    from qamctl import engine_list
    from qamctl.remote import open_office

    office = open_office(flags, profile=profile, config_file=Path(config) if config else None)
    found: dict[str, Any] = {"engines": engine_list.engines(), "targets": engine_list.targets(office, live=live)}
    console.show(found, lambda: page(found, console.width))
    return ExitCode.OK


def page(found: dict[str, Any], width: int) -> str:
    """Two tables."""
    engines = [
        (row["name"], ", ".join(row["takes"]), row["max_variables"], "ready" if row["ready"] else row["why"])
        for row in found["engines"]
    ]
    live = any("availability" in row for row in found["targets"])
    head = ["target", "qubits", "profile", *(["state", "queue s"] if live else []), "hardware", "price"]
    targets = [
        [row["id"], row["qubits"], row["profile"],
         *([row["availability"], f"{row['queue_seconds']:.0f}"] if live else []),
         "yes" if row["qpu"] else "no", (row["price"] or {}).get("formula", "unknown")]
        for row in found["targets"]
    ]  # fmt: skip
    return "\n\n".join([
        table(("engine", "takes", "variables", "state"), engines, width=width, right="variables"),
        table(head, targets, width=width, right="qubits queue s"), _prices(found["targets"], width),
    ])  # fmt: skip


def _prices(targets: list[dict[str, Any]], width: int) -> str:
    """What is not free, in words; targets of one price together."""
    texts: dict[str, list[str]] = {}
    for row in targets:
        price = row["price"]
        if price is not None and price["known"] and price["formula"] != "free":
            checked = "" if price["verified"] else ", not verified by a bill"
            texts.setdefault(f"{price['text']} ({price['date']}{checked})", []).append(row["id"])
    return "\n".join(fill(f"{', '.join(ids)}: {text}", width, subsequent_indent="  ") for text, ids in texts.items())
