"""A command imports only what it needs: what starts fast must stay so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

#: Packages that cost tenths of a second; a command that solves nothing needs none of them.
HEAVY = {"scipy", "dimod", "neal", "dwave", "ortools", "azure", "pandas", "pyarrow"}
HEAVY |= {"qiskit", "qiskit_aer", "qdk", "pyqir", "openqasm3", "stim", "pymatching"}
#: What typer would load to turn text into text, and to draw help.
LOADED_BY_TYPER = {"pydantic", "pydantic_core", "rich", "click"}

SPEC = """\
kind: schedule
version: 1
agents: [{id: a1}, {id: a2}]
tasks: [{id: t1, duration: 3}, {id: t2, duration: 4, after: [t1]}]
"""

CLUSTER = """\
kind: cluster
version: 1
resources: [{id: cpu}]
agents: [{id: a1, demand: {cpu: 2}, cluster: c0, group: g}, {id: a2, group: g}]
clusters: {count: 2, capacity: {cpu: 4}}
links: [{a: a1, b: a2, kind: apart}]
groups: [{id: g, apart: true}]
balance: 100
"""

QIR = """\
%Qubit = type opaque
%Result = type opaque
define void @ENTRYPOINT__main() #0 {
entry:
  call void @__quantum__qis__h__body(%Qubit* inttoptr (i64 0 to %Qubit*))
  call void @__quantum__qis__mz__body(%Qubit* inttoptr (i64 0 to %Qubit*), %Result* inttoptr (i64 0 to %Result*))
  call void @__quantum__rt__result_record_output(%Result* inttoptr (i64 0 to %Result*), i8* null)
  ret void
}
declare void @__quantum__qis__h__body(%Qubit*)
declare void @__quantum__qis__mz__body(%Qubit*, %Result*)
declare void @__quantum__rt__result_record_output(%Result*, i8*)
attributes #0 = { "entry_point" "output_labeling_schema" "qir_profiles"="base_profile" "required_num_qubits"="1" \
"required_num_results"="1" }
"""

SCRIPT = """\
import json, sys
from qamctl.cli.main import main
code = main(sys.argv[1:])
names = sorted({name.split(".")[0] for name in sys.modules})
sys.stderr.write("\\n" + json.dumps([code, names]) + "\\n")
"""


def loaded(folder: Path, *argv: str) -> set[str]:
    """The packages that a command line has imported when it ends."""
    (folder / "plan.yaml").write_text(SPEC)
    (folder / "fleet.yaml").write_text(CLUSTER)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("QAMCTL_", "COV_"))}
    environ |= {"XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config")}
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, *argv], cwd=folder, env=environ, capture_output=True, text=True, check=True
    )
    code, names = json.loads(ran.stderr.splitlines()[-1])
    assert code == 0, ran.stderr
    return set(names)


def test_version_imports_next_to_nothing(tmp_path: Path) -> None:
    """`--version` needs neither typer nor numpy nor yaml."""
    assert loaded(tmp_path, "--version") & (HEAVY | LOADED_BY_TYPER | {"typer", "numpy", "yaml"}) == set()


@pytest.mark.parametrize(
    "argv",
    [
        ["--help"],
        ["schedule", "--help"],
        ["validate", "plan.yaml"],
        ["validate", "plan.yaml", "-o", "json"],
        ["validate", "fleet.yaml"],
        ["schedule", "plan.yaml", "--backend", "list-search", "--time-limit", "0.2"],
        ["init", "schedule"],
        ["schema", "schedule"],
        ["schema", "cluster"],
        ["runs", "list"],
        ["config", "show"],
        ["jobs", "list"],
        ["jobs", "--help"],
        ["credits"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_commands_import_no_heavy_package(tmp_path: Path, argv: list[str]) -> None:
    """Commands that need no model and no other engine than list search load none of the heavy packages."""
    assert loaded(tmp_path, *argv) & (HEAVY | LOADED_BY_TYPER) == set()


@pytest.mark.parametrize("argv", [["backends"], ["submit", "bell.ll", "--target", "ionq.simulator", "--dry-run"]],
                         ids=" ".join)  # fmt: skip
def test_what_asks_no_service_loads_nothing_of_azure(tmp_path: Path, argv: list[str]) -> None:
    """Targets, prices, and what a QIR file would cost are told without the service's packages; QIR is read apart."""
    (tmp_path / "bell.ll").write_text(QIR)
    assert loaded(tmp_path, *argv) & (HEAVY | LOADED_BY_TYPER) == set()


@pytest.mark.parametrize("argv", [["--help"], ["init", "schedule"], ["config", "show"], ["runs", "list"]], ids=" ".join)
def test_commands_without_a_spec_need_no_numbers(tmp_path: Path, argv: list[str]) -> None:
    """What reads no problem file loads neither numpy nor yaml."""
    assert loaded(tmp_path, *argv) & {"numpy", "yaml"} == set()


def test_importing_the_package_is_free() -> None:
    """`import qamctl` loads nothing but itself."""
    root = str(Path(__file__).resolve().parents[1])
    script = (
        f"import sys; sys.path.insert(0, {root!r}); before = set(sys.modules); import qamctl; "
        "print(*sorted(set(sys.modules) - before))"
    )
    # Without `site`, whose hooks for installed packages import modules of their own.
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=True)
    assert {name.split(".")[0] for name in ran.stdout.split()} <= {"qamctl", "__future__"}
