"""`qamctl decode`: from samples of any solver back to checked answers of the problem that was compiled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qamctl.compiling import Target, compiled_target
from qamctl.decoding_contest import decode_answer
from qamctl.errors import Diagnostic, InfeasibleError, Location, SpecError
from qamctl.formats.samples import SampleFile, read_samples
from qamctl.quantum.quadratize import with_products
from qamctl.qubo.compile import Compiled
from qamctl.qubo.feasible import feasible

if TYPE_CHECKING:
    from qamctl.formats.models import ModelFile

#: Labels that a message names.
TOLD: Final = 3


@dataclass(frozen=True)
class Samples:
    """Distinct samples of a model.

    Attributes
    ----------
    values
        [s, n] of the model's variables, broken walls mended.
    occurrences
        [s] how often each was drawn.
    energies
        [s] of the penalty QUBO, where the samples hold all its bits; else of the model's objective.
    feasible
        [s] whether all constraints are kept.
    number
        [s] the place in the file, from 1, where it stands first.
    """

    values: np.ndarray
    occurrences: np.ndarray
    energies: np.ndarray
    feasible: np.ndarray
    number: np.ndarray

    @property
    def drawn(self) -> int:
        """Samples, each as often as it was drawn."""
        return int(self.occurrences.sum())

    @property
    def fraction(self) -> float:
        """The share of feasible ones among those drawn."""
        return float(self.occurrences[self.feasible].sum()) / max(1, self.drawn)


def decode(
    target: Target,
    path: str,
    *,
    one_hot: str = "one-hot",
    inequality: str = "slack",
    first_left: bool = False,
) -> dict[str, Any]:
    """The best answer that the samples in a file hold, as a result file says it.

    Parameters
    ----------
    path
        The samples; `-` is standard input.
    one_hot, inequality
        The encoding that the samples were drawn from, as it was compiled.
    first_left
        As for `formats.samples.read_samples`.

    Raises
    ------
    SpecError
        The samples can't be read, or are of another model.
    InfeasibleError
        None of them is, or can be repaired to, a feasible answer.
    """
    compiled, _ = compiled_target(target, one_hot=one_hot, inequality=inequality)
    known = set(compiled.labels) | set(target.model.labels)
    found = read_samples(path, known, first_left=first_left)
    if target.kind == "model" and target.problem.spec.pairs:
        found = _with_products(target.problem.spec, found)
    samples = _of_model(target, compiled, found, "<stdin>" if path == "-" else path)
    if target.whole is not None:
        return decode_answer(target, target.whole, compiled.n, samples, _provenance(target))
    return _model(target, compiled, samples)


def _with_products(file: ModelFile, found: SampleFile) -> SampleFile:
    """Samples of a Hamiltonian's qubits alone, as circuits give them, with the products that the model has, too."""
    qubits = file.model.labels[: file.qubits]
    if found.values.shape[1] != len(qubits) or not (found.labels is None or set(found.labels) == set(qubits)):
        return found
    columns = range(len(qubits)) if found.labels is None else [found.labels.index(name) for name in qubits]
    values = with_products(found.values[:, list(columns)], file.pairs)
    return replace(found, values=values, labels=tuple(file.model.labels))


def _of_model(target: Target, compiled: Compiled, found: SampleFile, label: str) -> Samples:
    """The samples as values of the model's variables, equal ones joined."""
    if len(found.values) == 0:
        raise SpecError(f"{label} holds no sample: there is nothing to decode")
    model = target.model
    bits, space = _columns(compiled, model.labels, found, label)
    if space == "model":
        values, energies = bits, _objective(target, bits)
    else:
        values = compiled.restore(bits)
        energies = compiled.energy(bits) if space == "all" else _objective(target, values)
    packed = np.ascontiguousarray(np.packbits(values, axis=1)) if model.n else np.zeros((len(values), 1), np.uint8)
    _, first, place = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    least = np.full(len(first), np.inf)
    np.minimum.at(least, place.ravel(), energies)
    met = np.bincount(place.ravel(), weights=found.occurrences, minlength=len(first)).astype(np.int64)
    order = np.lexsort((first, least))
    values = values[first[order]]
    return Samples(values, met[order], least[order], feasible(model, values), first[order] + 1)


def _objective(target: Target, values: np.ndarray) -> np.ndarray:
    model, out = target.model, np.empty(len(values))
    for s, sample in enumerate(values != 0):
        both = sample[model.row] & sample[model.col]
        out[s] = model.offset + float(model.linear[sample].sum()) + float(model.weight[both].sum())
    return out


