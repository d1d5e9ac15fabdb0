"""Faults of a cluster spec: every one is told, at its place, with what to do."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.cluster_reading import cluster_data, cluster_data_faults, cluster_file_faults

from qamctl.cluster.read import cluster_from_data, load_cluster
from qamctl.errors import ExitCode, SpecError

ALL = """\
kind: cluster
version: 1
lniks: []
resources:
  - {id: cpu, device: 2, calender: []}
  - {id: mem, transient: maybe}
agents:
  - {id: web1, demand: {cpu: 3, mme: 1}, cluster: eu, group: api1}
  - {id: web2, demand: {cpu: 3}, cluster: node9, requires: {zoen: n}}
  - {id: web3, clusters: [eu]}
clusters:
  - {id: eu, labels: {zone: n}}
  - {id: node1, parent: eu, capacity: {cpu: 3}}
  - {id: node2, parent: euu, capacity: {cpu: 126}}
links:
  - {a: web1, b: web2, weight: 2}
  - {a: web1, b: web1}
  - {a: web2, b: web1, weight: 3}
  - {a: web1, b: web4, kind: cutt}
groups:
  - {id: api1, spread: {label: rack}, near: [api2]}
costs:
  - {agent: web1, cluster: node1, cost: 1}
  - {agent: web1, cluster: node1, cost: 1}
moves: {pairs: [{from: node1, to: node1}, {from: node1, to: node2}, {from: node1, to: node2, cost: 3}]}
balance: {ratios: [{resource: cpu, other: mem, ratio: 1}, {resource: cup, other: cpu, ratio: 1}]}
objective: {cutt: 1}
"""


def test_all_faults_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Every fault has file, line and column, and a hint where one helps."""
    file = tmp_path / "plan.yaml"
    file.write_text(ALL)
    assert cluster_file_faults(file) == [
        "plan.yaml:3:1: unknown field `lniks` (did you mean `links`?)",
        "plan.yaml:5:26: unknown field `calender` (did you mean `calendar`?)",
        "plan.yaml:6:15: `transient` must be true or false, found `maybe`",
        "plan.yaml:8:33: unknown resource `mme` (did you mean `mem`?)",
        "plan.yaml:8:42: `eu` holds other clusters, and no agents of its own (such as `node1`)",
        "plan.yaml:9:25: 3 of `cpu` is no whole number of devices of 2",
        "plan.yaml:9:34: unknown cluster `node9` (did you mean `node2`?)",
        "plan.yaml:9:61: no cluster carries the label `zoen` (did you mean `zone`?)",
        "plan.yaml:10:27: `eu` holds other clusters, and no agents of its own (such as `node1`)",
        "plan.yaml:13:40: 3 of `cpu` is no whole number of devices of 2",
        "plan.yaml:14:17: unknown cluster `euu` (did you mean `eu`?)",
        "plan.yaml:14:41: 63 devices of `cpu` are more than 62 (use larger devices)",
        "plan.yaml:17:5: `web1` is linked to itself (remove the row)",
        "plan.yaml:18:24: the link of `web2` and `web1` has weight 3, and 2 in row 1 (keep one of the two rows)",
        "plan.yaml:19:15: unknown agent `web4` (did you mean `web3`?)",
        "plan.yaml:19:24: `kind` must be one of cut, together, apart, found `cutt` (did you mean `cut`?)",
        "plan.yaml:21:25: no cluster carries the label `rack`",
        "plan.yaml:21:46: unknown group `api2` (did you mean `api1`?)",
        "plan.yaml:24:5: the row of `agent` `web1` and `cluster` `node1` stands here a second time, first as row 1 (keep one of the two rows)",
        "plan.yaml:25:17: goes from `node1` to itself, which is no move (remove the row)",
        "plan.yaml:25:69: the row of `from` `node1` and `to` `node2` stands here a second time, first as row 2 (keep one of the two rows)",
        "plan.yaml:26:36: no cluster has a capacity of `mem`, so nothing of it is free or not",
        "plan.yaml:26:60: unknown resource `cup` (did you mean `cpu`?)",
        "plan.yaml:27:13: unknown objective term `cutt` (did you mean `cut`?)",
    ]
    with pytest.raises(SpecError) as caught:
        load_cluster(file)
    assert caught.value.code is ExitCode.SPEC
    assert caught.value.message.endswith("24 faults")


