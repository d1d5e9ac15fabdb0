"""A state that an earlier version kept stays readable: a sample of each."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path

from emulator.asking import START
from support.emulator_kept_worker import opened

from qamctl.emulator.kept import NAME

#: A job that is to fail and never ends, another one that succeeded, their session, a blob, and half an upload.
FIRST = """
PRAGMA application_id = 1902210405;
PRAGMA user_version = 1;
CREATE TABLE jobs (
    place INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    content TEXT NOT NULL,
    target TEXT NOT NULL
) STRICT;
CREATE TABLE counts (job BLOB PRIMARY KEY, puts INTEGER NOT NULL, created INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (place INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, content TEXT NOT NULL) STRICT;
CREATE TABLE containers (name BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE blobs (
    container BLOB NOT NULL,
    name BLOB NOT NULL,
    properties TEXT NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (container, name)
) STRICT;
CREATE TABLE blocks (
    container BLOB NOT NULL,
    blob BLOB NOT NULL,
    block BLOB NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (container, blob, block)
) STRICT;
CREATE TABLE counters (orders INTEGER NOT NULL, writes INTEGER NOT NULL) STRICT;
INSERT INTO counters VALUES (3, 7);
INSERT INTO counts VALUES (CAST('one' AS BLOB), 2, 1), (CAST('refused' AS BLOB), 1, 0);
INSERT INTO jobs VALUES
    (1, CAST('two' AS BLOB), '{"workspace": "sub/rg/ws1", "given": {"inputDataFormat": "qir.v1",
     "outputDataFormat": "microsoft.quantum-results.v2", "inputParams": {"shots": 100}, "metadata": null},
     "container": "job-two", "created": 1795000000.0, "begins": 1795000010.0, "ends": 1795000015.0, "order": 3,
     "name": "second", "tags": [], "priority": null, "session": null, "cancelled": null, "modified": 1795000000.0,
     "finish": 0.0, "doom": null, "outcome": {"error": null, "cost": {"estimatedTotal": 1.5}}}',
     '{"id": "ionq.of.old", "provider": "ionq", "qubits": 5, "profile": "Base", "formats": ["qir.v1"], "lost": 1}'),
    (2, CAST('one' AS BLOB), '{"workspace": "sub/rg/ws1", "given": {"inputDataFormat": "qir.v1",
     "outputDataFormat": "microsoft.quantum-results.v2", "inputParams": {}, "metadata": {"who": "me"}},
     "container": "job-one", "created": 1795000000.0, "begins": Infinity, "ends": Infinity, "order": 2,
     "name": "first", "tags": ["t"], "priority": "High", "session": "s", "cancelled": 1795000001.0,
     "modified": 1795000001.0, "finish": 0.5, "doom": ["Code", "text"], "outcome": null}',
     '{"id": "ionq.simulator", "provider": "ionq", "qubits": 29, "profile": "Base", "formats": ["qir.v1"]}');
INSERT INTO sessions VALUES (1, CAST('s' AS BLOB), '{"workspace": "sub/rg/ws1", "name": "three", "provider": "ionq",
     "target": "ionq.simulator", "policy": "Abort", "created": 1795000000.0, "order": 1, "closed": null}');
INSERT INTO containers VALUES (CAST('job-one' AS BLOB));
INSERT INTO blobs VALUES (CAST('job-one' AS BLOB), CAST('inputData' AS BLOB), '{"content_type": "qir.v1",
     "encoding": "gzip", "metadata": {"who": "me"}, "written": 1795000001.25, "tag": "t1"}', x'00ff');
INSERT INTO blocks VALUES (CAST('job-one' AS BLOB), CAST('big' AS BLOB), CAST('YQ==' AS BLOB), x'01');
"""


def test_the_first_version_is_read(tmp_path: Path) -> None:
    """Every field, and the order of the jobs."""
    connection = sqlite3.connect(tmp_path / NAME)
    connection.executescript(FIRST)
    connection.close()
    with opened(tmp_path) as asker:
        state = asker.service._core.state
    two, one = state.jobs.values()
    assert (one.id, one.workspace, one.container, one.name, one.order) == ("one", "sub/rg/ws1", "job-one", "first", 2)
    assert (one.created, one.begins, one.ends, one.modified) == (START, math.inf, math.inf, START + 1)
    assert (one.tags, one.priority, one.session, one.cancelled) == (["t"], "High", "s", START + 1)
    assert (one.doom, one.finish, one.outcome, one.target.queue) == (("Code", "text"), 0.5, None, 2)
    assert one.given["metadata"] == {"who": "me"}
    assert two.outcome is not None
    assert (two.id, two.outcome.error, two.outcome.cost) == ("two", None, {"estimatedTotal": 1.5})
    assert (two.target.id, two.target.qubits, two.target.formats) == ("ionq.of.old", 5, ("qir.v1",))
    session, blob = state.sessions["s"], state.containers["job-one"]["inputData"]
    assert (session.name, session.policy, session.closed, session.order) == ("three", "Abort", None, 1)
    assert (blob.data, blob.metadata, blob.tag, blob.written) == (b"\x00\xff", {"who": "me"}, "t1", START + 1.25)
    assert state.blocks == {("job-one", "big", "YQ=="): b"\x01"}
    assert (state.order, state.writes, state.puts, state.created) == (3, 7, {"one": 2, "refused": 1}, {"one": 1})
