"""Published problem files in the plainest form, read without the package."""

from __future__ import annotations

from pathlib import Path

from ways import Flexible, Way


def read(format: str, path: Path) -> Flexible:
    """The problem of a published file, by the name of the importer that takes it."""
    readers = {"jobshop": _jobshop, "rcpsp": _rcpsp, "fjsp": _fjsp, "mmlib": _mmlib, "pmp": _pmp}
    return readers[format](path.read_text())


def _machines(count: int) -> dict[str, int]:
    return {f"M{machine}": 1 for machine in range(count)}


def _on(machine: int, duration: int) -> Way:
    return Way(f"M{machine}", duration, {f"M{machine}": 1})


def _jobshop(text: str) -> Flexible:
    """Jobs of pairs: the machine, from 0, and the duration."""
    (_, machines), *lines = [list(map(int, line.split())) for line in text.splitlines() if line.strip()]
    problem = Flexible([], [], [], _machines(machines))
    for job, numbers in enumerate(lines):
        for k, (machine, duration) in enumerate(zip(numbers[::2], numbers[1::2], strict=True)):
            problem.before.append([len(problem.ids) - 1] if k else [])
            problem.ids.append(f"J{job}.{k}")
            problem.ways.append([_on(machine, duration)])
    return problem


def _rcpsp(text: str) -> Flexible:
    """Patterson's form, one stream of numbers; activities 1 and n are source and sink."""
    numbers = map(int, text.split())
    count, width = next(numbers), next(numbers)
    capacities = {f"R{k + 1}": next(numbers) for k in range(width)}
    ways: list[list[Way]] = []
    before: list[list[int]] = [[] for _ in range(count)]
    for job in range(count):
        duration, use = next(numbers), {name: next(numbers) for name in capacities}
        ways.append([Way("", duration, {name: amount for name, amount in use.items() if amount})])
        for _ in range(next(numbers)):
            before[next(numbers) - 1].append(job)
    return _project(ways, before, capacities)


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
    return _project(ways, before, capacities)


def _project(ways: list[list[Way]], before: list[list[int]], capacities: dict[str, int]) -> Flexible:
    """Without its source and sink; stocks are those whose names begin with N."""
    real = range(1, len(ways) - 1)
    return Flexible(
        [f"T{k + 1}" for k in real],
        [ways[k] for k in real],
        [[i - 1 for i in before[k] if i] for k in real],
        {r: c for r, c in capacities.items() if r.startswith("R")},
        {r: c for r, c in capacities.items() if r.startswith("N")},
    )
