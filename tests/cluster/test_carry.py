"""A re-balance begins from an earlier result: its assignments are the present state, and little has to move."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cluster.specs import make_spec

from qamctl.cli.main import main
from qamctl.cluster.carry import carried, places_of, read_places, remarks, table_of
from qamctl.cluster.check import check_result
from qamctl.cluster.spec import ClusterSpec
from qamctl.errors import ExitCode, SpecError, UsageError
from qamctl.pipeline import dry_run, run
from qamctl.story import RunReport
from qamctl.validation import check_files


def now(spec: ClusterSpec) -> dict[str, str | None]:
    """Where agents are."""
    names = (*spec.clusters.ids, None)
    return {name: names[k] for name, k in zip(spec.agents.ids, spec.agents.current.tolist(), strict=True)}


def test_the_assignments_are_the_current_state() -> None:
    """Agents that are gone are ignored, new ones keep what the spec says, those left out are nowhere."""
    spec = make_spec(
        agents=["a", {"id": "b", "cluster": "x"}, {"id": "c", "cluster": "y"}, "new"],
        clusters=["x", {"id": "y", "parent": "eu"}, "eu"],
    )
    after = carried(spec, {"a": "y", "b": None, "gone": "x"}, objective_given=True)
    assert now(after) == {"a": "y", "b": None, "c": "y", "new": None}
    assert now(spec)["a"] is None
    assert after.objective == spec.objective
    assert remarks(spec, {"a": "y", "b": None}, after) == ()


def test_agents_of_clusters_that_are_gone_are_nowhere() -> None:
    """Of inner clusters, too; a remark names them."""
    spec = make_spec(agents=["a", "b", "c"], clusters=[{"id": "y", "parent": "eu"}, "eu"])
    places = {"a": "z", "b": "eu", "c": "z"}
    after = carried(spec, places, objective_given=True)
    assert now(after) == {"a": None, "b": None, "c": None}
    assert remarks(spec, places, after) == (
        "3 agents were in clusters that the spec does not have, and are nowhere now: eu (1), z (2)",
    )
    one = carried(spec, {"a": "z"}, objective_given=True)
    assert remarks(spec, {"a": "z"}, one)[0].startswith("1 agent was in clusters that the spec does not have, and is")
    many = {name: f"k{name}" for name in "abc"} | {f"g{k}": f"k{k}" for k in range(9)}
    assert "(1), kb (1), kc (1)" in remarks(spec, many, after)[0]


def test_the_default_objective_counts_moves_from_then_on() -> None:
    """An objective that the file gives counts what it names."""
    spec = make_spec(agents=["a", "b"], clusters=2, links=[("a", "b")])
    assert spec.objective == ({"cut": 1.0},)
    assert carried(spec, {"a": "c0"}, objective_given=False).objective == ({"cut": 1.0, "move": 1.0},)
    assert carried(spec, {"a": "c0"}, objective_given=True).objective == ({"cut": 1.0},)


def test_clusters_whose_number_is_free_come_back() -> None:
    """Those of the earlier result are there again, however many the spec would have; nothing else becomes one."""
    spec = make_spec(agents=4, clusters=2, elastic=True)
    places = {"a0": "c7", "a1": "c1", "a2": "c007", "a3": "c" + "9" * 40, "gone": "c5"}
    after = carried(spec, places, objective_given=True)
    assert after.clusters.ids == ("c0", "c1", "c7")
    assert now(after) == {"a0": "c7", "a1": "c1", "a2": None, "a3": None}
    fixed = make_spec(agents=2, clusters=2)
    assert now(carried(fixed, {"a0": "c7"}, objective_given=True))["a0"] is None


def test_divided_and_dissolved_clusters_are_told() -> None:
    """With their sizes and the threshold."""
    agents = [f"a{i}" for i in range(9)]
    spec = make_spec(agents=agents, clusters=3, elastic=True, split_above=5, merge_below=2)
    places = dict.fromkeys(agents[:6], "c0") | dict.fromkeys(agents[6:8], "c1") | {"a8": "c2"}
    after = carried(spec, places, objective_given=True)
    assert remarks(spec, places, after) == (
        "clusters that are divided: `split_above` is 5: c0 (6)",
        "clusters that are dissolved: `merge_below` is 2: c2 (1)",
    )


def test_a_table_keeps_what_was_taken(tmp_path: Path) -> None:
    """It gives the same places again; others of its hash are refused."""
    spec = make_spec(agents=["a", "b,1", "c"], clusters=["x"])
    places: dict[str, str | None] = {"a": "x", "b,1": None, "gone": "x"}
    (tmp_path / "t.csv").write_bytes(table_of(spec, places))
    assert read_places(tmp_path, "t.csv", None, "r") == {"a": "x", "b,1": None}
    with pytest.raises(SpecError, match=r"r: its table of assignments can't be read: t.csv is not the table"):
        read_places(tmp_path, "t.csv", "0" * 64, "r")
    with pytest.raises(SpecError, match="can't be read"):
        read_places(tmp_path, "u.csv", None, "r")
    inline = {"solution": {"assignments": [{"agent": "a", "cluster": "x"}]}}
    assert places_of(inline, None, "r") == {"a": "x"}
    table = {"solution": {"assignments": {"table": "t.csv"}}}
    assert places_of(table, tmp_path, "r") == {"a": "x", "b,1": None}


@pytest.mark.parametrize(
    "rows", [None, 7, [7], [{}], [{"agent": "a"}], [{"agent": 1, "cluster": "x"}], [{"agent": "a", "cluster": 1}],
             [{"agent": "a", "cluster": "x"}] * 2]
)  # fmt: skip
def test_assignments_that_are_none_are_refused(rows: Any) -> None:
    """Whatever the file holds."""
    with pytest.raises(SpecError, match=r"r: assignment [12] does not say of one more agent where it is"):
        places_of({"solution": {"assignments": rows}}, None, "r")


FLEET: dict[str, Any] = {
    "kind": "cluster", "version": 1, "resources": [{"id": "cpu"}],
    "agents": [{"id": f"a{i}", "demand": {"cpu": 1 + i % 3}} for i in range(9)],
    "clusters": [{"id": name, "capacity": {"cpu": 7}} for name in "xyz"],  # 18 of 21: each is needed
    "links": [{"a": f"a{i}", "b": f"a{(i + 1) % 9}", "weight": 1 + i % 2} for i in range(9)],
}  # fmt: skip

STEPS: dict[str, Any] = {"max_steps": 400, "seed": 3, "backend": ["assignment"]}


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the working directory, with a state folder of its own."""
    for variable in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, data: dict[str, Any]) -> str:
    Path(name).write_text(json.dumps(data))
    return name


