"""What a report shows of decisions, models and circuits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from qamctl.report.html import Html, facts, figure, paragraph, section, table

#: Rows of a list in a report; the result has them all.
MOST_ROWS: Final = 100


def reason_answer(solution: Mapping[str, Any], svg: str) -> Iterator[Html]:
    """The sections of a decision, with its picture."""
    yield section("Decision", figure(svg, "The most probable paths stand first."))
    utility = solution.get("expected_utility") or {}
    yield section("Expected utility", table("By action", ("action", "expected utility"), list(utility.items()),
                                            right="expected-utility"))  # fmt: skip
    posterior, intervals = solution.get("posterior") or {}, solution.get("intervals") or {}
    if isinstance(posterior.get("table"), str):
        yield section("Posterior", paragraph(f"It stands in {posterior['table']} beside the result."))
        return
    ranked = sorted(posterior, key=lambda name: -posterior[name])
    rows = [(name, posterior[name], *intervals.get(name, (None, None))) for name in ranked[:MOST_ROWS]]
    head = ("path", "probability", "low", "high")
    yield section("Posterior", table("Paths, the most probable first", head, rows, right="probability low high"),
                  _more(len(ranked), "paths"))  # fmt: skip


def model_answer(solution: Mapping[str, Any]) -> Iterator[Html]:
    """The sections of a model's sample."""
    names, sample = solution.get("variables") or [], solution.get("sample") or []
    ones = [name for name, value in zip(names, sample, strict=True) if value]
    told = facts([("variables", len(names)), ("of value 1", len(ones)), ("samples", solution.get("samples_file"))])
    listed = table("Variables of value 1", ("variable",), [(str(name),) for name in ones[:MOST_ROWS]])
    yield section("Sample", told, listed, _more(len(ones), "variables"))


def circuit_answer(solution: Mapping[str, Any]) -> Iterator[Html]:
    """The sections of what a circuit measured."""
    counts = solution.get("counts") or {}
    shots = sum(counts.values())
    ranked = sorted(counts, key=lambda bits: (-counts[bits], bits))
    rows = [(bits, counts[bits], f"{100 * counts[bits] / shots:.2f} %") for bits in ranked[:MOST_ROWS]]
    expectation = solution.get("expectation") or {}
    told = facts(
        [
            ("shots", solution.get("shots")), ("outcomes", len(counts)), ("expectation", expectation.get("value")),
            ("standard error", expectation.get("standard_error")), ("exact", expectation.get("exact")),
        ]
    )  # fmt: skip
    listed = table("Outcomes, the most frequent first", ("bits", "counts", "share"), rows, right="counts share")
    yield section("Measured", told, listed, _more(len(ranked), "outcomes"))


def _more(count: int, what: str) -> Html:
    return paragraph(f"{MOST_ROWS} of {count:,} {what} shown.", "soft") if count > MOST_ROWS else Html("")
