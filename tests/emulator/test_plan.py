"""Plans of faults on the command line and in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from qamctl.emulator.faults import Event
from qamctl.emulator.plan import plan, read_plan
from qamctl.errors import SpecError, UsageError

FILE = """\
seed: 7
retry_after: 2
slow_seconds: 0.5
rates:
  throttle: 0.25
  slow@GET job: 1
script:
  - {fault: lost-after, on: PUT job, nth: 2}
  - {fault: error-before, nth: 3, times: 4}
"""


@pytest.mark.parametrize(
    ("text", "rates", "script"),
    [
        ("throttle", {"throttle": 1.0}, ()),
        ("throttle=0.1", {"throttle": 0.1}, ()),
        ("slow@GET job=.5", {"slow@GET job": 0.5}, ()),
        ("slow@*=1", {"slow": 1.0}, ()),
        ("lost-after@PUT job#2", {}, (Event("PUT job", 2, "lost-after"),)),
        ("throttle#3x5", {}, (Event("*", 3, "throttle", 5),)),
    ],
)
def test_a_fault_is_written_in_one_word(text: str, rates: dict[str, float], script: tuple[Event, ...]) -> None:
    """With a rate, for one kind of request, or for the nth one."""
    found = plan([text], None, None)
    assert (found.rates, found.script, found.seed) == (rates, script, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "makes no sense"),
        ("Throttle", "makes no sense"),
        ("boom", "there is no fault 'boom'"),
        ("failed@GET job", "can't befall"),
        ("slow@PUT jbo", "did you mean 'PUT job'"),
        ("slow@everything", "there are no requests of the kind"),
        ("slow=2", "probability"),
        ("slow=nan", "probability"),
        ("slow=x", "probability"),
        ("slow@PUT job#1=0.5", "both"),
        ("slow@PUT job#0", "from 1"),
        ("slow@PUT job#1x0", "from 1"),
    ],
)
def test_a_fault_that_makes_no_sense_is_told(text: str, message: str) -> None:
    """With what to write in its place."""
    with pytest.raises(UsageError, match=message):
        plan([text], None, None)


def test_a_file_has_all_of_it_and_the_command_line_adds_to_it(tmp_path: Path) -> None:
    """The command line's seed and rates are the stronger ones."""
    file = tmp_path / "faults.yaml"
    file.write_text(FILE)
    found = plan(["throttle=0.5", "twice@PUT job#1"], file, 9)
    assert (found.seed, found.retry_after, found.slow_seconds) == (9, 2.0, 0.5)
    assert found.rates == {"throttle": 0.5, "slow@GET job": 1.0}
    events = (Event("PUT job", 2, "lost-after"), Event("*", 3, "error-before", 4), Event("PUT job", 1, "twice"))
    assert found.script == events
    assert plan([], file, None).seed == 7


def test_every_fault_of_a_file_is_told_with_its_place(tmp_path: Path) -> None:
    """All at once, with line and column."""
    file = tmp_path / "faults.yaml"
    file.write_text(
        "sead: 1\nseed: -1\nrates:\n  boom: 0.1\n  slow: 7\n  failed@GET job: 0\nscript:\n"
        "  - {fault: slow, nth: 0}\n  - {fault: slow, oops: 1}\n  - no\n  - {on: PUT jbo, fault: slow}\n"
    )
    with pytest.raises(SpecError) as caught:
        read_plan(file)
    told = [(one.location.line, one.message) for one in caught.value.diagnostics if one.location is not None]
    assert sorted(told) == [
        (1, "there is no key `sead` here"),
        (2, "`seed` must be a number of at least 0"),
        (4, "there is no fault 'boom'"),
        (5, "the rate of `slow` must be a probability"),
        (6, "the fault 'failed' can't befall 'GET job'"),
        (8, "`nth` must be an integer of at least 1"),
        (9, "there is no key `oops` here"),
        (10, "a fault of the script must be a mapping"),
        (11, "there are no requests of the kind 'PUT jbo'"),
    ]
    assert all(one.hint for one in caught.value.diagnostics)


@pytest.mark.parametrize("text", ["rates: [1]\n", "script: {a: 1}\n", "- 1\n", "{\n", "seed: .inf\n", "seed: true\n"])
def test_a_file_of_another_shape_is_refused(text: str, tmp_path: Path) -> None:
    """Never by a traceback."""
    file = tmp_path / "faults.yaml"
    file.write_text(text)
    with pytest.raises(SpecError):
        read_plan(file)
    with pytest.raises(SpecError, match="cannot be read"):
        read_plan(tmp_path / "none.yaml")
