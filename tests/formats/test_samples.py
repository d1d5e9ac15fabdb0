"""Samples of binary models in every form that solvers write them in, and what is wrong with the others."""

from __future__ import annotations

import io
import json
import os
import random
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import dimod
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qamctl.errors import SpecError
from qamctl.formats.samples import SampleFile, archive, read_samples

CASES = int(os.environ.get("QAMCTL_FUZZ_CASES", "300"))


def read(folder: Path, content: str | bytes, variables: list[str] | None = None, **options: Any) -> SampleFile:
    """The samples of a file with this content."""
    path = folder / "samples"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_samples(str(path), variables or [], **options)


def npz(**arrays: Any) -> bytes:
    """The bytes of an archive of arrays."""
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        ("0,1,1\n1,0,0\n", None),
        ("0 1 1\n1 0 0", None),
        ("# two\n-1\t+1\t1\n\n1\t-1\t-1\r\n", None),
        ("a,b,c\n0,1,1\n1,0,0\n", ("a", "b", "c")),
        ("a;b;c;energy\n0;1.0;1;-3.5\n1;0;0;2\n", ("a", "b", "c")),
        (",a,b,c,chain_break_fraction,num_occurrences\n0,0,1,1,0.0,1\n1,1,0,0,0.1,1\n", ("a", "b", "c")),
        ('"x, y",b,c\n0,1,1\n1,0,0\n', ("x, y", "b", "c")),
        ("0,1,2\n0,1,1\n1,0,0\n", ("0", "1", "2")),
        ("110\n001\n", None),
        ("110 1\n001 1\n", None),
        ('{"110": 1, "001": 1}', None),
        ('{"counts": {"0x6": 1, "0x1": 1}}', None),
        ('{"1 10": 1, "00 1": 1.0}', None),
        ("[[0, 1, 1], [1, 0, 0]]", None),
        ('[{"a": 0, "b": 1, "c": 1}, {"a": 1, "c": 0, "b": 0}]', ("a", "b", "c")),
        (npz(samples=np.array([[0, 1, 1], [1, 0, 0]]), variables=np.array(["a", "b", "c"])), ("a", "b", "c")),
        (npz(samples=np.array([[-1.0, 1, 1], [1, -1, -1]])), None),
    ],
)
def test_every_form_reads_as_the_same_samples(tmp_path: Path, content: str | bytes, labels: tuple[str] | None) -> None:
    """Tables, bit strings, counts, lists and arrays; spins become bits, remarks on samples are left out."""
    found = read(tmp_path, content, ["a", "b", "c"])
    assert found.values.tolist() == [[0, 1, 1], [1, 0, 0]]
    assert found.labels == labels
    assert found.occurrences.tolist() == [1, 1]


def test_a_bare_array_is_read(tmp_path: Path) -> None:
    """What numpy.save writes needs no names."""
    out = io.BytesIO()
    np.save(out, np.array([[True, False]]))
    assert read(tmp_path, out.getvalue()).values.tolist() == [[1, 0]]


def test_counts_are_kept(tmp_path: Path) -> None:
    """How often a sample occurs comes from a column, an array, or the number behind a bit string."""
    assert read(tmp_path, "a,count\n1,7\n0,2\n").occurrences.tolist() == [7, 2]
    assert read(tmp_path, "10 5\n11\n").occurrences.tolist() == [5, 1]
    assert read(tmp_path, npz(samples=np.eye(2), occurrences=np.array([3, 4]))).occurrences.tolist() == [3, 4]


def test_a_variable_may_be_called_energy(tmp_path: Path) -> None:
    """A column that is a variable of the model holds values, whatever it is called."""
    found = read(tmp_path, "energy,b\n0,1\n", ["energy", "b"])
    assert (found.labels, found.values.tolist()) == (("energy", "b"), [[0, 1]])


