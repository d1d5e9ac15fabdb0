"""Samples as numpy arrays: the .npz that `qamctl solve` writes, or a bare array."""

from __future__ import annotations

import io
import zipfile
from typing import Any, Final

import numpy as np

from qamctl.formats.samples.found import SampleFile, Unreadable, sample_file

#: Bytes of all arrays once they are unpacked.
UNPACKED: Final = 1 << 32


def from_archive(raw: bytes) -> SampleFile:
    """Samples of an .npz file with `samples` and, if it has them, `variables` and `occurrences`; or of an .npy file.

    Raises
    ------
    Unreadable
        The file is damaged, holds Python objects, or unpacks to more than memory should hold.
    """
    arrays = _arrays(raw)
    if "samples" not in arrays:
        raise Unreadable(f"it has no array `samples`, only {', '.join(arrays) or 'none'}")
    labels, occurrences = arrays.get("variables"), arrays.get("occurrences")
    values = arrays["samples"]
    if labels is not None and (values.ndim != 2 or labels.shape != (values.shape[1],)):
        raise Unreadable("its `variables` and `samples` are of different lengths")
    names = None if labels is None else [str(name) for name in labels.tolist()]
    return sample_file(values, names, "numpy arrays", occurrences)


def _arrays(raw: bytes) -> dict[str, np.ndarray]:
    try:
        if raw.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(raw)) as packed:
                size = sum(item.file_size for item in packed.infolist())
            if size > UNPACKED:
                raise Unreadable(f"it unpacks to {size // 2**20} MB, more than {UNPACKED // 2**20} MB are not read")
        found: Any = np.load(io.BytesIO(raw))
        if isinstance(found, np.ndarray):
            return {"samples": found}
        wanted = [name for name in found.files if name in ("samples", "variables", "occurrences")]
        return {name: found[name] for name in wanted or found.files}
    except Unreadable:
        raise
    except Exception as error:  # a damaged archive breaks zipfile, zlib and numpy in many ways
        raise Unreadable(f"it is no archive of plain arrays: {error}"[:200]) from error
