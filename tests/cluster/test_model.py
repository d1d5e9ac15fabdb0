"""The model of an assignment: every term and rule alone against all assignments, what is refused, and labels."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from cluster.specs import make_spec, solution_of
from support.assignment_specs import random_spec
from support.cluster_models import compare, complete, incumbent_of, leaves, sound

from qamctl.cluster.check import check_columns
from qamctl.cluster.instance import build_instance
from qamctl.cluster.model import ClusterModel, build_model
from qamctl.cluster.solution import Solution
from qamctl.errors import InfeasibleError, UnsupportedError
from qamctl.levels import same
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.feasible import feasible
from qamctl.qubo.objective import value_of
from qamctl.qubo.penalties import sufficient_weights

ALONE = """
    cut; cut optional; cut allowed; safe; safe inner; ratios; ratios transient current; ratios tolerance;
    target; target elastic; target optional; current; current per-group; current pairs optional; costs; open;
    open inner; spread; spread together; optional; capacity; capacity inner; shared; shared optional;
    transient current capacity; transient current capacity inner; transient current tolerance; sizes;
    sizes inner; elastic sizes; tolerance; apart; together cut current; together group-apart; group-apart;
    least; skew; skew optional; near; near optional; moves current; moves current together; devices;
    devices together; devices tolerance; own-demand capacity; own-demand transient current capacity;
    levels cut costs; levels spread safe; levels cut optional current; levels target cut
"""


@pytest.mark.parametrize("features", [" ".join(words.split()) for words in ALONE.split(";")])
def test_each_term_and_rule_is_what_the_checker_counts(features: str) -> None:
    """Values, constraints and optima of the model are those of the checker over all assignments."""
    rng = Random(features)
    for _ in range(8):
        compare(random_spec(rng, agents=rng.randint(2, 4), clusters=rng.randint(2, 3), features=set(features.split())))


def test_three_values_of_a_label_share_a_number_of_their_own() -> None:
    """With more than two values the skew is held by a count that no value is below."""
    clusters = [{"id": f"m{k}", "labels": {"zone": f"z{k}"}} for k in range(4)]
    groups = [{"id": "g", "spread": {"label": "zone", "max_skew": 1}}]
    for optional in (True, False):
        agents = [{"id": f"a{i}", "group": "g", "optional": optional} for i in range(4)]
        spec = make_spec(agents=agents, clusters=clusters, groups=groups, objective={"unplaced": 1.0})
        built = build_model(build_instance(spec), None)
        assert any(label.startswith("fewest/") for label in built.model.labels)
        compare(spec)
    loose = make_spec(
        agents=[{"id": "a", "group": "g"}], clusters=clusters,
        groups=[{"id": "g", "spread": {"label": "zone", "max_skew": 1}}], objective={"cut": 1.0},
    )  # fmt: skip
    assert len(build_model(build_instance(loose), None).model.con_rhs) == 0


@pytest.mark.parametrize("sizes", [(0.5, 0.5, 1, 2), (0.5, 0.5, 0.75, 0.8), (0.3, 0.4, 0.5, 0.6, 0.2)])
def test_devices_are_shared_out_by_rows_or_by_bits(sizes: tuple[float, ...]) -> None:
    """Sizes that divide each other, and those that can share with none, need no bits; others do; all are exact."""
    spec = make_spec(
        resources=[{"id": "gpu", "device": 1}],
        agents=[{"id": f"a{i}", "demand": {"gpu": size}} for i, size in enumerate(sizes)],
        clusters=[{"id": "m0", "capacity": {"gpu": 2}}, {"id": "m1", "capacity": {"gpu": 1}, "cost": 2}],
        objective={"cost": 1.0},
    )
    built = build_model(build_instance(spec), None)
    chained = 0.4 not in sizes
    assert any(label.startswith("device/") for label in built.model.labels) != chained
    compare(spec)


def test_bits_of_devices_say_which_ones_are_taken() -> None:
    """An assignment with devices is encoded with them, and decoded to the same ones."""
    spec = make_spec(
        resources=[{"id": "gpu", "device": 10}],
        agents=[{"id": name, "demand": {"gpu": size}} for name, size in (("a", 4), ("b", 7), ("c", 3))],
        clusters=[{"id": "m", "capacity": {"gpu": 20}}, {"id": "w", "capacity": {"gpu": 10}}], objective={"cut": 1.0},
    )  # fmt: skip
    built = build_model(build_instance(spec), None)
    taken = {"a": {"gpu": [1]}, "b": {"gpu": [0]}, "c": {"gpu": [0]}}
    solution = solution_of(spec, ["m", "m", "m"], taken)
    sample = built.encode(solution)
    assert feasible(built.model, sample[None, :])[0]
    again = built.decode(sample)
    assert again is not None
    assert again.devices.tolist() == solution.devices.tolist()
    none = sample.copy()
    none[built.seats.first :] = 0
    missing = built.decode(none)
    assert missing is not None
    assert not check_columns(spec, missing.cluster, missing.devices).feasible


def test_whole_devices_go_one_by_one() -> None:
    """Beside parts of other sizes a piece of several devices takes as many bits."""
    spec = make_spec(
        resources=[{"id": "gpu", "device": 10}],
        agents=[{"id": name, "demand": {"gpu": size}} for name, size in (("a", 20), ("b", 4), ("c", 6))],
        clusters=[{"id": "m", "capacity": {"gpu": 30}}, {"id": "w", "capacity": {"gpu": 10}}], objective={"cut": 1.0},
    )  # fmt: skip
    assert compare(spec) in (0, 1)


def test_too_many_bits_of_devices_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes that no row can hold, of more pieces than bits can share out, end with the name of the rule."""
    monkeypatch.setattr("qamctl.cluster.seats.MOST_BITS", 3)
    spec = make_spec(
        resources=[{"id": "gpu", "device": 10}],
        agents=[{"id": f"a{i}", "demand": {"gpu": 3 + i % 2}} for i in range(4)],
        clusters=[{"id": "m", "capacity": {"gpu": 40}}, {"id": "w", "capacity": {"gpu": 40}}], objective={"cut": 1.0},
    )  # fmt: skip
    with pytest.raises(UnsupportedError, match="devices in cluster m"):
        build_model(build_instance(spec), None)


