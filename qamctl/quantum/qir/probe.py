"""Reads QIR in a process of its own: LLVM's reader ends the process that gives it damaged bitcode.

Run as a script it takes a file's bytes on standard input and puts a JSON object on standard output: what is in it, or
what is wrong.
"""

from __future__ import annotations

import base64
import json
from typing import Any, BinaryIO, Final

#: Bytes of memory that reading may take.
MEMORY: Final = 4 * 1024**3

#: How bitcode begins: bare, and in a wrapper.
MAGIC: Final = (b"BC\xc0\xde", b"\xde\xc0\x17\x0b")


def examine(content: bytes) -> dict[str, Any]:
    """What QIR holds, or what is wrong.

    Returns
    -------
    dict
        `profile`, `qubits`, `results`, `entry_point`, `floats`, `calls` (names of the instructions), `text` and
        `bitcode` (base64); or `error` and, where there is one, `hint`.
    """
    import pyqir

    context = pyqir.Context()
    is_bitcode = content.startswith(MAGIC)
    try:
        if is_bitcode:
            module = pyqir.Module.from_bitcode(context, content)
        else:
            module = pyqir.Module.from_ir(context, content.decode("utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        return {"error": str(error)}
    wrong = module.verify()
    if wrong is not None:
        return {"error": str(wrong)}
    points = [function for function in module.functions if pyqir.is_entry_point(function)]
    if len(points) != 1:
        return {"error": f"it has {len(points)} entry points", "hint": "QIR has one function with `entry_point`"}
    (point,) = points
    found = {attribute.string_kind: attribute.string_value for attribute in point.attributes.func}
    return {
        "entry_point": point.name,
        "profile": found.get("qir_profiles", ""),
        "qubits": pyqir.required_num_qubits(point),
        "results": pyqir.required_num_results(point),
        "floats": module.get_flag("float_computations") is not None,
        "calls": _calls(module),
        "text": str(module),
        "bitcode": base64.b64encode(content if is_bitcode else module.bitcode).decode(),
    }


def _calls(module: Any) -> list[str]:
    """Names of the quantum functions that are called and not defined here, noise left out: a device's own."""
    import pyqir

    found: dict[str, Any] = {}
    for function in module.functions:
        for block in function.basic_blocks:
            for step in block.instructions:
                if isinstance(step, pyqir.Call) and isinstance(step.callee, pyqir.Function):
                    found.setdefault(step.callee.name, step.callee)
    return sorted(
        name
        for name, callee in found.items()
        if name.startswith(("__quantum__qis__", "__quantum__rt__"))
        and not callee.basic_blocks
        and "qdk_noise" not in callee.attributes.func
    )


def bound(memory: int) -> None:
    """Bound what this process may take, and let it leave no core behind."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory, resource.getrlimit(resource.RLIMIT_AS)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(source: BinaryIO, target: BinaryIO) -> None:
    """One file in, one object out."""
    target.write(json.dumps(examine(source.read())).encode())


if __name__ == "__main__":
    bound(MEMORY)
    with open(0, "rb") as standard_input, open(1, "wb") as standard_output:
        answer(standard_input, standard_output)
