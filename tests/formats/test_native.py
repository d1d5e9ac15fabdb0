"""Programs in a provider's own language: read as they are, with the width of their results where they tell it."""

from __future__ import annotations

import hashlib
import io
import sys
from pathlib import Path

import pytest

from qamctl.errors import SpecError
from qamctl.formats import native
from qamctl.formats.native import read_native


def test_a_program_is_kept_byte_by_byte(tmp_path: Path) -> None:
    """Its source has the bytes of the file, also such as are no text."""
    raw = b"\xff\x00H 0\r\n"
    path = tmp_path / "ghz.quil"
    path.write_bytes(raw)
    found = read_native(str(path), "rigetti.quil.v1")
    assert (found.source.text, found.source.sha256) == (raw, hashlib.sha256(raw).hexdigest())
    assert (found.format, found.name, found.bits) == ("rigetti.quil.v1", "ghz", None)
    assert found.source.files == [path]
    assert "H 0" not in repr(found)


def test_standard_input_is_a_program_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no name, and is called by none."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"H 0")))
    found = read_native("-", "rigetti.quil.v1")
    assert (found.source.text, found.source.label, found.name) == (b"H 0", "<stdin>", "program")


@pytest.mark.parametrize(
    ("raw", "bits"),
    [
        (b'{"qubits": 5, "circuit": []}', 5), (b'{"qubits": 0}', None), (b'{"qubits": true}', None),
        (b'{"qubits": "5"}', None), (b"{}", None), (b"[]", None), (b"H 0", None), (b"[" * 100_000, None),
    ],
)  # fmt: skip
def test_ionq_s_programs_tell_how_wide_results_are(tmp_path: Path, raw: bytes, bits: int | None) -> None:
    """All qubits are measured; a program that makes no sense is refused later, by whoever reads its gates."""
    path = tmp_path / "p.json"
    path.write_bytes(raw)
    assert read_native(str(path), "ionq.circuit.v1").bits == bits
    assert read_native(str(path), "pasqal.pulser.v1").bits is None


def test_what_is_no_program_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not there, empty, or too large."""
    path = tmp_path / "p"
    with pytest.raises(SpecError, match="cannot be read"):
        read_native(str(path), "x")
    path.write_text(" \n")
    with pytest.raises(SpecError, match="is empty, and a program in x was expected"):
        read_native(str(path), "x")
    monkeypatch.setattr(native, "SIZE", 4)
    path.write_text("12345")
    with pytest.raises(SpecError, match="cannot be read"):
        read_native(str(path), "x")
