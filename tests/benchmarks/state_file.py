"""How long does a state file take to read, beside nothing but the parsing of its lines?

    python tests/benchmarks/state_file.py [--rounds N]

Files over 64 paths with so many decisions, each with feedback, in CPU seconds. Checksums, the chain and every update
are computed again, so more than the parsing it must be: `MOST` times that, and in step with the number of lines.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from qamctl.reason.events import Decision, Outcome, Told
from qamctl.reason.ledger import Ledger, begin
from qamctl.reason.spec import Learning
from qamctl.reason.state_file import read_state

#: Decisions of the files, and their paths.
DECISIONS, PATHS = (200, 600, 2000), 64
#: Times the parsing that reading may take, and how much faster than the lines it may grow.
MOST, MOST_GROWTH = 6.0, 1.7
NOW = "2026-01-02T03:04:05+00:00"


def main() -> int:
    """Print the table; 1 where a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="the fastest of so many counts")
    rounds = parser.parse_args().rounds
    lines = history(max(DECISIONS))
    sys.stdout.write(f"{'decisions':>9}  {'MB':>6}  {'read s':>7}  {'parse s':>7}  {'ratio':>5}\n")
    took: list[tuple[int, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for count in DECISIONS:
            some = lines[: 1 + 2 * count]
            path = Path(folder) / f"{count}.json"
            path.write_bytes(b"\n".join([*some, b""]))
            parsing = cpu(lambda some=some: [json.loads(line) for line in some], rounds)
            reading = cpu(lambda path=path: read_state(path), rounds)
            took.append((len(some), reading, parsing))
            size = path.stat().st_size / 1e6
            sys.stdout.write(f"{count:>9}  {size:>6.2f}  {reading:>7.3f}  {parsing:>7.3f}  {reading / parsing:>5.2f}\n")
    (few, short, _), (many, long, _) = took[0], took[-1]
    demands = (
        (f"at most {MOST:g} times the parsing", all(reading <= MOST * parsing for _, reading, parsing in took)),
        ("in step with the lines", long <= MOST_GROWTH * short * many / few),
    )
    for text, met in demands:
        sys.stdout.write(f"{'met' if met else 'MISSED'}: {text}\n")
    return 0 if all(met for _, met in demands) else 1


def cpu(work: Callable[[], object], rounds: int) -> float:
    """The least CPU seconds of one call."""
    spent = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return min(spent)


def history(count: int) -> list[bytes]:
    """The lines of so many decisions and their feedback."""
    rng, names = np.random.default_rng(10), [f"path {k}" for k in range(PATHS)]
    outcomes = (Outcome("ok", None, tuple(rng.uniform(0.2, 0.8, PATHS).tolist())),)
    rules = Learning(1.0, 0.1, carry=False, horizon=1000, rate=None, exploration=None)
    header = begin("long", tuple(names), rng.dirichlet(np.ones(PATHS)), {"slow": 1.0}, rules, outcomes, NOW)
    lines = [header.rstrip(b"\n")]
    ledger = Ledger(lines[0])

    def add(event: str, content: dict[str, Any]) -> None:
        lines.append(ledger.line(event, NOW, content).rstrip(b"\n"))
        ledger.take(lines[-1])

    for k in range(count):
        p, name = tuple(rng.dirichlet(np.ones(PATHS)).tolist()), names[k % PATHS]
        made = Decision(str(k), name, name, p, PATHS, {name: 1.0}, {name: 1.0}, {"ok": {"slow": 0.3}})
        add("decision", asdict(made))
        told = (Told("ok"), Told(reward=0.5), Told(rewards=p))[k % 3]
        after, changed = ledger.learned(str(k), told)
        what = {key: value for key, value in asdict(told).items() if value is not None}
        add("feedback", {"run": str(k), **what, "priors": after.tolist(), "reliabilities": changed})
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
