"""Models as lines of numbers: D-Wave .qubo, rudy/Gset graphs, tables of couplings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import dimod
import numpy as np
import pytest
from dimod.serialization import coo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.model_files import fault_of, read_text, terms_of
from support.shared import shared_path

from qamctl.formats.models import coo_csv, read_model
from qamctl.formats.models.lines import Lines
from qamctl.qubo import check

QUBO = "c a comment\np qubo 0 4 2 2\n0 0 1.5\n3 3 -2\nc couplers\n0 1 4\n1 3 -0.25\n"


def test_a_qubo_file_is_minimised_as_it_stands(tmp_path: Path) -> None:
    """Nodes count from 0, those without a line are kept, and comments stand anywhere."""
    found = read_text(tmp_path, QUBO, "night.qubo")
    assert terms_of(found) == ([1.5, 0.0, 0.0, -2.0], {(0, 1): 4.0, (1, 3): -0.25}, 0.0)
    assert (found.format, found.sense, found.name) == ("qubo", "min", "night")
    assert list(found.model.labels) == ["0", "1", "2", "3"]
    assert (found.model.labels[-1], list(found.model.labels[1:3]), len(found.model.labels)) == ("3", ["1", "2"], 4)
    assert found.source.text == QUBO.encode()


def test_maximising_negates_the_model_and_gives_the_objective_back(tmp_path: Path) -> None:
    """With sense max the model is the negative, and `objective` is the file's number."""
    found = read_text(tmp_path, QUBO, sense="max")
    assert terms_of(found) == ([-1.5, 0.0, 0.0, 2.0], {(0, 1): -4.0, (1, 3): 0.25}, 0.0)
    assert (found.sense, found.objective(check.objective(found.model, (1, 1, 0, 0)))) == ("max", 5.5)
    assert str(found.objective(0.0)) == "0.0"


@pytest.mark.parametrize("change", [lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t, lambda t: t + "\n \n",
                                    lambda t: t.replace("\n", "\r"), lambda t: t.replace(" ", "\t ")])  # fmt: skip
def test_line_ends_marks_and_blanks_do_not_matter(tmp_path: Path, change: Callable[[str], str]) -> None:
    """CRLF, a byte order mark, tabs and blank lines change nothing."""
    assert terms_of(read_text(tmp_path, change(QUBO))) == terms_of(read_text(tmp_path, QUBO))


def test_repeated_terms_are_summed_whatever_their_order(tmp_path: Path) -> None:
    """Duplicates add up, `j i` is `i j`, and what cancels is gone."""
    text = "p qubo 0 3 2 4\n0 0 1\n0 0 2\n2 1 5\n1 2 -1\n0 2 3\n2 0 -3\n"
    assert terms_of(read_text(tmp_path, text)) == ([3.0, 0.0, 0.0], {(1, 2): 4.0}, 0.0)


@pytest.mark.parametrize(("text", "n"), [("p qubo 0 0 0 0\n", 0), ("p qubo 0 1 0 0\n", 1), ("p qubo 0 5 0 0", 5)])
def test_empty_models_are_models(tmp_path: Path, text: str, n: int) -> None:
    """No variable, one variable, and variables without terms are valid."""
    found = read_text(tmp_path, text).model
    assert (found.n, found.linear.tolist(), len(found.row)) == (n, [0.0] * n, 0)


