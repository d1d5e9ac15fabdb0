"""What the table of `front.py` says: gaps by family and engine, windows, published results, and the demands."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean

from journal import Row
from published import FAMILIES
from tables import aligned, figure, mean_of

PEERS = ("cpsat", "cpsat-all", "cpsat-5x", "pyjobshop")
ENGINES = ("auto", *PEERS, "windows")

#: What the issue asks of `auto`: the mean gap to best known at most, in percent.
GAPS = {"jobshop": 0.4, "fjsp": 0.8, "j60": 0.8, "j120": 2.0, "mmlib": 2.0, "pmp": 1.0}
#: The share of runs that reach the optimum at least, in percent.
REACHED = {"j30": 97.0}
#: The share of problems on which it is at least as good as a peer, in percent.
AS_GOOD = {"cpsat": 95.0, "cpsat-all": 95.0, "pyjobshop": 95.0, "cpsat-5x": 80.0}
#: CPU seconds of ours over CP-SAT's, where neither proves anything, at most; else the machine was busy.
EQUAL_CPU = 1.1

PUBLISHED = Path(__file__).resolve().parent / "front_published.csv"

Demand = tuple[bool, str]


def with_proofs(rows: Sequence[Row]) -> list[Row]:
    """With the proofs of all of CP-SAT's workers as rows of the longer run, too, which would have ended there."""
    proofs = [row for row in rows if row["engine"] == "cpsat-all" and row["status"] == "optimal"]
    return [*rows, *(row | {"engine": "cpsat-5x"} for row in proofs)]


def gap(row: Row) -> float | None:
    """Percent of an answer above the best known one; None without an answer."""
    return None if row["objective"] is None else 100 * (row["objective"] / row["best"] - 1)


def reached(row: Row) -> bool:
    """The answer is the best known one, or better."""
    return row["objective"] is not None and row["objective"] <= row["best"]


def families(rows: Sequence[Row]) -> list[Row]:
    """Figures of each engine on each family, and on all."""
    found = []
    for family in [*dict.fromkeys(row["family"] for row in rows), "all"]:
        here = [row for row in rows if family in (row["family"], "all")]
        for engine in ENGINES:
            mine = [row for row in here if row["engine"] == engine]
            if mine:
                good, of = as_good(here, engine) if engine in PEERS else (0, 0)
                found.append({
                    "family": family, "engine": engine, "problems": len({row["case"] for row in mine}),
                    "runs": len(mine), "gap": mean_of(map(gap, mine)), "reached": share(map(reached, mine)),
                    "proved": share(row["status"] == "optimal" for row in mine),
                    "without": sum(row["objective"] is None for row in mine),
                    "as_good": good, "compared": of, "cpu": mean_of(row["cpu"] for row in mine),
                    "wall": mean_of(row["wall"] for row in mine),
                })  # fmt: skip
    return found


def share(flags: Iterator[bool]) -> float:
    """Percent of those that hold."""
    return 100 * mean(flags)


def as_good(rows: Sequence[Row], peer: str) -> tuple[int, int]:
    """On how many problems `auto` is at least as good as a peer, and of how many.

    A problem is judged by the mean of its answers over the seeds that both have; no answer is worse than any.
    """
    values = {(row["case"], row["seed"], row["engine"]): answer(row) for row in rows}
    sums: dict[str, list[float]] = {}
    for case, seed, engine in values:
        if engine == "auto" and (case, seed, peer) in values:
            pair = sums.setdefault(case, [0.0, 0.0])
            pair[0] += values[case, seed, "auto"]
            pair[1] += values[case, seed, peer]
    return sum(ours <= theirs for ours, theirs in sums.values()), len(sums)


def answer(row: Row) -> float:
    """The objective, infinite where there is none."""
    return float("inf") if row["objective"] is None else float(row["objective"])


def family_table(found: Sequence[Row]) -> str:
    """One line a family and engine."""
    titles = ["family", "engine", "problems", "runs", "gap%", "best%", "proved%", "none", "auto as good"]
    lines = [[*titles, "cpu s", "wall s"]]
    for f in found:
        good = f"{f['as_good']} of {f['compared']}" if f["compared"] else "-"
        figures = [figure(f["gap"], 3), figure(f["reached"], 1), figure(f["proved"], 1), str(f["without"]), good]
        times = [figure(f["cpu"], 1), figure(f["wall"], 1)]
        lines.append([f["family"], f["engine"], str(f["problems"]), str(f["runs"]), *figures, *times])
    return aligned(lines, left={0, 1})


def windows(rows: Sequence[Row]) -> list[Row]:
    """What QUBO windows did, those of `auto` and those alone with their controls, by family: sums over runs."""
    found = []
    for engine in ("auto", "windows"):
        ours = [row for row in rows if row["engine"] == engine and row["windows"] is not None]
        for family in [*dict.fromkeys(row["family"] for row in ours), "all"]:
            mine = [row["windows"] for row in ours if family in (row["family"], "all")]
            if mine:
                found.append({"family": family, "engine": engine, "runs": len(mine)} | _sums(mine))
    return found


def _sums(mine: Sequence[Row]) -> Row:
    known = {name: [one[name] for one in mine if one[name] is not None] for name in mine[0]}
    return {name: sum(values) if values else None for name, values in known.items()}


