"""Reads hostile inputs under a memory limit; fails on the first that ends in anything but a spec or clean faults.

Reasons for infeasibility are looked for in every cluster spec that comes of one.

Run as a program by test_fuzz.py, `fuzz_worker.py FOLDER SEED CASES`, since a memory limit holds for a whole process.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st
from support.spec_fuzz.bytes import PIECES, mutated

from qamctl.cluster.read import load_cluster
from qamctl.cluster.reasons import reasons
from qamctl.errors import SpecError, UnsupportedError
from qamctl.schedule.read import load_schedule

MEMORY = 1 << 30
SECONDS = 5.0

YAML = """kind: schedule
version: 1
name: night
time: {unit: min, resolution: 0.5, origin: 2026-11-20T20:00:00+00:00}
solver: {backend: [auto, cpsat], time_limit: 10, seed: 7}
resources:
  - {id: cpu, capacity: 4.5, kind: renewable, weight: 2}
  - {id: money, capacity: 100, kind: consumable}
agents:
  - {id: a1, slots: 2, capacity: {cpu: 2}, skills: [plan, code], labels: {zone: north}, speed: 1.25}
  - {id: a2, skills: {plan: 2, test: 0.5}, cost: {fixed: 3, per_time: 0.1}}
tasks:
  - {id: t1, duration: PT30M, demand: {cpu: 0.5}, skills: [plan], release: 3, due: 2026-11-20T22:00:00+00:00}
  - id: t2
    after: [t1, {task: t1, type: SS, lag: -2}]
    modes:
      - {id: fast, duration: 3, agents: [a1, a2], cost: 5}
      - {id: slow, duration: 7.5, agents: none, demand: {money: 3}}
  - {id: t3, duration: 2, pinned: {agent: a1, start: 4}, deadline: 90, weight: 3}
horizon: P1D
objective: [{tardiness: 1, cost: 0.5}, {makespan: 1}]
"""
JSON = """{"kind": "schedule", "version": 1, "resources": [{"id": "cpu", "capacity": 4}],
 "agents": [{"id": "a1", "capacity": {"cpu": 2}}],
 "tasks": [{"id": "t1", "duration": 3, "demand": {"cpu": 1}}, {"id": "t2", "duration": 1.5, "after": ["t1"]}]}
"""
TABLE = """id,duration,demand,skills,after,release,due,weight,pinned
t1,3,cpu=1|mem=2,plan,,0,9,1,agent=a1|start=3
"t2",PT1M,cpu=0.5,plan=1,t1|t1:SS+2,3,,2,
t3,2.5,,,t2-1|t1+PT5S,1e1,20,,
"""
TABLED = (
    "kind: schedule\nversion: 1\nresources: [{id: cpu}, {id: mem}]\nagents: [{id: a1}]\ntasks: {table: tasks.csv}\n"
)

CLUSTER = """kind: cluster
version: 1
solver: {backend: auto, seed: 7}
resources:
  - {id: cpu, capacity: 40.5, transient: true, weight: 2}
  - {id: gpu, device: 0.5}
agents:
  - {id: a1, demand: {cpu: 1.5, gpu: 0.25}, cluster: m1, group: s1, requires: {zone: [n, s]}, move_cost: 2}
  - {id: a2, demand: {cpu: 2}, group: s1, tolerates: [spot], optional: true, reward: 2.5, clusters: [m1, m2]}
  - {id: a3, demand: {gpu: 1}, clusters: any, slots: 2, skills: [plan], labels: {rack: r1}}
clusters:
  - {id: eu, capacity: {cpu: 7}, labels: {zone: n}, cost: 3, max_size: 9}
  - {id: m1, parent: eu, capacity: {cpu: 4, gpu: 2}, safe: {cpu: 3}, min_size: 1, neighbourhood: p}
  - {id: m2, capacity: {cpu: 8}, taints: [spot], location: l2}
