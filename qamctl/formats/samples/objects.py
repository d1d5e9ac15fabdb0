"""Samples as JSON: dimod's sample sets, result files, counts of bit strings, and lists of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qamctl.formats.samples.found import SampleFile, Unreadable, from_bitstrings, sample_file

#: What to do where nothing is recognised.
HINT = "known are dimod's SampleSet, a result of `qamctl solve`, counts of bit strings, and lists of samples"


def from_json(data: Any, width: int, *, first_left: bool) -> SampleFile:
    """Samples of JSON data.

    Parameters
    ----------
    width
        Variables of the model, for counts of hexadecimal numbers.

    Raises
    ------
    Unreadable
        The data is none of what is read, or a value is no 0 or 1.
    """
    if isinstance(data, Mapping):
        if data.get("type") == "SampleSet":
            return _sample_set(data)
        if isinstance(data.get("solution"), Mapping):
            return _result(data["solution"])
        if isinstance(data.get("counts"), Mapping):
            return _counts(data["counts"], width, first_left=first_left)
        if data and all(_is_bits(key) for key in data):
            return _counts(data, width, first_left=first_left)
        if data and all(isinstance(value, (int, float)) and value in (-1, 0, 1) for value in data.values()):
            return _rows([data])
    if isinstance(data, Sequence) and not isinstance(data, str) and data:
        return _rows(data)
    raise Unreadable("it holds no samples", hint=HINT)


def _sample_set(data: Mapping[str, Any]) -> SampleFile:
    import dimod

    reader: Any = dimod.SampleSet
    try:
        found = reader.from_serializable(data)
        values, met = np.asarray(found.record.sample), np.asarray(found.record.num_occurrences)
    except Exception as error:  # the data is foreign, and dimod looks at it without care
        raise Unreadable(f"dimod can't read it: {type(error).__name__}: {error}"[:200]) from error
    labels = [str(label) for label in found.variables]
    if values.ndim != 2 or values.shape[1] != len(labels):
        raise Unreadable("its labels and its samples are of different lengths")
    if found.vartype is dimod.SPIN:  # a set of all ones would read as binary
        values = (values + 1) // 2
    return sample_file(values, labels, "a dimod sample set", met)


def _result(solution: Mapping[str, Any]) -> SampleFile:
    variables, sample = solution.get("variables"), solution.get("sample")
    if not isinstance(variables, list) or not isinstance(sample, list) or len(variables) != len(sample):
        hint = "the samples of a schedule's result are its assignments: check it with `qamctl check`"
        raise Unreadable("the result has no sample with its variables", hint=hint)
    return sample_file(_matrix([sample]), [str(name) for name in variables], "a result file")


def _counts(counts: Mapping[str, Any], width: int, *, first_left: bool) -> SampleFile:
    pairs = []
    for key, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, (int, float)) or not 0 <= count < 2**53 or count % 1:
            raise Unreadable(f"the count of {key!r} is no whole number: {count!r}")
        if not _is_bits(key):
            raise Unreadable(f"{key!r} is no bit string")
        bits = format(int(key, 16), f"0{width}b") if key[:2] == "0x" else key.replace(" ", "")
        pairs.append((bits, int(count)))
    return from_bitstrings(pairs, "counts of bit strings", first_left=first_left)


def _is_bits(key: str) -> bool:
    """Bits, with blanks between registers, or a hexadecimal number as qiskit's raw counts have it."""
    if key[:2] == "0x":
        return 2 < len(key) < 10_000 and set(key[2:].lower()) <= set("0123456789abcdef")
    return bool(key.strip()) and set(key) <= set("01 ")


def _rows(rows: Sequence[Any]) -> SampleFile:
    """A list of samples, each a list of values or a mapping by label."""
    if all(isinstance(row, Mapping) for row in rows):
        labels = list(rows[0])
        if any(set(row) != set(labels) for row in rows):
            raise Unreadable("the samples do not have the same variables")
        return sample_file(_matrix([[row[name] for name in labels] for row in rows]), labels, "a list of samples")
    if not any(isinstance(row, (list, Mapping)) for row in rows):
        rows = [rows]  # one sample
    if not all(isinstance(row, list) for row in rows):
        raise Unreadable("it holds no samples", hint=HINT)
    return sample_file(_matrix(rows), None, "a list of samples")


def _matrix(rows: Sequence[Sequence[Any]]) -> np.ndarray:
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise Unreadable(f"the samples have different lengths, from {min(widths)} to {max(widths)}")
    if any(not isinstance(value, (int, float)) for row in rows for value in row):
        raise Unreadable("a value is no number", hint="values are 0 and 1, or -1 and 1")
    return np.array(rows, dtype=np.float64)
