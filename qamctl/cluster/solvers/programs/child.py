"""A process of its own in which HiGHS solves one program: it can be ended at any time, and disturbs nobody's libraries.

    python -m qamctl.cluster.solvers.programs.child DESCRIPTOR

The program comes by standard input, which stays open as long as the answer is wanted: the process ends when it is
closed. The answer goes to a pipe of its own, so that nothing that a library prints gets into it.
"""

from __future__ import annotations

import io
import os
import struct
import sys
import threading
import time
from typing import Any

import numpy as np

#: Length of what follows.
HEADER = struct.Struct("<Q")


def pack(**arrays: Any) -> bytes:
    """Arrays as bytes, their length first."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    content = file.getvalue()
    return HEADER.pack(len(content)) + content


def unpack(content: bytes) -> dict[str, Any]:
    """The arrays of `pack`, without the length."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def main() -> None:
    """Read a program, solve it, write what came of it."""
    (length,) = HEADER.unpack(sys.stdin.buffer.read(HEADER.size))
    given = unpack(sys.stdin.buffer.read(length))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with open(int(sys.argv[1]), "wb") as answer:
        answer.write(pack(**solved(given)))
    os._exit(0)  # the other thread holds what the interpreter would tidy up


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def solved(given: dict[str, Any]) -> dict[str, Any]:
    """What HiGHS makes of a program: its best solution (empty where it has none), its bound, whether it came to an end.

    Parameters
    ----------
    given
        cost, lower, upper, whole [v]; row, column, factor; row_lower, row_upper; until (inf: no limit) by
        `time.monotonic`, and nodes.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    shape = (len(given["row_lower"]), len(given["cost"]))
    matrix = csr_array((given["factor"], (given["row"], given["column"])), shape=shape)
    options: dict[str, Any] = {"mip_rel_gap": 0.0, "node_limit": int(given["nodes"])}
    if np.isfinite(given["until"]):  # the clock of all processes
        options["time_limit"] = max(0.05, float(given["until"]) - time.monotonic())
    found = milp(
        given["cost"], integrality=given["whole"].astype(int), bounds=Bounds(given["lower"], given["upper"]),
        constraints=LinearConstraint(matrix, given["row_lower"], given["row_upper"]), options=options,
    )  # fmt: skip
    none = found.status == 2  # infeasible
    bound = found.mip_dual_bound
    return {
        "value": np.zeros(0) if found.x is None else found.x,
        "bound": np.inf if none else -np.inf if bound is None else float(bound),
        "ended": found.status in (0, 2), "nodes": int(found.mip_node_count or 0),
    }  # fmt: skip


if __name__ == "__main__":
    main()
