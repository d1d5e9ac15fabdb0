"""Parts of a model that have nothing to do with each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import Couplings, Ints


@dataclass(frozen=True, slots=True)
class Part:
    """A connected part: `variables` are the indices of its variables in the model, ascending.

    The part's offset is 0: the energy of the model is its offset plus the energies of its parts.
    """

    variables: Ints
    model: Couplings


def components(model: Couplings) -> tuple[Part, ...]:
    """The connected parts of a model, largest first, then by their first variable."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    if model.n == 0:
        return ()
    graph = csr_array((np.ones(len(model.other), np.int8), model.other, model.first), shape=(model.n, model.n))
    count, label = connected_components(graph, directed=False)
    if count == 1:
        return (Part(np.arange(model.n), part_of(model, 0, model.n)),)
    order = np.argsort(label, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(np.bincount(label))])
    # Sorted by label, every part is a run of rows of one reordered model.
    place = np.empty(model.n, np.int64)
    place[order] = np.arange(model.n)
    size = np.diff(model.first)[order]
    first = np.concatenate([[0], np.cumsum(size)])
    entry = np.arange(first[-1]) + np.repeat(model.first[order] - first[:-1], size)
    ordered = Couplings(
        model.n, model.linear[order], first, place[model.other[entry]].astype(np.int32), model.weight[entry],
        model.scale, 0.0, model.exact,
    )  # fmt: skip
    parts = [
        Part(order[begin:end], part_of(ordered, begin, end))
        for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    ]
    return tuple(sorted(parts, key=lambda part: (-part.model.n, int(part.variables[0]))))


def part_of(model: Couplings, begin: int, end: int) -> Couplings:
    """Rows begin .. end - 1 as a model of their own, without offset; they have partners among themselves alone."""
    entries = slice(int(model.first[begin]), int(model.first[end]))
    return Couplings(
        n=end - begin,
        linear=model.linear[begin:end],
        first=model.first[begin : end + 1] - model.first[begin],
        other=(model.other[entries] - begin).astype(np.int32),
        weight=model.weight[entries],
        scale=model.scale,
        offset=0.0,
        exact=model.exact,
    )
