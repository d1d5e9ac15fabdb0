"""`qamctl explain SPEC`: what moved a decision; why there is no schedule, or none that is shorter."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Annotated, Any

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.numbers import factor, whole
from qamctl.cli.session import open_console
from qamctl.cli.table import cell, table
from qamctl.errors import ExitCode

app = new_app()

#: Rows of a table on the page; `-o json` has them all.
MOST_ROWS = 20

#: Decisions that have a column of their own.
MOST_COLUMNS = 4


TimeLimit = Annotated[
    str | None, typer.Option("--time-limit", metavar="S", help="Of schedules: wall seconds in all, about. Default 30.")
]
Limit = Annotated[
    str | None, typer.Option("--limit", metavar="N", help="Of schedules: offer at most so many remedies. Default 5.")
]


@app.command(cls=PlainCommand)
def explain(
    context: typer.Context,
    spec: Annotated[
        str,
        typer.Argument(
            metavar="SPEC",
            help="Problem file of `kind: schedule` or `kind: reason` (YAML or JSON); - is standard input.",
        ),
    ],
    time_limit: TimeLimit = None,
    limit: Limit = None,
    output: flag.Output = None,
    quiet: flag.Quiet = False,
) -> int:
    """Explain why a plan has no schedule, or none that is shorter; or a decision under evidence. Nothing is written.

    \b
    Examples:
      qamctl explain plan.yaml
      qamctl explain plan.yaml --time-limit 120 --limit 20
      qamctl explain plan.yaml -o json | jq -r '.remedies[0].changes[].text'
      qamctl explain incident.yaml -o json | jq '.evidence | max_by(.moved)'

    Of a schedule that can't be: constraints that can't hold together, none of which can be spared, each with its place;
    and the cheapest changes that give it a schedule, each found and checked. Of one that can: what keeps it from being
    shorter. docs/explain.md says how, and what a change costs.

    Of a decision: the steps show the posterior growing; each piece of evidence is told by what its absence would
    change, and how the posterior follows its reliability. Where a context evolves the paths, the exchange of two pieces
    of evidence may matter, and with coherence the answer differs from the classical one: by how much is told.

    Exit code 0: it was explained, a plan without a schedule, too; 4: in this time neither a schedule was found nor that
    there is none, or the evidence of a decision is impossible.
    """
    console = open_console(context, {"output": output, "quiet": quiet}, profile=None, config=None)
    seconds = None if time_limit is None else factor("--time-limit", time_limit)
    most = None if limit is None else whole("--limit", limit)
    from qamctl.explaining import explain_file

    found = explain_file(spec, seconds=seconds, most=most)
    if found.get("kind") != "schedule":
        console.show(found, lambda: explanation_page(found, console.width))
        return ExitCode.OK
    from qamctl.cli.explain_schedule_page import schedule_explanation_page

    console.show(found, lambda: schedule_explanation_page(found, console.width, console.paint))
    return ExitCode.INFEASIBLE if found["status"] == "unknown" else ExitCode.OK


def explanation_page(found: Mapping[str, Any], width: int) -> str:
    """An explanation as a page of text."""
    chances = found["decisions"]
    ranked = sorted(chances, key=lambda name: -chances[name])[:MOST_COLUMNS]
    first = fill(f"Decision: {found['decision']} ({cell(found['value'])})", width, subsequent_indent="  ")
    parts = [first, _steps(found, ranked, width)]
    parts.append(_evidence(found, ranked, width))
    if found["order"]:
        rows = [(*row["pair"], row["distance"]) for row in found["order"][:MOST_ROWS]]
        parts.append(table(("exchanged", "with", "moves"), rows, width=width, right="moves"))
    if found["classical"] is not None:
        rows_of = [(name, chances[name], found["classical"][name], found["interference"][name]) for name in ranked]
        head = ("decision", "coherent", "classical", "interference")
        parts.append(table(head, rows_of, width=width, right=" ".join(head[1:])))
    return "\n\n".join(part for part in parts if part)


def _steps(found: Mapping[str, Any], ranked: list[str], width: int) -> str:
    rows = [
        (row["step"], row["probability"], *(_share(row["decisions"][name]) for name in ranked), row.get("moved"))
        for row in found["steps"][:MOST_ROWS]
    ]
    head = ("step", "seen with", *ranked, "moved")
    text = table(head, rows, width=width, right=" ".join(("moved", *ranked)))
    more = len(found["steps"]) - len(rows)
    return text + (f"\n... and {more} more steps" if more > 0 else "")


def _evidence(found: Mapping[str, Any], ranked: list[str], width: int) -> str:
    rows = sorted(found["evidence"], key=lambda row: -row["moved"])[:MOST_ROWS]
    if not rows:
        return ""
    first = ranked[0]
    cells = [
        (
            row["id"], row["moved"], _share(row["decisions_without"][first]), row["decision_without"],
            None if row["by_reliability"] is None else f"{row['by_reliability'][first]:+.3g}",
        )
        for row in rows
    ]  # fmt: skip
    head = ("evidence", "moved", f"{first} without", "decision without", "by reliability")
    return table(head, cells, width=width, right=f"moved {first} without")


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"
