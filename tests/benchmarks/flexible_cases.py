"""Flexible problems in the plainest form, read from the published files without the package.

Peers are fed from it, and every answer, ours too, is counted against it. It covers the three families of the table:
tasks that are done in one of several ways, each with a duration and what it uses; tasks before them; resources that
are limited at every instant, or over the whole time. A machine is a resource of which there is one.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Way:
    """How a task is done: the machine, or the mode, as imported specs call it; how long, and what is used."""

    name: str
    duration: int
    use: dict[str, int]


@dataclass(frozen=True)
class Flexible:
    """A problem; `renewable` and `stock` are the capacities of the two sorts of resources."""

    ids: list[str]
    ways: list[list[Way]]
    before: list[list[int]]
    renewable: dict[str, int]
    stock: dict[str, int] = field(default_factory=dict)

    def faults(self, start: Sequence[int], chosen: Sequence[int]) -> list[str]:
        """What is wrong with a schedule: a start before 0, or before a predecessor's end; too much of a resource."""
        ways = [ways[k] for ways, k in zip(self.ways, chosen, strict=True)]
        end = [s + way.duration for s, way in zip(start, ways, strict=True)]
        found = [f"{self.ids[i]} starts at {s}" for i, s in enumerate(start) if s < 0]
        found += [
            f"{self.ids[j]} starts before {self.ids[i]} ends"
            for j, before in enumerate(self.before)
            for i in before
            if start[j] < end[i]
        ]
        found += [
            f"{name} is used {used} times of {capacity}"
            for name, capacity in self.stock.items()
            if (used := sum(way.use.get(name, 0) for way in ways)) > capacity
        ]
        for name, capacity in self.renewable.items():
            changes = [
                change
                for way, s, e in zip(ways, start, end, strict=True)
                if way.use.get(name) and e > s
                for change in ((s, way.use[name]), (e, -way.use[name]))
            ]
            use = 0
            for time, change in sorted(changes):  # what ends at an instant stands before what starts there
                use += change
                if use > capacity:
                    found.append(f"{name} is used {use} times of {capacity} at {time}")
                    break
        return found

    def makespan(self, start: Sequence[int], chosen: Sequence[int]) -> int:
        """The last end."""
        return max(s + ways[k].duration for s, ways, k in zip(start, self.ways, chosen, strict=True))

    def schedule(self, rows: Sequence[dict[str, Any]]) -> tuple[list[int], list[int]]:
        """Starts and ways of the assignments of a result file."""
        row = {row["task"]: row for row in rows}
        start = [row[id_]["start"] for id_ in self.ids]
        names = [row[id_]["agents"][0] if row[id_]["agents"] else row[id_]["mode"] for id_ in self.ids]
        chosen = [[way.name for way in ways].index(name) for ways, name in zip(self.ways, names, strict=True)]
        return start, chosen


@dataclass(frozen=True)
class Case:
    """A published problem: the name of its importer, its file, and the best known makespan."""

    format: str
    name: str
    path: Path
    best: int


def cases(instances: Path) -> Iterator[Case]:
    """The files at hand, family by family."""
    folder = instances / "schedule"
    for row in json.loads((folder / "flexible-jobshop" / "best_known.json").read_text()):
        path = folder / "flexible-jobshop" / f"{row['instance']}.txt"
        if path.is_file():
            yield Case("fjsp", row["instance"], path, row["upper_bound"])
    with (folder / "best_known.csv").open(newline="") as file:
        best = {(row["problem"], row["instance"]): int(float(row["bks"])) for row in csv.DictReader(file)}
    for format, problem, at in (("mmlib", "MMRCPSP", "multimode-rcpsp"), ("pmp", "PMP", "parallel-machines")):
        for path in sorted((folder / at).glob("*.txt"), key=lambda path: (len(path.name), path.name)):
            yield Case(format, path.stem, path, best[problem, path.name])


def read(format: str, path: Path) -> Flexible:
    """The problem of a published file."""
    return {"fjsp": _fjsp, "mmlib": _mmlib, "pmp": _pmp}[format](path.read_text())


def _machines(count: int) -> dict[str, int]:
    return {f"M{machine}": 1 for machine in range(count)}


def _on(machine: int, duration: int) -> Way:
    return Way(f"M{machine}", duration, {f"M{machine}": 1})


def _fjsp(text: str) -> Flexible:
    head, *lines = [line.split() for line in text.splitlines() if line.strip()]
    problem = Flexible([], [], [], _machines(int(head[1])))
    for job, line in enumerate(lines):
        numbers = map(int, line)
        for k in range(next(numbers)):
            problem.before.append([len(problem.ids) - 1] if k else [])
            problem.ids.append(f"J{job}.{k}")
            problem.ways.append([_on(next(numbers) - 1, next(numbers)) for _ in range(next(numbers))])
    return problem


def _pmp(text: str) -> Flexible:
    jobs, machines, *durations = map(int, text.split())
    rows = [durations[j * machines : (j + 1) * machines] for j in range(jobs)]
    ids = [f"J{job}" for job in range(jobs)]
    return Flexible(
        ids, [[_on(k, duration) for k, duration in enumerate(row)] for row in rows], [[] for _ in ids],
        _machines(machines),
    )  # fmt: skip


def _mmlib(text: str) -> Flexible:
    """Tables between lines of stars; jobs 1 and n are source and sink."""
    parts = [part for part in text.split("*" * 72) if part.strip()]
    following = [list(map(int, line.split())) for line in parts[1].splitlines() if line.strip()[:1].isdigit()]
    titles, *lines = [line for line in parts[2].splitlines()[2:] if line.strip()]
    resources = [word for word in titles.replace("R ", "R").replace("N ", "N").split() if word[1:].isdigit()]
    capacities = dict(zip(resources, map(int, parts[3].split("\n")[-3].split()), strict=True))
    ways: list[list[Way]] = []
    for numbers in (list(map(int, line.split())) for line in lines if line.strip()[:1].isdigit()):
        if len(numbers) == len(resources) + 3:
            numbers = numbers[1:]
            ways.append([])
        mode, duration, *use = numbers
        ways[-1].append(Way(f"m{mode}", duration, {r: q for r, q in zip(resources, use, strict=True) if q}))
    before: list[list[int]] = [[] for _ in ways]
    for job, _, _, *successors in following:
        for successor in successors:
            before[successor - 1].append(job - 1)
    real = range(1, len(ways) - 1)
    return Flexible(
        [f"T{k + 1}" for k in real],
        [ways[k] for k in real],
        [[i - 1 for i in before[k] if i] for k in real],
        {r: c for r, c in capacities.items() if r.startswith("R")},
        {r: c for r, c in capacities.items() if r.startswith("N")},
    )
