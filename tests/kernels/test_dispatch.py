"""Which kernels are used, and that the package works without the C++ ones."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.kernel_problems import flat, needs_native, project, state

from qamctl import kernels
from qamctl.kernels.schedule.reference import ScheduleSearch as ReferenceSearch


def test_the_environment_chooses_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """QAMCTL_KERNELS=reference turns the C++ kernels off."""
    monkeypatch.setenv("QAMCTL_KERNELS", "reference")
    assert not kernels.native()
    assert kernels.describe() == "numpy reference"
    assert isinstance(kernels.schedule_search(flat(project(5, 1)).problem, -1), ReferenceSearch)


def test_a_missing_extension_means_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """An install without a compiler has no extension module; the reference takes its place."""
    monkeypatch.delenv("QAMCTL_KERNELS", raising=False)
    monkeypatch.delattr(kernels, "_schedule", raising=False)
    monkeypatch.setitem(sys.modules, "qamctl.kernels._schedule", None)
    assert not kernels.native()


@needs_native
def test_the_built_extension_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extension was built it is used, and it agrees with the reference."""
    monkeypatch.delenv("QAMCTL_KERNELS", raising=False)
    assert kernels.native()
    assert kernels.describe().startswith("C++")
    problem = flat(project(20, 1)).problem
    native, reference = kernels.schedule_search(problem, -1), ReferenceSearch(problem, 2**64 - 1)
    native.run(150, 1e9)
    reference.run(150, 1e9)
    assert state(native) == state(reference)


def test_the_choice_of_kernels_imports_nothing() -> None:
    """Importing the package of kernels loads neither numpy nor the extension."""
    code = "import sys, qamctl.kernels; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", code], env=os.environ, check=False).returncode == 0
