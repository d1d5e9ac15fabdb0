"""Networks in a reason spec: what is read, and every fault with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qamctl.errors import SpecError
from qamctl.reason.read import load_reason, reason_from_data
from qamctl.reason.spec import Network

HEAD = "kind: reason\nversion: 1\n"
GOOD = """\
nodes:
  - {id: rain, table: [0.8, 0.2]}
  - id: mood
    values: [bad, fair, good]
    parents: [rain, guest]
    table: [[0.25, 0.25, 0.5], [0, 0, 1], [1, 0, 0], [0.1, 0.2, 0.7]]
  - {id: guest, table: [0.5, 0.5]}
query: [mood, guest]
observed: {rain: yes}
"""
TABLE = "[[0.25, 0.25, 0.5], [0, 0, 1], [1, 0, 0], [0.1, 0.2, 0.7]]"


def network(text: str, tmp_path: Path) -> Network:
    """The network of a spec in YAML."""
    (tmp_path / "spec.yaml").write_text(HEAD + text)
    found = load_reason(tmp_path / "spec.yaml").network
    assert found is not None
    return found


def faults(text: str, tmp_path: Path) -> list[str]:
    """The faults of a spec in YAML, with line and column."""
    with pytest.raises(SpecError) as caught:
        network(text, tmp_path)
    return [str(fault).removeprefix(f"{tmp_path}/") for fault in caught.value.diagnostics]


def test_nodes_become_columns(tmp_path: Path) -> None:
    """References are rows, tables have an axis for each parent, and answers are combinations, the last the fastest."""
    found = network(GOOD, tmp_path)
    assert found.ids == ("rain", "mood", "guest")
    assert list(found.values) == [("no", "yes"), ("bad", "fair", "good"), ("no", "yes")]
    assert list(found.parents) == [(), (0, 2), ()]
    assert found.tables[1].shape == (2, 2, 3)
    assert found.tables[1][0, 1].tolist() == [0, 0, 1]
    assert found.tables[1][1, 0].tolist() == [1, 0, 0]
    assert found.query == (1, 2)
    assert found.observed == {0: 1}
    paths = load_reason(tmp_path / "spec.yaml").paths
    assert paths.ids == ("bad|no", "bad|yes", "fair|no", "fair|yes", "good|no", "good|yes")
    assert paths.decisions == paths.ids


def test_one_variable_may_be_asked_for_by_its_name(tmp_path: Path) -> None:
    """Its values are the paths; sums that decimals round are mended."""
    found = network(GOOD.replace("[mood, guest]", "guest").replace("[0.5, 0.5]", "[0.33333333, 0.66666666]"), tmp_path)
    assert found.query == (2,)
    assert found.tables[2].sum() == pytest.approx(1, abs=1e-15)
    assert load_reason(tmp_path / "spec.yaml").paths.ids == ("no", "yes")


def test_a_table_of_text_is_the_same_network(tmp_path: Path) -> None:
    """In CSV text, `|` parts values, names and probabilities, and `/` the combinations of the parents' values."""
    rows = """\
nodes:
  csv: |
    id,values,parents,table
    rain,,,0.8|0.2
    mood,bad|fair|good,rain|guest,0.25|0.25|0.5/0|0|1/1|0|0/0.1|0.2|0.7
    guest,,,0.5|0.5
query: [mood, guest]
observed: {rain: yes}
"""
    one, other = network(GOOD, tmp_path), network(rows, tmp_path)
    assert (one.ids, one.values, one.parents) == (other.ids, other.values, other.parents)
    assert (one.query, one.observed) == (other.query, other.observed)
    for mine, theirs in zip(one.tables, other.tables, strict=True):
        assert np.array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[rain, guest]", "[rain, gest]",
         ["spec.yaml:7:21: unknown variable `gest` (did you mean `guest`?)"]),
        ("values: [bad, fair, good]", "values: [bad]",
         ["spec.yaml:6:5: `values` must have at least two values"]),
        ("{id: guest, table", "{id: guest, parents: [mood], table",
         ["spec.yaml:7:5: variables depend on each other in a circle: mood <- guest <- mood (break it)",
          "spec.yaml:9:34: `table` must have a list for each of the 3 combinations of its parents' values, found a "
          "list of 2"]),
        ("{id: guest, table", "{id: guest, parents: [guest], table",
         ["spec.yaml:9:17: variables depend on each other in a circle: guest <- guest (break it)",
          "spec.yaml:9:43: an entry of `table` must hold a probability for each of its 2 values, found 0.5"]),
        (TABLE, "[[0.25, 0.25, 0.5], [0, 0, 1]]",
         ["spec.yaml:8:5: `table` must have a list for each of the 4 combinations of its parents' values, found a "
          "list of 2"]),
        (TABLE, "0.5",
         ["spec.yaml:8:5: `table` must have a list for each of the 4 combinations of its parents' values, found 0.5"]),
        ("[0, 0, 1]", "[0, 1]",
         ["spec.yaml:8:32: an entry of `table` must hold a probability for each of its 3 values, found a list of 2"]),
        ("[0.1, 0.2, 0.7]", "[0.1, 0.2, 0.6]",
         ["spec.yaml:8:54: an entry of `table` must sum to 1, and sums to 0.9"]),
        ("[0, 0, 1]", "[0, -0.5, 1.5]",
         ["spec.yaml:8:36: an entry of `table` must be a number from 0 to 1, found -0.5"]),
        ("[0.1, 0.2, 0.7]", "[0.1, some, 0.7]",
         ["spec.yaml:8:60: an entry of `table` must be a number, found `some`"]),
        ("[0.5, 0.5]", "[0.5, 0.6]",
         ["spec.yaml:9:17: `table` must sum to 1, and sums to 1.1"]),
        ("[0.5, 0.5]", "[[0.5, 0.5]]",
         ["spec.yaml:9:17: `table` must be one list of probabilities, since the variable has no parents"]),
        ("{id: guest, table: [0.5, 0.5]}", "{id: guest}",
         ["spec.yaml:9:5: `table` is missing"]),
        ("[mood, guest]", "[mood, guset]",
         ["spec.yaml:10:15: an entry of `query` must name a variable of the network, found `guset` (did you mean "
          "`guest`?)"]),
        ("[mood, guest]", "[mood, mood]",
         ["spec.yaml:10:15: `query` names `mood` twice"]),
        ("[mood, guest]", "[]",
         ["spec.yaml:10:1: `query` must name a variable of the network, found a list"]),
        ("query: [mood, guest]\n", "",
         ["spec.yaml:1:1: `query` is missing (name the variables that are asked for)"]),
        ("[bad, fair, good]", '[bad, "so|so", good]',
         ["spec.yaml:6:5: `values` must not hold `|`, which joins the values of variables that are asked for together "
          "(rename `so|so`)"]),
        ("{rain: yes}", "{rain: wet}",
         ["spec.yaml:11:12: `rain` must be one of no, yes, found `wet`"]),
        ("{rain: yes}", "{ran: yes}",
         ["spec.yaml:11:12: unknown variable `ran` (did you mean `rain`?)"]),
        ("{rain: yes}", "{guest: yes}",
         ["spec.yaml:11:12: `guest` is asked for, and can't be observed (remove it here, or from `query`)"]),
    ],
)  # fmt: skip
def test_faults_have_places(old: str, new: str, expected: list[str], tmp_path: Path) -> None:
    """Line and column of what is wrong, one sentence, and a hint where one helps."""
    assert old in GOOD
    assert faults(GOOD.replace(old, new), tmp_path) == expected


