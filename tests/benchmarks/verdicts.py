"""The table, and what it says: ours against each peer, on all problems and on those that CP-SAT leaves open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import mean

from journal import Row
from tables import aligned, figure, mean_of

# The comparisons of each family: (our engine, the peer).
_PROJECTS = (("list-search", "cpsat"), ("list-search", "pyjobshop"), ("list-search", "fifo"))
_PROJECTS += (("auto", "cpsat"), ("auto", "pyjobshop"))
PAIRS = {
    "jobshop": (("auto", "cpsat"), ("auto", "pyjobshop"), ("list-search", "cpsat"), ("list-search", "fifo")),
    "j60": _PROJECTS,
    "j120": _PROJECTS,
    "workflows": (("list-search", "heft"), *(("auto", peer) for peer in ("heft", "fifo", "cpsat", "pyjobshop"))),
}
TOLERANCE = 1e-9


def table(rows: Sequence[Row]) -> str:
    """One line a run: objective, bound, gap, ratio to the best known value (to the simple bound for workflows)."""
    titles = ["case", "engine", "seed", "status", "objective", "bound"]
    titles += ["gap%", "ratio", "wall s", "cpu s", "MB", "note"]
    lines = [titles, *(_cells(row) for row in rows)]
    return aligned(lines, left={0, 1, 3, len(titles) - 1})


def _cells(row: Row) -> list[str]:
    return [
        row["case"],
        row["engine"],
        str(row["seed"]),
        row["status"],
        figure(row["objective"]),
        figure(row["bound"]),
        figure(gap(row)),
        figure(ratio(row), 4),
        figure(row["wall"]),
        figure(row["cpu"]),
        figure((row["memory"] or 0) / 1e6, 0),
        row["fault"] or "",
    ]


def gap(row: Row) -> float | None:
    """Percent between an objective and the engine's own bound."""
    if row["objective"] is None or row["bound"] is None:
        return None
    return float(100 * (row["objective"] - row["bound"]) / max(1, abs(row["objective"])))


def ratio(row: Row) -> float | None:
    """Objective over the best known value; over the simple bound where no value is known."""
    reference = row["best"] or row["simple_bound"]
    return None if row["objective"] is None or not reference else float(row["objective"] / reference)


def verdicts(rows: Sequence[Row]) -> list[Row]:
    """Worse, equal, better for every pair of engines, family by family; `open` are those that CP-SAT left unproved."""
    out = []
    for family, pairs in PAIRS.items():
        mine = [row for row in rows if row["family"] == family]
        alone = [row for row in mine if row["engine"] == "cpsat"]
        still = {(row["case"], row["seed"]) for row in alone if row["status"] != "optimal"}
        for ours, peer in pairs:
            both = _both(mine, ours, peer)
            if both:
                verdict: Row = {"family": family, "ours": ours, "peer": peer, "of": len(both)}
                verdict |= _counts(both)
                left = [pair for pair in both if (pair[0]["case"], pair[0]["seed"]) in still]
                verdict["open"] = _counts(left) if alone else dict.fromkeys(_counts([]), "-")
                for side, name in ((0, "ours"), (1, "peer")):
                    verdict[f"ratio_{name}"] = mean_of(ratio(pair[side]) for pair in both)
                    verdict[f"cpu_{name}"] = mean_of(pair[side]["cpu"] for pair in both)
                out.append(verdict)
    return out


def verdict_table(found: Sequence[Row]) -> str:
    """One line a pair of engines."""
    titles = ["family", "ours", "peer", "runs", "worse", "equal", "better", "open:", "worse", "equal", "better"]
    titles += ["ratio", "peer's", "cpu_s", "peer's"]
    lines = [titles]
    for v in found:
        counts = [v["of"], v["worse"], v["equal"], v["better"], "", *v["open"].values()]
        ratios = [figure(v["ratio_ours"], 4), figure(v["ratio_peer"], 4)]
        times = [figure(v["cpu_ours"]), figure(v["cpu_peer"])]
        lines.append([v["family"], v["ours"], v["peer"], *map(str, counts), *ratios, *times])
    return aligned(lines, left={0, 1, 2})


