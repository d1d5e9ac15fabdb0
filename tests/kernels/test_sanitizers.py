"""The C++ kernels under AddressSanitizer and UndefinedBehaviorSanitizer: tests/support/campaigns, a file a family."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = sorted(path.stem for path in (ROOT / "tests" / "support" / "campaigns").glob("*.py"))

CODE = """
import importlib.util, sys
sys.path[:0] = [{root!r}, {tests!r}]
spec = importlib.util.spec_from_file_location("_{family}", {module!r})
native = importlib.util.module_from_spec(spec)
spec.loader.exec_module(native)
from support.campaigns.{family} import campaign
campaign(native)
print("clean")
"""


@pytest.fixture(scope="module")
def compiler() -> str:
    """The path of g++."""
    found = shutil.which("g++")
    if found is None or importlib.util.find_spec("nanobind") is None:
        pytest.skip("a sanitized build needs g++ and nanobind")
    return found


@pytest.fixture(scope="module")
def cmake() -> str:
    """The path of cmake, that of the environment first."""
    found = shutil.which("cmake", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip("a sanitized build needs cmake")
    return found


@pytest.fixture(scope="module")
def build(compiler: str, cmake: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder that is configured for sanitized kernels."""
    folder = tmp_path_factory.mktemp("sanitized")
    configure = [cmake, "-S", str(ROOT / "qamctl" / "kernels"), "-B", str(folder), "-DQAMCTL_SANITIZE=ON"]
    configure += [f"-DCMAKE_CXX_COMPILER={compiler}", f"-DPython_EXECUTABLE={sys.executable}"]
    tried = subprocess.run(configure, capture_output=True, text=True, check=False)
    if tried.returncode and "Python" in tried.stderr:
        pytest.skip("a sanitized build needs Python.h")
    assert tried.returncode == 0, tried.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_a_campaign_is_clean(family: str, compiler: str, cmake: str, build: Path) -> None:
    """No invalid access and no undefined behaviour in a sanitized build, over everything the kernels can do."""
    made = subprocess.run(
        [cmake, "--build", str(build), "--target", f"_{family}"], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
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
    module = next(build.glob(f"_{family}*.so"))
    code = CODE.format(root=str(ROOT), tests=str(ROOT / "tests"), module=str(module), family=family)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "clean"
    assert "runtime error" not in done.stderr