links: [{a: a1, b: a2, weight: 2.5}, {a: a2, b: a3, kind: apart}, {a: a1, b: a3, kind: together}]
groups: [{id: s1, apart: true, spread: {label: zone, min: 2, max_skew: 1}, near: [s2]}, {id: s2}]
balance: {tolerance: 300, ratios: [{resource: cpu, other: gpu, ratio: 2}]}
costs: [{agent: a1, cluster: m2, cost: 4}, {agent: a2, cluster: m1, demand: {cpu: 2}}]
moves: {max: 3, max_cost: 10, per_group: 2, pairs: [{from: m1, to: m2, cost: 6}]}
objective: [{cut: 1, load: 0.5}, {move: 1}]
"""
COUNTED = """kind: cluster
version: 1
resources: [{id: cpu}]
agents: [{id: a1, cluster: c0}, {id: a2, demand: {cpu: 1}}, {id: a3}]
clusters: {size: {target: 2, min: 1, max: 3}, split_above: 4, merge_below: 1, capacity: {cpu: 3}}
links: {table: links.csv}
levels: []
"""
LINKS = """a,b,weight,kind
a1,a2,1,
a2,a3,2.5,together
a1,a3,1,apart
"""


def hostile(rng: random.Random) -> bytes:
    """Texts that are built to hurt: depth, width, aliases, long tokens, noise."""
    n = rng.choice((3, 70, 300))
    match rng.randrange(9):
        case 0:
            return rng.randbytes(rng.randrange(200))
        case 1:
            return b"a: " + rng.choice((b"[", b"{a: ", b"- ", b"? ", b"!x ")) * n
        case 2:
            width = rng.randrange(2, 10)
            lines = [b"a0: &a0 [x, x]"]
            lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]".encode() for i in range(1, min(n, 40))]
            return b"kind: schedule\nversion: 1\n" + b"\n".join(lines) + b"\ntasks: *a1\n"
        case 3:
            return b"kind: schedule\nversion: 1\ntasks:\n" + b"  - &t {id: x, duration: 1}\n" + b"  - *t\n" * n
        case 4:
            return b'{"kind": "schedule", "version": 1, "tasks": ' + b"[" * n + b"]" * rng.choice((0, n)) + b"}"
        case 5:
            rows = b"".join(b"  - {id: t%d, duration: %s}\n" % (i, rng.choice(PIECES)) for i in range(min(n, 70)))
            return b"kind: schedule\nversion: 1\ntasks:\n" + rows.replace(b"\n\n", b"\n")
        case 6:
            links = [f"{{id: t{i}, duration: 1, after: [t{rng.randrange(20)}]}}" for i in range(20)]
            return f"kind: schedule\nversion: 1\ntasks: [{', '.join(links)}]\n".encode()
        case 7:
            field = rng.choice(["duration", "demand", "after", "pinned", "skills", "modes", "agents", "id", "weight"])
            value = rng.choice(PIECES)
            return (
                b"kind: schedule\nversion: 1\nagents: [{id: a1}]\ntasks: [{id: t1, "
                + field.encode()
                + b": "
                + value
                + b"}]\n"
            )
        case _:
            return b"kind: schedule\nversion: 1\ntasks: []\n" + rng.choice(
                (b"x" * 3000, b'"' + b"x" * 3000, b"k: |\n  " * 20)
            )


def write_case(folder: Path, rng: random.Random) -> Path:
    """One input, with its side table where it has one."""
    match rng.randrange(12):
        case 0 | 1 | 2:
            name, content = "case.yaml", mutated(YAML.encode(), rng)
        case 8 | 9:
            name, content = "cluster.yaml", mutated(CLUSTER.encode(), rng)
        case 10:
            name, content = "cluster.yaml", mutated(COUNTED.encode(), rng)
            (folder / "links.csv").write_bytes(LINKS.encode())
        case 11:
            name, content = "cluster.yaml", COUNTED.encode()
            (folder / "links.csv").write_bytes(mutated(LINKS.encode(), rng))
        case 3:
            name, content = "case.json", mutated(JSON.encode(), rng)
        case 4 | 5:
            name, content = "case.yaml", TABLED.encode()
            (folder / "tasks.csv").write_bytes(mutated(TABLE.encode(), rng))
        case 6:
            block = "".join(f"    {line}\n" for line in TABLE.splitlines())
            inline = TABLED.replace("{table: tasks.csv}\n", "\n  csv: |\n" + block)
            name, content = "case.yaml", mutated(inline.encode(), rng)
        case _:
            name, content = rng.choice(("case.yaml", "case.json")), hostile(rng)
    file = folder / name
    file.write_bytes(content)
    return file


def verdict(file: Path) -> str | None:
    """What is wrong with how the reader took a file; None for a spec or clean faults in good time."""
    began = time.process_time()
    try:
        if file.stem == "cluster":
            reasons(load_cluster(file))
        else:
            load_schedule(file)
    except SpecError as error:
        if not error.diagnostics or any(d.location is None or not str(d) for d in error.diagnostics):
            return f"a fault without a place: {error.message!r}"
        str([str(d) for d in error.diagnostics]).encode()
    except UnsupportedError:
        pass
    seconds = time.process_time() - began
    return f"took {seconds:.1f} s" if seconds > SECONDS else None


def main() -> None:
    folder, seed_, cases = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    @seed(seed_)
    @settings(
        max_examples=cases, database=None, deadline=None, print_blob=False, suppress_health_check=list(HealthCheck)
    )
    @given(st.randoms(use_true_random=False))
    def every_input_is_read_or_refused(rng: random.Random) -> None:
        file = write_case(folder, rng)
        note(f"{file.name}: {file.read_bytes()!r}")
        problem = verdict(file)
        assert problem is None, problem

    every_input_is_read_or_refused()
    print(f"read {cases} inputs")


if __name__ == "__main__":
    main()
