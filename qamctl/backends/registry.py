"""Engines by name: ours, those of cloud services, and those that other packages publish as entry points."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from importlib import import_module
from typing import Any

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

#: Services by the word before the colon in `azure:ionq.simulator`: the module whose `backend(targets, account)` gives
#: the engine of one target, or of several that share the parts of a problem.
SERVICES = {"azure": "qamctl.azure.backend"}

#: What joins the targets of one engine in its name.
JOIN = "+"

#: Native solvers by kind of problem: they take the spec itself and are no backends. The first is the heuristic that
#: gives others a start.
NATIVE_SOLVERS = {
    "schedule": ("list-search", "critical-path", "hierarchical", "cpsat"),
    "cluster": ("assignment", "linear"),
}

#: Where third parties register a function without arguments that gives a Backend.
ENTRY_POINTS = "qamctl.backends"


def names() -> tuple[str, ...]:
    """The names of our engines of models."""
    return tuple(sorted(MODEL_ENGINES))


def is_native(name: str, kind: str) -> bool:
    """Whether `name` is a native solver of problems of this kind."""
    return name in NATIVE_SOLVERS.get(kind, ())


def native_kind(name: str) -> str | None:
    """The kind of problem that `name` is a native solver of; None where it is none."""
    return next((kind for kind in NATIVE_SOLVERS if is_native(name, kind)), None)


def is_remote(name: str) -> bool:
    """Whether `name` names targets of a service, whatever they are."""
    service, colon, _ = name.partition(":")
    return bool(colon) and service in SERVICES


def join_remote(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each once, those of a service's targets as one engine in the place of the first of them."""
    found: dict[str, list[str]] = {}
    for name in names:
        service, _, targets = name.partition(":") if is_remote(name) else (name, "", "")
        known = found.setdefault(f"{service}:" if is_remote(name) else name, [])
        known += [target for target in targets.split(JOIN) if target not in known and is_remote(name)]
    return tuple(key + JOIN.join(targets) for key, targets in found.items())


def split_remote(name: str) -> tuple[str, ...]:
    """An engine of several targets as one engine of each."""
    service, _, targets = name.partition(":")
    return tuple(f"{service}:{target}" for target in targets.split(JOIN)) if is_remote(name) else (name,)


def get(name: str, account: Any = None) -> Backend:
    """The engine called `name`.

    Parameters
    ----------
    account
        Whose jobs those of a service are (a `qamctl.azure.account.Account`); None: the engine tells what it can do, and
        takes no jobs.

    Raises
    ------
    UsageError
        No engine has that name, or a service no such target.
    UnsupportedError
        It needs a package that is not installed, or a third party's entry point can't be loaded.
    """
    if name in MODEL_ENGINES:
        engine: Backend = import_module(MODEL_ENGINES[name]).backend()
        return engine
    if is_remote(name):
        service, _, targets = name.partition(":")
        remote: Backend = import_module(SERVICES[service]).backend(tuple(targets.split(JOIN)), account)
        return remote
    return _third_party(name)


def _third_party(name: str) -> Backend:
    from importlib.metadata import entry_points

    others = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in others:
        known = ["auto", *names(), *(n for native in NATIVE_SOLVERS.values() for n in native), *sorted(others)]
        known += [f"{service}:TARGET" for service in SERVICES]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        raise UsageError(f"no backend is called {name!r}: {hint}")
    try:
        engine: Backend = others[name].load()()
    except ImportError as error:
        raise UnsupportedError(f"backend {name} can't be loaded ({error}): install the package it needs") from error
    return engine
