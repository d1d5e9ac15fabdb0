"""Reasoning bias: small costs that choose among equals, and nothing at all with weight 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.qubo_specs import all_energies, state

from qamctl.errors import SpecError
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.penalties import sufficient_weights
from qamctl.schedule.bias import apply_bias, biases, read_preferences
from qamctl.schedule.build import build_instance
from qamctl.schedule.model import ScheduleModel, build_model
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.spec import ScheduleSpec


def two_agents(**more: Any) -> tuple[ScheduleSpec, ScheduleModel]:
    """Two tasks of one tick on two agents that differ by label only; makespan 1 or 2."""
    spec = schedule_from_data(
        {"kind": "schedule", "version": 1, "name": "t",
         "agents": [{"id": "x", "cost": {"fixed": 1}}, {"id": "y", "cost": {"fixed": 1}}],
         "tasks": [{"id": "a", "duration": 1}, {"id": "b", "duration": 1}], "objective": {"makespan": 1}, **more}
    )  # fmt: skip
    instance = build_instance(spec)
    return spec, build_model(instance, instance.solution(np.array([0, 1]), np.array([0, 2])))


def best(built: ScheduleModel) -> np.ndarray:
    """The first state of least energy, model variables only."""
    compiled = compile_qubo(built.model, sufficient_weights(built.model))
    return compiled.restore(state(int(np.argmin(all_energies(compiled))), compiled.n))


def test_weight_zero_leaves_the_qubo_bit_for_bit() -> None:
    """With weight 0, without decisions, and with free text only, the hash stays."""
    spec, built = two_agents()
    plain = compile_qubo(built.model, sufficient_weights(built.model)).sha256
    wanted = read_preferences({"prefer a on y": 0.9}, spec)
    for other in (
        apply_bias(built, wanted, 0.0, gap=1.0),
        apply_bias(built, (), 1.0, gap=1.0),
        apply_bias(built, read_preferences({"retry later": 0.9}, spec), 1.0, gap=1.0),
    ):
        assert compile_qubo(other.model, sufficient_weights(other.model)).sha256 == plain
    biased = apply_bias(built, wanted, 1.0, gap=10.0)
    assert compile_qubo(biased.model, sufficient_weights(biased.model)).sha256 != plain


@pytest.mark.parametrize("agent", ["x", "y"])
def test_among_equals_the_more_probable_choice_wins(agent: str) -> None:
    """The task goes to the agent that the decision prefers, at the same makespan."""
    spec, built = two_agents()
    biased = apply_bias(built, read_preferences({f"prefer a on {agent}": 0.7}, spec), 1.0, gap=10.0)
    found = biased.decode(best(biased))
    assert found is not None
    assert spec.agents.ids[int(found.agent[0])] == agent
    assert found.end.max() == 1


def test_a_time_window_is_preferred() -> None:
    """A preferred start moves a task to it where the objective does not mind."""
    spec, built = two_agents(objective={"cost": 1})
    biased = apply_bias(built, read_preferences({"prefer b in 1..1": 0.8}, spec), 1.0, gap=10.0)
    found = biased.decode(best(biased))
    assert found is not None
    assert found.start[1] == 1


def test_equal_probabilities_shift_nothing() -> None:
    """Two agents with the same probability are equal: no cost at all."""
    spec, built = two_agents()
    even = read_preferences({"prefer a on x": 0.5, "prefer a on y": 0.5}, spec)
    assert not biases(built, even, 1.0, gap=10.0).any()
    assert apply_bias(built, even, 1.0, gap=10.0) is built


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.floats(0, 100), st.floats(0.1, 50))
def test_the_sum_of_biases_stays_below_the_gap(probabilities: list[float], weight: float, gap: float) -> None:
    """No cost is negative and the dearest choices of all tasks together stay below the smallest penalty."""
    spec, built = two_agents()
    decisions = ("prefer a on x", "prefer a in 0..0", "prefer b on y", "prefer b in 1..5")
    wanted = read_preferences(dict(zip(decisions, probabilities, strict=True)), spec)
    added = biases(built, wanted, weight, gap=gap)
    assert (added >= 0).all()
    choices = built.choices
    most = sum(added[choices.first[t] : choices.first[t + 1]].max(initial=0.0) for t in range(2))
    assert most < gap


def test_a_fixed_task_has_nothing_to_prefer() -> None:
    """A decision about a task without variables is kept aside."""
    spec, built = two_agents(
        tasks=[{"id": "a", "duration": 1, "pinned": {"start": 0, "agent": "x"}}, {"id": "b", "duration": 1}]
    )
    assert not biases(built, read_preferences({"prefer a on x": 0.9}, spec), 1.0, gap=1.0).any()


@pytest.mark.parametrize(
    ("decision", "probability", "said"),
    [
        ("prefer c on x", 0.5, "task 'c'"),
        ("prefer a on z", 0.5, "agent 'z'"),
        ("prefer a on x", 1.5, "between 0 and 1"),
        ("prefer a in 1e..2", 0.5, "two numbers"),
    ],
)
def test_bad_decisions_are_named(decision: str, probability: float, said: str) -> None:
    """Unknown names, impossible probabilities and windows that are no numbers are faults of the spec."""
    spec, _ = two_agents()
    with pytest.raises(SpecError, match=said):
        read_preferences({decision: probability}, spec)
