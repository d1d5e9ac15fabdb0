"""The house holds: who may know whom, what no module may do, and how long a file may be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "qamctl"
FILES = sorted(PACKAGE.rglob("*.py"))

PARTS = {"schedule", "cluster", "reason", "orchestrate"}
#: What everybody may know: the way faults are told.
BASE = {"errors"}
#: What parts and the race for their answers have in common.
SHARED = {"contest", "levels", "result", "solver", "walks", "windowed"}
#: What a run is made of; the pipeline and its helpers may know all of it.
BELOW = PARTS | BASE | SHARED | {"backends", "runs", "config", "options", "solve", "engines", "portfolio"}
BELOW |= {"gates", "race", "spec", "qubo", "quantum", "kernels", "azure", "formats", "story", "kinds", "measuring"}
#: The helpers of runs on circuit files.
CIRCUITS = {"circuit_engines", "circuit_result"}
#: The helpers of runs on model files, as `solve`, `race` and `engines` are those of schedules.
MODELS = {f"model_{name}" for name in ("engines", "judge", "parts", "polynomial", "result", "samples", "solve", "task")}

#: What commands on jobs are made of.
JOBS = {"job_list", "job_view", "remote_jobs", "resuming", "spending"}

#: Room -> the rooms that it may import. A room is a folder or a file of the package.
MAY_KNOW = {
    "__init__": BASE | {"api", "api_clusters", "api_hierarchy", "quantum", "reason", "samplers", "schedule"},
    "__main__": {"cli"},
    "cli": BASE
    | {
        "pipeline",
        "validation",
        "starting",
        "compiling",
        "decoding",
        "kinds",
        "formats",
        "report",
        "emulator",
        "config",
        "console",
        "version",
        "remote",
        "submitting",
        "doctoring",
        "engine_list",
        "watch_plan",
        "watching",
        "reason_compile",
        "reason_feedback",
        "explaining",
        "differences",
        "reporting",
        *JOBS,
    },
    "console": BASE | {"annotations"},
    "annotations": BASE,
    "config": BASE | {"options"},
    "options": BASE | {"option_values"},
    "option_values": BASE,
    "api": BELOW | JOBS | {"pipeline", "reasoning_source", "remote", "submit_run", "submitting"},
    "api_clusters": BELOW | {"api", "api_account", "clustering"},
    "api_hierarchy": BELOW | {"api", "api_account", "reasoning_source"},
    "api_account": BELOW | {"api"},
    # One optimisation of clusters, for Python callers.
    "clustering": BASE | SHARED | {"cluster", "measuring", "solve"},
    "pipeline": BELOW
    | {"schedule_run", "cluster_run", "reason_run", "model_run", "circuit_run", "idle_flags", "reuse"},
    "story": BASE | {"config", "gates", "options", "runs", "spec"},
    "schedule_run": BELOW | {"contest_run", "exporting", "reasoning_source"},
    # Where a schedule's preferences come from: a run of `reason`, or its spec.
    "reasoning_source": BASE | {"reason", "reason_state", "runs", "schedule", "spec"},
    "cluster_run": BELOW | {"contest_run", "exporting", "report"},
    # The rows of an answer in other forms, beside the result.
    "exporting": BASE | {"cluster", "formats", "runs", "schedule", "spec", "story"},
    # What the runs of all parts do alike.
    "contest_run": BASE | SHARED | {"engines", "measuring", "runs", "solve", "story"},
    "model_run": BELOW | MODELS,
    **{
        name: BASE | MODELS | {"backends", "engines", "kernels", "measuring", "quantum", "qubo", "runs", "story"}
        for name in MODELS
    },
    # Decisions: the run, its engines, what state files teach, feedback, circuits for others; and explanations.
    "reason_run": BELOW | CIRCUITS | {"reason_engines", "reason_state", "report"},
    "reason_engines": BASE | CIRCUITS | {"azure", "backends", "kernels", "quantum", "reason"},
    "reason_state": BASE | {"reason"},
    "reason_feedback": BASE | {"reason", "reason_state", "runs"},
    "reason_compile": BASE | {"compiling", "quantum", "reason", "reason_run", "story"},
    "explaining": BASE | {"kinds", "reason", "reason_state", "schedule"},
    "circuit_run": BELOW | CIRCUITS,
    **{name: BASE | CIRCUITS | {"backends", "engines", "quantum"} for name in CIRCUITS},
    "kinds": BASE | {"formats"},
    # What a run has to meet, and what changed from one result to another.
    "gates": BASE | {"levels", "runs"},
    "differences": BASE | {"checks", "cluster", "levels", "runs", "schedule"},
    # `watch`: what is asked for, what a re-balance is worth, one look, and the loop.
    "watch_plan": BASE | {"options", "spec"},
    "watch_proposal": BASE | {"cluster", "story"},
    "watch_look": BASE | {"cluster", "pipeline", "spec", "story", "watch_plan", "watch_proposal"},
    "watching": BASE | {"config", "engines", "kinds", "options", "runs", "story", "watch_look", "watch_plan"},
    # From problem files to what other solvers are fed, and back: no run, no search.
    "compiling": BELOW | {"compiling_whole", "model_run"},
    "compiling_whole": BASE | PARTS | {"options"},
    "decoding": BELOW | MODELS | {"compiling", "decoding_contest"},
    "decoding_contest": BASE | SHARED | PARTS | {"compiling", "compiling_whole", "race"},
    # What commands on jobs, targets and credits do, between the options and `azure`.
    "job_view": BASE | {"azure"},
    "remote": BASE | {"azure", "config", "options", "runs"},
    "remote_jobs": BASE | {"azure", "job_view", "remote", "runs"},
    "job_list": BASE | {"azure", "job_view", "remote"},
    "spending": BASE | {"azure", "remote", "runs"},
    "engine_list": BASE | {"azure", "backends", "remote"},
    "doctoring": BASE | {"azure", "config", "engine_list", "kernels", "quantum", "remote", "runs"},
    # `submit`: what is sent, its run folder, its result, and the whole story.
    "submit_read": BASE | {"compiling", "config", "formats", "kinds", "quantum", "story"},
    "submit_result": BASE | CIRCUITS | {"azure", "decoding", "job_view", "quantum", "runs", "submit_read"},
    "submit_run": BASE | {"azure", "job_view", "remote", "runs", "submit_read", "submit_result"},
    "submit_prepare": BASE | {"azure", "quantum", "remote", "runs", "submit_read"},
    "submitting": BASE | {"azure", "remote", "runs", "submit_prepare", "submit_read", "submit_run"},
    "resuming": BASE
    | {"azure", "job_view", "remote", "remote_jobs", "runs", "submit_prepare", "submit_read", "submit_run"},
    # `validate` stays apart from the pipeline, because it must start fast.
    "validation": PARTS | BASE | {"checks", "spec", "formats", "qubo", "kinds", "rechecking"},
    # The one way to the checkers of all kinds, and whole answers that are used again.
    "rechecking": PARTS | {"checks", "formats", "quantum", "qubo"},
    "reuse": BASE | {"rechecking", "reuse_key", "runs", "spec", "story"},
    "reuse_key": BASE | {"backends", "kernels", "runs", "story"},
    "idle_flags": BASE | {"backends", "story"},
    # A spec that is made of tables is read before it is written.
    "starting": BASE | {"formats", "schedule", "spec"},
    # The pipeline's own helpers: from engine names to solvers, the race between them, and the verified answer.
    "solve": BASE | {"contest", "engines", "levels", "measuring", "portfolio", "race", "solver"},
    "engines": BASE | {"azure", "backends", "measuring", "quantum", "solver"},
    "race": BASE | {"contest", "levels", "measuring", "portfolio", "solver"},
    "portfolio": BASE,
    "measuring": BASE | {"backends", "options", "qubo"},
    **{
        part: BASE | SHARED | {"checks", "spec", "qubo", "quantum", "resources", "messaging", "kernels"}
        for part in PARTS
    },
    # Pictures and pages of what runs found, and how a result is found and read for them.
    "report": BASE | {"cluster"},
    "reporting": BASE | {"cluster", "reason", "report", "runs", "schedule", "validation"},
    # What the checkers of all parts share.
    "checks": {"spec"},
    "contest": set(),
    "levels": set(),
    "result": {"contest", "levels"},
    "solver": set(),
    "walks": {"solver"},
    "windowed": BASE | {"levels", "qubo", "solver"},
    "backends": BASE | {"qubo", "quantum", "kernels"},
    "azure": BASE | {"backends", "qubo", "quantum", "kernels", "runs"},
    "emulator": BASE | {"azure", "formats", "quantum", "spec"},
    "messaging": BASE | {"runs"},
    "quantum": BASE | {"checks", "qubo", "kernels"},
    "qubo": BASE | {"checks", "kernels"},
    "resources": BASE | {"spec"},
    "runs": BASE,
    # Model files become models; problem files of the same kind are read by the same door.
    "formats": BASE | {"quantum", "qubo", "spec"},
    "samplers": BASE | {"backends", "qubo", "kernels"},
    "spec": BASE,
    "kernels": BASE,
    "errors": set(),
}

#: Imports across the lines above, each with its reason: (module, imported module).
EXCEPTIONS = {
    ("cli.runs", "runs.store"): "the index of runs is what `qamctl runs` shows",
    ("cli.runs", "runs.record"): "the state folder",
    ("cli.runs", "runs.answers"): "answers that are kept go with the runs that found them",
    ("cli.session", "runs.atomic"): "artefacts are written whole or not at all, like run files",
    ("cli.crash", "runs.record"): "the trace goes to the state folder",
    ("cli.crash", "azure.clean"): "no secret in a trace",
    ("cli.credits", "runs.atomic"): "the metrics file is written whole or not at all",
    ("cli.summary", "runs.atomic"): "the summary of a workflow's step is appended in one piece",
    ("cli.jobs", "runs.signals"): "a wait ends by a signal, and says so",
    ("cli.schema", "spec.schema"): "the schema is the artefact",
    ("config", "spec.source"): "the type of a place in a spec",
    ("runs.record", "spec.source"): "the bytes that a run is kept with",
    ("runs.copies", "spec.source"): "the bytes that a run is kept with",
}

#: Packages that cost more than our whole start-up; imported only inside the functions that need them.
HEAVY = {"scipy", "dimod", "neal", "dwave", "ortools", "azure", "pandas", "pyarrow", "rich", "pydantic"}
HEAVY |= {"qiskit", "qiskit_aer", "qdk", "pyqir", "openqasm3", "stim", "pymatching"}

#: Rooms that are loaded only by who asks for them, and the heavy package that they are made for.
MADE_FOR = {"samplers": {"dimod"}}

#: Search and encoders: what the checker may not share code with.
CHECKERS = ("schedule.check", "cluster.check", "checks")
CHECKER_MAY_KNOW = {
    "schedule": ("schedule.spec", "schedule.solution", "schedule.check", "checks", "spec.", "errors"),
    "cluster": ("cluster.spec", "cluster.solution", "cluster.check", "checks", "spec.", "errors"),
    "checks": ("checks", "spec.source"),
}


def module(path: Path) -> str:
    """The name of a file's module inside the package."""
    parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
    if len(parts) > 1 and parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def room(name: str) -> str:
    return name.split(".")[0]