def window_table(found: Sequence[Row]) -> str:
    """One line an engine and family."""
    names = ["windows", "improved", "controlled", "gain", "over_random", "over_classical", "worsened"]
    lines = [["QUBO windows", "of", "runs", *names]]
    lines += [[f["family"], f["engine"], str(f["runs"]), *(figure(f[name]) for name in names)] for f in found]
    return aligned(lines, left={0, 1})


def published(rows: Sequence[Row]) -> list[Row]:
    """What is published about the problems of the rows, and `auto` on those of them that are stated."""
    ours: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["engine"] == "auto":
            ours.setdefault((row["family"], row["case"]), []).append(row)
    groups: dict[tuple[str, ...], list[tuple[Row, list[Row]]]] = {}
    with PUBLISHED.open(newline="") as file:
        for line in csv.DictReader(file):
            mine = ours.get((line["family"], line["case"]))
            if mine:
                stated = {"objective": int(line["objective"]) if line["objective"] else None, "best": mine[0]["best"]}
                group = (line["family"], line["engine"], line["minutes"], line["source"])
                groups.setdefault(group, []).append((stated, mine))
    return [
        {
            "family": family, "engine": engine, "minutes": int(minutes), "source": source, "problems": len(pairs),
            "gap": mean_of(gap(stated) for stated, _ in pairs), "reached": share(reached(one) for one, _ in pairs),
            "without": sum(stated["objective"] is None for stated, _ in pairs),
            "gap_ours": mean_of(mean_of(map(gap, mine)) for _, mine in pairs),
        }
        for (family, engine, minutes, source), pairs in groups.items()
    ]  # fmt: skip


def published_table(found: Sequence[Row], rows: Sequence[Row]) -> str:
    """One line a family and engine; then the families of `auto` about which nothing is stated."""
    lines = [["published", "engine", "minutes", "source", "problems", "gap%", "best%", "none", "auto's gap%"]]
    for f in found:
        figures = [figure(f["gap"], 3), figure(f["reached"], 1), str(f["without"]), figure(f["gap_ours"], 3)]
        lines.append([f["family"], f["engine"], str(f["minutes"]), f["source"], str(f["problems"]), *figures])
    ours = dict.fromkeys(row["family"] for row in rows if row["engine"] == "auto")
    silent = [family for family in ours if family not in {f["family"] for f in found}]
    return aligned(lines, left={0, 1, 3}) + (f"\nnot stated: {', '.join(silent)}" if silent else "")


def demands(rows: Sequence[Row]) -> list[Demand]:
    """What the table must show, as (met, sentence); a demand without its rows is left out."""
    if not rows:
        return []
    wrong = sum(row["fault"] is not None for row in rows)
    verified = (not wrong, f"{len(rows) - wrong} of {len(rows)} runs verified, no bound above a known value")
    return [verified, *_gaps(rows), *_peers(rows), *_cpu(rows), *_windows(rows)]


def _gaps(rows: Sequence[Row]) -> Iterator[Demand]:
    for family in FAMILIES:
        mine = [row for row in rows if row["family"] == family and row["engine"] == "auto"]
        if not mine:
            continue
        what = f"{family}, {len({row['case'] for row in mine})} problems, {len(mine)} runs"
        gaps = [found for row in mine if (found := gap(row)) is not None]
        none = f", {len(mine) - len(gaps)} without an answer (none)" if len(gaps) < len(mine) else ""
        if family in GAPS:
            value = mean(gaps) if gaps else float("inf")
            yield not none and value <= GAPS[family], f"{what}: mean gap {value:.3f} % ({GAPS[family]} at most){none}"
        if family in REACHED:
            value = share(map(reached, mine))
            yield value >= REACHED[family], f"{what}: {value:.1f} % optimal ({REACHED[family]:.0f} at least)"


def _peers(rows: Sequence[Row]) -> Iterator[Demand]:
    for peer, least in AS_GOOD.items():
        good, of = as_good(rows, peer)
        if of:
            value = 100 * good / of
            sentence = f"at least as good as {peer} on {good} of {of} problems, {value:.1f} % ({least:.0f} at least)"
            yield value >= least, sentence


def _cpu(rows: Sequence[Row]) -> Iterator[Demand]:
    unproved = {(row["case"], row["seed"], row["engine"]): row for row in rows if row["status"] != "optimal"}
    for peer in ("cpsat", "cpsat-all"):
        both = [
            (row["cpu"], unproved[case, seed, peer]["cpu"])
            for (case, seed, engine), row in unproved.items()
            if engine == "auto" and (case, seed, peer) in unproved
        ]
        if both:
            mine, theirs = (mean(pair[k] for pair in both) for k in (0, 1))
            sentence = f"where neither proves: {mine:.1f} cpu s, {peer} {theirs:.1f} ({EQUAL_CPU:g} times at most)"
            yield mine <= EQUAL_CPU * theirs, sentence


def _windows(rows: Sequence[Row]) -> Iterator[Demand]:
    whole = [line for line in windows(rows) if line["family"] == "all"]
    if whole:
        opened, runs, worsened = (sum(line[name] for line in whole) for name in ("windows", "runs", "worsened"))
        yield worsened == 0, f"{opened} QUBO windows in {runs} runs: {worsened} runs worsened (none)"
