"""Model files for tests: written to a folder, read, and their faults as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from qamctl.errors import ExitCode, SpecError
from qamctl.formats.models import ModelFile, read_model


def read_text(folder: Path, text: str | bytes, name: str = "m.txt", **options: str) -> ModelFile:
    """The model in a text."""
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_model(str(file), **options)


def fault_of(folder: Path, text: str | bytes, name: str = "m.txt", **options: str) -> str:
    """The first fault of a text, as `line:column: message (hint)`; a line that is unknown is left out."""
    with pytest.raises(SpecError) as caught:
        read_text(folder, text, name, **options)
    assert caught.value.code is ExitCode.SPEC
    first = str(caught.value.diagnostics[0])
    assert first.startswith(f"{folder / name}:"), first
    return first.removeprefix(f"{folder / name}:").strip()


def terms_of(found: ModelFile) -> tuple[list[float], dict[tuple[int, int], float], float]:
    """Linear terms, couplings and offset in plain data."""
    model = found.model
    pairs = zip(model.row.tolist(), model.col.tolist(), strict=True)
    return model.linear.tolist(), dict(zip(pairs, model.weight.tolist(), strict=True)), model.offset