def start(path: str, out: str, **flags: Any) -> RunReport:
    return run("cluster", path, {**STEPS, "out": out, **flags})


def changed() -> dict[str, Any]:
    """The fleet without a0, with another one, and without cluster z; the others are larger."""
    links = [link for link in FLEET["links"] if "a0" not in link.values()]
    agents = [*FLEET["agents"][1:], {"id": "b", "demand": {"cpu": 1}}]
    larger = [{"id": name, "capacity": {"cpu": 9}} for name in "xy"]
    return FLEET | {"agents": agents, "clusters": larger, "links": links}


def test_a_run_from_an_earlier_one(room: Path) -> None:
    """The result tells what it began from, its moves begin there, and it can be checked."""
    first = start(write("fleet.json", FLEET), "one")
    places = {row["agent"]: row["cluster"] for row in first.result["solution"]["assignments"]}
    report = start(write("later.json", changed()), "two", from_result="one")
    result = report.result
    told = result["from"]
    assert (told["run"], told["known"], told["new"], told["gone"]) == (first.result["run"], 8, 1, 1)
    assert report.warnings[-1:] == tuple(told["notes"])
    assert told["notes"][0].endswith(f"nowhere now: z ({sum(places[f'a{i}'] == 'z' for i in range(1, 9))})")
    assert result["provenance"]["options"]["from_result"] == {"file": told["file"], "sha256": told["sha256"]}
    assert Path(told["file"]) == room / "one" / "result.json"
    for move in result["solution"]["moves"]:
        assert move["from"] == (None if places.get(move["agent"]) == "z" else places.get(move["agent"]))
    assert check_result(result, report.spec, room / "two") == []
    assert check_files("two/result.json", "later.json").found == []
    assert list(result["levels"][0]["terms"]) == ["cut", "move"]


