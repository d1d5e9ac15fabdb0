"""A reasoning result as a page of text: the decision, the posterior as bars, what actions are worth, who measured."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Any

from qamctl.cli.gates_page import gates_text
from qamctl.cli.table import cell, fit, table
from qamctl.cli.views import percent, reused_line
from qamctl.console import Paint

#: Paths on the page; the result file has them all.
MOST_ROWS = 16

#: Columns of a bar that stands for certainty.
BAR = 32

_STYLES = {"optimal": "good", "feasible": "good", "infeasible": "bad", "unknown": "bad", "interrupted": "warn"}


def reason_page(result: Mapping[str, Any], *, width: int, paint: Paint, place: str | None = None) -> str:
    """The page of a reasoning result.

    Parameters
    ----------
    result
        The object of a result file.
    place
        Where the whole result is; None where it was not written.
    """
    solution = result.get("solution")
    parts = [_headline(result, paint, width), gates_text(result, width, paint)]
    if solution:
        parts += [_posterior(solution, width), _utility(solution, width), _more(result, solution, width)]
    parts += [_engines(result, width), _reasons(result, width)]
    if place:
        parts.append(f"Result: {place}")
    return "\n\n".join(part for part in parts if part)


def _headline(result: Mapping[str, Any], paint: Paint, width: int) -> str:
    """The status, the decision and what it is worth."""
    status, solution = result["status"], result.get("solution")
    how = {"optimal": "computed exactly", "feasible": "measured"}.get(status)
    lines = [f"Status: {paint(status, _STYLES.get(status, 'bold'))}" + (f" ({how})" if how else "")]
    if solution:
        name, worth = solution["decision"], _worth(result, solution)
        plain = f"Decision: {name} ({worth})"
        fits = len(plain) <= width
        lines.append(
            f"Decision: {paint(name, 'bold')} ({worth})" if fits else fill(plain, width, subsequent_indent="  ")
        )
    if result.get("solved_by"):
        lines.append(f"Solved by: {result['solved_by']}")
    lines += reused_line(result)
    if fallback := result.get("fallback"):
        lines.append(f"Fallback: {', '.join(f'{name}: {cell(value)}' for name, value in fallback.items())}")
    if compiled := result.get("compiled"):
        told = compiled.get("reason") or (
            f"{compiled['variables']} qubits, {compiled['two_qubit']} two-qubit gates, depth {compiled['depth']}"
        )
        lines.append(f"Compiled: {compiled['kind']}, {compiled['scope']}, {told}")
    lines += [f"Note: {note}" for note in result.get("notes") or []]
    first = 2 if solution else 1
    return "\n".join(lines[:first] + [fit(line, width) for line in lines[first:]])


def _worth(result: Mapping[str, Any], solution: Mapping[str, Any]) -> str:
    if solution["expected_utility"]:
        text = f"expected utility {cell(solution['expected_utility'][solution['decision']])}"
    else:
        text = f"probability {_share(solution['decisions'][solution['decision']])}"
    if result.get("gap"):
        text += f"; exactly {cell(result['objective'])}, at best {cell(result['bound'])}, gap {percent(result['gap'])}"
    return text


def _posterior(solution: Mapping[str, Any], width: int) -> str:
    """The most probable paths as bars, and where each probability lies for sure."""
    posterior, intervals = solution["posterior"], solution["intervals"]
    if "table" in posterior and isinstance(posterior["table"], str):
        return f"The posterior is in {posterior['table']}."
    shown = sorted(posterior, key=lambda name: -posterior[name])[:MOST_ROWS]
    certain = all(low == high for low, high in intervals.values())
    head = ("path", "probability", *(() if certain else ("low", "high")), "")
    room = max(8, min(BAR, width - 40))
    rows = []
    for name in shown:
        low, high = intervals[name]
        ends = () if certain else (_share(low), _share(high))
        rows.append((name, _share(posterior[name]), *ends, _bar(posterior[name], low, high, room)))
    text = table(head, rows, width=width, right="probability low high")
    more = len(posterior) - len(shown)
    return text + (f"\n... and {more} less probable paths" if more else "")


def _bar(share: float, low: float, high: float, room: int) -> str:
    """As long as the probability, then dots as far as it may reach."""
    solid, sure = round(room * share), round(room * low)
    reach = round(room * high)
    return "#" * min(solid, sure) + "=" * max(0, solid - sure) + "." * max(0, reach - solid)


def _utility(solution: Mapping[str, Any], width: int) -> str:
    utilities, intervals = solution["expected_utility"], solution["expected_utility_intervals"]
    if not utilities:
        return ""
    certain = all(low == high for low, high in intervals.values())
    head = ("action", "utility", *(() if certain else ("low", "high")))
    ranked = sorted(utilities, key=lambda name: -utilities[name])[:MOST_ROWS]
    rows = [(name, utilities[name], *(() if certain else intervals[name])) for name in ranked]
    return table(head, rows, width=width, right="utility low high")


def _more(result: Mapping[str, Any], solution: Mapping[str, Any], width: int) -> str:
    """The probability of the evidence, what coherence and order do, what was left out and what was accepted."""
    lines = [f"Evidence: probability {cell(solution['evidence_probability'])}"]
    if solution["shots"]:
        accepted = f"{solution['accepted']:,} of {solution['shots']:,} shots accepted"
        lines.append(f"Measured: {accepted} ({_share(solution['accepted'] / solution['shots'])})")
    strongest = max(solution["interference"].items(), key=lambda row: abs(row[1]), default=("", 0.0))
    if strongest[1]:
        lines.append(f"Interference: {strongest[1]:+.4g} for {strongest[0]}, against the same without coherence")
    if solution["order_pair"]:
        one, other = solution["order_pair"]
        lines.append(f"Order: exchanging {one} and {other} moves the posterior by {cell(solution['order_effect'])}")
    if solution["pruned"]["paths"]:
        lines.append(f"Left out: {solution['pruned']['paths']} paths, error at most {solution['pruned']['error']:.2g}")
    if solution.get("reconstructed"):
        lines.append(f"State: {_state(solution['reconstructed'])}")
    if result.get("state"):
        lines.append(f"Learned: {result['state']['file']}, {result['state']['events']} events so far")
    return "\n".join(fill(line, width, subsequent_indent="  ") for line in lines)


def _state(told: Mapping[str, Any]) -> str:
    named = [(name, told.get(name)) for name in ("fidelity", "purity")]
    parts = [f"{name} {value:.4g}" for name, value in named if value is not None]
    return ", ".join(parts) or "see the result"


def _engines(result: Mapping[str, Any], width: int) -> str:
    rows = [
        (
            one["backend"], one["objective"], one["shots"], one["variables"], f"{one['seconds']:.2f}",
            None if one["feasible_fraction"] is None else _share(one["feasible_fraction"]), one["distance"],
        )
        for one in result.get("attempts") or []
    ]  # fmt: skip
    if not rows or (len(rows) == 1 and not rows[0][2]):
        return ""
    head = ("engine", "objective", "shots", "qubits", "seconds", "accepted", "distance")
    return table(head, rows, width=width, right=" ".join(head[1:]))


def _reasons(result: Mapping[str, Any], width: int) -> str:
    lines = [f"{row['constraint']}: {row['text']} ({row['file']}:{row['line']})" for row in result.get("reasons") or []]
    return "\n".join(fill(line, width, subsequent_indent="  ") for line in lines)


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"