QUBO_FAULTS = {
    "c only\n": "1:1: there is no problem line",
    "p qubo 0 3 1\n0 0 1\n": "1:1: the problem line is not whole",
    "p qubo 0 3 x 1\n0 0 1\n": "1:12: `x` stands where nNodes should",
    "0 0 1\np qubo 0 1 1 0\n": "1:1: `0` stands where the problem line should",
    "p qubo 0 1000000000 0 0\n": "1:1: 1,000,000,000 variables are more than the 10,000,000 that are taken",
    "p qubo 0 3 1 1\n0 0 1\n0 3 2\n": "3:3: node 3 is outside 0..2",
    "p qubo 0 3 1 1\n0 0 1\n -1 2 2\n": "3:2: node -1 is outside 0..2",
    "p qubo 0 0 1 0\n0 0 1\n": "2:1: the file declares no node",
    "p qubo 0 3 1 1\nc\n0 0 1\n0 1 nan\n": "4:5: `nan` stands where the weight should, a finite number",
    "p qubo 0 3 1 1\n0 0 1e999\n0 1 2\n": "2:5: `1e999` stands where the weight should, a finite number",
    "p qubo 0 3 1 1\n0 0 1\n0 x 2\n": "3:3: `x` stands where the second node should, a whole number",
    "p qubo 0 3 1 1\n0 0 1\n0 1.0 2\n": "3:3: `1.0` stands where the second node should, a whole number",
    "p qubo 0 3 1 1\n0 0 1\n0 1\n": "3:1: the line has 2 cells in place of 3",
    "p qubo 0 3 1 1\n0 0 1\n0 1 2 7\n": "3:7: the line has 4 cells in place of 3",
    "p qubo 0 3 2 1\n0 0 1\n0 1 2\n": "3:1: line 1 announces 2 nodes and 1 follow (the file may be cut off)",
    "p qubo 0 3 1 0\n0 0 1\n0 1 2\n1 2 2\n": "3:1: line 1 announces 0 couplers and 2 follow",
    "p qubo 0 3 0 1\n0 1 2\n2 2 1\n": "3:1: line 1 announces 0 nodes and 1 follow",
    "p qubo 0 2 1 0\n0 0 1e308\n0 0 1e308\n": "3:1: line 1 announces 1 nodes and 2 follow",
    "p qubo 0 2 2 0\n0 0 1e308\n0 0 1e308\n": "the coefficients add up to more than a number holds",
    "p qubo 0 2 1 0\n0 0 ١\n": "2:5: `١` stands where the weight should",
    "p qubo 0 2 1 0\nc qamctl: offset nan\n0 0 1\n": "2:1: the note cannot be read: the offset is not finite",
    'p qubo 0 2 1 0\n0 0 1\nc qamctl: name 1 "0"\n': "1:1: two nodes have the same name in the notes",
    'p qubo 0 2 1 0\n0 0 1\nc qamctl: name 1 "\\u0007"\n': "3:1: the name in the note must not hold control characters",
    "p qubo 0 2 1 0\n0 0 1\nc qamctl: name 1 " + "[" * 100_000 + "\n": "3:1: the note cannot be read",
    "p qubo 0 2 1 0\n0 0 " + "9" * 100_000 + "x\n": "2:5: `99999",
    "p qubo 0 2 1 0\n0 0 1\nc qamctl: name 1 7\n": "3:1: the note cannot be read: a name is a text in quotes",
    "p qubo 0 2 1 0\n\nc qamctl: colour\n0 0 1\n": "3:1: the note cannot be read: there are",
}


@pytest.mark.parametrize("text", QUBO_FAULTS, ids=range(len(QUBO_FAULTS)))
def test_faults_of_qubo_files_have_their_place(tmp_path: Path, text: str) -> None:
    """Counts that lie, indices out of range and what is no number are told with line and column."""
    assert fault_of(tmp_path, text, format="qubo").startswith(QUBO_FAULTS[text])


def test_a_graph_is_max_cut(tmp_path: Path) -> None:
    """The objective is the weight of the edges whose ends differ; nodes count from 1; a missing weight is 1."""
    found = read_text(tmp_path, "4 4\n1 2 2\n2 3 -1\n3 4\n2 2 9\n", "g.mc")
    assert (found.format, found.sense, list(found.model.labels)) == ("rudy", "max", ["1", "2", "3", "4"])
    for state, cut in (((0, 0, 0, 0), 0), ((1, 0, 0, 0), 2), ((1, 0, 1, 0), 2), ((0, 0, 1, 0), 0), ((1, 1, 1, 0), 1)):
        assert found.objective(check.objective(found.model, state)) == cut
    least = read_text(tmp_path, "4 4\n1 2 2\n2 3 -1\n3 4\n2 2 9\n", "g.mc", sense="min")
    assert (least.sense, least.objective(check.objective(least.model, (1, 0, 0, 0)))) == ("min", 2)


def test_a_graph_without_weights_or_edges(tmp_path: Path) -> None:
    """All weights may be left out; a graph without edges is a model of isolated variables."""
    assert terms_of(read_text(tmp_path, "3 2\n1 2\n2 3\n"))[1] == {(0, 1): 2.0, (1, 2): 2.0}
    assert read_text(tmp_path, "3 0\n", format="rudy").model.n == 3


RUDY_FAULTS = {
    "": "1:1: the file is empty",
    "3\n1 2\n": "1:1: the line has 1 cells in place of 2",
    "3 x\n1 2\n": "1:3: `x` stands where the number of edges should",
    "1000000000 1\n1 2 1\n": "1:1: 1,000,000,000 variables are more than the 10,000,000",
    "3 2\n1 2 1\n": "2:1: line 1 announces 2 edges and 1 follow (the file may be cut off)",
    "3 1\n1 2 1\n2 3 1\n": "3:1: line 1 announces 1 edges and 2 follow",
    "3 1\n0 2 1\n": "2:1: node 0 is outside 1..3",
    "3 1\n1 4 1\n": "2:3: node 4 is outside 1..3",
    "0 1\n1 1 1\n": "2:1: the file declares no node",
    "3 2\n1 2 1\n1 2 inf\n": "3:5: `inf` stands where the weight should",
    "3 2\n1 2 1\n1 2 3 4\n": "3:7: the line has 4 cells in place of 2 to 3",
    "3 2\n1 2\n1\n": "3:1: the line has 1 cells in place of 2 to 3",
}


