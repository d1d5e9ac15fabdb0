"""The C++ kernels under AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CAMPAIGN = """
import importlib.util, sys
sys.path[:0] = [{root!r}, {tests!r}]
spec = importlib.util.spec_from_file_location("_schedule", {module!r})
native = importlib.util.module_from_spec(spec)
spec.loader.exec_module(native)
from support.kernel_problems import flat, project, random_instance
from qamctl.kernels.schedule.reference import ScheduleSearch
for seed in range(60):
    problem = flat(random_instance(seed)).problem
    search, reference = native.ScheduleSearch(problem, seed), ScheduleSearch(problem, seed)
    search.run(200, 1e9)
    reference.run(200, 1e9)
    assert search.best_start.tolist() == reference.best_start.tolist()
search = native.ScheduleSearch(flat(project(60, 1)).problem, 1)
search.run(5000, 1e9)
search.run(5000, 0.0)
print("clean")
"""


@pytest.mark.slow
def test_a_campaign_over_random_specs_is_clean(tmp_path: Path) -> None:
    """No invalid access and no undefined behaviour in a sanitized build, over every feature of the spec."""
    compiler = shutil.which("g++")
    cmake = shutil.which("cmake", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if compiler is None or cmake is None or importlib.util.find_spec("nanobind") is None:
        pytest.skip("a sanitized build needs g++, cmake and nanobind")
    configure = [cmake, "-S", str(ROOT / "qamctl" / "kernels"), "-B", str(tmp_path), "-DQAMCTL_SANITIZE=ON"]
    configure += [f"-DCMAKE_CXX_COMPILER={compiler}", f"-DPython_EXECUTABLE={sys.executable}"]
    tried = subprocess.run(configure, capture_output=True, text=True, check=False)
    if tried.returncode and "Python" in tried.stderr:
        pytest.skip("a sanitized build needs Python.h")
    assert tried.returncode == 0, tried.stderr
    subprocess.run([cmake, "--build", str(tmp_path)], capture_output=True, text=True, check=True)
    module = next(tmp_path.glob("_schedule*.so"))

    libraries = [
        subprocess.run(
            [compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for name in ("libasan.so", "libubsan.so", "libstdc++.so")
    ]
    # Leaks are those of the interpreter; its own allocator would hide overruns.
    env = os.environ | {
        "LD_PRELOAD": " ".join(libraries), "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc",
        "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip
    code = CAMPAIGN.format(root=str(ROOT), tests=str(ROOT / "tests"), module=str(module))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "clean"
    assert "runtime error" not in done.stderr
