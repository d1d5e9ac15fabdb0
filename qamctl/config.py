"""Layered options: flags over environment over spec over configuration files over defaults, each with its origin."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qamctl.errors import Diagnostic, Location, QamError, SpecError, UsageError
from qamctl.options import NAMES, SOLVER_KEYS, Options, available_cores, parse
from qamctl.spec.source import Path_


@dataclass(frozen=True, slots=True)
class Resolved:
    """The options of a run and where each came from.

    Attributes
    ----------
    options
        The values that hold.
    origins
        For every option: `flag --seed`, `environment QAMCTL_SEED`, `spec solver.seed`, `FILE:LINE`,
        `FILE:LINE [profile.NAME]` or `default`.
    """

    options: Options
    origins: Mapping[str, str] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """The options by name, as manifest and result hold them: paths as text, tuples as lists."""
        plain = {}
        for name in NAMES:
            value = getattr(self.options, name)
            text = str(value) if isinstance(value, Path) else value
            plain[name] = list(text) if isinstance(text, tuple) else text
        return plain


@dataclass(frozen=True, slots=True)
class _Layer:
    """Options from one place, in the order of strength; `where` gives the origin of a key."""

    values: Mapping[str, Any]
    where: Callable[[str], str]
    fault: Callable[[str, str, str | None], QamError]  #: (key, message, hint) -> the error to raise


def resolve(
    flags: Mapping[str, object | None],
    spec_solver: Mapping[str, Any],
    *,
    profile: str | None,
    config_file: Path | None,
    cwd: Path,
    environ: Mapping[str, str],
    locate: Callable[[Path_], Location] | None = None,
) -> Resolved:
    """Join the layers, strongest first.

    Flags > environment `QAMCTL_<NAME>` > the spec's `solver:` > `qamctl.toml` in `cwd` (or `config_file`
    in its place; its `[profile.NAME]` before its top level) > the user's file > defaults.

    Parameters
    ----------
    flags
        By option name; text is converted. None, False, 0 for `verbose` and an empty list mean not given:
        a flag can switch on, never off.
    spec_solver
        The `solver:` block of the spec, {} where there is none.
    profile
        The `[profile.NAME]` tables to use; None: `QAMCTL_PROFILE`, if that is set.
    config_file
        Read instead of `qamctl.toml`; None: `QAMCTL_CONFIG`, if that is set.
    locate
        Finds the line of a field of the spec.

    Raises
    ------
    UsageError
        A flag makes no sense, or no file has the profile.
    SpecError
        An environment variable, the spec's block or a configuration file is at fault; it names the place.
    """
    profile = profile or environ.get("QAMCTL_PROFILE") or None
    named = config_file or (Path(environ["QAMCTL_CONFIG"]) if environ.get("QAMCTL_CONFIG") else None)
    layers = [_flags(flags), _environment(environ), _spec(spec_solver, locate)]
    known_profiles: list[str] = []
    for path in _files(named, cwd, environ):
        layers += _file(path, profile, known_profiles)
    if profile is not None and profile not in known_profiles:
        have = f"the configuration files have {', '.join(sorted(set(known_profiles)))}" if known_profiles else (
            "no configuration file has a [profile.NAME] table"
        )  # fmt: skip
        raise UsageError(f"no profile named {profile}: {have}{_near(profile, known_profiles)}")

    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    strength: dict[str, int] = {}
    for rank, layer in enumerate(layers):
        for key, raw in layer.values.items():
            value = _convert(key, raw, layer)
            if key not in values:
                values[key], origins[key], strength[key] = value, layer.where(key), rank
    values.setdefault("threads", available_cores())
    _choose_budget(values, origins, strength)
    return Resolved(Options(**values), {name: origins.get(name, "default") for name in NAMES})


def describe(resolved: Resolved) -> list[tuple[str, str, str]]:
    """Rows for `config show`: the option, its value as text (empty: not set) and its origin."""
    rows = []
    for name, value in resolved.values().items():
        text = ",".join(value) or "none" if isinstance(value, list) else value
        text = str(text).lower() if isinstance(text, bool) else text
        rows.append((name, "" if text is None else str(text), resolved.origins.get(name, "default")))
    return rows


def _choose_budget(values: dict[str, Any], origins: dict[str, str], strength: Mapping[str, int]) -> None:
    """Keep one of time_limit and max_steps: the one from the stronger place, max_steps when equal."""
    if "max_steps" not in values:
        return
    if strength.get("time_limit", len(strength) + 99) < strength["max_steps"]:
        del values["max_steps"]
        origins["max_steps"] = f"replaced by time_limit ({origins['time_limit']})"
    else:
        values["time_limit"] = None
        origins["time_limit"] = f"replaced by max_steps ({origins['max_steps']})"


# Layers


def _flags(flags: Mapping[str, object | None]) -> _Layer:
    given = {key: value for key, value in flags.items() if value is not None and value is not False and value != []}
    given = {key: value for key, value in given.items() if value != () and not (key == "verbose" and value == 0)}

    def fault(key: str, message: str, hint: str | None) -> QamError:
        return UsageError(f"{_flag(key)}: {message}" + (f" ({hint})" if hint else ""))

    return _Layer(_known(given, fault), lambda key: f"flag {_flag(key)}", fault)


def _flag(key: str) -> str:
    return "--" + key.replace("_", "-")


def _environment(environ: Mapping[str, str]) -> _Layer:
    """Only variables of options count; other QAMCTL_* names are someone else's, unless they look like a slip."""

    def fault(key: str, message: str, hint: str | None) -> QamError:
        variable = f"QAMCTL_{key.upper()}"
        return SpecError(
            f"environment variable {variable}: {message}",
            [Diagnostic(message, Location(f"${variable}"), hint)],
        )

    values: dict[str, Any] = {}
    for variable, text in environ.items():
        key = variable.removeprefix("QAMCTL_").lower()
        if not variable.startswith("QAMCTL_") or text == "" or key in ("profile", "config"):
            continue
        if key in NAMES:
            values[key] = text
        elif near := _nearest(key, NAMES, cutoff=0.85):
            raise fault(key, "no such option", f"did you mean QAMCTL_{near.upper()}?")
    return _Layer(values, lambda key: f"environment QAMCTL_{key.upper()}", fault)


