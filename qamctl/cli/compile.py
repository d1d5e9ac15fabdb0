"""`qamctl compile FILE --to FORMAT`: a problem as annealers, solvers of models and quantum computers take it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.numbers import factor, whole
from qamctl.cli.session import deliver, open_console, protect
from qamctl.cli.views import facts
from qamctl.errors import ExitCode, UsageError

app = new_app()

MODELS = ("qubo", "ising", "bqm", "cqm", "lp")
CIRCUITS = ("qasm", "qir")
TARGETS = (*MODELS, *CIRCUITS)


@app.command(cls=PlainCommand)
def compile_(
    context: typer.Context,
    file: flag.File,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="FORMAT",
            help="qubo, ising, bqm (penalty QUBO); cqm, lp (constraints kept); qasm, qir (its QAOA circuit).",
        ),
    ] = "qubo",
    target: flag.Target = None,
    encoding: flag.Encoding = None,
    inequality: flag.Inequality = None,
    penalty: Annotated[
        str | None,
        typer.Option("--penalty", metavar="X", help="Multiply the penalty weights. Default 1: sufficient with slack."),
    ] = None,
    depth: flag.Depth = None,
    mixer: flag.Mixer = None,
    machine: flag.TargetClass = None,
    qir_profile: flag.QirProfile = None,
    bitcode: flag.Bitcode = False,
    level: flag.Level = None,
    format: flag.Format = None,
    sense: flag.Sense = None,
    slot: flag.Slot = None,
    max_variables: flag.MaxVariables = None,
    dry_run: flag.DryRun = False,
    output: flag.Output = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
    quiet: flag.Quiet = False,
) -> int:
    """Write a problem as solvers and quantum computers take it: QUBO, Ising, BQM, CQM, LP, OpenQASM or QIR.

    \b
    Examples:
      qamctl compile plan.yaml --to qubo --file plan.qubo
      qamctl compile plan.yaml --to bqm --encoding domain-wall --file plan.bqm
      qamctl compile plan.yaml --to lp | head
      qamctl compile model.lp --to qubo --inequality unbalanced --penalty 0.5 --file model.qubo
      qamctl compile plan.yaml --dry-run -o json | jq .constraints
      qamctl compile model.qubo --to qasm --depth 5 --target ionq --file model.qasm
      qamctl compile circuit.qasm --to qir --file circuit.bc

    Takes specs of schedules and clusters, whole, model files, and circuits in OpenQASM; reason specs become circuits,
    with --to qasm or qir, whose first bits are the path and whose next ones are all 1 where a shot counts. For qubo,
    ising, bqm and circuits constraints become penalties whose weights are sufficient: every minimum is a feasible
    optimum. The variables keep their names, and bit i of a circuit is variable i, so that `qamctl decode` finds the
    way back. Everything is minimised; only lp keeps the sense of a model file.
    """
    flags = {
        "format": format,
        "sense": sense,
        "slot": slot,
        "max_variables": max_variables,
        "depth": depth,
        "mixer": mixer,
        "output": output,
        "quiet": quiet,
    }
    console = open_console(context, flags, profile=profile, config=config)
    if to not in TARGETS:
        raise UsageError(f"--to {to}: choose one of {', '.join(TARGETS)}")
    scale, at = factor("--penalty", penalty), whole("--level", level)
    if to not in CIRCUITS:
        given = {"--depth": depth, "--mixer": mixer, "--target": machine, "--qir-profile": qir_profile}
        refuse(f"--to {to} writes a model", given | {"--bitcode": bitcode or None}, "for --to qasm and qir")
    from qamctl import compiling
    from qamctl.formats.circuits import read_circuit
    from qamctl.kinds import kind_of, kind_of_format

    is_bitcode = bitcode or (to == "qir" and target is not None and target.endswith(".bc"))
    form = compiling.circuit_form(to, machine, qir_profile, is_bitcode) if to in CIRCUITS else None
    config_file = Path(config) if config else None
    kind = kind_of(file, "model") if format is None else kind_of_format(format)
    if form is not None and kind == "circuit":
        given = {"--depth": depth, "--mixer": mixer, "--encoding": encoding, "--inequality": inequality}
        given |= {"--penalty": penalty, "--level": level, "--sense": sense, "--slot": slot}
        refuse(f"{file} is a circuit", given | {"--max-variables": max_variables}, "for specs and model files")
        circuit = read_circuit(file, format=format)
        protect(circuit.source.files, [("--file", target)])
        artefact = compiling.convert_circuit(circuit, form)
    elif form is not None and kind == "reason":
        from qamctl.reason_compile import write_decision

        given = {"--encoding": encoding, "--inequality": inequality, "--penalty": penalty, "--level": level}
        refuse(f"{file} is a reason spec", given, "for problems that become a QUBO")
        problem, artefact = write_decision(file, flags, form, profile=profile, config_file=config_file)
        protect(problem.source.files, [("--file", target)])
    else:
        found = compiling.open_target(file, flags, level=at, profile=profile, config_file=config_file)
        protect(found.problem.source.files, [("--file", target)])
        how: dict[str, Any] = {"one_hot": encoding or "one-hot", "inequality": inequality or "slack", "penalty": scale}
        if form is None:
            artefact = compiling.write_target(found, to, **how)
        else:
            artefact = compiling.write_circuit(found, form, **how)
    if dry_run:
        console.show(artefact.report, lambda: facts(artefact.report))
        return ExitCode.OK
    deliver(context, artefact.content, target)
    console.note(f"{to} of {artefact.report['name']}: {sizes(artefact.report)}")
    return ExitCode.OK


def refuse(why: str, given: Mapping[str, str | bool | None], where: str) -> None:
    """End where a flag was given that means nothing here.

    Raises
    ------
    UsageError
        One was.
    """
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise UsageError(f"{why}: {', '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} {where}")


def sizes(report: Mapping[str, Any]) -> str:
    """What was written, in a line."""
    circuit = report.get("circuit")
    if circuit is None:
        return f"{report['variables']} variables, {report['quadratic']} couplings"
    line = f"{circuit['qubits']} qubits"
    if "gates" in circuit:
        line += f", depth {circuit['depth']}, on two qubits and more {circuit['two_qubit']} gates"
    if before := circuit.get("before"):
        was = f"depth {before['depth']} and {before['two_qubit']}"
        line += f" (before it was compiled for {circuit['target']}: {was}; {circuit['swaps']} swaps)"
    return f"{line}; {report['note']}" if "note" in report else line
