"""Layered options: who wins, where a value came from, and what is refused by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from qamctl.config import Resolved, describe, resolve
from qamctl.errors import ExitCode, Location, SpecError, UsageError
from qamctl.options import NAMES, Options, available_cores, parse


def settle(
    folder: Path,
    flags: Mapping[str, object | None] | None = None,
    spec: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    profile: str | None = None,
    config_file: Path | None = None,
) -> Resolved:
    variables = {"HOME": str(folder / "home"), **(environ or {})}
    return resolve(
        flags or {}, spec or {}, profile=profile, config_file=config_file, cwd=folder, environ=variables,
        locate=lambda path: Location("plan.yaml", 5, len(path)),
    )  # fmt: skip


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_defaults(tmp_path: Path) -> None:
    """Without any layer the documented defaults hold, each with the origin `default`."""
    made = settle(tmp_path)
    assert made.options == Options(threads=available_cores())
    assert made.options.backend == ("auto",)
    assert made.options.time_limit == 10.0
    assert set(made.origins.values()) == {"default"}
    assert tuple(made.origins) == NAMES


LAYERS = ["flag", "environment", "spec", "profile", "qamctl.toml", "user profile", "user file"]


@pytest.mark.parametrize("strongest", range(len(LAYERS)))
def test_precedence(tmp_path: Path, strongest: int) -> None:
    """With the layers from `strongest` down present, its value wins and the origin names it."""
    present = set(LAYERS[strongest:])
    flags = {"seed": "0"} if "flag" in present else {}
    environ = {"QAMCTL_SEED": "1"} if "environment" in present else {}
    spec = {"seed": 2} if "spec" in present else {}
    project = ("seed = 4\n" if "qamctl.toml" in present else "") + "[profile.ci]\n"
    write(tmp_path / "qamctl.toml", project + ("seed = 3\n" if "profile" in present else ""))
    user = ("seed = 6\n" if "user file" in present else "") + "[profile.ci]\n"
    user_file = tmp_path / "home" / ".config" / "qamctl" / "config.toml"
    write(user_file, user + ("seed = 5\n" if "user profile" in present else ""))
    made = settle(tmp_path, flags, spec, environ=environ, profile="ci")
    assert made.options.seed == strongest
    assert (
        made.origins["seed"]
        == [
            "flag --seed",
            "environment QAMCTL_SEED",
            "spec solver.seed",
            f"{tmp_path / 'qamctl.toml'}:3 [profile.ci]",
            f"{tmp_path / 'qamctl.toml'}:1",
            f"{user_file}:3 [profile.ci]",
            f"{user_file}:1",
        ][strongest]
    )


def test_places_of_files(tmp_path: Path) -> None:
    """XDG_CONFIG_HOME moves the user's file; --config and QAMCTL_CONFIG replace qamctl.toml."""
    write(tmp_path / "xdg" / "qamctl" / "config.toml", "seed = 1\nthreads = 3\n")
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert settle(tmp_path, environ=environ).options.seed == 1
    assert settle(tmp_path, environ={"XDG_CONFIG_HOME": "xdg"}).options.seed is None
    assert settle(tmp_path, environ={"HOME": ""}).options.seed is None
    write(tmp_path / "qamctl.toml", "seed = 2")
    assert settle(tmp_path, environ=environ).options.seed == 2
    write(tmp_path / "other.toml", "seed = 3")
    made = settle(tmp_path, environ=environ, config_file=Path("other.toml"))
    assert (made.options.seed, made.options.threads) == (3, 3)
    assert settle(tmp_path, environ={"QAMCTL_CONFIG": "other.toml"}).options.seed == 3


def test_text_becomes_values(tmp_path: Path) -> None:
    """Flags and variables are text and are converted; lists of engines take commas and repetition."""
    flags = {
        "backend": ["cpsat", "neal,cpsat"], "time_limit": "0.5", "threads": " 2 ", "out": "runs/x", "output": "json",
        "dry_run": True, "verbose": 2, "if_locked": "wait", "result": Path("r.json"),
    }  # fmt: skip
    environ = {"QAMCTL_STRICT": "yes", "QAMCTL_QUIET": "off", "QAMCTL_LOG_FILE": "~/q.log", "QAMCTL_SLOT": ""}
    options = settle(tmp_path, flags, environ=environ).options
    assert options.backend == ("cpsat", "neal")
    assert (options.time_limit, options.threads, options.verbose) == (0.5, 2, 2)
    assert (options.out, options.result) == (Path("runs/x"), Path("r.json"))
    assert (options.dry_run, options.strict, options.quiet) == (True, True, False)
    assert options.log_file == Path("~/q.log").expanduser()
    assert options.slot is None


