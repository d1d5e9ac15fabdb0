"""`qamctl watch SPEC`: how a fleet's clusters stand, again and again, and when a re-balance pays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.numbers import whole
from qamctl.cli.progress import Progress
from qamctl.cli.session import open_console
from qamctl.cli.table import cell
from qamctl.console import Console, Paint
from qamctl.errors import UsageError

if TYPE_CHECKING:
    from qamctl.watch_look import Look, Watcher

app = new_app()

#: Broken rules that a line tells in full.
MOST_TEXTS = 3

_STYLES = {"fine": "good", "drifted": "warn", "broken": "bad", "unreadable": "bad"}

Every = Annotated[
    str | None,
    typer.Option(
        "--every", metavar="T", help="Time from one look to the next: 60s (default), 5m, 1h30m, or ISO-8601 as PT5M."
    ),
]
Count = Annotated[str | None, typer.Option("--count", metavar="N", help="End after N looks. Default: go on.")]
Once = Annotated[bool, typer.Option("--once", help="Look once, as from cron: the same as --count 1.")]
Threshold = Annotated[
    str | None,
    typer.Option(
        "--threshold",
        metavar="X",
        help="Share of the objective that a re-balance must save: 5% (default), 0.05. A broken rule always counts.",
    ),
]
NoSearch = Annotated[bool, typer.Option("--no-search", help="Only tell how it stands: no re-balance is searched for.")]
Figures = Annotated[
    str | None,
    typer.Option("--metrics", metavar="FILE", help="Replace this file after every look (.json or .prom)."),
]
Drawing = Annotated[
    str | None, typer.Option("--picture", metavar="FILE", help="Draw each re-balance that is found here (.svg).")
]


@app.command(cls=PlainCommand)
def watch(
    context: typer.Context,
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Problem file of `kind: cluster` (YAML or JSON).")],
    every: Every = None,
    count: Count = None,
    once: Once = False,
    threshold: Threshold = None,
    no_search: NoSearch = False,
    from_result: flag.From = None,
    backend: flag.Backends = None,
    time_limit: flag.TimeLimit = None,
    max_steps: flag.MaxSteps = None,
    seed: flag.Seed = None,
    threads: flag.Threads = None,
    metrics: Figures = None,
    picture: Drawing = None,
    output: flag.Output = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
    quiet: flag.Quiet = False,
    verbose: flag.Verbose = False,
) -> int:
    """Look at a fleet's clusters again and again, and propose a re-balance where it pays.

    \b
    Examples:
      qamctl watch fleet.yaml --every 60s
      qamctl watch fleet.yaml --every 5m --threshold 10% --metrics /var/lib/node_exporter/textfile/fleet.prom
      qamctl watch fleet.yaml --once -o json | jq .status
      qamctl watch fleet.yaml -o json | jq -r 'select(.proposal.worth) | .proposal.run'

    Every look reads the file and its tables again and tells in one line how the clusters stand: `fine`, `drifted` (a
    re-balance saves at least --threshold of the objective), `broken` (a rule is, and by whom), or `unreadable`: then it
    is waited until the files can be read again. What joined, left, moved and changed since the last look is counted.

    A re-balance is searched for as `qamctl cluster` does, with its options and those of the file, in a run folder of
    its own: at the first look, when a rule is broken, when the objective has changed by the threshold, and when files
    change under a proposal; never twice for the same files, nor where a bound leaves too little to save. Nothing is
    applied.

    Ctrl-C and SIGTERM end it (130, 143). After --count looks the exit code is that of the last one: 0; 3: the files
    could not be read; 4: no feasible re-balance was found; 75: another run holds the lock.
    """
    flags: dict[str, Any] = {
        "from_result": from_result,
        "backend": backend,
        "time_limit": time_limit,
        "max_steps": max_steps,
        "seed": seed,
        "threads": threads,
        "metrics": metrics,
        "picture": picture,
        "output": output,
        "quiet": quiet,
        "verbose": int(verbose),
    }
    console = open_console(context, flags, profile=profile, config=config)
    from qamctl import watching
    from qamctl.watch_plan import EVERY, THRESHOLD, Plan, read_interval, read_threshold

    if once and count is not None:
        raise UsageError("--once and --count say different things: give one of them")
    plan = Plan(
        EVERY if every is None else read_interval(every),
        1 if once else None if count is None else whole("--count", count),
        THRESHOLD if threshold is None else read_threshold(threshold),
        not no_search,
    )
    warned: set[str] = set()
    searches = Searches(console)

    def tell(look: Look, watcher: Watcher) -> bool:
        searches.end()
        for warning in watcher.warnings:
            if warning not in warned:
                warned.add(warning)
                console.warn(warning)
        console.stream(look.data(), lambda: line(look, plan.threshold, console.paint))
        return not console.gone

    try:
        return watching.watch(
            spec, flags, plan, tell=tell, profile=profile, config_file=Path(config) if config else None,
            command=("qamctl", *console.argv), events=searches,
        )  # fmt: skip
    finally:
        searches.end()


class Searches:
    """Shows one search after the other, each with a clock of its own."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None

    def tick(self, best: Mapping[str, Any]) -> None:
        """As `Progress.tick`."""
        self._current().tick(best)

    def event(self, name: str, fields: Mapping[str, Any]) -> None:
        """As `Progress.event`."""
        self._current().event(name, fields)

    def end(self) -> None:
        """Leave a clean line; what comes next is another search."""
        if self._progress is not None:
            self._progress.wipe()
        self._progress = None

    def _current(self) -> Progress:
        if self._progress is None:
            self._progress = Progress(self._console)
        return self._progress