@pytest.mark.parametrize("text", RUDY_FAULTS, ids=range(len(RUDY_FAULTS)))
def test_faults_of_graphs_have_their_place(tmp_path: Path, text: str) -> None:
    """Counts that lie, nodes out of range and what is no number are told with line and column."""
    assert fault_of(tmp_path, text, format="rudy").startswith(RUDY_FAULTS[text])


@pytest.mark.parametrize(
    "text",
    ["i,j,w\n0,0,1\n0,1,-2\n1,3,4\n", "0,0,1\n0,1,-2\n1,3,4", "0;0;1\n0;1;-2\n1;3;4\n", "0 0 1\n0 1 -2\n3 1 4\n",
     "# made by hand\n row  col bias\n0 0 1\n0 1 -2\n1 3 4\n", '"i","j","w"\n"0","0",1\n"0","1",-2\n"1","3","4"\n',
     "0\t0\t1\n0\t1\t-2\n1\t3\t4\n", "0, 0, 1\n0, 1, -2\n\n1, 3, 4\n", "# vartype=BINARY\n0,0,1\n0,1,-2\n1,3,4\n"],
)  # fmt: skip
def test_tables_of_couplings(tmp_path: Path, text: str) -> None:
    """Commas, semicolons, tabs or blanks, a header or none, quotes or none: indices count from 0."""
    found = read_text(tmp_path, text)
    assert terms_of(found) == ([1.0, 0.0, 0.0, 0.0], {(0, 1): -2.0, (1, 3): 4.0}, 0.0)
    assert (found.format, found.sense, list(found.model.labels)) == ("csv", "min", ["0", "1", "2", "3"])


def test_variables_of_a_table_may_have_names(tmp_path: Path) -> None:
    """Names are numbered as they come; a comma in quotes is part of a name."""
    found = read_text(tmp_path, 'from,to,w\nann,ann,1\n"bob, b",ann,-2\n7,"bob, b",4\n')
    assert list(found.model.labels) == ["ann", "bob, b", "7"]
    assert terms_of(found) == ([1.0, 0.0, 0.0], {(0, 1): -2.0, (1, 2): 4.0}, 0.0)
    first = read_text(tmp_path, '"bob, b",ann,-2\n')
    assert list(first.model.labels) == ["bob, b", "ann"]


