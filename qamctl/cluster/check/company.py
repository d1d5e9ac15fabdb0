"""Who may be beside whom: links that keep together or apart, and the rules of groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.cluster.check.columns import Columns
from qamctl.cluster.check.report import Findings, names
from qamctl.cluster.spec import NEIGHBOURHOOD, NO_LIMIT, ClusterSpec, Index, Ints


@dataclass(frozen=True, slots=True)
class Tally:
    """How many placed members of a group have a value; only pairs with any, in the order of (group, value).

    Attributes
    ----------
    group, value, count
        [n]
    """

    group: Ints
    value: Ints
    count: Ints


def tally(spec: ClusterSpec, columns: Columns, value: Ints) -> Tally:
    """Members of every group by a value of their cluster; `value` is over the spec's clusters, none is negative."""
    rows = np.flatnonzero(columns.placed & (spec.agents.group >= 0))
    width = int(value.max(initial=0)) + 1
    key = spec.agents.group[rows].astype(np.int64) * width + value[columns.cluster[rows]]
    keys, count = np.unique(key, return_counts=True)
    return Tally(keys // width, keys % width, count.astype(np.int64))


def label_codes(spec: ClusterSpec, label: str) -> tuple[Ints, list[str]]:
    """[K] the value of a label of every leaf, as a row of the values; without the label it is the empty text.

    Inner clusters have the value 0, which means nothing.
    """
    values: dict[str, int] = {}
    codes = np.zeros(len(spec.clusters.ids), np.int64)
    for k in np.flatnonzero(spec.clusters.leaf).tolist():
        codes[k] = values.setdefault(spec.clusters.labels[k].get(label, ""), len(values))
    return codes, list(values)


def groups_by_label(spec: ClusterSpec) -> dict[str, Ints]:
    """The groups that spread over each label."""
    found: dict[str, list[int]] = {}
    for g, spread in enumerate(spec.groups.spread):
        if spread is not None:
            found.setdefault(spread.label, []).append(g)
    return {label: np.array(rows, np.int64) for label, rows in found.items()}


def check_company(spec: ClusterSpec, columns: Columns, findings: Findings) -> None:
    """Note every pair and group that is not placed as it must be."""
    _links(spec, columns, findings)
    _apart(spec, columns, findings)
    for label, groups in groups_by_label(spec).items():
        _spread(spec, columns, label, groups, findings)
    _near(spec, columns, findings)


def _links(spec: ClusterSpec, columns: Columns, findings: Findings) -> None:
    cluster, ids = columns.cluster, spec.agents.ids

    def where(i: int) -> str:
        return f"{ids[i]} is in {spec.clusters.ids[cluster[i]]}" if cluster[i] >= 0 else f"{ids[i]} is left out"

    def each(constraint: str, left: Index, right: Index, broken: Ints, must: str) -> None:
        def note(e: int) -> None:
            a, b = int(left[e]), int(right[e])
            text = f"agents {ids[a]} and {ids[b]} must be {must}: {where(a)}, {where(b)}"
            place = spec.clusters.ids[cluster[a]] if cluster[a] >= 0 else None
            findings.add(constraint, text, agent=ids[a], cluster=place, rows=[a, b])

        findings.add_each(constraint, broken.tolist(), note)

    a, b = spec.links.together_a, spec.links.together_b
    # An agent that is left out is not in the same cluster as one that is placed.
    torn = np.flatnonzero(columns.known[a] & columns.known[b] & (cluster[a] != cluster[b]))
    each("together", a, b, torn, "in the same cluster")
    a, b = spec.links.apart_a, spec.links.apart_b
    joined = np.flatnonzero((cluster[a] >= 0) & (cluster[a] == cluster[b]))
    each("apart", a, b, joined, "in different clusters")


def _members(spec: ClusterSpec, columns: Columns, group: int) -> Ints:
    return np.flatnonzero((spec.agents.group == group) & columns.placed)


def _apart(spec: ClusterSpec, columns: Columns, findings: Findings) -> None:
    if not spec.groups.apart.any():
        return
    found = tally(spec, columns, np.arange(len(spec.clusters.ids)))

    def note(place: int) -> None:
        g, k = int(found.group[place]), int(found.value[place])
        mine = np.flatnonzero((spec.agents.group == g) & (columns.cluster == k))
        text = (
            f"group {spec.groups.ids[g]}: {found.count[place]} members in cluster {spec.clusters.ids[k]}, no two may "
            f"share one ({names(spec, mine)})"
        )
        findings.add("group-apart", text, cluster=spec.clusters.ids[k], rows=mine)

    crowded = spec.groups.apart[found.group] & (found.count > 1)
    findings.add_each("group-apart", np.flatnonzero(crowded).tolist(), note)


def _spread(spec: ClusterSpec, columns: Columns, label: str, groups: Ints, findings: Findings) -> None:
    codes, values = label_codes(spec, label)
    found, n = tally(spec, columns, codes), len(spec.groups.ids)
    reached = np.bincount(found.group, minlength=n)
    spreads = [spec.groups.spread[g] for g in groups.tolist()]
    least = np.array([spread.least for spread in spreads if spread], np.int64)
    skew = np.array([spread.max_skew for spread in spreads if spread], np.int64)
    most = np.zeros(n, np.int64)
    np.maximum.at(most, found.group, found.count)
    fewest = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(fewest, found.group, found.count)
    fewest[reached < len(values)] = 0  # a value that some leaf has, and no member

    def note(place: int, constraint: str) -> None:
        g = int(groups[place])
        mine = _members(spec, columns, g)
        if constraint == "group-spread":
            wrong = f"members in {reached[g]} values of {label}, in {least[place]} are needed"
        else:
            wrong = f"{most[g]} members in one value of {label} and {fewest[g]} in another, {skew[place]} apart at most"
        who = f" ({names(spec, mine)})" if len(mine) else ""
        findings.add(constraint, f"group {spec.groups.ids[g]}: {wrong}{who}", rows=mine)

    narrow = np.flatnonzero(reached[groups] < least)
    findings.add_each("group-spread", narrow.tolist(), lambda place: note(place, "group-spread"))
    askew = np.flatnonzero((skew < NO_LIMIT) & (most[groups] - fewest[groups] > skew))
    findings.add_each("group-skew", askew.tolist(), lambda place: note(place, "group-skew"))


def neighbourhoods(spec: ClusterSpec) -> tuple[Ints, list[str]]:
    """[K] the neighbourhood of every leaf, as a row of the names; a leaf without one is one of its own."""
    codes: dict[tuple[bool, str | int], int] = {}
    of = np.zeros(len(spec.clusters.ids), np.int64)
    for k in np.flatnonzero(spec.clusters.leaf).tolist():
        name = spec.clusters.labels[k].get(NEIGHBOURHOOD)
        of[k] = codes.setdefault((name is None, k if name is None else name), len(codes))
    named = (f"cluster {spec.clusters.ids[int(which)]}" if own else str(which) for own, which in codes)
    return of, list(named)


def _near(spec: ClusterSpec, columns: Columns, findings: Findings) -> None:
    pairs = [(g, other) for g, others in enumerate(spec.groups.near) for other in others]
    if not pairs:
        return
    codes, areas = neighbourhoods(spec)
    found = tally(spec, columns, codes)
    group, other = np.array(pairs, np.int64).T
    first = np.searchsorted(found.group, group)
    number = np.searchsorted(found.group, group, side="right") - first
    # One row for each pair of groups and each neighbourhood where the first one is.
    pair = np.repeat(np.arange(len(pairs)), number)
    area = found.value[np.arange(len(pair)) - np.repeat(np.cumsum(number) - number, number) + first[pair]]
    has = np.isin(other[pair] * len(areas) + area, found.group * len(areas) + found.value)

    def note(place: int) -> None:
        g, near, where = int(group[pair[place]]), int(other[pair[place]]), int(area[place])
        mine = _members(spec, columns, g)
        mine = mine[codes[columns.cluster[mine]] == where]
        text = (
            f"group {spec.groups.ids[g]}: it is in neighbourhood {areas[where]} ({names(spec, mine)}), and group "
            f"{spec.groups.ids[near]} is not"
        )
        findings.add("group-near", text, rows=mine)

    findings.add_each("group-near", np.flatnonzero(~has).tolist(), note)