def test_faults_in_tables_are_told_by_line_and_cell(tmp_path: Path) -> None:
    """A side table's faults are file, line and cell, those of a table inside `moves` too."""
    (tmp_path / "links.csv").write_text(
        "a,b,weight,kind\nweb1,web2,1,\nweb2,web9,x,\nweb1,web1,,\nweb2,web1,2,\n,web2,,\n"
    )
    (tmp_path / "pairs.csv").write_text("from,to,cost\nnode1,node2,3\nnode1,node7,-1\n")
    (tmp_path / "agents.csv").write_text("id,demand,requires,optional\nweb1,cpu=1|gpu=2,zone=n//m,\nweb2,,,yes\n")
    file = tmp_path / "plan.yaml"
    file.write_text(
        "kind: cluster\nversion: 1\nresources: [{id: cpu}]\nagents: {table: agents.csv}\nlinks: {table: links.csv}\n"
        "clusters: [{id: node1, labels: {zone: n}}, {id: node2}]\nmoves: {pairs: {table: pairs.csv}}\n"
        "costs:\n  csv: |\n    agent,cluster,cost\n    web1,node1,2\n    web3,node1,2\n"
    )
    assert sorted(cluster_file_faults(file)) == [
        "agents.csv:2:2: unknown resource `gpu` (did you mean `cpu`?)",
        "agents.csv:2:3: `zone` must not be empty",
        "agents.csv:3:4: `optional` must be true or false, found `yes`",
        "links.csv:3:2: unknown agent `web9` (did you mean `web2`?)",
        "links.csv:3:3: `weight` must be a number, found `x`",
        "links.csv:4: `web1` is linked to itself (remove the row)",
        "links.csv:5:3: the link of `web2` and `web1` has weight 2, and 1 in row 1 (keep one of the two rows)",
        "links.csv:6: `a` is missing",
        "pairs.csv:3:2: unknown cluster `node7` (did you mean `node2`?)",
        "pairs.csv:3:3: `cost` must be at least 0, found -1",
        "plan.yaml:12: unknown agent `web3` (did you mean `web2`?)",
    ]


def test_a_spec_of_another_kind_is_refused_alone(tmp_path: Path) -> None:
    """Only the kind is complained about, naming what was found and what is wanted."""
    file = tmp_path / "plan.yaml"
    file.write_text("version: 1\nkind: schedule\nlinks: []\n")
    assert cluster_file_faults(file) == [
        "plan.yaml:2:1: this is a spec of kind schedule, not cluster (`qamctl solve` takes either kind)"
    ]


def agent(**fields: Any) -> dict[str, Any]:
    return cluster_data(resources=[{"id": "cpu"}], agents=[{"id": "a"} | fields])


def place(**fields: Any) -> dict[str, Any]:
    return cluster_data(resources=[{"id": "cpu"}], clusters=[{"id": "x"} | fields])


def gpu(agents: Any = (), clusters: Any = ({"id": "x", "capacity": {"gpu": 4}},), **fields: Any) -> dict[str, Any]:
    agents = list(agents) or [{"id": "a"}]
    return cluster_data(resources=[{"id": "gpu", "device": 2}], agents=agents, clusters=list(clusters), **fields)


def levels(*clusters: dict[str, Any], names: Any = ("zone",)) -> dict[str, Any]:
    return cluster_data(clusters=list(clusters), levels=list(names))


def chain(length: int) -> list[dict[str, Any]]:
    return [{"id": f"c{i}", "parent": f"c{i + 1}"} for i in range(length)] + [{"id": f"c{length}"}]


