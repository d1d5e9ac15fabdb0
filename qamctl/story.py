"""What a run is told in: the problem that was read, what a kind of problem brings to each step, and what came out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from qamctl.config import Resolved, resolve
from qamctl.errors import Diagnostic, ExitCode, Location, SpecError, UsageError
from qamctl.gates.verdicts import Gates
from qamctl.options import Options
from qamctl.runs.metrics import Stopwatch
from qamctl.runs.signals import Stop
from qamctl.spec.reason import Reason
from qamctl.spec.source import Path_, Source

if TYPE_CHECKING:
    from qamctl.azure.account import Account
    from qamctl.gates.aims import Aims
    from qamctl.runs.earlier import EarlierResult

#: Progress as the steps tell it: figures of the best answer so far, by name; may be empty.
Tick = Callable[[Mapping[str, Any]], None]


class Events(Protocol):
    """What listens to a run."""

    def tick(self, best: Mapping[str, Any]) -> None:
        """The search goes on; `best` holds figures of the best answer so far, and may be empty."""
        ...

    def event(self, name: str, fields: Mapping[str, Any]) -> None:
        """A line of the run's log."""
        ...


@dataclass(frozen=True, slots=True)
class Earlier:
    """The earlier result that says how things stand now.

    Attributes
    ----------
    file, sha256, run
        The result file, its hash, and the run that wrote it.
    table, content
        What the problem took from it: a table that is kept beside the new result.
    figures
        How much of it the problem knows.
    notes
        What the user should know of it.
    """

    file: Path
    sha256: str
    run: str | None
    table: str
    content: bytes
    figures: Mapping[str, int]
    notes: tuple[str, ...]

    def source(self) -> dict[str, Any]:
        """Which file it is."""
        return {"file": str(self.file), "sha256": self.sha256}

    def block(self) -> dict[str, Any]:
        """The block `from` of the new result."""
        kept = {"table": self.table, "table_sha256": hashlib.sha256(self.content).hexdigest()}
        return {"run": self.run, **self.source(), **self.figures, **kept, "notes": list(self.notes)}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem file that was read, with the options that hold for it.

    Attributes
    ----------
    spec
        What the file holds, as its kind knows it: a `ScheduleSpec`, a `ModelFile`.
    seed
        The one asked for, or made from the hash of the file.
    account
        Whose jobs those of remote engines are; None before the run has its folder.
    earlier
        The result that `--from` names.
    learned
        What its kind has learned in earlier runs (a `reason_state.Learned`); None: nothing.
    taken
        What the answer follows from besides the file, its tables, `earlier` and the options, as JSON can hold it.
    reading
        Fields of the result that tell how the problem was read, whoever found the answer.
    gates
        What its result has to meet.
    """

    spec: Any
    name: str
    source: Source
    resolved: Resolved
    seed: int
    account: Account | None = None
    earlier: Earlier | None = None
    learned: Any = None
    taken: Mapping[str, Any] = field(default_factory=dict)
    reading: Mapping[str, Any] = field(default_factory=dict)
    gates: Gates = field(default_factory=Gates)

    @property
    def options(self) -> Options:
        """The options that hold."""
        return self.resolved.options

    def told(self) -> dict[str, Any]:
        """The options by name, as the record of a run has them: an earlier result by its hash."""
        values = self.resolved.values()
        return values if self.earlier is None else {**values, "from_result": self.earlier.source()}


@dataclass(frozen=True, slots=True)
class Figures:
    """How good an answer is: objective, proved bound and relative gap; None where there is none."""

    objective: float | None = None
    bound: float | None = None
    gap: float | None = None


class Part(Protocol):
    """What a kind of problem does at each step of a run; a module has these functions.

    `Any` stands for what is the kind's own: what it built, and its answer, which has `status`, `solution`
    (None where there is none) and `solved_by`.
    """

    def read(self, path: str, flags: Mapping[str, object], *, profile: str | None, config_file: Path | None) -> Problem:
        """Read the file and resolve the options.

        Raises
        ------
        SpecError
            With every fault of the file, or the first one of the options.
        """
        ...

    def aims(self, problem: Problem) -> Aims:
        """What its results can be held to."""
        ...

    def build(self, problem: Problem) -> Any:
        """What the search sees."""
        ...

    def sizes(self, problem: Problem, built: Any) -> dict[str, Any]:
        """How large it is, for the log."""
        ...

    def solve(
        self, problem: Problem, built: Any, *, backends: Sequence[str], stop: Stop, tick: Tick, watch: Stopwatch
    ) -> Any:
        """Search with the options of the run, and check what was found."""
        ...

    def compile(self, problem: Problem, built: Any, answer: Any) -> dict[str, Any] | None:
        """The `compiled` block of the result; None where there is nothing to compile."""
        ...

    def figures(self, problem: Problem, answer: Any) -> Figures:
        """What the answer is worth."""
        ...

    def measured(self, problem: Problem, answer: Any) -> dict[str, Any]:
        """What engines that measure circuits did, as further columns of `bench`; empty where none ran.

        `shots`, `evaluations` of the circuit, `probability_of_optimum` of a measurement, `gain_over_random` and
        `gain_over_classical_same_time`; None where a figure is not known.
        """
        ...

    def result(
        self,
        problem: Problem,
        built: Any,
        answer: Any,
        *,
        run: str,
        compiled: Mapping[str, Any] | None,
        provenance: Mapping[str, Any],
    ) -> tuple[dict[str, Any], dict[str, bytes]]:
        """The result file, and the further files that it names."""
        ...

    def copies(self, problem: Problem, answer: Any) -> dict[Path, bytes]:
        """Extra files that the options ask for, besides copies of result and metrics."""
        ...

    def measures(self, problem: Problem, built: Any, answer: Any, compiled: Mapping[str, Any]) -> dict[str, Any]:
        """What the metrics file says of this kind: `model`, `search`, `curve`, ... (see `runs.metrics.build`)."""
        ...

    def preview(self, problem: Problem, built: Any) -> dict[str, Any]:
        """What `--dry-run` tells: the sizes, and those of what would be compiled."""
        ...


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run came to.

    Attributes
    ----------
    result, metrics
        The contents of result.json and metrics.json; empty when `skipped`.
    directory
        The run directory, None when `skipped`.
    skipped
        Another run held the lock and `--if-locked skip` was asked for.
    spec, solution
        What was read, and the answer, as the kind of problem knows them; of an answer that was reused only the result.
    baseline
        The result that the new one was compared with; None: it was compared with none.
    """

    result: dict[str, Any]
    metrics: dict[str, Any]
    directory: Path | None
    exit_code: ExitCode
    warnings: tuple[str, ...] = ()
    skipped: bool = False
    spec: Any = None
    solution: Any = None
    baseline: EarlierResult | None = None


