"""Engines in turn on a model: verified answers, joined proofs, and what becomes of engines that misbehave."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from support.qubo_models import model_of, models, optimum

from qamctl.backends import registry
from qamctl.backends.base import Capabilities
from qamctl.backends.local import LocalBackend, sample_set
from qamctl.errors import BackendError, UnsupportedError, UsageError
from qamctl.model_solve import solve_model
from qamctl.model_task import make_question
from qamctl.qubo import check
from qamctl.qubo.model import GE, LE

Add = Callable[..., None]

#: min -a - b + 3 ab: one of the two, -1.
PAIR = model_of([-1.0, -1.0], [(0, 1, 3.0)])
#: One of three, the dearest of two forbidden: b, 2.
CHOICE = model_of([1.0, 2.0, 5.0], groups=[[0, 1, 2]], rows=[({0: 1}, LE, 0)])


@pytest.fixture
def add(monkeypatch: pytest.MonkeyPatch) -> Add:
    """Registers an engine for a test: a sampling function under a name."""

    def register(name: str, sample: Callable[..., Any], **capabilities: Any) -> None:
        engine = LocalBackend(name, Capabilities(**{"kinds": ("qubo",)} | capabilities), sample)
        monkeypatch.setitem(sys.modules, f"engine_{name}", SimpleNamespace(backend=lambda: engine))  # type: ignore[arg-type]
        monkeypatch.setitem(registry.MODEL_ENGINES, name, f"engine_{name}")

    return register


def zeros(compiled: Any, options: Mapping[str, Any]) -> Any:
    """An engine that knows one sample."""
    return sample_set(compiled, np.zeros((1, compiled.n), np.int8), {})


@settings(deadline=None, max_examples=25)
@given(models())
def test_the_answer_is_feasible_and_its_figures_are_right(model) -> None:  # type: ignore[no-untyped-def]
    """Whatever the model, an exact engine's answer is the optimum with a bound that proves it, or infeasible."""
    best = optimum(model)
    answer = solve_model(make_question(model), backends=("cpsat",), steps=5000, seed=1)
    if best is None:
        assert (answer.status, answer.solution, answer.energy, answer.bound) == ("infeasible", None, None, None)
        return
    assert answer.solution is not None
    assert check.violations(model, answer.solution) == []
    assert answer.energy == pytest.approx(best[0], abs=1e-9)
    assert answer.bound is not None
    assert answer.bound <= best[0] + 1e-9
    assert answer.status == "optimal"


@pytest.mark.parametrize("backend", ["exact", "neal", "cpsat"])
@pytest.mark.parametrize(("model", "energy", "sample"), [(PAIR, -1.0, None), (CHOICE, 2.0, [0, 1, 0])])
def test_engines_by_name(backend: str, model: Any, energy: float, sample: list[int] | None) -> None:
    """Each engine takes models with and without constraints, compiled where it needs that."""
    answer = solve_model(make_question(model), backends=(backend,), steps=2000, seed=1)
    assert (answer.energy, answer.solved_by) == (energy, backend)
    assert answer.solution is not None
    assert sample is None or answer.solution.tolist() == sample
    assert answer.status == ("feasible" if backend == "neal" else "optimal")
    assert [attempt.backend for attempt in answer.attempts] == [backend]


def test_engines_share_the_turns() -> None:
    """Several engines follow each other, each from the best so far; a proof leaves the rest without a turn."""
    answer = solve_model(make_question(PAIR), backends=("neal", "exact", "cpsat"), steps=500, seed=1)
    assert [attempt.backend for attempt in answer.attempts] == ["neal", "exact", "cpsat"]
    assert (answer.status, answer.solved_by, answer.energy) == ("optimal", "neal", -1.0)
    assert answer.attempts[2].note == "the run ended before its turn came"


def test_an_infeasible_model_is_proved_by_the_exact_engine() -> None:
    """The least state of a sufficient penalty QUBO breaks a constraint only where every state does."""
    model = model_of([1.0, 1.0], groups=[[0, 1]], rows=[({0: 1, 1: 1}, GE, 2)])
    answer = solve_model(make_question(model), backends=("exact",), steps=10, seed=1)
    assert (answer.status, answer.solution) == ("infeasible", None)