ONE_FAULT = [
    (cluster_data(version=2), "version: version 2 is not known"),
    ({"kind": "cluster", "version": 1, "clusters": [{"id": "x"}]}, "`agents` is missing"),
    ({"kind": "cluster", "version": 1, "agents": [{"id": "a"}]}, "`clusters` is missing"),
    (cluster_data(agents=[]), "agents: there is no agent (list one at least)"),
    (cluster_data(agents={"csv": "id,demand\n"}), "agents: there is no agent"),
    (cluster_data(clusters=[]), "clusters: there is no cluster (list one at least)"),
    (cluster_data(tasks=[]), "tasks: unknown field `tasks`"),
    (cluster_data(time={"unit": 3}), "time.unit: `unit` must be text"),
    (cluster_data(solver={"slot": 3}), "solver.slot: unknown field `slot`"),
    (cluster_data(name=7), "name: `name` must be text, found 7"),
    (cluster_data(objective={}), "objective: `objective` must be a map of weights by term, found nothing in it"),
    (cluster_data(objective=[]), "objective: `objective` must hold at least one term (leave it out for the default)"),
    (cluster_data(objective={"makespan": 1}), "objective.makespan: unknown objective term `makespan`"),
    (cluster_data(objective={"cut": -1}), "objective.cut: the weight of cut must be between 0 and"),
    # resources
    (cluster_data(resources=[{"id": "r"}, {"id": "r"}]), "resources[1].id: duplicate id `r`, first used by row 1"),
    (cluster_data(resources=[{"id": "r", "kind": "some"}]), "resources[0].kind: `kind` must be one of renewable, consumable"),
    (cluster_data(resources=[{"id": "r", "capacity": -1}]), "resources[0].capacity: `capacity` must not be negative"),
    (cluster_data(resources=[{"id": "r", "weight": -1}]), "resources[0].weight: `weight` must be at least 0"),
    (cluster_data(resources=[{"id": "r", "transient": 1}]), "resources[0].transient: `transient` must be true or false, found 1"),
    (cluster_data(resources=[{"id": "r", "device": 0}], clusters=[{"id": "x", "capacity": {"r": 1}}]), "resources[0].device: `device` must be above 0"),
    (cluster_data(resources=[{"id": "r", "device": 1}]), "resources[0].device: no cluster has a capacity of `r`, so there are no devices of it"),
    # agents
    (cluster_data(agents=[{"id": "a"}, {"id": "a"}]), "agents[1].id: duplicate id `a`, first used by row 1"),
    (agent(cluster="z"), "agents[0].cluster: unknown cluster `z`"),
    (agent(cluster=3), "agents[0].cluster: `cluster` must be text, found 3"),
    (agent(move_cost="x"), "agents[0].move_cost: `move_cost` must be a number"),
    (agent(group=1), "agents[0].group: `group` must be text"),
    (agent(requires=["x"]), "agents[0].requires: `requires` must be {label: value} or {label: [value, ...]}, found a list"),
    (agent(tolerates="x"), "agents[0].tolerates: `tolerates` must be a list of names, found `x` (write [x])"),
    (agent(tolerates=[1]), "agents[0].tolerates[0]: an entry of `tolerates` must be text, found 1"),
    (agent(clusters="all"), "agents[0].clusters: `clusters` must be any or a list of clusters, found `all`"),
    (agent(clusters=[]), "agents[0].clusters: `clusters` must name a cluster (write any where it may be in each)"),
    (agent(clusters=["x", "z"]), "agents[0].clusters[1]: unknown cluster `z`"),
    (agent(optional="true"), "agents[0].optional: `optional` must be true or false, found `true`"),
    (agent(reward=-1), "agents[0].reward: `reward` must be at least 0"),
    (agent(calendar=[[1]]), "an entry of `calendar` must be [from, to], found a list"),
    (agent(demand={"mem": 1}), "agents[0].demand.mem: unknown resource `mem`"),
    (agent(demand={"cpu": 0.1234567}), "agents[0].demand.cpu: `cpu` must have at most 6 decimals"),
    (agent(demand=[{"cpu": 1}]), "agents[0].demand: `demand` must be {resource: number}, found a list"),
    (agent(slots=0), "agents[0].slots: `slots` must be at least 1"),
    (agent(capacity={"mem": 1}), "agents[0].capacity.mem: unknown resource `mem`"),
    (agent(skills=3), "agents[0].skills: `skills` must be {name: level} or [name]"),
    (agent(labels=3), "agents[0].labels: `labels` must be a mapping of texts"),
    (agent(speed=0), "agents[0].speed: `speed` must be above 0"),
    (agent(cost={"fixd": 1}), "agents[0].cost.fixd: unknown field `fixd` (did you mean `fixed`?)"),
    (agent(taints=3), "agents[0].taints: `taints` must be a list of names"),
    (agent(location=3), "agents[0].location: `location` must be text"),
    # devices
    (gpu([{"id": "a", "demand": {"gpu": 5}}]), "agents[0].demand.gpu: 5 of `gpu` is no whole number of devices of 2"),
    (gpu(clusters=[{"id": "x", "capacity": {"gpu": 1}}]), "clusters[0].capacity.gpu: 1 of `gpu` is no whole number of devices of 2"),
    (gpu(clusters=[{"id": "x", "capacity": {"gpu": 126}}]), "clusters[0].capacity.gpu: 63 devices of `gpu` are more than 62"),
    (gpu(clusters=[{"id": "x", "capacity": {"gpu": 4}}], costs=[{"agent": "a", "cluster": "x", "demand": {"gpu": 3}}]), "costs[0].demand.gpu: 3 of `gpu` here, and 0 in the agent's own demand: devices do not differ (leave out gpu here)"),
    (gpu([{"id": "a", "demand": {"gpu": 2}}], costs=[{"agent": "a", "cluster": "x", "demand": {"gpu": 4}}]), "costs[0].demand.gpu: 4 of `gpu` here, and 2 in the agent's own demand: devices do not differ (leave out gpu here)"),
    (gpu([{"id": "a", "demand": {"gpu": 2}}], costs=[{"agent": "a", "cluster": "x", "demand": {"gpu": 0}}]), "costs[0].demand.gpu: 0 of `gpu` here, and 2 in the agent's own demand: devices do not differ (leave out gpu here)"),
    (gpu(costs=[{"agent": "a", "cluster": "x", "demand": {"gpu": 0.5}}]), "costs[0].demand.gpu: 0.5 of `gpu` here, and 0 in the agent's own demand: devices do not differ (leave out gpu here)"),
    # clusters
    (cluster_data(clusters=3), "clusters: `clusters` must be a list of rows"),
    (cluster_data(clusters=[{"id": "x"}, {"id": "x"}]), "clusters[1].id: duplicate id `x`"),
    (cluster_data(clusters=[3, {"id": "x"}]), "clusters[0]: an entry of `clusters` must be a mapping of fields"),
    (place(capacity={"mem": 1}), "clusters[0].capacity.mem: unknown resource `mem`"),
    (place(safe={"cpu": "x"}), "clusters[0].safe.cpu: `cpu` must be a number"),
    (place(min_size=-1), "clusters[0].min_size: `min_size` must be at least 0"),
    (place(max_size=1.5), "clusters[0].max_size: `max_size` must be a whole number"),
    (place(cost=-1), "clusters[0].cost: `cost` must be at least 0"),
    (place(taints={"a": 1}), "clusters[0].taints: `taints` must be a list of names"),
    (place(location="x", labels={"location": "y"}), "clusters[0].location: `location` is `x`, and the label `location` is `y`"),
    (place(parent="x"), "clusters[0].parent: clusters lie inside each other: `x` in `x`"),
    (cluster_data(clusters=[{"id": "a", "parent": "b"}, {"id": "b", "parent": "c"}, {"id": "c", "parent": "a"}]), "clusters[0].parent: clusters lie inside each other: `a` in `b` in `c` in `a`"),
    (cluster_data(clusters=chain(65)), "clusters[0].parent: `c0` has more than 64 clusters around it"),
    # clusters that are no list
    (cluster_data(clusters={"cuont": 2}), "clusters: `clusters` must be a list of rows, {table: FILE}, {csv: TEXT}, {count: NUMBER} or {size: {target, min, max}}, found a mapping (did you mean `count`?)"),
    (cluster_data(clusters={}), "clusters: `clusters` must be a list of rows"),
    (cluster_data(clusters={"count": 2, "size": {"min": 1}}), "found `count` and `size`"),
    (cluster_data(clusters={"count": 0}), "clusters.count: `count` must be at least 1, found 0"),
    (cluster_data(clusters={"count": 4}), "clusters.count: 4 clusters are more than the 3 agents"),
    (cluster_data(agents=[{"id": "a"}], clusters={"count": 10**8}), "clusters.count: 100,000,000 clusters are more than the 1 agent"),
    (cluster_data(clusters={"count": 1.5}), "clusters.count: `count` must be a whole number"),
    (cluster_data(clusters={"count": 1, "split_above": 2}), "clusters.split_above: unknown field `split_above`"),
    (cluster_data(clusters={"size": {}}), "clusters.size: `size` must say something (one of target, min, max)"),
    (cluster_data(clusters={"size": 3}), "clusters.size: `size` must be a mapping of fields"),
    (cluster_data(clusters={"size": {"max": 0}}), "clusters.size.max: `max` must be at least 1"),
    (cluster_data(clusters={"size": {"target": -2}}), "clusters.size.target: `target` must be at least 1"),
    (cluster_data(clusters={"size": {"goal": 2, "max": 2}}), "clusters.size.goal: unknown field `goal`"),
    (cluster_data(clusters={"size": {"max": 2}, "merge_below": -1}), "clusters.merge_below: `merge_below` must be at least 0"),
    (cluster_data(agents=[{"id": "a", "cluster": "c7"}], clusters={"size": {"max": 2}}), "agents[0].cluster: unknown cluster `c7`"),
    (cluster_data(clusters={"count": 2}, groups=[{"id": "g", "spread": {"label": "z"}}]), "groups[0].spread.label: no cluster carries the label `z`"),
    (gpu(clusters=[]) | {"clusters": {"count": 1, "capacity": {"gpu": 3}}}, "clusters.capacity.gpu: 3 of `gpu` is no whole number of devices of 2"),
    # levels
    (cluster_data(levels="zone"), "levels: `levels` must be a list of names, found `zone` (write [zone])"),
    (cluster_data(clusters={"count": 2}, levels=["zone"]), "levels: `levels` needs clusters in a list"),
    (levels({"id": "x", "labels": {"zone": "a"}}, names=["zoen"]), "levels[0]: no cluster carries the label `zoen` (did you mean `zone`?)"),
    (levels({"id": "x", "labels": {"zone": "a"}}, {"id": "y"}), "clusters[1]: `y` does not carry the label `zone`, which `levels` names (give it a value)"),
    (levels({"id": "x", "labels": {"zone": "a"}}, {"id": "y", "parent": "x", "labels": {"zone": "a"}}), "clusters[1].parent: `levels` says already what lies in what"),
    (levels({"id": "x", "labels": {"zone": "x"}}), "clusters[0]: the value `x` of `zone` makes a cluster of that id, which there is already"),
    (levels({"id": "x", "labels": {"zone": "a", "rack": "b"}}, {"id": "y", "labels": {"zone": "a/b", "rack": "c"}}, names=["zone", "rack"]), "clusters[1]: the value `a/b` of `zone` makes a cluster of that id"),
    # links
    (cluster_data(links=[{"a": "a", "b": "z"}]), "links[0].b: unknown agent `z`"),
    (cluster_data(links=[{"a": "a"}]), "links[0]: `b` is missing"),
    (cluster_data(links=[{"a": "a", "b": ["b"]}]), "links[0].b: `b` must be text, found a list"),
    (cluster_data(links=[{"a": "a", "b": "a"}]), "links[0]: `a` is linked to itself"),
    (cluster_data(links=[{"a": "a", "b": "b", "weight": -1}]), "links[0].weight: `weight` must be at least 0"),
    (cluster_data(links=[{"a": "a", "b": "b", "kind": 3}]), "links[0].kind: `kind` must be one of cut, together, apart, found 3"),
    (cluster_data(links=[{"a": "a", "b": "b"}, {"a": "b", "b": "a", "weight": 2}]), "links[1].weight: the link of `b` and `a` has weight 2, and 1 in row 1"),
    # groups
    (cluster_data(groups=[{"id": "g"}, {"id": "g"}]), "groups[1].id: duplicate id `g`"),
    (cluster_data(groups=[{"id": "g", "near": ["h"]}]), "groups[0].near[0]: unknown group `h`"),
    (cluster_data(groups=[3, {"id": "g", "near": ["h"]}]), "groups[0]: an entry of `groups` must be a mapping of fields"),
    (cluster_data(groups=[{"id": "g", "near": ["g"]}]), "groups[0].near: `g` is near itself"),
    (cluster_data(groups=[{"id": "g", "apart": "yes"}]), "groups[0].apart: `apart` must be true or false"),
    (cluster_data(groups=[{"id": "g", "spread": {"min": 2}}]), "groups[0].spread: `label` is missing"),
    (cluster_data(groups=[{"id": "g", "spread": "zone"}]), "groups[0].spread: `spread` must be a mapping of fields"),
    (cluster_data(groups=[{"id": "g", "spread": {"label": "z"}}]), "groups[0].spread.label: no cluster carries the label `z`"),
    (cluster_data(clusters=[{"id": "x", "labels": {"z": "1"}}], groups=[{"id": "g", "spread": {"label": "z", "max_skew": -1}}]), "groups[0].spread.max_skew: `max_skew` must be at least 0"),
    # balance
    (cluster_data(balance="3%"), "balance: `balance` must be a number in per cent, a list of ratios or a mapping, found `3%`"),
    (cluster_data(balance=-1), "balance: `balance` must be between 0 and 1e+09, found -1"),
    (cluster_data(balance=True), "balance: `balance` must be a number"),
    (cluster_data(balance=0.1234567), "balance: `balance` must have at most 6 decimals"),
    (cluster_data(balance={}), "balance: `balance` must say something"),
    (cluster_data(balance=[]), "balance: `balance` must hold a ratio, found none"),
    (cluster_data(balance={"ratios": []}), "balance.ratios: `ratios` must hold a ratio, found none"),
    (cluster_data(balance={"tolerance": -1}), "balance.tolerance: `tolerance` must be between 0 and"),
    (cluster_data(balance={"ratios": 3}), "balance.ratios: `ratios` must be a list of mappings, found 3"),
    (cluster_data(balance={"tol": 3}), "balance.tol: unknown field `tol`"),
    (cluster_data(balance=[3]), "balance[0]: an entry of `balance` must be a mapping of fields"),
    (cluster_data(resources=[{"id": "r"}], clusters=[{"id": "x", "capacity": {"r": 1}}], balance=[{"resource": "r", "other": "r"}]), "balance[0]: `ratio` is missing"),
    # costs and moves
    (cluster_data(costs=[{"agent": "z", "cluster": "x"}]), "costs[0].agent: unknown agent `z`"),
    (cluster_data(costs=[{"agent": "a", "cluster": "x", "cost": -1}]), "costs[0].cost: `cost` must be at least 0"),
    (cluster_data(costs=[{"agent": "a", "cluster": "x"}, {"agent": "a", "cluster": "x", "cost": 2}]), "costs[1]: the row of `agent` `a` and `cluster` `x` stands here a second time, first as row 1"),
    (cluster_data(clusters=[{"id": "x"}, {"id": "y", "parent": "x"}], costs=[{"agent": "a", "cluster": "x"}]), "costs[0].cluster: `x` holds other clusters, and no agents of its own (such as `y`)"),
    (cluster_data(moves=3), "moves: `moves` must be a mapping of fields, found 3"),
    (cluster_data(moves={"max": -1}), "moves.max: `max` must be at least 0"),
    (cluster_data(moves={"max_cost": "x"}), "moves.max_cost: `max_cost` must be a number"),
    (cluster_data(moves={"pairs": 3}), "moves.pairs: `pairs` must be a list of rows"),
    (cluster_data(moves={"pairs": {"csv": 3}}), "moves.pairs.csv: `csv` must be text"),
    (cluster_data(moves={"pairs": [{"from": "x", "to": "z"}]}), "moves.pairs[0].to: unknown cluster `z`"),
    (cluster_data(moves={"pairs": [{"from": "x", "to": "x"}]}), "moves.pairs[0]: goes from `x` to itself"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), ONE_FAULT, ids=[fault for _, fault in ONE_FAULT])