def test_bit_strings_begin_with_the_last_variable_unless_told(tmp_path: Path) -> None:
    """As in qiskit; `first_left` turns them round."""
    assert read(tmp_path, "100\n110\n").values.tolist() == [[0, 0, 1], [0, 1, 1]]
    assert read(tmp_path, "100\n110\n", first_left=True).values.tolist() == [[1, 0, 0], [1, 1, 0]]
    assert read(tmp_path, '{"100": 2}', first_left=True).values.tolist() == [[1, 0, 0]]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_dimod_sample_sets_come_back(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Serialised, binary or spin, packed or not, any labels: the values and the counts are those of the set."""
    rng = np.random.default_rng(seed)
    n, reads = int(rng.integers(1, 20)), int(rng.integers(1, 6))
    bits = rng.integers(0, 2, (reads, n))
    labels = [f"v{i}" if seed % 2 else i for i in rng.permutation(n).tolist()]
    spin = bool(rng.integers(2))
    found = dimod.SampleSet.from_samples(
        (2 * bits - 1 if spin else bits, labels), "SPIN" if spin else "BINARY", energy=np.zeros(reads),
        num_occurrences=rng.integers(1, 9, reads), sort_labels=False,
    )  # fmt: skip
    text = json.dumps(found.to_serializable(pack_samples=bool(rng.integers(2))))
    again = read(tmp_path_factory.mktemp("set"), text)
    assert again.labels is not None
    assert again.values[:, [again.labels.index(str(label)) for label in labels]].tolist() == bits.tolist()
    assert again.occurrences.tolist() == found.record.num_occurrences.tolist()


def test_a_result_is_its_sample(tmp_path: Path) -> None:
    """The answer of `qamctl solve` counts as one sample with names."""
    found = read(tmp_path, json.dumps({"kind": "model", "solution": {"variables": ["b", 7], "sample": [1, 0]}}))
    assert (found.labels, found.values.tolist()) == (("b", "7"), [[1, 0]])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no samples"),
        ("0,1\n0,1,1\n", "3 columns"),
        ("0,2\n", "value 2"),
        ("0,0.5\n", "0.5"),
        ("0,-1\n1,1\n", "spins"),
        ("a,b\n0,x\n", "`x` is no number"),
        ("a,a\n0,1\n", "'a' stands twice"),
        ("01\n0110\n", "different lengths"),
        ("a,count\n1,-3\n", "whole number"),
        ("{", "no JSON"),
        ("[]", "no samples"),
        ("[1, [0]]", "no samples"),
        ("[[0, 1], [1]]", "different lengths"),
        ('[["0"]]', "no number"),
        ('[{"a": 1}, {"b": 1}]', "same variables"),
        ('{"what": "ever"}', "no samples"),
        ('{"01": 0.5}', "whole number"),
        ('{"counts": {"012": 3}}', "no bit string"),
        ('{"solution": {"assignments": []}}', "no sample with its variables"),
        ('{"type": "SampleSet"}', "dimod can't read it"),
        (npz(other=np.zeros(2)), "no array `samples`"),
        (npz(samples=np.zeros(3)), "1 dimensions"),
        (npz(samples=np.zeros((1, 2)), variables=np.array(["a"])), "different lengths"),
        (npz(samples=np.array([["0", "1"]])), "no number"),
        (npz(samples=np.zeros((2, 2)), occurrences=np.array([1])), "whole number for each"),
        (npz(samples=np.zeros((2, 2)))[:40], "no archive"),
        (b"\x93NUMPY", "no archive"),
        ("[" * 100_000, "no JSON"),
        (b"\xff\xfe0,1", "UTF-8"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, content: str | bytes, words: str) -> None:
    """Each fault is one sentence with the file, never a traceback."""
    with pytest.raises(SpecError) as error:
        read(tmp_path, content)
    told = " ".join([error.value.message, *map(str, error.value.diagnostics)])
    assert words in told
    assert "samples" in told


def test_python_objects_are_never_unpacked(tmp_path: Path) -> None:
    """An array of objects, which only pickle could load, is refused; so is an archive that unpacks to too much."""
    out = io.BytesIO()
    np.savez(out, samples=np.array([[{}]], dtype=object))
    with pytest.raises(SpecError, match="no archive of plain arrays"):
        read(tmp_path, out.getvalue())
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("samples.npy", "w") as file:
        for _ in range(32):
            file.write(bytes(2**20))
    kept, archive.UNPACKED = archive.UNPACKED, 2**24
    try:
        with pytest.raises(SpecError, match="unpacks to 32 MB"):
            read(tmp_path, bomb.getvalue())
    finally:
        archive.UNPACKED = kept


def test_damaged_files_are_faults_and_nothing_else(tmp_path: Path) -> None:
    """Bytes cut, changed or put in at random give samples or a fault of the file, never another exception."""
    found = dimod.SampleSet.from_samples([{"a": 1, "b": 0}], "BINARY", energy=[1.0])
    whole = [
        b"a,b,energy\n0,1,3\n1,1,2\n", b"0 1 1\n1 0 1\n", b"0110 3\n1111 2\n", b'{"0110": 3, "1": 1}',
        b"[[0, 1], [1, 1]]", json.dumps(found.to_serializable()).encode(),
        npz(samples=np.eye(3), variables=["a", "b", "c"]),
    ]  # fmt: skip
    rng, outcomes = random.Random(11), Counter[str]()
    for _ in range(CASES):
        data = bytearray(rng.choice(whole))
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data))
            kind = rng.randrange(3)
            if kind == 0:
                data[at] = rng.randrange(256)
            elif kind == 1:
                del data[at : at + rng.randint(1, 8)]
            else:
                data[at:at] = rng.choice([b"-1", b"2", b",", b"{", b'"', b"1e999", b"NaN", b"null"])
            data = data or bytearray(b"0")
        try:
            read(tmp_path, bytes(data), ["a", "b"])
        except SpecError:
            outcomes["fault"] += 1
        else:
            outcomes["samples"] += 1
    assert min(outcomes["fault"], outcomes["samples"]) > CASES // 100
