"""Which sixty problems `front.py` has, and as many others apart, drawn by a rule and kept in `front_list.json`.

    python tests/benchmarks/front_cases.py [--instances DIR]

writes that file anew. The rule: the problems of a family are sorted by the number of their tasks, then by how far the
best known makespan is above the simple bound, the more the harder, and cut into as many strata of equal size as
problems are wanted. Each stratum gives the one whose name has the least SHA-256. What nobody tunes on is drawn likewise
from those that are left: as many, or all. Nothing of it depends on a result of ours.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from published import FAMILIES, Case, cases
from published_files import read

HERE = Path(__file__).resolve().parent
#: Problems of each family: all flexible job shops that are at hand, and of the rest so many.
COUNTS = {"jobshop": 13, "fjsp": 7, "j30": 10, "j60": 8, "j120": 8, "mmlib": 8, "pmp": 6}
LIST = HERE / "front_list.json"


def front_cases(instances: Path, which: str = "front") -> list[Case]:
    """The problems of the committed list, or those `apart`, family by family."""
    names = json.loads(LIST.read_text())[which]
    found = {(case.family, case.name): case for case in cases(instances)}
    return [found[family, name] for family in FAMILIES for name in names[family]]


def drawn(instances: Path) -> dict[str, dict[str, list[str]]]:
    """Both lists by the rule: names by family."""
    lists: dict[str, dict[str, list[str]]] = {"front": {}, "apart": {}}
    for family, count in COUNTS.items():
        left = {case.name: features(case) for case in cases(instances, family)}
        for names in lists.values():
            names[family] = strata(family, left, count)
            left = {name: left[name] for name in left if name not in names[family]}
    return lists


def features(case: Case) -> tuple[int, float]:
    """The number of tasks, and how many times the simple bound the best known makespan is."""
    problem = read(case.format, case.path)
    return len(problem.ids), case.best / problem.simple_bound()


def strata(family: str, left: Mapping[str, tuple[int, float]], count: int) -> list[str]:
    """One name of each stratum of a family; all names where no more are left than are wanted."""
    order = sorted(left, key=lambda name: (left[name], name))
    count = min(count, len(order))
    cuts = [k * len(order) // count for k in range(count + 1)] if count else []
    return [_first(family, order[begin:end]) for begin, end in pairwise(cuts)]


def _first(family: str, names: Sequence[str]) -> str:
    return min(names, key=lambda name: hashlib.sha256(f"{family} {name}".encode()).hexdigest())


def text_of(lists: Mapping[str, Mapping[str, list[str]]]) -> str:
    """The lists as JSON, a family a line."""
    blocks = []
    for which, names in lists.items():
        lines = (f"  {json.dumps(family)}: {json.dumps(mine)}" for family, mine in names.items())
        blocks.append(f" {json.dumps(which)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def main() -> int:
    """Draw both lists and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=Path, default=HERE.parents[2] / "shared" / "instances")
    lists = drawn(parser.parse_args().instances)
    LIST.write_text(text_of(lists))
    sys.stdout.write("".join(f"{sum(map(len, names.values()))} {which}\n" for which, names in lists.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
