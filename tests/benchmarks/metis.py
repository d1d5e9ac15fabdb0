"""METIS with several weights a node and limits as they are, from the library inside pymetis.

`pymetis.part_graph` takes one weight a node, and an imbalance in whole thousandths of a mean that need not be whole.
The library takes several, and any imbalance: G. Karypis, "METIS, version 5.1.0", manual (2013), section 5.
"""

from __future__ import annotations

import ctypes
from functools import cache

import numpy as np
from graphs import Graph, Ints

_OPTIONS = 40  # METIS_NOPTIONS


def available() -> bool:
    """Whether there is a pymetis whose library can be called."""
    try:
        return hasattr(_library(), "METIS_PartGraphKway")
    except ImportError:
        return False


def partition(graph: Graph, parts: int, weights: Ints, most: Ints, seed: int, *, recursive: bool = False) -> Ints:
    """The part of each node; METIS may put more into one than it was told.

    Parameters
    ----------
    weights
        [nodes, w] of each node.
    most
        [w] what a part may hold at most.
    recursive
        By bisections; else by moves between all parts.
    """
    nodes, kinds = weights.shape
    options = np.zeros(_OPTIONS, np.int64)
    library = _library()
    library.METIS_SetDefaultOptions(_at(options))
    options[_seed()] = seed
    # Half a unit above the limit, so that no rounding makes less of it; and METIS wants more than 1.
    above = np.maximum((most + 0.5) * parts / weights.sum(axis=0), 1.0001).astype(np.float32)
    number = [ctypes.byref(ctypes.c_int64(value)) for value in (nodes, kinds, parts)]
    cut, part = ctypes.c_int64(), np.zeros(nodes, np.int64)
    rows = [np.ascontiguousarray(row, np.int64) for row in (graph.first, graph.to, weights, graph.weight)]
    call = library.METIS_PartGraphRecursive if recursive else library.METIS_PartGraphKway
    ended = call(
        number[0], number[1], _at(rows[0]), _at(rows[1]), _at(rows[2]), None, _at(rows[3]), number[2], None,
        _at(above), _at(options), ctypes.byref(cut), _at(part),
    )  # fmt: skip
    if ended != 1:  # METIS_OK
        raise RuntimeError(f"METIS ended with {ended}")
    return part


def _at(row: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(row.ctypes.data)


@cache
def _library() -> ctypes.CDLL:
    import pymetis
    from pymetis import _internal

    if np.dtype(pymetis.zero_copy_dtype()) != np.int64:
        raise ImportError("the METIS in pymetis has narrower numbers than are given to it here")
    return ctypes.CDLL(_internal.__file__)


@cache
def _seed() -> int:
    """Which of the options is the seed, which differs between versions of METIS."""
    import pymetis

    return int(pymetis._options_get_index("seed"))
