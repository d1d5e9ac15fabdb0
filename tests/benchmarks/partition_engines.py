"""One partitioner on one graph in a process of its own: the job comes as JSON on standard input, the row goes out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# One core each: CPU seconds are what is compared.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import metis  # noqa: E402
import numpy as np  # noqa: E402
from graphs import Graph, Ints, read_graph  # noqa: E402
from repeats import repeated  # noqa: E402

Attempt = Callable[[int], Ints]


def kahip(graph: Graph, parts: int, most: int) -> Attempt:
    """KaHIP's configuration `strong`. Its limit is (1 + imbalance) * the mean rounded up, the product down."""
    import kahip

    rows = [row.tolist() for row in (np.ones(graph.nodes, np.int64), graph.first, graph.weight, graph.to)]
    imbalance = (most + 0.5) / mean(graph.nodes, parts) - 1
    return lambda seed: np.array(kahip.kaffpa(*rows, parts, imbalance, True, seed, kahip.STRONG)[1])


def mtkahypar(preset: str) -> Callable[[Graph, int, int], Attempt]:
    """Mt-KaHyPar with one thread and one of its presets, the limit given to it for each part."""

    def engine(graph: Graph, parts: int, most: int) -> Attempt:
        import mtkahypar

        start = mtkahypar.initialize(1, False)
        imbalance = (most + 0.5) / mean(graph.nodes, parts) - 1
        one, other, _ = graph.edges()
        pairs = list(zip(one.tolist(), other.tolist(), strict=True))

        def attempt(seed: int) -> Ints:
            mtkahypar.set_seed(seed)
            context = start.context_from_preset(getattr(mtkahypar.PresetType, preset))
            context.set_partitioning_parameters(parts, imbalance, mtkahypar.Objective.CUT)
            assert set(context.compute_max_block_weights(graph.nodes)) == {most}
            context.logging = False
            # Anew, which takes milliseconds: version 1.7 crashes where a graph is partitioned twice.
            there = start.create_graph(context, graph.nodes, len(pairs), pairs)
            return np.array(there.partition(context).get_partition())

        return attempt

    return engine


def by_metis(graph: Graph, parts: int, most: int) -> Attempt:
    """METIS, between all parts and by bisections in turn."""
    weights, limit = np.ones((graph.nodes, 1), np.int64), np.array([most])
    return lambda seed: metis.partition(graph, parts, weights, limit, seed, recursive=seed % 2 == 1)


ENGINES: dict[str, Callable[[Graph, int, int], Attempt]] = {
    "kahip": kahip,
    "mtk-highest": mtkahypar("HIGHEST_QUALITY"),
    "mtk-quality": mtkahypar("QUALITY"),
    "metis": by_metis,
}


def installed(engine: str) -> bool:
    """Whether this machine has it."""
    if engine == "metis":
        return metis.available()
    return find_spec("kahip" if engine == "kahip" else "mtkahypar") is not None


def mean(nodes: int, parts: int) -> int:
    """Nodes of a part where all are alike, rounded up."""
    return -(-nodes // parts)


def run(job: Mapping[str, Any]) -> None:
    """Search for so many CPU seconds, reading and imports not counted; a line for each better answer within the limit.

    So a partitioner that crashes in a later call keeps what it had. The last line says what the whole took.
    """
    graph, parts, most = read_graph(Path(job["graph"])), job["parts"], job["most"]
    attempt = ENGINES[job["engine"]](graph, parts, most)
    best: int | None = None

    def worth(part: Ints) -> int | None:
        nonlocal best
        if np.bincount(part, minlength=parts).max() > most:
            return None
        cut = graph.cut(part)
        if best is None or cut < best:
            best = cut
            tell({"part": part.tolist()})
        return cut

    found = repeated(attempt, worth, job["cpu"], job["seed"])
    tell({"calls": found.calls, "counted": found.counted, "cpu": found.cpu})


def tell(row: dict[str, Any]) -> None:
    """A line of JSON to whoever asked."""
    sys.stdout.write("\n" + json.dumps(row) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(json.load(sys.stdin))
