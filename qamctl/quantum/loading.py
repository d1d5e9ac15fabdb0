"""Where qiskit and qdk are loaded: in a thread that lives as long as they are used.

Both bring an allocator of their own (mimalloc), whose main heap is that of the thread that loads it. Once that thread
has ended, the first use in a new thread can crash the process (seen with qiskit 2.6.2: a segmentation fault in
mi_thread_init). So whoever works with circuits in threads loads both before, in the thread that waits for them.
"""

from __future__ import annotations

import os


def load(*, qir: bool = False) -> None:
    """Import qiskit, and where QIR is compiled or run qdk, in the calling thread; once is enough for a process."""
    import qiskit.circuit  # noqa: F401

    if qir:
        os.environ.setdefault("QDK_PYTHON_TELEMETRY", "none")
        import qdk.qiskit  # noqa: F401
