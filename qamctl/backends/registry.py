"""Engines by name: ours, and those that other packages publish under the entry point group `qamctl.backends`."""

from __future__ import annotations

import difflib
from importlib import import_module

from qamctl.backends.base import Backend
from qamctl.errors import UnsupportedError, UsageError

#: Our engines of models: the module that has `backend()`.
MODEL_ENGINES = {
    "anneal": "qamctl.backends.anneal",
    "exact": "qamctl.backends.exact",
    "neal": "qamctl.backends.neal",
    "noisy": "qamctl.backends.noisy",
    "qaoa": "qamctl.backends.qaoa",
    "qir": "qamctl.backends.qir",
    "statevector": "qamctl.backends.statevector",
    "tabu": "qamctl.backends.tabu",
}

#: Native solvers by kind of problem: they take the spec itself and are no backends.
NATIVE_SOLVERS = {"schedule": ("list-search", "cpsat")}

#: Where third parties register a function without arguments that gives a Backend.
ENTRY_POINTS = "qamctl.backends"


def names() -> tuple[str, ...]:
    """The names of our engines of models."""
    return tuple(sorted(MODEL_ENGINES))


def is_native(name: str, kind: str) -> bool:
    """Whether `name` is a native solver of problems of this kind."""
    return name in NATIVE_SOLVERS.get(kind, ())


def get(name: str) -> Backend:
    """The engine called `name`.

    Raises
    ------
    UsageError
        No engine has that name.
    UnsupportedError
        It needs a package that is not installed, or a third party's entry point can't be loaded.
    """
    if name in MODEL_ENGINES:
        engine: Backend = import_module(MODEL_ENGINES[name]).backend()
        return engine
    return _third_party(name)


def _third_party(name: str) -> Backend:
    from importlib.metadata import entry_points

    others = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in others:
        known = ["auto", *names(), *(n for native in NATIVE_SOLVERS.values() for n in native), *sorted(others)]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        raise UsageError(f"no backend is called {name!r}: {hint}")
    try:
        engine: Backend = others[name].load()()
    except ImportError as error:
        raise UnsupportedError(f"backend {name} can't be loaded ({error}): install the package it needs") from error
    return engine
