"""What can be told of files without solving: faults of problems, and whether a result holds.

Apart from the pipeline, because these commands must start fast and its imports would cost twice as much.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qamctl.errors import Diagnostic, Location, SpecError
from qamctl.schedule.read import build_schedule, load_schedule
from qamctl.spec.reader import read_source


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a problem file.

    Attributes
    ----------
    status
        valid, invalid (shape, type or reference), or infeasible as far as that shows without a search.
    """

    file: str
    status: str
    faults: tuple[Diagnostic, ...] = ()


def validate(paths: Sequence[str]) -> list[Verdict]:
    """The verdict on each problem file; `-` is standard input."""
    return [_verdict(path) for path in paths]


def check_files(result: str, spec: str) -> list[str]:
    """What does not hold in a result file, recomputed from its problem file; empty where everything does.

    Raises
    ------
    SpecError
        One of the files can't be read.
    """
    from qamctl.schedule.check import check_result

    problem = load_schedule(spec)
    file = Path(result)
    return [str(found) for found in check_result(_result(file), problem, file.parent)]


def _verdict(path: str) -> Verdict:
    from qamctl.schedule.instance import build_instance
    from qamctl.schedule.reasons import reasons

    try:
        data, source = read_source(path)
        spec = build_schedule(data, source)
    except SpecError as error:
        return Verdict(path, "invalid", error.diagnostics or (Diagnostic(error.message),))
    faults = []
    for reason in reasons(build_instance(spec)):
        place = source.locate(reason.path)
        faults.append(Diagnostic(f"{reason.constraint}: {reason.text}", place))
    return Verdict(path, "infeasible" if faults else "valid", tuple(faults))


def _result(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_bytes())
    except OSError as error:
        raise SpecError(f"can't read {file}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        place = Location(str(file), error.lineno, error.colno)
        raise SpecError(f"{place}: {error.msg}", [Diagnostic(error.msg, place, "a result file is JSON")]) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, or a number of thousands of digits
        raise SpecError(f"{file} is no result file: {error}") from error
    if not isinstance(data, dict):
        raise SpecError(f"{file} is no result file: it holds no JSON object")
    return data
