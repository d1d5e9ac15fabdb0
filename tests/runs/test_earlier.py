"""Earlier results are found by file, run or `latest`, and only those with an answer of the right kind are taken."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from qamctl.errors import QamError, SpecError, UsageError
from qamctl.runs.earlier import read_earlier, read_result

GOOD: dict[str, Any] = {
    "schema": "qamctl/result/1", "kind": "cluster", "run": "r", "status": "feasible", "objective": 1,
    "solution": {"assignments": []},
}  # fmt: skip


def keep(
    state: Path, id: str, *, at: str, kind: str = "cluster", name: str = "fleet", code: int = 0, **result: Any
) -> Path:  # fmt: skip
    """A run in a state folder, as its files tell it."""
    directory = state / "runs" / id
    directory.mkdir(parents=True)
    manifest = {"run": id, "kind": kind, "name": name, "started": at}
    (directory / "manifest.json").write_text(json.dumps(manifest))
    data = GOOD | {"kind": kind, "run": id} | result
    (directory / "result.json").write_text(json.dumps(data))
    ended = {"run": id, "event": "ended", "time": at, "status": data["status"], "exit_code": code}
    (directory / "log.jsonl").write_text(json.dumps(ended) + "\n")
    return directory


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Three runs: of clusters one with an answer and a later one without, and a schedule after them."""
    folder = tmp_path / "state"
    keep(folder, "20260101T000000Z-fleet-aaaaaaaa", at="2026-01-01T00:00:00+00:00")
    keep(
        folder, "20260102T000000Z-fleet-bbbbbbbb", at="2026-01-02T00:00:00+00:00", status="infeasible", solution=None,
        objective=None,
    )  # fmt: skip
    keep(folder, "20260103T000000Z-plan-cccccccc", at="2026-01-03T00:00:00+00:00", kind="schedule")
    return folder


def test_a_run_is_named_in_every_way(state: Path) -> None:
    """By id, beginning, directory, its file, or as the latest one of the kind that has an answer."""
    directory = state / "runs" / "20260101T000000Z-fleet-aaaaaaaa"
    file = directory / "result.json"
    for ref in (directory.name, "20260101", str(directory), str(file), "latest"):
        found = read_earlier(state, ref, kind="cluster")
        assert found.file == file
        assert found.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
        assert found.data["run"] == directory.name


@pytest.mark.parametrize(
    ("ref", "kind", "error", "says"),
    [
        ("20260102", "cluster", SpecError, "holds no answer, its status is infeasible"),
        ("20260103", "cluster", SpecError, "is the result of a schedule: name one of a cluster"),
        ("2026", "cluster", UsageError, "3 runs begin with 2026"),
        ("nothing", "cluster", UsageError, "no run nothing"),
        ("latest", "model", UsageError, "no run of `qamctl model` has an answer yet"),
    ],
)
def test_what_is_no_earlier_answer_is_refused(
    state: Path, ref: str, kind: str, error: type[QamError], says: str
) -> None:
    """Other kinds, runs without an answer, and names of several runs or none."""
    with pytest.raises(error, match=says):
        read_earlier(state, ref, kind=kind)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", r"file.json:1:2: Expecting"), ("[1]", "is no result file"),
        ('{"schema": "qamctl/metrics/1"}', "is no result file"),
        ('{"gap": NaN}', "NaN is no number that JSON can hold"), ('{"gap": 1e999}', "1e999 is no number"),
        ("\udcff", "is no result file"), ("[" * 100_000, "is no result file"),
    ],
)  # fmt: skip
def test_files_that_are_no_results_are_refused(tmp_path: Path, text: str, says: str) -> None:
    """With the file, and where in it the fault is."""
    file = tmp_path / "file.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(SpecError, match=says):
        read_earlier(tmp_path / "state", str(file), kind="cluster")


def test_a_result_that_is_gone_is_told(state: Path) -> None:
    """The run is known, and its file can't be read."""
    (state / "runs" / "20260101T000000Z-fleet-aaaaaaaa" / "result.json").unlink()
    with pytest.raises(SpecError, match=r"can't read the earlier result .*No such file"):
        read_earlier(state, "20260101", kind="cluster")


def test_the_latest_of_a_name_has_ended_well(state: Path) -> None:
    """One that did not meet its gates, was interrupted, or is another problem's, is passed over."""
    keep(state, "20260104T000000Z-fleet-dddddddd", at="2026-01-04T00:00:00+00:00", code=9)
    keep(state, "20260105T000000Z-fleet-eeeeeeee", at="2026-01-05T00:00:00+00:00", code=130)
    keep(state, "20260106T000000Z-other-ffffffff", at="2026-01-06T00:00:00+00:00", name="other")
    found = read_earlier(state, "latest", kind="cluster", flag="--baseline", name="fleet")
    assert found.data["run"] == "20260101T000000Z-fleet-aaaaaaaa"
    assert read_earlier(state, "latest", kind="cluster").data["run"] == "20260106T000000Z-other-ffffffff"
    with pytest.raises(UsageError, match=r"named none has ended with exit code 0 yet: .* or leave --baseline out"):
        read_earlier(state, "latest", kind="cluster", flag="--baseline", name="none")


def test_any_result_is_read_by_its_name(state: Path) -> None:
    """Of any kind, with an answer or without; the latest is that of all runs."""
    for ref, kind in (("20260102", "cluster"), ("20260103", "schedule"), ("latest", "schedule")):
        assert read_result(state, ref).data["kind"] == kind
    file = state / "runs" / "20260101T000000Z-fleet-aaaaaaaa" / "result.json"
    assert read_result(state, str(file)).file == file
    with pytest.raises(UsageError, match="no run nothing"):
        read_result(state, "nothing")