def test_one_fault(data: dict[str, Any], expected: str) -> None:
    """Each fault is told once, alone, by the way to it, in words that say what is wrong."""
    found = cluster_data_faults(data)
    assert len(found) == 1, found
    assert expected in found[0]


def test_a_list_that_cannot_be_read_makes_no_unknown_references(tmp_path: Path) -> None:
    """Where a table is missing, only that is said: what refers to its rows is not called unknown."""
    data = cluster_data(
        resources={"table": "r.csv"}, agents={"table": "a.csv"}, clusters={"table": "c.csv"}, groups={"table": "g.csv"},
        links=[{"a": "p", "b": "q"}], costs=[{"agent": "p", "cluster": "x", "demand": {"r": 1}}],
        moves={"pairs": [{"from": "x", "to": "y"}]}, balance=[{"resource": "r", "other": "s", "ratio": 1}],
    )  # fmt: skip
    with pytest.raises(SpecError) as caught:
        cluster_from_data(data, base=tmp_path)
    assert [str(fault.location) for fault in caught.value.diagnostics] == [
        "resources.table", "agents.table", "clusters.table", "groups.table"
    ]  # fmt: skip
    rows = [{"id": "a", "cluster": "x", "clusters": ["y"], "requires": {"z": "1"}, "group": "g", "demand": {"r": 1}}]
    groups = [{"id": "g", "spread": {"label": "z"}, "near": ["g2"]}]
    with pytest.raises(SpecError) as caught:
        cluster_from_data(data | {"agents": rows, "groups": groups, "links": [], "costs": []}, base=tmp_path)
    assert [str(fault.location) for fault in caught.value.diagnostics] == [
        "resources.table", "clusters.table", "groups[0].near[0]"
    ]  # fmt: skip


def test_a_long_cycle_is_told_in_part() -> None:
    """A cycle of many clusters names those at its two ends."""
    clusters = [{"id": f"c{i}", "parent": f"c{(i + 1) % 40}"} for i in range(40)]
    (fault,) = cluster_data_faults(cluster_data(clusters=clusters))
    assert "`c0` in `c1` in " in fault
    assert "in ... 21 more ... in" in fault
    assert fault.endswith("`c39` in `c0`")


def test_unreadable_agents_leave_the_number_of_clusters_alone(tmp_path: Path) -> None:
    """A number of clusters can't be too large for agents that nobody could read."""
    data = cluster_data(agents={"table": "a.csv"}, clusters={"count": 10**9})
    with pytest.raises(SpecError) as caught:
        cluster_from_data(data, base=tmp_path)
    assert [str(fault.location) for fault in caught.value.diagnostics] == ["agents.table"]
