"""Malformed requests by a seed: each in one of many ways, and each way says why its requests are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from support.emulator_fuzz import data, framing, mutations, routes, storage, wire
from support.emulator_fuzz.request import Scene, Sent, Way

WAYS: Final[tuple[Way, ...]] = (*wire.WAYS, *framing.WAYS, *data.WAYS, *routes.WAYS, *storage.WAYS, *mutations.WAYS)


def malformed(scene: Scene, seed: int, count: int, ways: Sequence[Way] = WAYS) -> Iterator[tuple[Way, Sent]]:
    """So many requests, every way equally often; equal seeds and scenes give equal requests."""
    draw = Random(seed)
    turns = [ways[k % len(ways)] for k in range(count)]
    draw.shuffle(turns)
    for way in turns:
        yield way, way(draw, scene)


def name(way: Way) -> str:
    """What a way goes by, as `wire.host`."""
    return f"{way.__module__.rpartition('.')[2]}.{way.__name__}"
