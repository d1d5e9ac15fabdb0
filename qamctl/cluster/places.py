"""Where agents may be: clusters that carry what they require, label values, neighbourhoods."""

from __future__ import annotations

import numpy as np

from qamctl.cluster.spec import NEIGHBOURHOOD, ClusterSpec, Index, Ints


def kinds(spec: ClusterSpec, leaves: Index) -> tuple[Index, np.ndarray]:
    """([N] kind of each agent, [kinds, k] whether a kind may be in a leaf).

    Agents of a kind require, tolerate and name the same, and demand the same resources.
    """
    agents, clusters = spec.agents, spec.clusters
    number: dict[object, int] = {}
    rows: list[np.ndarray] = []
    at = {int(row): leaf for leaf, row in enumerate(leaves)}
    carried: dict[tuple[str, tuple[str, ...]], np.ndarray] = {}
    open_to: dict[frozenset[str], np.ndarray] = {}
    held = clusters.capacity[leaves] > 0
    kind = np.empty(len(agents.ids), np.int32)
    needs = [tuple(np.flatnonzero(row).tolist()) for row in agents.demand > 0]
    who = zip(agents.requires, agents.tolerates, agents.allowed, needs, strict=True)
    for agent, (requires, tolerates, allowed, needed) in enumerate(who):
        key = (tuple(sorted(requires.items())), tolerates, allowed, needed)
        if key not in number:
            number[key] = len(rows)
            row = held[:, list(needed)].all(axis=1)
            for label, values in requires.items():
                pair = (label, tuple(values))
                if pair not in carried:
                    found = [clusters.labels[c].get(label) in values for c in leaves.tolist()]
                    carried[pair] = np.array(found, bool)
                row = row & carried[pair]
            if tolerates not in open_to:
                open_to[tolerates] = np.array([clusters.taints[c] <= tolerates for c in leaves.tolist()], bool)
            row = row & open_to[tolerates]
            if allowed is not None:
                named = np.zeros(len(leaves), bool)
                named[[at[c] for c in allowed]] = True
                row = row & named
            rows.append(row)
        kind[agent] = number[key]
    return kind, np.array(rows, np.uint8).reshape(len(rows), len(leaves))


def spread_values(spec: ClusterSpec, leaves: Index, ruled: Ints) -> tuple[list[int], Index]:
    """([g] row of the label that each ruled group is spread over, or -1; [v, k] value of each such label by leaf)."""
    labels: dict[str, int] = {}
    rows = []
    for g in ruled.tolist():
        spread = spec.groups.spread[g]
        rows.append(-1 if spread is None else labels.setdefault(spread.label, len(labels)))
    values = np.zeros((len(labels), len(leaves)), np.int32)
    for label, v in labels.items():
        words = [spec.clusters.labels[c].get(label, "") for c in leaves.tolist()]
        number = {word: i for i, word in enumerate(sorted(set(words)))}
        values[v] = [number[word] for word in words]
    return rows, values


def places(spec: ClusterSpec, leaves: Index) -> tuple[Index, int]:
    """([k] neighbourhood of each leaf, how many there are); a leaf without one is one of its own."""
    number: dict[object, int] = {}
    words = [spec.clusters.labels[c].get(NEIGHBOURHOOD, c) for c in leaves.tolist()]
    return np.array([number.setdefault(word, len(number)) for word in words], np.int32), len(number)