def test_no_variables() -> None:
    """An empty model is solved by nobody; one that is empty and impossible has no answer."""
    empty = solve_model(make_question(model_of([], offset=2.5)), backends=("auto",), steps=1, seed=1)
    assert (empty.status, empty.energy, empty.bound, empty.solved_by, empty.attempts) == ("optimal", 2.5, 2.5, None, ())
    broken = model_of([], rows=[({}, GE, 1)])
    assert solve_model(make_question(broken), backends=("auto",), steps=1, seed=1).status == "infeasible"


def test_names_of_engines() -> None:
    """An unknown engine, or one of schedules, is refused with the names that there are."""
    with pytest.raises(UsageError, match="did you mean neal"):
        solve_model(make_question(PAIR), backends=("nael",), steps=1, seed=1)
    with pytest.raises(UsageError, match="list-search searches schedules"):
        solve_model(make_question(PAIR), backends=("list-search",), steps=1, seed=1)


def test_the_target_ends_it() -> None:
    """A sample as good as the target ends the run; the engines behind get no turn."""
    answer = solve_model(make_question(PAIR), backends=("neal", "cpsat"), steps=500, seed=1, target=0.0)
    assert answer.attempts[1].note == "the run ended before its turn came"
    assert answer.status == "feasible"


def test_a_stop_keeps_the_best() -> None:
    """When the run is told to stop, the sample so far is the answer, and the status says so."""
    told: list[float] = []
    answer = solve_model(
        make_question(PAIR), backends=("neal", "cpsat"), seconds=20, seed=1, stop=lambda: len(told) > 40,
        progress=lambda seconds, best: told.append(seconds),
    )  # fmt: skip
    assert answer.status == "interrupted"
    assert answer.energy == -1.0


def test_reads_are_counted() -> None:
    """As many samples as were asked for come back, and their share that is feasible."""
    answer = solve_model(make_question(CHOICE), backends=("neal",), steps=4000, seed=1, reads=20)
    assert int(answer.table.occurrences.sum()) == 20
    assert answer.attempts[0].outcome.shots == 20
    assert answer.attempts[0].outcome.feasible_fraction == answer.table.fraction


def test_the_nearest_sample_tells_what_is_broken(add: Add) -> None:
    """Where no sample is feasible, and none can be repaired, the one that breaks least is looked at."""
    add("zeros", zeros)
    never = model_of([1.0, 2.0], groups=[[0, 1]], rows=[({0: 1, 1: 1}, GE, 2)])
    answer = solve_model(make_question(never), backends=("zeros",), steps=1, seed=1)
    assert (answer.status, answer.solution, answer.bound) == ("unknown", None, 1.0)  # what any sample would cost
    assert answer.nearest is not None
    assert [(b.kind, b.number, b.amount) for b in answer.nearest.broken] == [("one-hot", 0, 1), ("row", 0, 2)]


def test_a_sample_is_repaired(add: Add) -> None:
    """Where no sample keeps every constraint, the best one is mended, and the note says so."""
    add("zeros", zeros)
    answer = solve_model(make_question(CHOICE), backends=("zeros",), steps=1, seed=1)
    assert (answer.status, answer.energy, answer.solved_by) == ("feasible", 2.0, "zeros")
    attempt = answer.attempts[0]
    assert attempt.note is not None
    assert "repaired" in attempt.note
    assert attempt.outcome.feasible_fraction == 0.0


def liar(compiled: Any, options: Mapping[str, Any]) -> Any:
    """An engine that tells a better energy than its sample has."""
    if compiled.n > 1:
        options["report"](np.zeros(compiled.n, np.uint8), -99.0)
    return zeros(compiled, options)


def test_an_engines_own_account_does_not_count(add: Add) -> None:
    """Energies are those of the model, whatever an engine tells."""
    add("liar", liar)
    answer = solve_model(make_question(PAIR), backends=("liar",), steps=1, seed=1)
    assert (answer.status, answer.energy) == ("feasible", 0.0)
    assert answer.curve[0][1] == 0.0


def broken(compiled: Any, options: Mapping[str, Any]) -> Any:
    """An engine with a bug, which shows on models of more than one variable."""
    return zeros(compiled, options) if compiled.n == 1 else 1 / 0