def test_flags_that_were_not_given_are_no_layer(tmp_path: Path) -> None:
    """None, False, 0 and empty lists leave the word to weaker layers."""
    write(tmp_path / "qamctl.toml", 'strict = true\nverbose = 1\nbackend = ["exact"]\nseed = 4\n')
    flags: dict[str, object | None] = {"strict": False, "verbose": 0, "backend": [], "seed": None, "output": None}
    options = settle(tmp_path, flags).options
    assert (options.strict, options.verbose, options.backend, options.seed) == (True, 1, ("exact",), 4)
    assert settle(tmp_path, {"backend": ()}).options.backend == ("exact",)
    assert settle(tmp_path, {"seed": 0}).options.seed == 0


@pytest.mark.parametrize(
    ("flags", "environ", "spec", "kept"),
    [
        ({"time_limit": "3", "max_steps": "9"}, {}, {}, "max_steps"),
        ({"time_limit": "3"}, {"QAMCTL_MAX_STEPS": "9"}, {}, "time_limit"),
        ({"max_steps": "9"}, {"QAMCTL_TIME_LIMIT": "3"}, {}, "max_steps"),
        ({}, {}, {"max_steps": 9}, "max_steps"),
        ({}, {}, {"max_steps": 9, "time_limit": 3}, "max_steps"),
        ({}, {"QAMCTL_TIME_LIMIT": "3"}, {"max_steps": 9}, "time_limit"),
    ],
)
def test_one_budget(
    tmp_path: Path, flags: Mapping[str, object], environ: Mapping[str, str], spec: Mapping[str, Any], kept: str
) -> None:
    """Steps stand in place of a time limit: the stronger place wins, steps where both are equal."""
    made = settle(tmp_path, flags, spec, environ=environ)
    if kept == "max_steps":
        assert (made.options.max_steps, made.options.time_limit) == (9, None)
        assert made.origins["time_limit"].startswith("replaced by max_steps (")
    else:
        assert (made.options.max_steps, made.options.time_limit) == (None, 3.0)
        assert made.origins["max_steps"].startswith("replaced by time_limit (")


BAD = [
    ("time_limit", 0), ("time_limit", -1), ("time_limit", "soon"), ("time_limit", True), ("time_limit", "inf"),
    ("time_limit", 10**400), ("max_steps", 0), ("max_steps", 1.5), ("threads", 0), ("threads", 10**6), ("seed", -1),
    ("seed", 2**63), ("seed", "0x1"), ("seed", "1" * 30), ("backend", [""]), ("backend", 5), ("backend", [5]),
    ("output", "xml"), ("output", ["json"]), ("if_locked", "steal"), ("strict", "perhaps"), ("strict", 2),
    ("slot", 0), ("max_variables", "many"), ("out", ""), ("out", 5), ("out", "a\0b"), ("out", "~nobody-of-that-name/x"),
    ("verbose", True),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD)
def test_bad_values_are_refused(name: str, value: object) -> None:
    """Each option says what it must be."""
    with pytest.raises(ValueError, match=r"^must be "):
        parse(name, value)


def test_a_bad_flag_is_a_usage_error(tmp_path: Path) -> None:
    """A flag's fault names the flag, and an unknown one its nearest neighbour."""
    with pytest.raises(UsageError, match=r"--time-limit: must be a number of seconds above 0, not '-1'") as caught:
        settle(tmp_path, {"time_limit": "-1"})
    assert caught.value.code == ExitCode.USAGE
    with pytest.raises(UsageError, match=r"--thread: no such option \(did you mean threads\?\)"):
        settle(tmp_path, {"thread": "1"})


def test_a_bad_variable_is_named(tmp_path: Path) -> None:
    """A variable's fault names the variable; slips are told, foreign QAMCTL_ names are not ours."""
    with pytest.raises(
        SpecError, match="environment variable QAMCTL_SEED: must be an integer of at least 0, not 'x'"
    ) as e:
        settle(tmp_path, environ={"QAMCTL_SEED": "x"})
    assert e.value.code == ExitCode.SPEC
    with pytest.raises(SpecError, match="QAMCTL_TIMELIMIT") as slip:
        settle(tmp_path, environ={"QAMCTL_TIMELIMIT": "5"})
    assert slip.value.diagnostics[0].hint == "did you mean QAMCTL_TIME_LIMIT?"
    settle(tmp_path, environ={"QAMCTL_SHARED": "/somewhere", "QAMCTL_KERNELS": "numpy"})