def is_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs: imports for type checkers are left out."""
    for node in ast.iter_child_nodes(tree):
        if is_types_only(node):
            continue
        yield node
        yield from walk(node)


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that is imported, also inside functions."""
    for node in walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            base = node.module or ""
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                inside = PACKAGE.joinpath(*whole.split(".")[1:])
                is_module = base.startswith("qamctl") and (inside.is_dir() or inside.with_suffix(".py").is_file())
                yield node.lineno, whole if is_module else base


def own_imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and name of what a file imports from this package."""
    for line, name in imports(ast.parse(path.read_text())):
        if name == "qamctl":
            yield line, "version"  # `from qamctl import __version__`
        elif name.startswith("qamctl."):
            yield line, name.removeprefix("qamctl.")


@pytest.mark.parametrize("path", FILES, ids=module)
def test_a_module_imports_only_what_its_room_may_know(path: Path) -> None:
    """Imports follow the directions of the design, lazy ones too; exceptions are named."""
    name = module(path)
    allowed = MAY_KNOW[room(name)] | {room(name), "version"}
    wrong = [
        f"{path.name}:{line} imports {found}"
        for line, found in own_imports(path)
        if room(found) not in allowed and (name, found) not in EXCEPTIONS
    ]
    assert wrong == []


@pytest.mark.parametrize("path", [p for p in FILES if module(p).startswith(CHECKERS)], ids=module)
def test_the_checker_shares_no_code_with_search_or_encoders(path: Path) -> None:
    """A checker knows its spec's types, what checkers share, and nothing else."""
    allowed = CHECKER_MAY_KNOW[room(module(path))]
    assert [found for _, found in own_imports(path) if not found.startswith(allowed)] == []


