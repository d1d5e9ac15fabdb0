"""The starter problem files that `qamctl init KIND` writes: valid, feasible, and a comment for every common field."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from qamctl.errors import UsageError

_SCHEDULE: Final = """\
# yaml-language-server: $schema=schedule.schema.json
# (Editors complete and check this file once `qamctl schema schedule --file schedule.schema.json` has run beside it.)
#
# A schedule: who does which task, and when. Check it with `qamctl validate FILE`, solve it with `qamctl schedule FILE`.
kind: schedule
version: 1
name: my-schedule            # stands in run names

# Times below are numbers in this unit: s, min, h, d, or any word. With an origin they may be date-times too.
time: {unit: min}            # {unit: min, origin: 2026-11-20T20:00:00+00:00}

# Options of the run; flags and QAMCTL_* variables override them.
solver: {backend: auto, time_limit: 5}   # seconds; a proof of optimality ends the run earlier

# What to minimise: a map of weights, or a list of maps, the first one being the most important.
#   makespan   the last end                  tardiness  weight x time after `due`, summed
#   tardy      weight of tasks after `due`   flow       weight x (end - release), summed
#   cost       of agents and modes
objective: [{tardiness: 1}, {makespan: 1}]

# horizon: 480               # every task ends by then

# What tasks use up while they run. Without a capacity of its own, each agent brings its share.
resources:
  - {id: mem}                                          # held by agents
  - {id: licence, capacity: 1}                         # shared by all, at every instant
  - {id: tokens, kind: consumable, capacity: 100}      # shared by all, over the whole horizon

# Who does the work. Only `id` is needed; without agents, tasks use the shared resources alone.
agents:
  - id: alice
    slots: 2                        # tasks at once (1)
    capacity: {mem: 16}             # of the resources above
    skills: {code: 3, review: 2}    # levels; a list means level 1
    labels: {zone: north}
    speed: 1                        # a task takes duration / speed (1)
    cost: {fixed: 0, per_time: 1}   # once it is used at all; per unit of busy time
  - {id: bob, capacity: {mem: 8}, skills: [code], labels: {zone: south}, speed: 1.5}

# What is to be done. Only `id` and `duration` are needed.
tasks:
  - {id: design, duration: 30}
  - id: build
    duration: 60
    demand: {mem: 6, tokens: 20}
    skills: {code: 1}               # the least level that the agent must have
    after: [design]                 # starts when these have ended
    due: 120                        # should end by then: the terms tardiness and tardy
    weight: 2                       # of its lateness and flow (1)
  - id: draft
    after: [design]
    modes:                          # several ways to do it: exactly one is chosen
      - {id: quick, duration: 15, demand: {licence: 1, tokens: 30}, cost: 5}
      - {id: slow, duration: 40, demand: {tokens: 5}}
  - id: review
    duration: 20
    skills: {review: 2}
    labels: {zone: north}           # the agent must carry them
    after: [build, {task: draft, type: SS, lag: 10}]   # FS, SS, FF or SF, with a lag
    deadline: 240                   # must end by then
  - {id: stand-up, duration: 10, agents: [alice, bob], pinned: {start: 60}}   # one of these, at a fixed time
  - {id: nightly, duration: 25, agents: none, demand: {licence: 1}, release: 30}   # no agent; not before 30
"""

_CLUSTER: Final = """\
# yaml-language-server: $schema=cluster.schema.json
# (Editors complete and check this file once `qamctl schema cluster --file cluster.schema.json` has run beside it.)
#
# Clusters: who belongs together, and where. Check it with `qamctl validate FILE`, solve it with `qamctl cluster FILE`.
# `qamctl import kubernetes` writes such a file from what kubectl prints; docs/spec-cluster.md has every field.
kind: cluster
version: 1
name: my-clusters            # stands in run names

# Options of the run; flags and QAMCTL_* variables override them.
solver: {backend: auto, time_limit: 5}   # seconds; a proof of optimality ends the run earlier

# What to minimise: a map of weights, or a list of maps, the first one being the most important.
#   cut      weight of links between clusters       move      cost of what is elsewhere than now
#   load     use above safe limits                  cost      of agents and clusters, below
#   balance  ratios, or sizes off the target        spread    pairs of a group that share a label's value
#   unplaced rewards of agents that are left out
objective: [{unplaced: 1}, {cut: 1, load: 2, move: 1, cost: 1}]

# What agents use of their cluster. Only `id` is needed.
resources:
  - {id: cpu}
  - {id: mem, transient: true}             # an agent that moves needs it in its old and in its new place
  - {id: gpu, device: 1, weight: 10}       # devices: less than one is taken from one; weight in the term `load`
  - {id: licence, capacity: 3}             # shared by all clusters

