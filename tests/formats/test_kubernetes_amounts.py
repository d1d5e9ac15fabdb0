"""Quantities of Kubernetes: read exactly, added up as the scheduler does, and written without loss."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.kubernetes import agents, imported, node, pod

from qamctl.errors import SpecError
from qamctl.formats.kubernetes.amounts import amount, unit_of
from qamctl.formats.kubernetes.documents import Entry
from qamctl.spec.quantities import MOST


@pytest.mark.parametrize(
    ("text", "cpu", "memory"),
    [
        ("0", 0, 0), ("1", 1000, 1), ("0.5", 500, 1), (".5", 500, 1), ("5.", 5000, 5), ("+2", 2000, 2),
        ("100m", 100, 1), ("1500m", 1500, 2), ("250u", 1, 1), ("1n", 1, 1), ("0.0001", 1, 1),
        ("1k", 10**6, 10**3), ("1M", 10**9, 10**6), ("2G", None, 2 * 10**9), ("1T", None, 10**12),
        ("1Ki", 1024_000, 1024), ("1.5Mi", None, 3 * 2**19), ("2Gi", None, 2 * 2**30), ("1Ti", None, 2**40),
        ("1e3", 10**6, 10**3), ("1E3", 10**6, 10**3), ("12e-1", 1200, 2), ("1e+2", 10**5, 100),
        (2, 2000, 2), (0.25, 250, 1), (1e-3, 1, 1),
    ],
)  # fmt: skip
def test_quantities_are_read_exactly(text: Any, cpu: int | None, memory: int) -> None:
    """Thousandths of a core and bytes, both rounded up, as the scheduler counts."""
    assert amount("memory", Entry(text, "x", ("memory",))) == memory
    if cpu is not None:
        assert amount("cpu", Entry(text, "x", ("cpu",))) == cpu


@pytest.mark.parametrize(
    "text", ["", " ", "1 Gi", "1GI", "1gb", "-1", "one", "1e", "1e1000", "0x10", "1,5", "NaN", "1_000", "٣", True, []]
)
def test_what_is_no_quantity_is_refused(text: Any) -> None:
    """Another form, a negative one, or one that is no text and no number."""
    with pytest.raises(SpecError, match="can't be a quantity"):
        amount("cpu", Entry(text, "x", ("cpu",)))


@pytest.mark.parametrize(("resource", "text"), [("cpu", "1P"), ("memory", "2Pi"), ("example.com/part", "2T")])
def test_an_absurd_quantity_is_refused(resource: str, text: str) -> None:
    """What no problem file could hold is told where it stands."""
    with pytest.raises(SpecError, match="is absurd"):
        amount(resource, Entry(text, "x", (resource,)))


@pytest.mark.parametrize(
    ("amounts", "unit"),
    [
        ([512 * 2**20, 2**33], "MiB"),
        ([16374144 * 2**10, 2**33], "MiB"),  # 128 of KiB in it: three decimals
        ([7906141 * 2**10, 2**33], "KiB"),  # an odd number of KiB: ten decimals of a MiB
        ([94477937300, 2**33], "bytes"),
        ([2**41 + 2**10], "KiB"),
        ([2**41, 2**20], "MiB"),
        ([0], "MiB"),
    ],
)
def test_bytes_get_the_unit_in_which_all_are_exact(amounts: list[int], unit: str) -> None:
    """MiB where they have six decimals at most, else KiB, else bytes."""
    found = unit_of("memory", amounts)
    assert (found.name, found.exact) == (unit, True)


@given(st.lists(st.integers(0, 2**44), min_size=1), st.booleans())
def test_written_amounts_are_what_they_were(amounts: list[int], is_memory: bool) -> None:
    """An exact unit loses nothing; one that is too coarse makes requests no smaller and offers no larger."""
    resource = "memory" if is_memory else "cpu"
    amounts = amounts if is_memory else [value % MOST for value in amounts]
    unit = unit_of(resource, amounts)
    for value in amounts:
        up, down = (Decimal(repr(unit.written(value, up=up))) for up in (True, False))
        assert up <= MOST
        assert -up.as_tuple().exponent <= 6  # type: ignore[operator]
        if unit.exact:
            assert up * unit.per == down * unit.per == value
        else:
            assert value <= up * unit.per < value + unit.per
            assert value - unit.per < down * unit.per <= value


def test_an_amount_that_no_unit_holds_is_rounded_and_told() -> None:
    """Bytes of a large machine and an odd number of them do not go together."""
    large = node("a")
    large["status"]["allocatable"]["memory"] = str(2**41 + 1)
    data, warnings = imported([large, pod("p", "a", requests={"memory": "1000001"})])
    assert data["clusters"][0]["capacity"]["memory"] == 2**31
    assert data["agents"][0]["demand"] == {"memory": 977}
    assert warnings == [
        "memory is counted in whole KiB, requests rounded up, offers down: its figures are too long to be exact"
    ]


def requests(**spec: Any) -> dict[str, Any]:
    """What a pod asks for; one millicore stands for nothing else."""
    found: dict[str, Any] = agents(imported([node("a"), pod("p", "a", **spec)])[0])["p"].get("demand", {})
    return found


def container(cpu: str | None = None, **more: Any) -> dict[str, Any]:
    return {"name": "c", "resources": {"requests": {"cpu": cpu}} if cpu is not None else {}} | more


@pytest.mark.parametrize(
    ("spec", "cpu"),
    [
        ({"containers": [container("100m"), container("200m"), container()]}, 0.3),
        ({"containers": [container("100m")], "initContainers": [container("250m"), container("50m")]}, 0.25),
        ({"containers": [container("300m")], "initContainers": [container("250m")]}, 0.3),
        # A sidecar runs beside the containers, and beside initial ones that come after it.
        ({"containers": [container("300m")], "initContainers": [container("40m", restartPolicy="Always")]}, 0.34),
        (
            {
                "containers": [container("100m")],
                "initContainers": [
                    container("1"),
                    container("40m", restartPolicy="Always"),
                    container("970m"),
                    container("5m", restartPolicy="Always"),
                ],
            },
            1.01,
        ),
        ({"containers": [container("100m")], "overhead": {"cpu": "25m"}}, 0.125),
        ({"containers": [{"name": "c", "resources": {"limits": {"cpu": "700m"}}}]}, 0.7),
        ({"containers": [{"name": "c", "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "10m"}}}]}, 0.01),
        ({"containers": [container("100m")], "resources": {"requests": {"cpu": "2"}}}, 2),
        ({"containers": [container("100m")], "resources": {"limits": {"cpu": "2"}}}, 0.1),
        ({"containers": [container()], "resources": {"limits": {"cpu": "2"}}}, 2),
        ({"containers": [container()]}, None),
    ],
)
def test_requests_are_added_up_as_the_scheduler_does(spec: dict[str, Any], cpu: float | None) -> None:
    """Containers at once, initial ones each alone, sidecars beside both, overhead on top, the pod's own word last."""
    assert requests(**spec) == ({"cpu": cpu} if cpu is not None else {})


def test_what_no_node_offers_is_there_for_nobody() -> None:
    """A pod that asks for it can't be placed, and that is told; what nobody offers or asks for is left out."""
    row = node("a")
    row["status"]["allocatable"]["hugepages-2Mi"] = "0"
    data, warnings = imported([row, pod("p", requests={"example.com/fpga": 1})])
    assert data["resources"] == [{"id": "cpu"}, {"id": "memory"}, {"id": "example.com/fpga", "capacity": 0}]
    assert warnings == ["the request for example.com/fpga of default/p: no node offers it"]


def test_a_node_offers_its_capacity_where_nothing_is_kept_back() -> None:
    """A list without `allocatable` still says what there is."""
    row = node("a")
    row["status"] = {"capacity": {"cpu": "8", "pods": "9999999999"}}
    (cluster,) = imported([row, pod("p", "a")])[0]["clusters"]
    assert (cluster["capacity"], cluster["max_size"]) == ({"cpu": 8}, 10**9)
    del row["status"]["capacity"]["pods"]
    assert "max_size" not in imported([row, pod("p", "a")])[0]["clusters"][0]
