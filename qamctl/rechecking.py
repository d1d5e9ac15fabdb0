"""A result held against its problem, of whatever kind: the one way to the independent checkers.

`qamctl check` takes it for result files, and `--reuse` for answers that were kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qamctl.checks.found import Checked
    from qamctl.formats.circuits import CircuitFile
    from qamctl.formats.models import ModelFile


def recheck(kind: str, result: Mapping[str, Any], problem: Any, folder: Path | None) -> Checked:
    """What does not hold in a result, recomputed from its problem, and what was not computed a second time.

    Parameters
    ----------
    kind
        Of the problem: schedule, cluster, reason, model or circuit.
    result
        The data of a result file.
    problem
        As it was read for the run: with the preferences, the current state, the priors that it was given.
    folder
        Where the tables lie that the result names; None where there are none.
    """
    from qamctl.checks.found import Checked

    if kind == "schedule":
        from qamctl.schedule.check import check_result as check_schedule

        return Checked(check_schedule(result, problem, folder))
    if kind == "cluster":
        from qamctl.cluster.check import check_result as check_assignment

        return Checked(check_assignment(result, problem, folder))
    if kind == "reason":
        from qamctl.reason.check import compare_result

        return compare_result(result, problem, folder)
    return _of_model(result, problem, folder) if kind == "model" else _of_circuit(result, problem)


def _of_model(result: Mapping[str, Any], file: ModelFile, folder: Path | None) -> Checked:
    from qamctl.checks.found import Checked
    from qamctl.qubo.check_result import Asked, check_result

    asked = Asked(file.model, file.sense, file.source.sha256, file.source.label, file.row_names, file.group_names)
    found = check_result(result, asked, folder)
    if file.qubits is not None:
        from qamctl.quantum.check_energy import check_energy

        found += check_energy(result, file.strings, file.qubits)
    return Checked(found)


def _of_circuit(result: Mapping[str, Any], file: CircuitFile) -> Checked:
    from qamctl.checks.found import Checked
    from qamctl.quantum.check_circuit import Asked, check_result
    from qamctl.quantum.simulate.lowering import final_columns

    columns = {bit: bit for bit in range(file.bits)} if file.circuit is None else final_columns(file.circuit)
    asked = Asked(
        file.circuit, file.bits, file.observable, columns, file.source.sha256, file.source.label, file.groups
    )  # fmt: skip
    return Checked(check_result(result, asked))
