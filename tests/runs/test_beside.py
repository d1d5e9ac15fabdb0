"""Files beside a result: tables stand beside its copies too, and what an earlier run left goes with its result."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from support.runs import NOW, begin, make_source, result_of

from qamctl.options import EXPORTS as FORMATS
from qamctl.runs import metrics
from qamctl.runs.beside import EXPORTS, TABLES, TAKEN, beside, renamed, stale, tables_of
from qamctl.runs.record import Run

TABLE = b"task,agents,mode,start,end,segments\nt1,a,,0,3,\n"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def finish(run: Run, tables: dict[str, bytes], **blocks: Any) -> dict[str, Any]:
    """End a run whose assignments are in a table, if it has one; gives its result."""
    result = result_of(run) | blocks
    if "assignments.csv" in tables and "exports" not in blocks:
        result["solution"] = {"assignments": {"table": "assignments.csv", "sha256": sha256(tables["assignments.csv"])}}
    watch = metrics.Stopwatch()
    with run:
        run.finish(
            result,
            lambda: metrics.build(run=run.id, kind="schedule", name="plan", result=result, stopwatch=watch, now=NOW),
            exit_code=0, tables=tables,
        )  # fmt: skip
    return result


def test_the_tables_of_a_result() -> None:
    """Blocks of the solution, and where a result began from; what is exported is no part of it."""
    result = {
        "solution": {"posterior": {"table": "posterior.csv"}, "moves": [{"table": 1}], "decision": "a"},
        "from": {"table": "earlier.csv"}, "exports": {"assignments.csv": "00"},
    }  # fmt: skip
    assert tables_of(result) == {"posterior.csv", "earlier.csv"}
    assert tables_of({"solution": None}) == set()
    named = renamed(result, {"posterior.csv": "p.csv", "earlier.csv": "e.csv"})
    assert (named["solution"]["posterior"], named["from"]) == ({"table": "p.csv"}, {"table": "e.csv"})
    assert tables_of(result) == {"posterior.csv", "earlier.csv"}


def test_names_are_known_in_one_place() -> None:
    """Options and files agree on the exports, and no file is both a table and another export."""
    assert tuple(EXPORTS) == FORMATS
    assert set(TABLES) | set(EXPORTS.values()) == TAKEN


def test_a_copy_has_its_table_beside_it(tmp_path: Path) -> None:
    """Under a name of its own, which the copy tells; the user's file of the same name is left alone."""
    out = tmp_path / "copies"
    out.mkdir()
    (out / "assignments.csv").write_text("mine")
    run = begin(tmp_path / "state", make_source(tmp_path / "in"), result=out / "plan.json")
    result = finish(run, {"assignments.csv": TABLE, "schedule.ics": b"BEGIN"})
    assert (run.directory / "assignments.csv").read_bytes() == TABLE
    copy = json.loads((out / "plan.json").read_text())
    assert copy["solution"]["assignments"] == {"table": "plan.assignments.csv", "sha256": sha256(TABLE)}
    assert copy | {"solution": None} == result | {"solution": None}
    assert (out / "plan.assignments.csv").read_bytes() == TABLE
    assert (out / "assignments.csv").read_text() == "mine"
    assert {path.name for path in out.iterdir()} == {"plan.json", "plan.assignments.csv", "assignments.csv"}
    assert beside(Path("a/b.result.json"), "assignments.csv") == "b.result.assignments.csv"


def test_a_copy_without_tables_is_the_same_file(tmp_path: Path) -> None:
    """Byte for byte what is in the run directory."""
    run = begin(tmp_path / "state", make_source(tmp_path / "in"), result=tmp_path / "plan.json")
    finish(run, {})
    assert (tmp_path / "plan.json").read_bytes() == (run.directory / "result.json").read_bytes()


def test_what_an_earlier_run_wrote_goes(tmp_path: Path) -> None:
    """Tables and exports of the first run that the second does not write; what was altered since is the user's."""
    out, source = tmp_path / "out", make_source(tmp_path / "in")
    exports = {"schedule.ics": b"BEGIN", "assignments.parquet": b"PAR1"}
    hashes = {name: sha256(data) for name, data in exports.items()}
    table = {"assignments": {"table": "assignments.csv", "sha256": sha256(TABLE)}}
    finish(
        begin(tmp_path / "state", source, out=out), {"assignments.csv": TABLE, **exports}, exports=hashes,
        solution=table,
    )  # fmt: skip
    (out / "assignments.parquet").write_bytes(b"altered")
    (out / "unscheduled.csv").write_text("never ours")
    second = {"schedule.ics": b"NEW"}
    finish(begin(tmp_path / "state", source, out=out), second, exports={"schedule.ics": sha256(b"NEW")})
    names = {path.name for path in out.iterdir()}
    assert "assignments.csv" not in names
    assert {"assignments.parquet", "unscheduled.csv"} <= names
    assert (out / "schedule.ics").read_bytes() == b"NEW"


@pytest.mark.parametrize(
    "text", ["", "[]", "no json", '{"exports": 5, "solution": []}', '{"exports": {"schedule.ics": 1}}']
)
def test_nothing_goes_that_no_result_tells(tmp_path: Path, text: str) -> None:
    """Where the earlier result can't be read, or names no hash, files stay; so do links."""
    (tmp_path / "result.json").write_text(text)
    (tmp_path / "schedule.ics").write_text("x")
    (tmp_path / "assignments.csv").symlink_to(tmp_path / "schedule.ics")
    assert stale(tmp_path, ()) == []


def test_a_table_of_the_spec_does_not_take_the_place_of_the_result(tmp_path: Path) -> None:
    """A spec whose own table is called assignments.csv is kept under another name."""
    source = make_source(tmp_path / "in", tables={"assignments.csv": b"id\n1\n", "data/assignments.csv": b"id\n2\n"})
    run = begin(tmp_path / "state", source)
    finish(run, {"assignments.csv": TABLE})
    assert (run.directory / "assignments.csv").read_bytes() == TABLE
    kept = {ref: told["file"] for ref, told in run.manifest["tables"].items()}
    apart = f"tables/{source.tables['assignments.csv'][1][:8]}-assignments.csv"
    assert kept == {"assignments.csv": apart, "data/assignments.csv": "data/assignments.csv"}
    assert (run.directory / kept["assignments.csv"]).read_bytes() == b"id\n1\n"
