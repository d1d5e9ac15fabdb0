"""The unmodified SDK of Azure Quantum in front of a running emulator, and a register of its calls that tests make.

A test says which public calls it makes, and with which arguments. While it runs, the interpreter's profiler looks on,
and the test fails unless it made every one of them itself: not another part of the SDK on its behalf.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import io
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import CodeType, FrameType
from typing import Any

from emulator.asking import BELL_LL, KEY, SUBSCRIPTION, V2

from qamctl.emulator.front.server import serve
from qamctl.emulator.messages import Request, Response
from qamctl.emulator.service import AzureService
from qamctl.emulator.targets import TARGETS, Target
from qamctl.emulator.timing import Times

os.environ.setdefault("QDK_PYTHON_TELEMETRY", "none")

#: The call, and an argument that it is given; the argument is empty where any call will do.
Use = tuple[str, str]

#: Every use that a test says it makes.
REGISTER: set[Use] = set()

#: A job for it waits an hour and runs for another; all others are done at once.
SLOW = "rigetti.qpu.cepheus-1-108q"

#: A target that the SDK has never heard of.
STRANGE = Target("acme.machine", "acme", 5, "Adaptive_RI", ("qir.v1",))

QIR = {
    "input_data_format": "qir.v1",
    "output_data_format": V2,
    "content_type": "qir.v1",
    "input_params": {"items": [{"entryPoint": "ENTRYPOINT__main", "arguments": []}]},
}

#: The first part of a call's name -> the module that has it.
_MODULES = {
    **dict.fromkeys(("Workspace", "Job", "Session", "storage"), "azure.quantum"),
    **dict.fromkeys(("Target", "IonQ", "Quantinuum", "rigetti"), "azure.quantum.target"),
    **dict.fromkeys(("InputParams",), "azure.quantum.target.params"),
}


@dataclass
class Clock:
    """The service's clock: noon of today (UTC), from where it goes on as the machine's does, and moves when told to."""

    base: float = field(
        default_factory=lambda: datetime.now(UTC).replace(hour=12, minute=0, second=0).timestamp() - time.monotonic()
    )

    def now(self) -> float:
        return self.base + time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def move(self, **by: float) -> None:
        """Let time pass, or turn it back: `minutes`, `hours`, `days`."""
        self.base += timedelta(**by).total_seconds()

    def today(self, days: int = 0) -> datetime:
        """This moment, so many days later."""
        return datetime.fromtimestamp(self.now(), UTC) + timedelta(days=days)


class Heard(AzureService):
    """A service that keeps what it was asked."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.heard: list[Request] = []

    def handle(self, request: Request) -> Response:
        self.heard.append(request)
        return super().handle(request)


@dataclass
class Room:
    """A running emulator, and workspaces of it."""

    service: Heard
    clock: Clock
    url: str

    def workspace(self, name: str = "ws1", key: str = KEY, **options: Any) -> Any:
        """One of its workspaces, over plain http; there is one of every name."""
        from azure.core.credentials import AzureKeyCredential
        from azure.quantum import Workspace

        place = {"subscription_id": SUBSCRIPTION, "resource_group": "rg", "name": name, "location": "eastus"} | options
        credential = AzureKeyCredential(key)
        return Workspace(**place, credential=credential, _quantum_endpoint=self.url, _from_connection_string=True)

    def sent(self) -> Request:
        """What it was asked last."""
        return self.service.heard[-1]


@contextlib.contextmanager
def room(**settings: Any) -> Iterator[Room]:
    """An emulator that runs for as long as the block."""
    clock = Clock()
    targets = [*TARGETS, STRANGE]
    service = Heard(clock=clock, seed=11, timing=_times, cancel_seconds=60.0, targets=targets, **settings)
    with serve(service) as url:
        yield Room(service, clock, url)


def _times(target: Target, job: str, shots: int) -> Times:
    return Times(3600.0, 3600.0, finish=600.0) if target.id == SLOW else Times(0.0, 0.0)


def submit(workspace: Any, payload: Any = BELL_LL, *, target: str = "rigetti.sim.qvm", **options: Any) -> Any:
    """A job of QIR: three qubits, the first two of them a Bell pair."""
    return workspace.get_targets(target).submit(payload, **({"name": "bell", "shots": 100} | QIR | options))


def uses(*calls: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A test that makes these calls of the SDK, each told as `Class.method argument argument`; nothing is printed.

    A method without an argument has to be called in any way, an argument has to be given and be no default.
    """
    told = declare(*calls)

    def decorated(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def run(*args: Any, **kwargs: Any) -> None:
            with contextlib.redirect_stdout(io.StringIO()), seen(told) as made:
                test(*args, **kwargs)
            assert set(told) <= made, sorted(set(told) - made)

        return run

    return decorated


def declare(*calls: str) -> list[Use]:
    """Put uses into the register, told as in `uses`."""
    told = [(name, argument) for name, *arguments in map(str.split, calls) for argument in arguments or [""]]
    REGISTER.update(told)
    return told


@contextlib.contextmanager
def seen(wanted: Sequence[Use]) -> Iterator[set[Use]]:
    """Fill a set with those of these uses that are made within the block by who is no part of the SDK."""
    found: set[Use] = set()
    looked_for: dict[CodeType, list[tuple[Use, Any]]] = {}
    for use in wanted:
        function = resolve(use[0])
        looked_for.setdefault(function.__code__, []).append((use, inspect.signature(function)))

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or frame.f_code not in looked_for or _is_sdk(frame.f_back):
            return
        found.update(use for use, signature in looked_for[frame.f_code] if _is_given(frame, use[1], signature))

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(before)


def resolve(name: str) -> Any:
    """The function behind the name of a public call.

    Raises
    ------
    AttributeError
        The SDK has no such call.
    """
    first, *rest = name.split(".")
    found: Any = getattr(importlib.import_module(_MODULES[first]), first)
    for part in rest:
        found = inspect.getattr_static(found, part)
        found = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
    return inspect.unwrap(inspect.getattr_static(found, "__init__") if isinstance(found, type) else found)


def _is_sdk(frame: FrameType | None) -> bool:
    return frame is not None and str(frame.f_globals.get("__name__")).startswith("azure.")


def _is_given(frame: FrameType, argument: str, signature: inspect.Signature) -> bool:
    if not argument:
        return True
    if argument in signature.parameters:
        return frame.f_locals[argument] is not signature.parameters[argument].default
    others = [name for name, one in signature.parameters.items() if one.kind is inspect.Parameter.VAR_KEYWORD]
    return any(argument in frame.f_locals[name] for name in others)