def test_a_ratio_of_endless_decimals_is_refused_by_name() -> None:
    """A ratio that no whole numbers hold is not rounded."""
    clusters = [{"id": "m", "capacity": {"cpu": 4, "disk": 4}}, {"id": "w", "capacity": {"cpu": 4, "disk": 4}}]
    spec = make_spec(
        agents=[{"id": "a", "demand": {"cpu": 1}}], clusters=clusters, ratios=[("cpu", "disk", 2**0.5)],
        objective={"balance": 1.0},
    )  # fmt: skip
    with pytest.raises(UnsupportedError, match="balance"):
        build_model(build_instance(spec), None)


def test_costs_of_moves_without_a_common_decimal_are_refused_by_name() -> None:
    """A bound on the cost of moves needs whole numbers."""
    agents = [{"id": name, "cluster": "m", "move_cost": cost} for name, cost in (("a", 1.0), ("b", 2**0.5))]
    spec = make_spec(agents=agents, clusters=["m", "w"], moves={"max_cost": 2}, objective={"cut": 1.0})
    with pytest.raises(UnsupportedError, match="max_cost"):
        build_model(build_instance(spec), None)


def test_an_earlier_level_without_whole_numbers_is_refused_by_name() -> None:
    """A level is kept by a row of integers: costs without a common decimal have none."""
    costs = [("a", "m", 2**0.5), ("a", "w", 0.1), ("b", "m", 3**0.5)]
    spec = make_spec(
        agents=["a", "b"], clusters=["m", "w"], costs=costs, links=[("a", "b")], objective=[{"cost": 1.0}, {"cut": 1.0}]
    )
    with pytest.raises(UnsupportedError, match=r"earlier objective level \(cost\)"):
        build_model(build_instance(spec), None, level=1, fixed_levels=(1.6,))


def test_a_level_that_nothing_can_make_worse_needs_no_row() -> None:
    """Where every assignment is good enough for the earlier level, it takes no row and no bit."""
    spec = make_spec(
        agents=["a", "b"], clusters=["m", "w"], links=[("a", "b")], costs=[("a", "m", 1)],
        objective=[{"cut": 1.0}, {"cost": 1.0}],
    )  # fmt: skip
    built = build_model(build_instance(spec), None, level=1, fixed_levels=(1.0,))
    assert built.model.n == 4
    assert len(built.model.con_rhs) == 0
    tight = build_model(build_instance(spec), None, level=1, fixed_levels=(0.0,))
    assert [label for label in tight.model.labels if label.startswith("both/")] == ["both/4", "both/5"]


def test_labels_tell_agents_clusters_and_bits() -> None:
    """Variables are named by agent and cluster, those left out by a dash, bits by what they count."""
    spec = make_spec(
        resources=[{"id": "cpu", "capacity": 9}],
        agents=[{"id": name, "demand": {"cpu": 1 + i % 2}, "optional": i == 0} for i, name in enumerate("abcdefg")],
        clusters=[{"id": "m", "safe": {"cpu": 2}, "cost": 3}, {"id": "w", "cost": 1}],
        links=[("f", "g", "together")], objective={"load": 1.0, "cost": 1.0},
    )  # fmt: skip
    labels = build_model(build_instance(spec), None).model.labels
    assert list(labels)[:3] == ["a@m", "a@w", "a@-"]
    assert {"f@m", "used/m", "load/m/cpu/0", "load/m/cpu/1"} <= set(labels)
    assert "g@m" not in set(labels)
    assert labels[1:3] == ["a@w", "a@-"]
    assert labels[-1] == list(labels)[-1]