def _spec(solver: Mapping[str, Any], locate: Callable[[Path_], Location] | None) -> _Layer:
    def fault(key: str, message: str, hint: str | None) -> QamError:
        location = locate(("solver", key)) if locate else None
        return SpecError(f"solver.{key}: {message}", [Diagnostic(f"solver.{key}: {message}", location, hint)])

    given = {key: value for key, value in solver.items() if value is not None}
    return _Layer(_known(given, fault, SOLVER_KEYS), lambda key: f"spec solver.{key}", fault)


def _files(named: Path | None, cwd: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    if named is not None:
        path = cwd / named.expanduser()
        if not os.path.isfile(path):
            raise SpecError(f"can't read the configuration file {named}: no such file")
        yield path
    elif os.path.isfile(cwd / "qamctl.toml"):
        yield cwd / "qamctl.toml"
    base = environ.get("XDG_CONFIG_HOME", "")
    home = environ.get("HOME", "")
    if not base.startswith("/"):  # XDG: a relative path is not valid and is ignored
        base = f"{home}/.config" if home else ""
    if base and os.path.isfile(user := Path(base) / "qamctl" / "config.toml"):
        yield user


def _file(path: Path, profile: str | None, known_profiles: list[str]) -> list[_Layer]:
    import tomllib  # only where a file exists: most runs have none

    try:
        text = path.read_text("utf-8")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unreadable(path, error) from error
    profiles = data.pop("profile", {})
    if not isinstance(profiles, dict) or not all(isinstance(table, dict) for table in profiles.values()):
        message = "profile must be tables, as in [profile.ci]"
        location = Location(str(path), _line(text, None, "profile"))
        raise SpecError(f"{path}: {message}", [Diagnostic(message, location)])
    known_profiles += profiles
    # All of the file is checked, the profiles that are not used too: a slip shows at once, not on the day of use.
    layers = {name: _table(path, text, name, table) for name, table in [*profiles.items(), (None, data)]}
    for layer in layers.values():
        for key, raw in layer.values.items():
            _convert(key, raw, layer)
    return [layers[name] for name in ([profile, None] if profile in profiles else [None])]


def _table(path: Path, text: str, section: str | None, table: Mapping[str, Any]) -> _Layer:
    suffix = f" [profile.{section}]" if section else ""

    def fault(key: str, message: str, hint: str | None) -> QamError:
        location = Location(str(path), _line(text, section, key))
        return SpecError(f"{location}: {key}: {message}", [Diagnostic(f"{key}: {message}", location, hint)])

    def where(key: str) -> str:
        return f"{Location(str(path), _line(text, section, key))}{suffix}"

    return _Layer(_known(table, fault), where, fault)


def _unreadable(path: Path, error: Exception) -> SpecError:
    place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
    location = Location(str(path), *map(int, place.groups())) if place else Location(str(path))
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    message = re.sub(r" \(at [^)]*\)$", "", said).rstrip(".")
    return SpecError(f"can't read the configuration file {path}: {message}", [Diagnostic(message, location)])


def _line(text: str, section: str | None, key: str) -> int | None:
    """The line of a key in a TOML file; None where it is written in a way that a plain search does not see."""
    bare = rf"""["']?{re.escape(key)}["']?"""
    table = rf"""profile\s*\.\s*["']?{re.escape(section)}["']?\s*""" if section is not None else ""
    own_table = re.compile(rf"\s*\[\s*{table + '[.]' if table else ''}\s*{bare}\s*[\].]")
    inside = not table
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("["):
            if own_table.match(line):
                return number
            inside = bool(table) and re.match(rf"\s*\[\s*{table}\]", line) is not None
        elif inside and re.match(rf"\s*{bare}\s*[=.]", line):
            return number
    return None


# Values


def _known(
    given: Mapping[str, Any], fault: Callable[[str, str, str | None], QamError], names: tuple[str, ...] = NAMES
) -> Mapping[str, Any]:
    for key in given:
        if key not in names:
            near = _nearest(key, names)
            raise fault(
                key, "no such option", f"did you mean {near}?" if near else f"the options are {', '.join(names)}"
            )
    return given


def _nearest(word: str, names: list[str] | tuple[str, ...], cutoff: float = 0.6) -> str | None:
    import difflib  # for faults only

    return next(iter(difflib.get_close_matches(word.replace("-", "_"), names, 1, cutoff)), None)


def _near(word: str, names: list[str]) -> str:
    near = _nearest(word, names)
    return f"; did you mean {near}?" if near else ""


def _convert(key: str, raw: Any, layer: _Layer) -> Any:
    try:
        return parse(key, raw)
    except ValueError as error:
        raise layer.fault(key, f"{error}, not {_shown(raw)}", None) from error


def _shown(raw: Any) -> str:
    text = repr(raw) if isinstance(raw, str) else str(raw).lower() if isinstance(raw, bool) else str(raw)
    return text if len(text) <= 60 else text[:57] + "..."