def hasty(compiled: Any, options: Mapping[str, Any]) -> Any:
    """An engine that calls its first sample optimal."""
    found = zeros(compiled, options)
    found.info["exact"] = True
    return found


def test_an_engine_that_fails(add: Add) -> None:
    """A named engine that crashes ends the run with its fault."""
    add("broken", broken)
    with pytest.raises(BackendError, match="ZeroDivisionError"):
        solve_model(make_question(PAIR), backends=("broken",), steps=1, seed=1)


def test_a_wrong_proof_is_held_against_its_engine(add: Add) -> None:
    """A proof that another engine's checked sample contradicts is a failure of whoever claimed it."""
    add("hasty", hasty)
    with pytest.raises(BackendError, match="hasty is wrong: its bound 0 is above"):
        solve_model(make_question(PAIR), backends=("neal", "hasty"), steps=500, seed=1)
    with pytest.raises(BackendError, match="hasty is wrong: it calls the model infeasible"):
        solve_model(make_question(CHOICE), backends=("neal", "hasty"), steps=4000, seed=1)


def late(compiled: Any, options: Mapping[str, Any]) -> Any:
    """An engine that tells a sample and then forgets the time."""
    if compiled.n > 1:
        options["report"](np.array([1, 0], np.uint8), -1.0)
        time.sleep(0.8)
    return zeros(compiled, options)


def silent(compiled: Any, options: Mapping[str, Any]) -> Any:
    """An engine that forgets the time and tells nothing."""
    time.sleep(0.8 if compiled.n > 1 else 0.0)
    return zeros(compiled, options)


def test_an_engine_that_forgets_the_time_is_left_behind(add: Add) -> None:
    """When the time is up the run ends; what the engine had told counts, and the note says what happened."""
    add("late", late)
    add("silent", silent)
    answer = solve_model(make_question(PAIR), backends=("late",), seconds=0.2, seed=1)
    assert (answer.status, answer.energy, answer.solved_by) == ("feasible", -1.0, "late")
    assert answer.attempts[0].note is not None
    assert "still at work" in answer.attempts[0].note
    nothing = solve_model(make_question(PAIR), backends=("silent",), seconds=0.2, seed=1)
    assert (nothing.status, nothing.energy, nothing.solved_by) == ("feasible", 0.0, None)  # every state is one
    assert nothing.attempts[0].status == "unknown"


def test_models_too_large_for_an_engine(add: Add) -> None:
    """An engine with a limit refuses what is larger, and says how to use it all the same."""
    add("small", zeros, max_variables=1)
    with pytest.raises(UnsupportedError, match="at most 1 variables, the model has 2: set --max-variables"):
        solve_model(make_question(PAIR), backends=("small",), steps=1, seed=1)


def test_strict_forbids_stand_ins(add: Add) -> None:
    """Beside `auto` an engine may fail, and the result says so; with strict it ends the run."""
    add("broken", broken)
    question = make_question(PAIR)
    answer = solve_model(question, backends=("broken", "auto"), steps=200, seed=1)
    assert answer.fallback is not None
    assert answer.fallback["backend"] == "broken"
    assert answer.energy == -1.0
    with pytest.raises(BackendError, match="ZeroDivisionError"):
        solve_model(question, backends=("broken", "auto"), steps=200, seed=1, strict=True)


def test_an_engine_of_parts_that_is_late_has_its_own_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What gave the start is not blamed for it, and the parts that were done are told."""
    from qamctl.backends import qaoa

    plain = qaoa.sample

    def slow(compiled: Any, options: Any) -> Any:
        time.sleep(0.4 if options.get("seconds") else 0.0)
        return plain(compiled, options)

    monkeypatch.setattr(qaoa, "sample", slow)
    rng = np.random.default_rng(1)
    ends = [(i, j, float(rng.integers(-5, 6))) for i in range(40) for j in range(i + 1, 40) if rng.random() < 0.3]
    question = make_question(model_of(rng.integers(-5, 6, 40).astype(float).tolist(), ends))
    answer = solve_model(question, backends=("qaoa",), seconds=1.0, seed=1)
    lines = {attempt.backend: attempt for attempt in answer.attempts}
    assert set(lines) == {"anneal", "qaoa"}
    assert "part" in (lines["qaoa"].note or "")
    assert "was still at work" not in (lines["anneal"].note or "")