def test_a_unit_with_one_place_left_is_no_variable() -> None:
    """What fits one cluster alone is fixed there, and what follows from that; nothing is left to choose."""
    spec = make_spec(
        agents=[{"id": "a", "demand": {"cpu": 5}}, {"id": "b", "demand": {"cpu": 2}}],
        clusters=[{"id": "m", "capacity": {"cpu": 6}}, {"id": "w", "capacity": {"cpu": 3}}], links=[("a", "b", 2)],
    )  # fmt: skip
    built = build_model(build_instance(spec), None)
    assert built.variables == 0
    assert built.raw_variables == 4
    assert built.model.offset == 2
    decoded = built.decode(np.zeros(0))
    assert decoded is not None
    assert decoded.cluster.tolist() == [0, 1]
    assert built.objective(decoded) == 2


def test_a_unit_without_a_place_is_infeasible() -> None:
    """Nobody can be where nothing fits; where only one place is allowed, no sample keeps its rows."""
    clusters = [{"id": "m", "capacity": {"cpu": 3}}, {"id": "w", "capacity": {"cpu": 4}}]
    spec = make_spec(agents=[{"id": "a", "demand": {"cpu": 5}}], clusters=clusters, objective={"cut": 1.0})
    with pytest.raises(InfeasibleError, match="no cluster"):
        build_model(build_instance(spec), None)
    spec = make_spec(agents=[{"id": "a", "demand": {"cpu": 5}}], clusters=clusters[:1], objective={"cut": 1.0})
    model = build_model(build_instance(spec), None).model
    with pytest.raises(InfeasibleError, match="capacity"):
        compile_qubo(model, sufficient_weights(model))


def test_samples_of_no_assignment_are_none_and_strangers_are_refused() -> None:
    """A unit with no place or two decodes to nothing; what the model cannot say is not encoded."""
    spec = make_spec(
        agents=[{"id": "a", "clusters": ["m", "w"]}, {"id": "b", "clusters": ["m"]}], clusters=["m", "w", "v"],
        links=[("a", "b")],
    )  # fmt: skip
    built = build_model(build_instance(spec), None)
    assert built.decode(np.array([0, 0])) is None
    assert built.decode(np.array([1, 1])) is None
    with pytest.raises(ValueError, match="no variable"):
        built.encode(solution_of(spec, ["v", "m"]))
    with pytest.raises(ValueError, match="elsewhere"):
        built.encode(solution_of(spec, ["m", "w"]))


def test_nothing_to_place_is_an_empty_model() -> None:
    """Without agents there is one assignment, and it costs nothing."""
    spec = make_spec(agents=[], clusters=["m", "w"], objective={"cut": 1.0})
    built = build_model(build_instance(spec), None)
    assert built.variables == 0
    assert built.model.offset == 0


def test_a_window_needs_an_incumbent() -> None:
    """What stays has to be somewhere."""
    instance = build_instance(make_spec(agents=2, clusters=2, objective={"cut": 1.0}))
    with pytest.raises(ValueError, match="incumbent"):
        build_model(instance, None, free=np.ones(2, bool))


def test_a_window_moves_only_its_units_and_keeps_the_objective() -> None:
    """In windows of random units and leaves every assignment has the value and the verdict of the checker."""
    rng, generator, compared = Random(5), np.random.default_rng(5), 0
    while compared < 60:
        spec = random_spec(rng, agents=rng.randint(3, 6), clusters=rng.randint(2, 4), chance=0.25)
        instance = build_instance(spec)
        incumbent = incumbent_of(instance, generator)
        if incumbent is None:
            continue
        free = generator.random(instance.n) < 0.5
        free[generator.integers(instance.n)] = True
        where = np.flatnonzero(generator.random(instance.k) < 0.6)
        where = where if len(where) else np.array([0])
        level = int(generator.integers(len(instance.levels)))
        kept = instance.value(incumbent)[:level]
        built = build_model(instance, incumbent, level=level, fixed_levels=kept, free=free, leaves=where)
        sample = built.encode(incumbent)
        assert value_of(built.model, sample) == pytest.approx(instance.value(incumbent)[level], rel=1e-9, abs=1e-9)
        assert feasible(built.model, sample[None, :])[0]
        compared += 1
        if len(built.model.group_start) > 6 or len(built.seats.piece):
            continue
        found = _feasible_ones(built, level, kept)
        complete(built, found, level)
        sound(built, found)
        for solution, _ in found:
            still = ~free[instance.unit]
            assert (solution.cluster[still] == incumbent.cluster[still]).all()


def _feasible_ones(
    built: ClusterModel, level: int, kept: tuple[float, ...]
) -> list[tuple[Solution, tuple[float, ...]]]:
    """The assignments of a window that keep every rule and the earlier levels, by the checker."""
    found = []
    for leaf in leaves(built):
        answer = built.solution(leaf, built.seats.masks(leaf, np.zeros(built.model.n)))
        report = check_columns(built.instance.spec, answer.cluster, answer.devices)
        value = tuple(map(float, report.levels))
        if report.feasible and all(a < b or same(a, b) for a, b in zip(value, kept, strict=False)):
            found.append((answer, value))
    return found