def test_a_result_is_checked_without_its_folder(room: Path) -> None:
    """The earlier result says the same where it is unchanged; else the check says what is missing."""
    start(write("fleet.json", FLEET), "one")
    start(write("later.json", changed()), "two", from_result="one", result="copy.json")
    Path("elsewhere").mkdir()
    copy = Path("copy.json").rename("elsewhere/copy.json")
    assert check_files(str(copy), "later.json").found == []
    Path("one/result.json").write_text(Path("one/result.json").read_text() + "\n")
    with pytest.raises(SpecError, match="its table of assignments can't be read"):
        check_files(str(copy), "later.json")


def test_a_run_may_take_the_place_of_the_one_it_begins_from(room: Path) -> None:
    """In the same directory, again and again, as from cron; nothing moves where nothing has changed."""
    start(write("fleet.json", FLEET), "run")
    for _ in range(2):
        report = start("fleet.json", "run", from_result="run")
        assert check_files("run/result.json", "fleet.json").found == []
        assert report.result["from"]["known"] == 9
    assert report.result["from"]["notes"] == []


def test_the_command_line_takes_it(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--from latest`, warnings on standard error, and its figures with --dry-run."""
    write("fleet.json", FLEET)
    write("later.json", changed())
    words = ["--max-steps", "200", "--backend", "assignment"]
    assert main(["cluster", "fleet.json", *words]) == 0
    capsys.readouterr()
    assert main(["cluster", "later.json", "--from", "latest", "-o", "json", *words]) == 0
    told = capsys.readouterr()
    assert "in clusters that the spec does not have" in told.err
    assert json.loads(told.out)["from"]["known"] == 8
    assert dry_run("later.json", {"from_result": "latest"}, kind="cluster")["from"]["new"] == 0


def test_a_result_of_another_fleet_is_refused(room: Path) -> None:
    """Where no agent is in it."""
    start(write("fleet.json", FLEET), "one")
    other = FLEET | {"agents": [{"id": "other"}], "links": []}
    with pytest.raises(UsageError, match=r"--from one: no agent of other.json is in it"):
        start(write("other.json", other), "two", from_result="one")


def test_dissolved_clusters_are_emptied_and_large_ones_divided(room: Path) -> None:
    """By a run from an earlier result whose agents have changed."""
    agents = [f"a{i}" for i in range(20)]
    links = [{"a": a, "b": b} for a, b in pairwise(agents[:9])]
    sizes = {"size": {"min": 1, "max": 12}, "split_above": 6, "merge_below": 3}
    data = {
        "kind": "cluster",
        "version": 1,
        "agents": [{"id": name} for name in agents],
        "clusters": sizes,
        "links": links,
    }
    places = {name: "c0" if i < 9 else "c1" if i < 14 else "c2" if i < 18 else "c3" for i, name in enumerate(agents)}
    earlier = {
        "schema": "qamctl/result/1", "kind": "cluster", "run": "earlier", "status": "feasible",
        "solution": {"assignments": [{"agent": name, "cluster": place} for name, place in places.items()]},
    }  # fmt: skip
    report = start(write("fleet.json", data), "out", from_result=write("earlier.json", earlier), max_steps=20_000)
    solution = report.result["solution"]
    held = {row["id"]: row["size"] for row in solution["clusters"]}
    assert "c3" not in held
    assert all(3 <= size <= 6 for size in held.values())
    assert check_files("out/result.json", "fleet.json").found == []
    assert [note.split(":")[0] for note in report.result["from"]["notes"]] == [
        "clusters that are divided",
        "clusters that are dissolved",
    ]


def fleet(seed: int, n: int = 2000, k: int = 40, links: int = 8000) -> dict[str, Any]:
    """Agents with two demands in communities, heavy-tailed links among them; a third of them is astray now."""
    rng = np.random.default_rng(seed)
    home = rng.permutation(np.arange(n) % k)
    demand = rng.integers(1, 9, n), rng.integers(1, 17, n)
    members = np.argsort(home, kind="stable").reshape(k, -1)
    a = rng.permutation(n)[np.minimum((rng.pareto(2.0, links) * n / 20).astype(int), n - 1)]
    b = np.where(rng.random(links) < 0.8, members[home[a], rng.integers(0, n // k, links)], rng.integers(0, n, links))
    keys = np.unique(np.minimum(a, b)[a != b] * n + np.maximum(a, b)[a != b])
    weight = rng.zipf(1.8, len(keys)).clip(max=1000)
    current = np.where(rng.random(n) < 0.3, rng.integers(0, k, n), home)
    capacity = [int(np.ceil(1.1 * np.bincount(home, need, k).max())) for need in demand]
    return {
        "kind": "cluster", "version": 1, "resources": [{"id": "cpu"}, {"id": "mem"}],
        "agents": [
            {"id": f"a{i}", "demand": {"cpu": int(cpu), "mem": int(mem)}, "cluster": f"c{place}"}
            for i, (cpu, mem, place) in enumerate(zip(*demand, current, strict=True))
        ],
        "clusters": [{"id": f"c{c}", "capacity": {"cpu": capacity[0], "mem": capacity[1]}} for c in range(k)],
        "links": [
            {"a": f"a{key // n}", "b": f"a{key % n}", "weight": int(w)} for key, w in zip(keys, weight, strict=True)
        ],
        "objective": {"cut": 1, "move": 5},
    }  # fmt: skip


def later(data: dict[str, Any], seed: int) -> dict[str, Any]:
    """The same fleet after 5 % of it has changed: agents left, others have joined, others demand something else."""
    rng = np.random.default_rng(seed)
    n = len(data["agents"])
    changed = [f"a{i}" for i in rng.permutation(n)[: n // 20]]
    gone, other = set(changed[: n // 60]), set(changed[n // 60 : n // 30])

    def needs() -> dict[str, int]:
        return {"cpu": int(rng.integers(1, 9)), "mem": int(rng.integers(1, 17))}

    agents = [{"id": row["id"], "demand": row["demand"]} for row in data["agents"] if row["id"] not in gone]
    agents = [row | {"demand": needs()} if row["id"] in other else row for row in agents]
    links = [link for link in data["links"] if not gone & {link["a"], link["b"]}]
    for k in range(n // 20 - 2 * (n // 60)):
        friends = rng.choice(len(agents), 4, replace=False).tolist()
        links += [{"a": f"new{k}", "b": agents[friend]["id"], "weight": int(rng.integers(1, 20))} for friend in friends]
    agents += [{"id": f"new{k}", "demand": needs()} for k in range(n // 20 - 2 * (n // 60))]
    return data | {"agents": agents, "links": links}


def test_when_a_twentieth_changes_few_agents_move(room: Path) -> None:
    """Of 2,000 agents in 40 clusters at most 8 % move, every rule holds, and the steps can be followed."""
    data = fleet(1)
    start(write("fleet.json", data), "one", max_steps=40_000)
    report = start(write("later.json", later(data, 2)), "two", max_steps=40_000, from_result="one")
    assert report.exit_code == ExitCode.OK
    assert check_files("two/result.json", "later.json").found == []
    solution = report.result["solution"]
    moved = {row["agent"] for row in solution["moves"] if row["from"] is not None}
    assert 0 < len(moved) <= 0.08 * 2000
    assert solution["blocked"] == []
    placed = [row["agent"] for row in solution["moves"] if row["from"] is None]
    assert sorted(placed) == sorted(f"new{k}" for k in range(34))
