"""One run of HiGHS on a program, in a process of its own, for the best solution there is and a proof."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qamctl.cluster.solvers.programs.child import HEADER, pack, unpack
from qamctl.cluster.solvers.programs.mip import Found
from qamctl.cluster.solvers.programs.program import Program
from qamctl.cluster.spec import Floats

#: Seconds between two looks at whether to end.
POLL: Final = 0.05
#: Whole numbers up to which HiGHS, with its tolerance of 1e-6, tells feasible from infeasible.
TRUSTED: Final = 1e5
#: A bound is off by so much at most, as a share, then.
DOUBT: Final = 1e-6


@dataclass(eq=False)
class Whole:
    """A program and its process; `stop` may be called from another thread at any time.

    Attributes
    ----------
    weights
        [7] of the terms.
    earlier
        [l, 7] of objective levels that may not get worse.
    until, nodes
        Limits: by `time.monotonic` (None: none) and of nodes of the search tree.
    """

    program: Program
    weights: Floats
    earlier: Floats
    until: float | None
    nodes: int
    stopped: bool = False

    def stop(self) -> None:
        """End the process soon."""
        self.stopped = True

    def solve(self) -> Found:
        """Look for the best solution.

        Raises
        ------
        ChildProcessError
            The process ended without an answer, and nobody had asked it to.
        """
        begun = time.monotonic()
        answer = None if self.stopped else self._answer(pack(**self._given()))
        if answer is None:
            return Found(None, False, False, 0.0, np.inf)
        program, found = self.program, unpack(answer)
        cost = self.weights @ program.cost
        known, doubt = float(cost @ program.known), DOUBT * max(1.0, float(np.abs(cost) @ np.abs(program.known)))
        value = np.rint(found["value"]).astype(np.int64) if len(found["value"]) else None
        ended = bool(found["ended"])
        if ended and (value is None or float(cost @ found["value"]) > known + doubt):
            return Found(None, False, False, 0.0, np.inf)  # the known solution is one: HiGHS's tolerances hid it
        less = known - min(float(found["bound"]), known) + doubt
        return Found(value, ended, self._trusted(), time.monotonic() - begun, less)

    def _given(self) -> dict[str, Any]:
        """What the process is given: the program, with a row for each earlier level."""
        program = self.program
        rows = len(program.row_lower)
        held = self.earlier @ program.cost
        level, column = np.nonzero(held)
        return {
            "cost": self.weights @ program.cost, "lower": program.lower, "upper": program.upper,
            "whole": program.whole, "row": np.concatenate([program.row, rows + level]),
            "column": np.concatenate([program.column, column]),
            "factor": np.concatenate([program.factor, held[level, column]]),
            "row_lower": np.concatenate([program.row_lower, np.full(len(held), -np.inf)]),
            "row_upper": np.concatenate([program.row_upper, held @ program.known + 1e-9]),
            "until": np.inf if self.until is None else self.until, "nodes": self.nodes,
        }  # fmt: skip

    def _trusted(self) -> bool:
        """Whether all figures are whole numbers that HiGHS's tolerances are nothing against."""
        program = self.program
        figures = (program.factor, program.row_lower, program.row_upper, program.lower, program.upper)
        finite = [part[np.isfinite(part)] for part in figures]
        return not len(self.earlier) and all(
            np.array_equal(part, np.rint(part)) and np.abs(part).max(initial=0) <= TRUSTED for part in finite
        )

    def _answer(self, given: bytes) -> bytes | None:
        """What the process wrote; None where it was stopped."""
        environ = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        out, into = os.pipe()
        with open(out, "rb", buffering=0):
            try:
                child = subprocess.Popen(
                    [sys.executable, "-m", "qamctl.cluster.solvers.programs.child", str(into)], stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ, pass_fds=(into,),
                    start_new_session=True,  # Ctrl-C is for this process, which then ends that one
                )  # fmt: skip
            finally:
                os.close(into)
            with child:
                try:
                    return self._spoken(child, given, out)
                finally:
                    with contextlib.suppress(ProcessLookupError):
                        child.kill()

    def _spoken(self, child: subprocess.Popen[bytes], given: bytes, out: int) -> bytes | None:
        assert child.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(given)
            child.stdin.flush()
        content = b""
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ)
            while not self.stopped:
                if not selector.select(POLL):
                    continue
                piece = os.read(out, 2**16)
                if not piece:
                    break
                content += piece
        if self.stopped:
            return None
        code = child.wait()
        if code or len(content) < HEADER.size:
            how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
            raise ChildProcessError(f"the process of HiGHS ended {how}: its part of the search was left out")
        return content[HEADER.size :]