def _columns(compiled: Compiled, model_labels: Sequence[str], found: SampleFile, label: str) -> tuple[np.ndarray, str]:
    """The columns in the order of the variables, and which variables: all bits, those but slack, or the model's."""
    width = found.values.shape[1]
    sizes = {"all": compiled.n, "own": compiled.n_model, "model": len(model_labels)}
    by_size = next((space for space, size in sizes.items() if size == width), None)
    if found.labels is None:
        if by_size is None:
            raise _other(label, f"has {width} variables", compiled)
        return found.values, by_size
    place = {name: k for k, name in enumerate(found.labels)}
    labels = list(compiled.labels)
    spaces = {"all": labels, "own": labels[: compiled.n_model], "model": list(model_labels)}
    for space, names in spaces.items():
        some_slack = space == "own" and place.keys() <= set(labels)
        if place.keys() >= set(names) and (len(names) == width or some_slack):
            return found.values[:, [place[name] for name in names]], space
    if by_size is not None and place.keys() == {str(k) for k in range(width)}:
        return found.values[:, [place[str(k)] for k in range(width)]], by_size
    columns = _lp_names(place, model_labels)
    if columns is not None:
        return found.values[:, columns], "model"
    missing = [name for name in spaces["own"] if name not in place]
    strange = [name for name in place if name not in set(labels)]
    parts = [f"lacks {_some(missing)}"] if missing else []
    parts += [f"has {_some(strange)}, which the model lacks"] if strange else []
    raise _other(label, f"has {width} variables: it " + ", and it ".join(parts), compiled)


def _lp_names(place: dict[str, int], labels: Sequence[str]) -> list[int] | None:
    """Columns by the names that an LP file has: a label, or its stand-in x<number> where LP allows no such name."""
    numbers = {}
    for name, k in place.items():
        match = re.fullmatch(r"x_*([0-9]{1,9})", name)
        if match is not None:
            numbers[int(match[1])] = k
    columns = [place.get(name, numbers.get(i, -1)) for i, name in enumerate(labels)]
    return columns if -1 not in columns and len(set(columns)) == len(place) else None


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
    return ", ".join(repr(name) for name in names[:TOLD]) + more


def _other(label: str, text: str, compiled: Compiled) -> SpecError:
    sizes = f"{compiled.n} variables"
    if compiled.n_model != compiled.n:
        sizes += f", {compiled.n_model} without slack bits"
    hint = f"the problem compiles to {sizes}: decode with the encoding, slot and level that it was compiled with"
    return SpecError(f"{label} has samples of another model", [Diagnostic(f"it {text}", Location(label), hint)])


def _provenance(target: Target) -> dict[str, Any]:
    source = target.problem.source
    return {
        "spec_sha256": source.sha256, "tables": {name: sha256 for name, (_, sha256) in source.tables.items()},
        "seed": target.problem.seed, "options": target.problem.resolved.values(),
    }  # fmt: skip


def _model(target: Target, compiled: Compiled, samples: Samples) -> dict[str, Any]:
    """The result of a model: its best feasible sample, judged by the checker."""
    from qamctl.kernels.couplings import couplings
    from qamctl.model_judge import Answer, Attempt
    from qamctl.model_result import build_result
    from qamctl.model_samples import make_table
    from qamctl.model_task import Outcome
    from qamctl.qubo.verdict import judge

    file, model = target.problem.spec, target.model
    objective = couplings(model.linear, model.row, model.col, model.weight, model.offset)
    table = make_table(model, objective, samples.values, samples.occurrences)
    best = table.samples[0]
    verdict = judge(model, best)
    if verdict.broken:
        kinds = ", ".join(sorted({broken.kind for broken in verdict.broken}))
        nearest = f"the nearest breaks {len(verdict.broken)} ({kinds})"
        raise InfeasibleError(f"none of {samples.drawn} samples keeps every constraint: {nearest}")
    outcome = Outcome(
        "samples", "feasible", table=table, variables=compiled.n, shots=samples.drawn,
        feasible_fraction=samples.fraction,
    )  # fmt: skip
    attempt = Attempt("samples", outcome, best, verdict.energy)
    answer = Answer("feasible", best, verdict.energy, None, "samples", (attempt,), table)
    return build_result(
        answer, run="decode", sense=file.sense, format=file.format, objective=file.objective, labels=model.labels,
        samples=None, reasons=[], compiled=None, provenance=_provenance(target),
    )  # fmt: skip