# Where agents can be. In place of the list: `clusters: {count: 4}`, or `clusters: {size: {target: 8, min: 2}}`, where
# the number of clusters is part of the answer.
clusters:
  - id: north-1
    capacity: {cpu: 16, mem: 64, gpu: 2}   # hard
    safe: {cpu: 12}                        # soft: the term `load`
    labels: {zone: north, disk: ssd}
  - {id: north-2, capacity: {cpu: 16, mem: 64}, safe: {cpu: 12}, labels: {zone: north, disk: hdd}}
  - id: south-1
    capacity: {cpu: 12, mem: 48}
    labels: {zone: south, disk: ssd}
    taints: [maintenance]                  # only agents that tolerate it
    neighbourhood: south                   # what `near` is about; without it a cluster is one of its own
    cost: 4                                # once anybody is inside
    max_size: 3                            # agents; min_size too

# levels: [zone]             # clusters of one zone are inside a cluster of that name; or `parent: ID` in each row

# Who is to be placed. Only `id` is needed.
agents:
  - id: db-0
    demand: {cpu: 4, mem: 24}
    cluster: north-1                       # where it is now; without it, nowhere
    move_cost: 5                           # of being elsewhere (1)
    group: db
    requires: {disk: ssd}                  # the cluster's labels: a value, or a list of them
    tolerates: [maintenance]
  - {id: db-1, demand: {cpu: 4, mem: 24}, group: db, requires: {disk: ssd}, tolerates: [maintenance]}
  - {id: web-0, demand: {cpu: 3, mem: 6}, cluster: north-1, group: web}
  - {id: web-1, demand: {cpu: 3, mem: 6}, cluster: north-2, group: web}
  - {id: trainer, demand: {cpu: 2, mem: 8, gpu: 0.5, licence: 1}, clusters: [north-1, north-2]}   # one of these
  - {id: nightly, demand: {cpu: 8, mem: 16}, optional: true, reward: 3}    # may be left out, which costs 3

# Rules for agents of one service.
groups:
  - {id: db, apart: true}                         # no two in one cluster; `near: [web]`: a web in the neighbourhood
  - {id: web, spread: {label: disk, min: 2}}      # on two kinds of disk; or `max_skew: 1`; neither of them: a wish

# Pairs of agents.
links:
  - {a: web-0, b: db-0, weight: 4}         # cut (4) where they are in different clusters
  - {a: web-1, b: db-1}
  - {a: trainer, b: nightly, kind: apart}  # or `together`; both are hard

# balance: 10                # no cluster is more than 10 % above its share; or ratios of two free resources

# What an agent costs in a cluster, and uses there in place of its demand.
costs:
  - {agent: nightly, cluster: north-2, cost: 1}
  - {agent: trainer, cluster: north-2, cost: 2, demand: {cpu: 6, mem: 8, licence: 1}}

# Changes against the present state.
moves: {max: 4, max_cost: 20}              # agents that may move, and the sum of their move costs
"""

_REASON: Final = """\
# yaml-language-server: $schema=reason.schema.json
# (Editors complete and check this file once `qamctl schema reason --file reason.schema.json` has run beside it.)
#
# A decision under evidence. Check it with `qamctl validate FILE`, decide with `qamctl reason FILE`, and see what moved
# the decision with `qamctl explain FILE`. docs/spec-reason.md has every field.
kind: reason
version: 1
name: my-decision            # stands in run names

# solver: {backend: statevector, shots: 4000}   # measure it as a circuit; without, it is computed exactly

# The ways that the decision may go. Priors may be in any unit; without them all paths are equal.
paths:
  - {id: retry, prior: 0.5, actions: [prefer t1 on a1]}   # what a schedule may take as its `reasoning`
  - {id: escalate, prior: 0.3}
  - {id: wait, prior: 0.2}
  # - {id: wait-longer, prior: 0.1, decision: wait}       # counts together with the path wait

# What was seen: the probability of seeing it on each path, and how far to trust it.
evidence:
  - {id: timeout-seen, likelihood: {retry: 0.2, escalate: 0.9, wait: 0.4}}
  - {id: queue-long, likelihood: {escalate: 0.6}, otherwise: 0.5, reliability: 0.8}   # 0 ignores it, 1 trusts it

# What actions are worth on each path; without, the most probable decision is taken.
utility:
  - {action: call-someone, values: {retry: -1, escalate: 5}}
  - {action: hold, values: {retry: 2, escalate: -2, wait: 2}}

# Paths may turn into each other while time goes by: a Hermitian matrix. With coherence 0 this is a hidden Markov model;
# with more, paths interfere and the order of evidence matters, which is a choice of model and no better evidence.
# context: {couplings: [[retry, escalate, 0.3]], fields: {wait: 0.1}, time: 0.5}
# steps: [timeout-seen, evolve, queue-long]
# coherence: 0.5

# What feedback teaches is kept in this file, beside the spec: `qamctl feedback my-decision.state.json --outcome solved`
# state: my-decision.state.json
outcomes:
  - {id: solved, likelihood: {retry: 0.7, escalate: 0.9, wait: 0.4}}
  - {id: failed, likelihood: {retry: 0.3, escalate: 0.1, wait: 0.6}}
