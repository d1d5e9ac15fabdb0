"""The table of the QUBO benchmark, what it must show, and the curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import mean, median

from curves import svg
from journal import Row
from qubo_engines import OURS, PEERS
from tables import aligned, figure

#: Figures of energies that are sums of floats agree up to this.
CLOSE = 1e-9

#: The engine that stands for the package.
MAIN = "auto"

#: Graphs that must be solved to the best known cut, with the bqp files.
SOLVED = {"G1", "G2", "G3", "G11", "G12", "G13", "G14", "G15", "G16", "G18", "G19", "G20"}


def measured(rows: Sequence[Row]) -> list[Row]:
    """The rows with a result."""
    return [row for row in rows if row["status"] == "done" and row.get("energy") is not None]


def targets(rows: Sequence[Row]) -> dict[str, float]:
    """The best energy of each case: the best known one, or the best that any engine found."""
    best: dict[str, float] = {}
    for row in measured(rows):
        known = row["best"] if row["best"] is not None else row["energy"]
        best[row["case"]] = min(best.get(row["case"], known), known, row["energy"])
    return best


def gap(row: Row, best: dict[str, float]) -> float:
    """Percent by which an energy is above the best of its case."""
    target = best[row["case"]]
    return float(100 * (row["energy"] - target) / max(1.0, abs(target)))


def reached(row: Row, best: dict[str, float]) -> float | None:
    """CPU seconds until the best of the case was found; None where it was not."""
    target = best[row["case"]]
    near = target + CLOSE * max(1.0, abs(target))
    return next((float(at) for at, value in row["curve"] if value <= near), None)


def table(rows: Sequence[Row]) -> str:
    """One line a case and engine: mean gap, seeds that reached the best, median seconds to it, attempts a second."""
    best = targets(rows)
    lines = [["case", "best", "engine", "runs", "energy", "gap%", "reached", "seconds", "Matt/s", "cpu s", "note"]]
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["case"], row["engine"]), []).append(row)
    for (case, engine), mine in groups.items():
        done = measured(mine)
        if not done:
            lines.append([case, "-", engine, "0", "-", "-", "-", "-", "-", "-", str(mine[0]["fault"] or "")])
            continue
        times = [at for at in (reached(row, best) for row in done) if at is not None]
        rate = (
            mean(row["attempts"] / row["cpu"] / 1e6 for row in done) if all(row["attempts"] for row in done) else None
        )
        note = next((row["fault"] for row in done if row["fault"]), "")
        lines.append([
            case, figure(best[case]), engine, str(len(done)), figure(mean(row["energy"] for row in done)),
            figure(mean(gap(row, best) for row in done), 4), f"{len(times)}/{len(done)}",
            figure(median(times) if times else None), figure(rate, 1), figure(mean(row["cpu"] for row in done)),
            note,
        ])  # fmt: skip
    return aligned(lines, left={0, 2, len(lines[0]) - 1})


def families(rows: Sequence[Row]) -> list[Row]:
    """By family and engine: mean gap, cases whose best was reached, median seconds to it, over cases all have run."""
    best, out = targets(rows), []
    for family in dict.fromkeys(row["family"] for row in rows):
        mine = [row for row in measured(rows) if row["family"] == family]
        for engine in dict.fromkeys(row["engine"] for row in mine):
            own = [row for row in mine if row["engine"] == engine]
            times = [at for at in (reached(row, best) for row in own) if at is not None]
            out.append({
                "family": family, "engine": engine, "runs": len(own), "gap": mean(gap(row, best) for row in own),
                "reached": len(times) / len(own), "seconds": median(times) if times else None,
            })  # fmt: skip
    return out


def family_table(found: Sequence[Row]) -> str:
    """One line a family and engine."""
    lines = [["family", "engine", "runs", "mean gap%", "reached", "seconds to it"]]
    for row in found:
        share = f"{100 * row['reached']:.0f} %"
        lines.append([row["family"], row["engine"], str(row["runs"]), figure(row["gap"], 4), share,
                      figure(row["seconds"])])  # fmt: skip
    return aligned(lines, left={0, 1})


Demand = tuple[bool, str]


def demands(rows: Sequence[Row]) -> list[Demand]:
    """What the table must show, as (met, sentence); a demand without its rows is left out."""
    wrong = [row for row in rows if row["fault"] and row["status"] != "skipped"]
    return [
        (not wrong, f"{len(rows) - len(wrong)} of {len(rows)} runs verified"),
        *_means(rows), *_against_annealing(rows), *_solved(rows),
    ]  # fmt: skip


def _pairs(rows: Sequence[Row], family: str, peer: str) -> list[tuple[Row, Row]]:
    mine = {(row["case"], row["seed"]): row for row in measured(rows) if row["engine"] == MAIN}
    theirs = [row for row in measured(rows) if row["engine"] == peer and row["family"] == family]
    return [(mine[key], row) for row in theirs if (key := (row["case"], row["seed"])) in mine]


def _means(rows: Sequence[Row]) -> Iterator[Demand]:
    """On no family is a peer's mean energy, relative to the best of each case, below ours."""
    best = targets(rows)
    for family in dict.fromkeys(row["family"] for row in rows):
        for peer in PEERS:
            both = _pairs(rows, family, peer)
            if both:
                ours, theirs = (mean(gap(pair[k], best) for pair in both) for k in (0, 1))
                yield (
                    ours <= theirs + CLOSE,
                    f"{family}: mean gap {ours:.4f} %, {peer} {theirs:.4f} % ({len(both)} runs)",
                )