def test_large_tables_of_names_are_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names keep their numbers from piece to piece, blank lines and spaces or not; faults keep their lines."""
    monkeypatch.setattr(coo_csv, "PIECE", 20)
    rows = [f"v{k}, v{k + 1},{k}.5" for k in range(40)]
    for text in ("\n".join(rows), "\n".join(rows).replace("v17, v18", "\nv17, v18").replace("v30, v31", '"v30", v31')):
        found = read_text(tmp_path, text)
        assert list(found.model.labels) == [f"v{k}" for k in range(41)]
        assert terms_of(found)[1] == {(k, k + 1): k + 0.5 for k in range(40)}
    assert fault_of(tmp_path, "\n".join([*rows, "a,b,x"]), format="csv").startswith("41:5: `x` stands where")
    assert fault_of(tmp_path, "\n".join([*rows, "a, ,1"]), format="csv").startswith("41:")


def test_tables_of_spins_are_those_of_dimod(tmp_path: Path) -> None:
    """What dimod writes as COO text has the same energies here, for spins and for binary variables."""
    for vartype in ("SPIN", "BINARY"):
        bqm = dimod.generators.gnm_random_bqm(8, 14, vartype, random_state=3)
        found = read_text(tmp_path, coo.dumps(bqm, vartype_header=True))
        for state in np.random.default_rng(1).integers(0, 2, (20, found.model.n)).tolist():
            sample = {v: 2 * x - 1 if vartype == "SPIN" else x for v, x in enumerate(state)}
            # That text has six digits, and no constant.
            assert check.objective(found.model, state) == pytest.approx(bqm.energy(sample) - bqm.offset, abs=1e-4)


CSV_FAULTS = {
    "": "1:1: the table is empty",
    "# nothing\n\n": "1:1: the table is empty",
    "i,j\n0,1\n": "1:1: the line has 2 cells in place of 3",
    "i,j,w\n0,1\n": "2:1: the line has 2 cells in place of 3",
    "i,j,w\n0,1,\n": "2:5: `` stands where the weight should",
    "0,1,2\n0,1,NaN\n": "2:5: `NaN` stands where the weight should, a finite number",
    "0,1,inf\n": "1:5: `inf` stands where the weight should, a finite number",
    "i,j,w\n0,-1,2\n": "2:3: index -1 is below 0",
    "i,j,w\n0,1,2\n\n0,1000000000,2\n": "4:3: index 1000000000 needs 1,000,000,001 variables",
    "i,j,w\na,,2\n": "2:3: the name of a variable must not be empty",
    'i,j,w\na,"b,2\n': "2:1: the line cannot be read",
    "i,j,w\na,b,2\na,b,c,2\n": "3:1: the line has 4 cells in place of 3",
}


@pytest.mark.parametrize("text", CSV_FAULTS, ids=range(len(CSV_FAULTS)))
def test_faults_of_tables_have_their_place(tmp_path: Path, text: str) -> None:
    """Missing cells, bad numbers and indices are told with line and column."""
    assert fault_of(tmp_path, text, format="csv").startswith(CSV_FAULTS[text])


@pytest.mark.parametrize(
    ("header", "place", "column"),
    [
        ("id,agent,duration", "1:1", "id"),
        ("name;Task;w", "1:6", "Task"),
        ("a b capacity", "1:5", "capacity"),
        ("a,b,demand.cpu", "1:5", "demand.cpu"),
        ("resource,other,w", "1:1", "resource"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"format": "csv"}], ids=["told", "named"])
def test_tables_of_problem_files_are_no_couplings(
    tmp_path: Path, header: str, place: str, column: str, options: dict[str, str]
) -> None:
    """Three columns of tasks, agents or resources would pass for two names and a weight; the header tells."""
    mark = next((mark for mark in ",;" if mark in header), " ")
    told = fault_of(tmp_path, header + "\n" + mark.join(["t1", "a1", "3"]) + "\n", **options)
    assert told.startswith(f"{place}: it looks like a table of tasks, agents or resources: its header has a column `")
    assert f"`{column}` (name it in a spec" in told


@pytest.mark.parametrize(
    "header",
    ["i,j,weight", "u,v,w", "source,target,value", "from,to,cost", "row,col,bias", "start,end,weight", "name1,name2,J"],
)
def test_usual_headers_of_couplings_stay(tmp_path: Path, header: str) -> None:
    """What people call the columns of couplings is none of the problem files' columns."""
    assert list(read_text(tmp_path, f"{header}\nt1,a1,3\n").model.labels) == ["t1", "a1"]


def test_a_table_with_a_header_alone_is_an_empty_model(tmp_path: Path) -> None:
    """No rows are no variables."""
    assert read_text(tmp_path, "i,j,w\n", format="csv").model.n == 0


CELL = st.sampled_from(["0", "1", "+2", "-1", "007", "1.5", "-.5", "2e3", "nan", "x", "1_0", "0x1", "", "9" * 19])


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELL, min_size=2, max_size=4), max_size=4), mark=st.sampled_from([None, ","]))
def test_the_quick_way_takes_nothing_that_the_slow_way_refuses(rows: list[list[str]], mark: str | None) -> None:
    """Whole columns at once give what reading line by line gives, or nothing."""
    body = "\n".join((mark or " ").join(row) for row in rows).encode()
    lines = Lines(body, 1, "f", "a text", mark)
    kinds = ("whole", "whole", "number")
    quick = lines.quick(kinds, 2)
    if quick is not None:
        slow = lines._slow(("a", "b", "c"), kinds, 2)
        assert [column.tolist() for column in quick] == [column.tolist() for column in slow]
        assert [column.dtype for column in quick] == [column.dtype for column in slow]


def test_published_files_are_read_as_published() -> None:
    """The shipped problems of both families have the sizes and the values that their sources give."""
    bqp = read_model(str(shared_path("instances/qubo/bqp/bqp250_1.qubo")), sense="max")
    assert (bqp.model.n, len(bqp.model.row), np.count_nonzero(bqp.model.linear)) == (250, 3089, 31)
    graph = read_model(str(shared_path("instances/qubo/gset/G1.txt")))
    assert (graph.model.n, len(graph.model.row), graph.sense, graph.name) == (800, 19176, "max", "G1")
    side = np.random.default_rng(1).integers(0, 2, 800)
    edges = np.loadtxt(shared_path("instances/qubo/gset/G1.txt"), skiprows=1, dtype=int)
    cut = int(edges[side[edges[:, 0] - 1] != side[edges[:, 1] - 1], 2].sum())
    assert graph.objective(check.objective(graph.model, side)) == cut