@pytest.mark.parametrize("name", ["qubo.verdict", "qubo.check_result"])
def test_the_checker_of_models_shares_no_code_with_search_or_compiler(name: str) -> None:
    """It knows what a model is and how discrepancies are told, and nothing else."""
    path = PACKAGE.joinpath(*name.split(".")).with_suffix(".py")
    assert {found for _, found in own_imports(path)} <= {"checks.found", "qubo.model", "qubo.verdict"}


@pytest.mark.parametrize("path", FILES, ids=module)
def test_heavy_packages_are_imported_inside_functions(path: Path) -> None:
    """No module imports a heavy package when it is itself imported."""
    tree = ast.parse(path.read_text())
    for node in walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            node.body = []
    heavy = HEAVY - MADE_FOR.get(room(module(path)), set())
    assert [name for _, name in imports(tree) if name.split(".")[0] in heavy] == []


@pytest.mark.parametrize("path", FILES, ids=module)
def test_nothing_forbidden_is_called(path: Path) -> None:
    """No printing outside the console, no pickle, no unsafe YAML, no shell, nothing swallowed."""
    wrong = []
    for node in walk(ast.parse(path.read_text())):
        text = ast.unparse(node) if isinstance(node, ast.Call | ast.Attribute | ast.ExceptHandler) else ""
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            flags = {k.arg for k in node.keywords if isinstance(k.value, ast.Constant) and k.value.value is True}
            if called in ("print", "eval", "exec", "os.system", "yaml.load", "breakpoint") or flags & {
                "shell",
                "allow_pickle",
            }:
                wrong.append(f"{path.name}:{node.lineno}: {text}")
        elif isinstance(node, ast.Attribute) and text in ("sys.stdout", "sys.stderr") and path.name != "console.py":
            wrong.append(f"{path.name}:{node.lineno}: {text}")
        elif isinstance(node, ast.ExceptHandler):
            broad = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
            if broad and (node.type is None or all(isinstance(step, ast.Pass) for step in node.body)):
                wrong.append(f"{path.name}:{node.lineno}: {text}")
    names = [name.split(".")[0] for _, name in imports(ast.parse(path.read_text()))]
    assert wrong == []
    assert {"pickle", "marshal", "shelve", "dill", "cloudpickle"} & set(names) == set()


@pytest.mark.parametrize("path", FILES, ids=module)
def test_nothing_is_left_for_later(path: Path) -> None:
    """No word in the source says that something is missing."""
    later = (
        r"\b(TODO|FIXME|XXX|HACK|NotImplementedError|(?i:placeholder|not implemented|simplified|for now(?! in|,)))\b"
    )
    lines = path.read_text().splitlines()
    assert [f"{n}: {line}" for n, line in enumerate(lines, 1) if re.search(later, line)] == []


@pytest.mark.parametrize("path", [p for p in FILES if p.stat().st_size], ids=module)
def test_a_file_is_one_idea(path: Path) -> None:
    """Every module says in its first docstring why it exists, and has at most 400 lines."""
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 400


def test_every_room_has_its_rule() -> None:
    """A new room needs a line in the table above."""
    assert {room(module(path)) for path in FILES} <= set(MAY_KNOW)


def test_named_exceptions_are_used() -> None:
    """An exception that nobody needs any more is taken off the table."""
    used = {(module(path), found) for path in FILES for _, found in own_imports(path)}
    assert set(EXCEPTIONS) <= used