def test_faults_are_told_together(tmp_path: Path) -> None:
    """One variable's fault hides none of another's, of the query or of the observations; and it causes no others."""
    text = GOOD.replace("[rain, guest]", "[rain, host]").replace("[0.5, 0.5]", "[0.5, 0.6]")
    text = text.replace("[mood, guest]", "[mood, x]").replace("rain: yes", "rain: 1")
    assert [fault.split(":")[1] for fault in faults(text, tmp_path)] == ["7", "9", "10", "11"]
    text = GOOD.replace("[bad, fair, good]", "[3]").replace("{rain: yes}", "{mood: yes}").replace("[mood, ", "[")
    assert len(faults(text, tmp_path)) == 1


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("0|0|1/", "0|1/", "an entry of `table` must hold a probability for each of its 3 values, found a list of 2"),
        ("0|0|1/", "", "`table` must have a list for each of the 4 combinations of its parents' values, found a list "
         "of 3"),
        ("0|0|1/", "0|0|x/", "an entry of `table` must be a number, found `x`"),
        ("0|0|1/", "0|0|2/", "an entry of `table` must be a number from 0 to 1, found `2`"),
        ("0|0|1/", "0|0|0.5/", "an entry of `table` must sum to 1, and sums to 0.5"),
        ("0.8|0.2", "0.8|0.2/0.8|0.2", "`table` must be one list of probabilities, since the variable has no parents"),
        ("0.8|0.2", "0.8", "`table` must hold a probability for each of its 2 values, found a list of 1"),
    ],
)  # fmt: skip
def test_faults_of_tables_of_text(old: str, new: str, expected: str, tmp_path: Path) -> None:
    """Shapes and sums of CSV cells are checked as those of lists are, and the row's line is told."""
    text = """\
nodes:
  csv: |
    id,values,parents,table
    rain,,,0.8|0.2
    mood,bad|fair|good,rain|guest,0.25|0.25|0.5/0|0|1/1|0|0/0.1|0.2|0.7
    guest,,,0.5|0.5
query: mood
"""
    assert old in text
    (told,) = faults(text.replace(old, new), tmp_path)
    assert told.endswith(f": {expected}")
    assert "spec.yaml" in told