def _against_annealing(rows: Sequence[Row]) -> Iterator[Demand]:
    """Strictly better on four fifths of the cases that dwave-samplers' annealing leaves short of the best."""
    best = targets(rows)
    for peer in ("dwave-sa", "dwave-sa-10"):
        short = better = 0
        for case in dict.fromkeys(row["case"] for row in measured(rows)):
            theirs = [row["energy"] for row in measured(rows) if row["case"] == case and row["engine"] == peer]
            ours = [row["energy"] for row in measured(rows) if row["case"] == case and row["engine"] == MAIN]
            if theirs and ours and mean(theirs) > best[case] + CLOSE * max(1.0, abs(best[case])):
                short += 1
                better += mean(ours) < mean(theirs)
        if short:
            yield better >= 0.8 * short, f"better than {peer} on {better} of {short} cases that it leaves short (80 %)"


def _solved(rows: Sequence[Row]) -> Iterator[Demand]:
    """The best known value in the median of the seeds, on every bqp file and on the graphs up to G20."""
    for family, wanted in (("bqp", None), ("gset", SOLVED)):
        mine = [row for row in measured(rows) if row["family"] == family and row["engine"] == MAIN]
        cases = [case for case in dict.fromkeys(row["case"] for row in mine) if wanted is None or case in wanted]
        missed = []
        for case in cases:
            runs = [row for row in mine if row["case"] == case]
            if median(row["energy"] for row in runs) > runs[0]["best"]:
                missed.append(case)
        if cases:
            told = f": not {' '.join(missed)}" if missed else ""
            yield not missed, f"{family}: best known in the median on {len(cases) - len(missed)} of {len(cases)}{told}"


def pictures(rows: Sequence[Row], seconds: float) -> dict[str, str]:
    """SVG by family: the mean gap of each engine over its CPU seconds; a run counts from its first sample on."""
    best, out = targets(rows), {}
    grid = [0.01 * 10 ** (k / 20) for k in range(200) if 0.01 * 10 ** (k / 20) <= seconds * 1.0001]
    for family in dict.fromkeys(row["family"] for row in measured(rows)):
        lines = {}
        for engine in (*OURS, *PEERS):
            own = [
                row for row in measured(rows) if row["family"] == family and row["engine"] == engine and row["curve"]
            ]
            line = []
            for at in grid:
                values = [[value for seen, value in row["curve"] if seen <= at] for row in own]
                if own and all(values):
                    line.append(
                        (at, mean(gap({**row, "energy": min(v)}, best) for row, v in zip(own, values, strict=True)))
                    )
            if line:
                lines[engine] = line
        # What is far above the others at the start would press them flat.
        ends = [line[-1][1] for line in lines.values()]
        top = max(1e-6, 4 * max(ends, default=1.0))
        cut = {name: [(at, min(value, top)) for at, value in line] for name, line in lines.items()}
        out[family] = svg(f"{family}: mean gap to the best value seen", cut, x="CPU seconds", y="gap in %")
    return out
