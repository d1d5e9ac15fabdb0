"""What commands say on standard error, but for kernels that were not built: the tests pass without them."""

from __future__ import annotations

from qamctl.story import RunReport

_KERNELS = "the C++ kernels are not installed"


def warnings_of(report: RunReport) -> list[str]:
    """The warnings of a run."""
    return [text for text in report.warnings if _KERNELS not in text]


def said(err: str) -> str:
    """The lines on standard error."""
    return "".join(line for line in err.splitlines(keepends=True) if _KERNELS not in line)