Demand = tuple[bool, str]


def demands(rows: Sequence[Row]) -> list[Demand]:
    """What this table must show, as (met, sentence); a demand without its rows is left out."""
    wrong = [row for row in rows if row["fault"]]
    verified = (not wrong, f"{len(rows) - len(wrong)} of {len(rows)} runs verified, no bound above a known value")
    return [verified, *_job_shops(rows), *_projects(rows), *_workflows(rows)]


def _job_shops(rows: Sequence[Row]) -> Iterator[Demand]:
    fisher = [row for row in rows if row["case"] in ("ft06", "ft10") and row["engine"] == "auto"]
    if fisher:
        proved = [row["case"] for row in fisher if row["status"] == "optimal"]
        yield len(proved) == len(fisher), f"ft06, ft10: auto proves {' '.join(proved) or 'none'} (both)"
    both = _both([row for row in rows if row["case"].startswith("la")], "auto", "cpsat")
    if both:
        ours, theirs = (mean(100 * (ratio(pair[k]) or 99) - 100 for pair in both) for k in (0, 1))
        sentence = f"la01-20: mean gap to best known {ours:.2f} %, CP-SAT alone {theirs:.2f} % (2 more at most)"
        yield ours <= theirs + 2, sentence


def _projects(rows: Sequence[Row]) -> Iterator[Demand]:
    both = _both([row for row in rows if row["family"] in ("j60", "j120")], "list-search", "cpsat")
    if not both:
        return
    worse = sum(compare(a, b) > 0 for a, b in both)
    yield worse <= 0.2 * len(both), f"projects: list search worse than CP-SAT on {worse} of {len(both)} (20 % at most)"
    still = [(a, b) for a, b in both if b["status"] != "optimal"]
    if still:
        better = sum(compare(a, b) < 0 for a, b in still)
        sentence = f"projects: list search better on {better} of {len(still)} that CP-SAT leaves open (80 % at least)"
        yield better >= 0.8 * len(still), sentence
        mine, theirs = (mean(pair[k]["cpu"] or 0 for pair in still) for k in (0, 1))
        sentence = (
            f"projects: on those {mine:.2f} cpu s, CP-SAT {theirs:.2f} (10 % more at most, else the machine is busy)"
        )
        yield mine <= 1.1 * theirs, sentence


def _workflows(rows: Sequence[Row]) -> Iterator[Demand]:
    for ours in ("list-search", "auto"):
        both = _both([row for row in rows if row["family"] == "workflows"], ours, "heft")
        if both:
            worse = sum(compare(a, b) > 0 for a, b in both)
            bounded = sum(a["bound"] is not None for a, _ in both)
            sentence = (
                f"workflows: {ours} worse than HEFT on {worse} of {len(both)} (none), with a bound on {bounded} (all)"
            )
            yield worse == 0 and bounded == len(both), sentence


def _both(rows: Iterable[Row], ours: str, peer: str) -> list[tuple[Row, Row]]:
    # A rule such as HEFT has no seed: its one row stands against ours of every seed.
    rows = list(rows)
    peers = {(row["case"], row["seed"]): row for row in rows if row["engine"] == peer}
    pairs = []
    for row in rows:
        if row["engine"] == ours:
            other = peers.get((row["case"], row["seed"])) or peers.get((row["case"], None))
            if other is not None:
                pairs.append((row, other))
    return pairs


def compare(a: Row, b: Row) -> int:
    """-1, 0, 1 as `a` is better than, equal to, worse than `b`; no answer is worse than any."""
    if a["objective"] is None or b["objective"] is None:
        return (a["objective"] is None) - (b["objective"] is None)
    if abs(a["objective"] - b["objective"]) <= TOLERANCE * max(1, abs(b["objective"])):
        return 0
    return -1 if a["objective"] < b["objective"] else 1


def _counts(pairs: Sequence[tuple[Row, Row]]) -> Row:
    found = [compare(a, b) for a, b in pairs]
    return {"worse": found.count(1), "equal": found.count(0), "better": found.count(-1)}
