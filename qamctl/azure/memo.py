"""What models were compiled to, kept: a run that is repeated trains no angles and compiles nothing to meet its jobs.

Training and compiling depend on nothing but the model, the options and the versions of the programs that do it, so that
what is kept is what would come out again; what is damaged, or was made by other versions, is made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qamctl import __version__
from qamctl.azure.prices import CircuitFigures, Price, estimate
from qamctl.errors import QamError
from qamctl.runs.atomic import make_folder, write_atomic
from qamctl.runs.cache import Cache

if TYPE_CHECKING:
    from qamctl.azure.payload import Prepared
    from qamctl.azure.targets import Target

#: The folder in the state folder, and the form of its files.
FOLDER: Final = "compiled"
FORM: Final = 1

#: Options that angles and circuits depend on.
_OPTIONS: Final = ("seed", "depth", "mixer", "noise", "reads")


def key_of(payload: Any, target: Target, options: Mapping[str, Any]) -> str | None:
    """What a model's circuit is kept under; None: it is not kept."""
    model = getattr(payload, "sha256", None)
    if not isinstance(model, str):
        return None
    made_by = [FORM, __version__, *(f"{name} {version(name)}" for name in ("numpy", "qiskit", "qdk"))]
    asked = [model, repr(target), *(options.get(name) for name in _OPTIONS)]
    return hashlib.sha256(json.dumps([made_by, asked], default=str).encode()).hexdigest()


def recall(
    state: Path, key: str, target: Target, prices: Mapping[str, Price]
) -> tuple[Prepared, dict[str, Any]] | None:
    """What is kept: what the target is sent, at today's price, and what is told of the angles; None: nothing."""
    from qamctl.azure.payload import Prepared

    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        kept = json.loads((state / FOLDER / f"{key}.json").read_bytes())
        program = Cache(state / "cache").get(str(kept["payload"]))
        if program is None:
            return None
        figures, fields = CircuitFigures(**kept["figures"]), kept["prepared"]
        price = estimate(target, figures, int(fields["shots"]), prices)
        return Prepared(payload=program, figures=figures, estimate=price, **fields), dict(kept["told"])
    return None


def remember(state: Path, key: str, prepared: Prepared, told: Mapping[str, Any]) -> None:
    """Keep what was compiled, for whoever asks for the same; a run that can't is no worse."""
    from qamctl.azure.payload import repeats

    if repeats(prepared.payload.decode(errors="replace")):  # its price does not follow from its figures
        return
    fields = {name: getattr(prepared, name) for name in _FIELDS}
    fields |= {name: dict(fields[name]) for name in ("params", "report")}
    with suppress(QamError, OSError, TypeError):
        name = Cache(state / "cache").put(prepared.payload)
        kept = {"payload": name, "figures": asdict(prepared.figures), "prepared": fields, "told": dict(told)}
        text = json.dumps(kept)
        make_folder(state / FOLDER, private=True)
        write_atomic(state / FOLDER / f"{key}.json", text, private=True)


_FIELDS: Final = ("input_format", "output_format", "content_type", "params", "shots", "report", "bits")
