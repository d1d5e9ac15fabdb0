"""`qamctl report`: results that were found, as one page that can be read anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from qamctl.errors import SpecError
from qamctl.report.page import place_of, report_page
from qamctl.report.told import Told
from qamctl.reporting.answers import answer_of
from qamctl.reporting.found import Found, find
from qamctl.runs.record import state_folder


def found_all(refs: Iterable[str]) -> list[Found]:
    """The results that are asked for, of runs that the state folder knows or of files, each as `find` gives it."""
    state = state_folder(os.environ)
    return [find(state, ref) for ref in refs]


def report(results: Sequence[Found]) -> str:
    """The page of some results as HTML.

    Raises
    ------
    SpecError
        A result has not the shape of one: it is damaged.
    """
    try:
        return report_page([_told(found, number) for number, found in enumerate(results, 1)])
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        files = ", ".join(dict.fromkeys(str(found.file) for found in results))
        which = files if len(results) == 1 else f"one of {files}"
        raise SpecError(f"{which} is damaged: it has not the shape of a result ({error})") from error


def _told(found: Found, number: int) -> Told:
    answer = answer_of(found, place_of(number))
    notes = () if answer.why is None else (answer.why,)
    return Told(
        found.name, found.result, found.metrics, found.chosen(), notes, list(answer.pictures), list(answer.lists)
    )  # fmt: skip