"""

_MODEL: Final = """\
# yaml-language-server: $schema=model.schema.json
# (Editors complete and check this file once `qamctl schema model --file model.schema.json` has run beside it.)
#
# A model: an objective over variables that are 0 or 1. Check it with `qamctl validate FILE`, solve it with
# `qamctl solve FILE`. Files in .qubo, rudy, .csv, .bqm, .cqm and .lp are solved as they are; this form is for writing.
kind: model
version: 1
name: my-model               # stands in run names

# Options of the run; flags and QAMCTL_* variables override them.
solver: {backend: auto, time_limit: 5}   # seconds; a proof of optimality ends the run earlier

# The variables by name, in order, or how many there are: `variables: 100` are called "0" to "99".
variables: [ann-day, ann-night, bob-day, bob-night, car]

sense: min                   # or max

# objective = offset + linear terms + products of two variables
offset: 10
linear: {ann-day: 3, ann-night: 6, bob-day: 4, bob-night: 2, car: 5}
quadratic:                   # [one variable, the other, coefficient]; in a table: {table: FILE.csv}, with i,j,weight
  - [ann-day, bob-day, -2]   # together they are faster
  - [ann-night, bob-night, 7]

# Of each of these lists exactly one variable is 1.
groups:
  - [ann-day, ann-night]
  - [bob-day, bob-night]

# Linear constraints: left side, sense (<=, == or ">=", the last in quotes), right side.
constraints:
  - {name: night-needs-car, terms: {ann-night: 1, bob-night: 1, car: -2}, sense: <=, rhs: 0}
  - {name: someone-at-night, terms: {ann-night: 1, bob-night: 1}, sense: ">=", rhs: 1}
"""

_HAMILTONIAN: Final = """\
# yaml-language-server: $schema=hamiltonian.schema.json
# (Editors check this file once `qamctl schema hamiltonian --file hamiltonian.schema.json` has run beside it.)
#
# A Hamiltonian: a sum of Pauli strings, whose state of least energy is looked for. Check it with
# `qamctl validate FILE`, solve it with `qamctl solve FILE`.
kind: hamiltonian
version: 1
name: my-hamiltonian         # stands in run names

# Options of the run; flags and QAMCTL_* variables override them.
solver: {backend: auto, time_limit: 5}   # seconds; a proof of optimality ends the run earlier

# qubits: 4                  # by default as many as the strings say
sense: min                   # or max
offset: 0                    # added to the sum

# energy = offset + the sum of weight * string. The leftmost letter is that of the highest qubit, as qiskit has it:
# ZIII acts on qubit 3. Z is +1 where the bit is 0 and -1 where it is 1.
terms:                       # in a table: {table: FILE.csv}, with string,weight
  - [IIZZ, 1]                # neighbours differ
  - [IZZI, 1]
  - [ZZII, 1]
  - [Z0 Z3, 0.5]             # the same as ZIIZ: only the qubits that it acts on
  - [ZZZZ, -0.25]            # up to four Z
  - [IIIZ, -0.5]             # a field on qubit 0
"""

_CIRCUIT: Final = """\
# yaml-language-server: $schema=circuit.schema.json
# (Editors complete and check this file once `qamctl schema circuit --file circuit.schema.json` has run beside it.)
#
# A quantum circuit and what is measured. Check it with `qamctl validate FILE`, run it with `qamctl solve FILE`.
# Files in OpenQASM (.qasm) and QIR (.ll, .bc) are run as they are; this form is for parameters, observables and noise.
kind: circuit
version: 1
name: my-circuit             # stands in run names

# Options of the run; flags and QAMCTL_* variables override them. `auto` is the simulation of a state vector without
# noise; `noisy` has the noise below; `qir` compiles to QIR and runs that. Several are compared with one another.
solver: {backend: auto, seed: 1}
shots: 1000                  # measurements

qasm: |                      # or `file: NAME.qasm`, a file beside this one
  OPENQASM 3;
  include "stdgates.inc";
  input float theta;
  qubit[2] q;
  bit[2] c;
  ry(theta) q[0];
  cx q[0], q[1];
  c = measure q;

parameters: {theta: 1.2}     # a value for each `input`

# A sum of Pauli strings; its mean is the result's objective. The leftmost letter is that of the highest qubit.
observable:
  - [ZZ, 1.0]
  - [XX, 0.5]

# What `--backend noisy` simulates: the figures of a class of machine (generic, ionq, quantinuum, rigetti), and what
# replaces them.
noise: {preset: generic, p2: 0.01}
"""

_TEMPLATES: Final = MappingProxyType(
    {
        "schedule": _SCHEDULE,
        "cluster": _CLUSTER,
        "reason": _REASON,
        "model": _MODEL,
        "hamiltonian": _HAMILTONIAN,
        "circuit": _CIRCUIT,
    }
)


def template(kind: str) -> str:
    """The text of a starter problem file of a kind.

    Raises
    ------
    UsageError
        For a kind that has no starter file.
    """
    if kind not in _TEMPLATES:
        raise UsageError(f"There is no starter file of kind `{kind}`: choose one of {', '.join(_TEMPLATES)}.")
    return _TEMPLATES[kind]
