"""Started in place of a command, which it becomes: so that the command ends with whoever started it.

Linux sends a signal to a process whose parent dies, even of SIGKILL, if the process asked for it; elsewhere the command
simply starts. This file is run by its path, and imports nothing of ours.
"""

import os
import signal
import sys

#: Of prctl(2).
_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Become the command."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before it could be asked for
            sys.exit(128 + signal.SIGTERM)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