def coins(n: int, **fields: Any) -> dict[str, Any]:
    """A spec of n coins."""
    nodes = [{"id": f"c{k}", "table": [0.5, 0.5]} for k in range(n)]
    return {"kind": "reason", "version": 1, "nodes": nodes, "query": "c0", **fields}


def test_there_are_limits() -> None:
    """Tables of more than a million entries, and answers of more than 65,536 combinations, are refused as such."""
    data = coins(20)
    data["nodes"].append({"id": "all", "parents": [f"c{k}" for k in range(20)], "table": [[0.5, 0.5]]})
    with pytest.raises(SpecError) as caught:
        reason_from_data(data)
    assert [fault.message for fault in caught.value.diagnostics] == [
        "`table` would have 2,097,152 entries: at most 1,048,576 are taken"
    ]
    with pytest.raises(SpecError) as caught:
        reason_from_data(coins(17, query=[f"c{k}" for k in range(17)]))
    assert [fault.message for fault in caught.value.diagnostics] == [
        "`query` asks for 131,072 combinations of values: at most 65,536 are taken"
    ]
    assert len(reason_from_data(coins(17, query=[f"c{k}" for k in range(16)])).paths.ids) == 65_536


def test_a_long_chain_is_no_circle() -> None:
    """Ten thousand variables in reverse order are read within seconds, and a circle among them is found."""
    n = 10_000
    nodes = [{"id": f"x{k}", "parents": [f"x{k + 1}"], "table": [[0.5, 0.5]] * 2} for k in range(n - 1)]
    data = {"kind": "reason", "version": 1, "query": "x0", "nodes": [*nodes, {"id": f"x{n - 1}", "table": [0.5, 0.5]}]}
    found = reason_from_data(data).network
    assert found is not None
    assert found.parents[0] == (1,)
    data["nodes"] = [*nodes, {"id": f"x{n - 1}", "parents": [f"x{n - 3}"], "table": [[0.5, 0.5]] * 2}]
    with pytest.raises(SpecError) as caught:
        reason_from_data(data)
    assert "circle: x9997 <- x9998 <- x9999 <- x9997" in caught.value.diagnostics[0].message


@pytest.mark.parametrize("name", ["sprinkler", "alarm"])
def test_the_examples_are_read(name: str) -> None:
    """Problem files hold no fault, and every row of their tables sums to 1."""
    found = load_reason(Path(__file__).parents[3] / "problems" / f"reason-{name}.yaml").network
    assert found is not None
    for table in found.tables:
        assert table.sum(axis=-1) == pytest.approx(1, abs=1e-15)


def test_the_state_of_a_network_is_not_reconstructed(tmp_path: Path) -> None:
    """It is no state of paths: refused, and so are observables."""
    told = faults(GOOD + "reconstruct: tomography\nobservables: [Z]\n", tmp_path)
    assert len(told) == 2
    assert "the state of a network is not reconstructed" in told[0]
    assert "`observables` says nothing where the spec has a network" in told[1]