def test_a_bad_solver_block_has_its_place(tmp_path: Path) -> None:
    """A fault of the spec's block carries the line of the field; flags that are no solver options are unknown."""
    with pytest.raises(SpecError, match=r"solver\.threads: must be an integer of at least 1, not true") as caught:
        settle(tmp_path, spec={"threads": True})
    assert caught.value.diagnostics[0].location == Location("plan.yaml", 5, 2)
    with pytest.raises(SpecError, match=r"solver\.out: no such option") as unknown:
        settle(tmp_path, spec={"out": "x"})
    assert "backend, time_limit" in str(unknown.value.diagnostics[0].hint)
    with pytest.raises(SpecError, match=r"solver\.seed") as bare:
        resolve({}, {"seed": "x"}, profile=None, config_file=None, cwd=tmp_path, environ={})
    assert bare.value.diagnostics[0].location is None


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('\nseed = "x"\n', 2, r"seed: must be an integer of at least 0, not 'x'"),
        ("threads = 1\ntime-limit = 5\n", 2, r"time-limit: no such option"),
        ("[profile.ci]\nseed = 1\n[profile.night]\nseed = -2\n", 4, r"seed: must be"),
        ("[profile.ci.deep]\nx = 1\n", 1, r"deep: no such option"),
        ("profile = 3\n", 1, r"profile must be tables"),
        ("seed = 1\n[solver]\nx = 1\n", 2, r"solver: no such option"),
        ("seed = = 1\n", 1, r"can't read the configuration file .*: Invalid value"),
        ("seed = 1\nseed = 2\n", 2, r"Cannot overwrite a value"),
        ("'seed' = -1\n", 1, r"seed: must be"),
        ("profile = {ci = {seed = -1}}\n", None, r"seed: must be"),
        (b"\xff\xfe", None, r"can't read the configuration file"),
    ],
)
def test_a_bad_file_has_file_and_line(tmp_path: Path, text: str | bytes, line: int | None, message: str) -> None:
    """A configuration file's fault is exit 3 with the file and the line, in profiles that are not used too."""
    path = tmp_path / "qamctl.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SpecError, match=message) as caught:
        settle(tmp_path)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.location is not None
    assert (diagnostic.location.file, diagnostic.location.line) == (str(path), line)


def test_did_you_mean_in_a_file(tmp_path: Path) -> None:
    """An unknown key is answered with the nearest known one."""
    write(tmp_path / "qamctl.toml", "time-limit = 5")
    with pytest.raises(SpecError) as caught:
        settle(tmp_path)
    assert caught.value.diagnostics[0].hint == "did you mean time_limit?"


def test_missing_files_and_profiles(tmp_path: Path) -> None:
    """A named file must be there (3), and a named profile in some file (2)."""
    with pytest.raises(SpecError, match=r"can't read the configuration file none\.toml: no such file"):
        settle(tmp_path, config_file=Path("none.toml"))
    with pytest.raises(UsageError, match=r"no profile named ci: no configuration file has a \[profile\.NAME\] table"):
        settle(tmp_path, profile="ci")
    write(tmp_path / "qamctl.toml", "[profile.night]\nseed = 1\n[profile.ci]\n")
    with pytest.raises(UsageError, match=r"no profile named nigth: .* have ci, night; did you mean night"):
        settle(tmp_path, environ={"QAMCTL_PROFILE": "nigth"})
    assert settle(tmp_path, environ={"QAMCTL_PROFILE": "night"}).options.seed == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    """A file without permission to read is exit 3, with its name."""
    write(tmp_path / "qamctl.toml", "").chmod(0)
    with pytest.raises(SpecError, match=r"qamctl\.toml: Permission denied"):
        settle(tmp_path)


def test_describe(tmp_path: Path) -> None:
    """`config show` gets a row for every option: name, value as text, origin."""
    rows = describe(settle(tmp_path, {"backend": ["cpsat", "neal"], "strict": True, "out": "x"}))
    assert [name for name, _, _ in rows] == list(NAMES)
    assert ("backend", "cpsat,neal", "flag --backend") in rows
    assert ("strict", "true", "flag --strict") in rows
    assert ("seed", "", "default") in rows
    assert ("out", "x", "flag --out") in rows


EXAMPLES = Path(__file__).parents[1] / "configs"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_the_examples_are_valid(tmp_path: Path, path: Path) -> None:
    """Every example configuration resolves, with each of its profiles."""
    import tomllib

    settle(tmp_path, config_file=path)
    for profile in tomllib.loads(path.read_text()).get("profile", {}):
        assert settle(tmp_path, config_file=path, profile=profile).origins
