"""An earlier result as the current state of a spec: who is where, which clusters are divided, and which dissolved."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from qamctl.cluster.check.table import read_assignments
from qamctl.cluster.read import default_objective
from qamctl.cluster.reshape import extended, reshaped
from qamctl.cluster.spec import Clusters, ClusterSpec
from qamctl.errors import SpecError

#: Where each agent of a result is, by id; None: it was left out.
Places = Mapping[str, str | None]

#: The table beside a new result that keeps what was taken from an earlier one.
EARLIER_TABLE: Final = "earlier.csv"

#: Ids that a sentence names, at most.
_NAMED: Final = 5


def places_of(result: Mapping[str, Any], folder: Path | None, label: str) -> dict[str, str | None]:
    """Where each agent of a result is.

    Parameters
    ----------
    result
        The data of a result file.
    folder
        Where its table of assignments is, if they stand in one.
    label
        What the result is called in messages.

    Raises
    ------
    SpecError
        The assignments are no rows of agents and clusters, or their table can't be read.
    """
    rows = result["solution"].get("assignments")
    if isinstance(rows, Mapping):
        return read_places(folder, rows.get("table"), rows.get("sha256"), label)
    return _places(rows, label)


def read_places(folder: Path | None, table: object, sha256: object, label: str) -> dict[str, str | None]:
    """Where each agent of a table of assignments is; see `places_of`."""
    try:
        return _places(read_assignments(folder, table, sha256), label)
    except (OSError, ValueError) as error:
        raise SpecError(f"{label}: its table of assignments can't be read: {error}") from error


def _places(rows: Any, label: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for number, row in enumerate(rows if isinstance(rows, Sequence) else [rows], 1):
        agent, place = (row.get("agent"), row.get("cluster", 0)) if isinstance(row, Mapping) else (None, 0)
        if not isinstance(agent, str) or not (place is None or isinstance(place, str)) or agent in found:
            raise SpecError(f"{label}: assignment {number} does not say of one more agent where it is")
        found[agent] = place
    return found


def table_of(spec: ClusterSpec, places: Places) -> bytes:
    """A table of the places of the spec's agents, as `read_places` reads it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("agent", "cluster"))
    writer.writerows((name, places[name]) for name in spec.agents.ids if name in places)
    return text.getvalue().encode()


def carried(spec: ClusterSpec, places: Places, *, objective_given: bool) -> ClusterSpec:
    """The spec with the places of an earlier result as its current state.

    An agent that the result does not name keeps what the spec says; one that is in no cluster of the spec is nowhere.

    Parameters
    ----------
    objective_given
        Whether the spec's file says what is minimised; else the default is that of a spec with current clusters.
    """
    clusters = _known(spec.clusters, (places[name] for name in spec.agents.ids if name in places))
    row = {name: k for k, name in enumerate(clusters.ids) if clusters.leaf[k]}
    current = spec.agents.current.copy()
    for i, name in enumerate(spec.agents.ids):
        if name in places:
            place = places[name]
            current[i] = -1 if place is None else row.get(place, -1)
    found = replace(spec, agents=replace(spec.agents, current=current), clusters=clusters)
    if clusters.elastic:
        found = replace(found, clusters=reshaped(found))
    return found if objective_given else replace(found, objective=(default_objective(found),))


def remarks(spec: ClusterSpec, places: Places, after: ClusterSpec) -> tuple[str, ...]:
    """What a user should know of the earlier result, given the spec before and `after` it was carried over."""
    known = {name for k, name in enumerate(after.clusters.ids) if after.clusters.leaf[k]}
    told = (places.get(name) for name in spec.agents.ids)
    gone = Counter(place for place in told if place is not None and place not in known)
    notes = []
    if gone:
        named = [f"{name} ({count})" for name, count in sorted(gone.items())]
        number = gone.total()
        notes.append(
            f"{number} agent{'s were' if number > 1 else ' was'} in clusters that the spec does not have, and "
            f"{'are' if number > 1 else 'is'} nowhere now: {_few(named)}"
        )
    if after.clusters.elastic:
        size = np.bincount(after.agents.current[after.agents.current >= 0], minlength=len(after.clusters.ids))
        closed = np.array([bool(taints) for taints in after.clusters.taints])
        large = (size > after.clusters.max_size) & (size > spec.clusters.split_above) & ~closed
        for rows, what, limit in (
            (large, "divided: `split_above` is", spec.clusters.split_above),
            (closed, "dissolved: `merge_below` is", spec.clusters.merge_below),
        ):
            named = [f"{after.clusters.ids[k]} ({size[k]})" for k in np.flatnonzero(rows).tolist()]
            if named:
                notes.append(f"clusters that are {what} {limit}: {_few(named)}")
    return tuple(notes)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if names[_NAMED:] else "")


def _known(clusters: Clusters, named: Iterable[str | None]) -> Clusters:
    """The clusters with those of an earlier result, where their number is part of the answer."""
    if not clusters.elastic:
        return clusters
    missing = {name for name in named if name is not None} - set(clusters.ids)
    numbers = sorted({int(name[1:]) for name in missing if re.fullmatch("c[0-9]{1,10}", name)})
    return extended(clusters, [name for name in (f"c{number}" for number in numbers) if name in missing])
