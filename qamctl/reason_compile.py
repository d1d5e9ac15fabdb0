"""A reason spec as a circuit: for `qamctl compile --to qasm` and `--to qir`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from qamctl import reason_run
from qamctl.compiling import Artefact
from qamctl.errors import Diagnostic, InfeasibleError, Location
from qamctl.quantum.emit import emit
from qamctl.quantum.targets import TARGETS
from qamctl.reason.plan import plan_circuit
from qamctl.story import Problem

if TYPE_CHECKING:
    from qamctl.quantum.emit import Form


def write_decision(
    path: str, flags: Mapping[str, object], form: Form, *, profile: str | None, config_file: Path | None
) -> tuple[Problem, Artefact]:
    """The circuit of a decision in a form, and the problem that it was made of.

    Bits 0, 1, ... are the path; a shot counts where all bits of the evidence, which follow, are 1.

    Raises
    ------
    SpecError, UsageError
        The file or an option is at fault.
    InfeasibleError
        The evidence is impossible.
    UnsupportedError
        There are too many paths, or the form lacks something.
    """
    problem = reason_run.read(path, flags, profile=profile, config_file=config_file)
    built = reason_run.build(problem)
    if built.exact is None or built.pruned is None:
        places = [Diagnostic(row["text"], Location(str(row["file"]), row["line"])) for row in built.reasons]
        raise InfeasibleError(f"{problem.source.label} has no answer: there is nothing to compile", places)
    spec, options = built.pruned.spec, problem.options
    plan = plan_circuit(
        spec, built.exact, method="sample" if spec.method == "exact" else spec.method,
        shots=options.shots or reason_run.SHOTS, mid_circuit=_on_the_way(form), max_qubits=options.max_qubits,
    )  # fmt: skip
    content, told = emit(plan.circuit, form)
    paths = [spec.paths.ids[path] for path in plan.paths.tolist()]
    report = {
        "name": problem.name, "kind": "reason", "to": form.to, "paths": paths, "path_bits": plan.made.path_bits,
        "evidence_bits": plan.made.evidence_bits, "acceptance": plan.amplified, **plan.figures, "circuit": told,
    }  # fmt: skip
    return problem, Artefact(content, report)


def _on_the_way(form: Form) -> bool:
    """Whether whoever takes the form measures on the way."""
    if form.target is not None:
        return TARGETS[form.target].mid_circuit and form.profile != "base"
    return form.profile is not None and form.profile != "base"