def line(look: Look, threshold: float, paint: Paint) -> str:
    """A look in one line.

    Parameters
    ----------
    threshold
        What a re-balance had to save.
    """
    told = "; ".join(" ".join(part.split()) for part in _parts(look, threshold))
    return f"{look.data()['time']} {paint(look.status, _STYLES[look.status])}: {told}"


def _parts(look: Look, threshold: float) -> Iterator[str]:
    if look.status == "unreadable":
        yield from _fault(look)
        return
    yield from _rules(look)
    yield from _figures(look)
    yield _changes(look)
    yield from _fault(look)
    yield from _proposal(look, threshold)


def _fault(look: Look) -> Iterator[str]:
    """Why the files can't be read, or why a search gave nothing."""
    fault = look.fault
    if fault is None:
        return
    named = [str(one) for one in fault.diagnostics[:MOST_TEXTS]]
    more = len(fault.diagnostics) - len(named)
    told = "; ".join([*named, *([f"and {more} more"] if more else [])])
    yield fault.message if not told or told in fault.message else f"{fault.message}: {told}"


def _rules(look: Look) -> Iterator[str]:
    """The rules that are broken, and what is above a limit that should hold."""
    data = look.data()
    if look.state is None:
        yield "no agent is in a cluster"
        return
    report = look.state.report
    yield from (one.text for one in report.violations[:MOST_TEXTS])
    if (more := sum(report.counts.values()) - MOST_TEXTS) > 0:
        yield f"and {more} more broken rules"
    warm = [one for one in data["above"] if one["what"] == "safe"]
    if warm:
        worst = warm[0]
        safe = f"{worst['cluster']} is above its safe {cell(worst['limit'])} of {worst['resource']}"
        yield f"{safe} with {cell(worst['use'])}" + (f", and {len(warm) - 1} more" if len(warm) > 1 else "")


def _figures(look: Look) -> Iterator[str]:
    """The objective, its terms that are not 0, and how uneven the clusters are."""
    if look.state is None or look.spec is None:
        return
    data = look.data()
    counted = {term for level in look.spec.objective for term in level}
    terms = ", ".join(f"{term} {cell(value)}" for term, value in data["terms"].items() if value and term in counted)
    yield f"objective {' / '.join(map(cell, data['objective']))}" + (f" ({terms})" if terms else "")
    clusters = data["clusters"]
    uneven = {name: row["imbalance"] for name, row in clusters["resources"].items()} | {
        "agents": clusters["size"]["imbalance"]
    }
    known = [f"{name} {100 * value:.0f} %" for name, value in uneven.items() if value is not None]
    if known:
        yield f"imbalance {', '.join(known[:MOST_TEXTS])}"


def _changes(look: Look) -> str:
    if look.drift is None:
        return "first look"
    words = {
        "joined": "joined", "left": "left", "moved": "moved", "changed": "changed", "clusters": "clusters changed",
        "links": "links changed",
    }  # fmt: skip
    told = [f"{count} {words[sort]}" for sort, count in look.drift.counts().items() if count]
    return ", ".join(told) or "nothing changed"


def _proposal(look: Look, threshold: float) -> Iterator[str]:
    found = look.proposal
    if found is None:
        return
    if found.after is None:
        why = f": {found.reasons[0]}" if found.reasons else ""
        yield f"no feasible re-balance ({found.status}){why}, see {found.directory}"
        return
    if not found.worth:
        if look.searched:
            saved = 0.0 if found.gain is None else max(0.0, found.gain)
            yield f"the best re-balance saves {100 * saved:.2g} %, less than {100 * threshold:.3g} %"
        return
    moves = found.moves
    agents = [f"{moves['moved']} move{'s' * (moves['moved'] != 1)}"]
    agents += [f"{moves['placed']} placed"] if moves["placed"] else []
    agents += [f"{moves['left_out']} left out"] if moves["left_out"] else []
    blocked = f", {moves['blocked']} without an order" if moves["blocked"] else ""
    before, after = (" / ".join(map(cell, value)) for value in (found.before, found.after))
    change = f"objective {before} -> {after}" if found.before else f"objective {after}"
    verb = "re-balance" if look.searched else "still proposed"
    yield f"{verb}: {', '.join(agents)} in {moves['steps']} steps{blocked}, {change}, see {found.directory}"