def make_problem(
    spec: Any,
    name: str,
    source: Source,
    solver: Mapping[str, Any],
    flags: Mapping[str, object],
    *,
    profile: str | None,
    config_file: Path | None,
    locate: Callable[[Path_], Any] | None = None,
) -> Problem:
    """The problem of a file, its options resolved from all layers, its seed chosen."""
    resolved = resolve(
        flags, solver, profile=profile, config_file=config_file,
        cwd=Path.cwd(), environ=os.environ, locate=locate or source.locate,
    )  # fmt: skip
    seed = resolved.options.seed
    return Problem(spec, name, source, resolved, default_seed(source) if seed is None else seed)


@contextmanager
def at_its_origin(problem: Problem, option: str) -> Iterator[None]:
    """Tell a fault in the value of an option where the value was given.

    Raises
    ------
    SpecError
        In place of a UsageError, where a file or the environment gave it.
    """
    try:
        yield
    except UsageError as error:
        origin = problem.resolved.origins[option]
        if origin == "default" or origin.startswith("flag "):
            raise
        place = problem.source.locate(("solver", option)) if origin.startswith("spec ") else Location(origin)
        raise SpecError(f"{origin}: {error.message}", [Diagnostic(f"{option}: {error.message}", place)]) from error


def refuse_mitigation(problem: Problem) -> None:
    """Raise a UsageError where a flag asks for mitigation and the problem is no circuit file.

    Elsewhere, as in the environment, it may be meant for other files.
    """
    if problem.options.mitigate and by_flag(problem, "mitigate"):
        raise UsageError(
            f"--mitigate is for circuit files, and {problem.source.label} is none: leave it out, or write the "
            "problem's circuit by `qamctl compile --to qasm` and solve that"
        )


def reason_rows(problem: Problem, reasons: Iterable[Reason]) -> tuple[dict[str, Any], ...]:
    """Why nothing can satisfy a problem, as result files have it: each reason at its place in the file."""
    placed = [(reason, problem.source.locate(reason.path)) for reason in reasons]
    return tuple(
        {"file": place.file, "line": place.line, "constraint": reason.constraint, "text": reason.text}
        for reason, place in placed
    )


def refuse_flags(problem: Problem, names: Sequence[str], kind: str, instead: str = "") -> None:
    """Raise a UsageError for flags that are for models, where the file is none.

    Parameters
    ----------
    kind
        What the file is: a circuit, a reason spec.
    instead
        What to do besides leaving the flags out.
    """
    if given := [f"--{name.replace('_', '-')}" for name in names if by_flag(problem, name)]:
        verb, them = ("is", "it") if len(given) == 1 else ("are", "them")
        raise UsageError(
            f"{', '.join(given)} {verb} for models, and {problem.source.label} is {kind}: leave {them} out{instead}"
        )


def by_flag(problem: Problem, name: str) -> bool:
    """Whether an option was given on the command line: elsewhere it may be meant for other files."""
    return problem.resolved.origins[name].startswith("flag ")


def default_seed(source: Source) -> int:
    """From the hash of the file and its tables: the same problem starts the same way."""
    digest = int(source.sha256[:8], 16)
    for _, sha256 in source.tables.values():
        digest ^= int(sha256[:8], 16)
    return digest & 0x7FFFFFFF
