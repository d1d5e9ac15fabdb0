"""The id of a job follows from what it is, so that whoever submits it again meets the job that there is."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any


def content_key(
    *, payload_sha256: str, target: str, input_format: str, output_format: str, params: Mapping[str, Any]
) -> str:
    """What a job computes, whoever asks for it: results are cached under this key (64 hexadecimal digits).

    Parameters
    ----------
    params
        The job's input parameters, shots included.
    """
    parts = [payload_sha256, target, input_format, output_format, params]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def job_id(content: str, *, workspace: str, run_key: str = "") -> str:
    """The id of a job (a UUID, version 5): of its content, in a workspace, once for every run key."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "\0".join(["qamctl", content, workspace, run_key])))
