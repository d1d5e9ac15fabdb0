"""The options that commands share, declared once; all are texts and switches, which `qamctl.config` converts."""

from __future__ import annotations

from typing import Annotated

import typer

Backends = Annotated[
    list[str] | None,
    typer.Option(
        "--backend",
        metavar="NAME",
        help="Engine to use: auto, cpsat, anneal, tabu, neal, exact; by circuits qaoa, statevector, noisy, qir, and "
        "azure:TARGET, of Azure Quantum; for schedules list-search, critical-path and hierarchical, too, for clusters "
        "assignment and linear, and no cpsat. Circuit files take statevector, noisy, qir, azure:TARGET. Repeatable.",
    ),
]
File = Annotated[
    str,
    typer.Argument(metavar="FILE", help="Model file, or problem file (YAML or JSON); - is standard input."),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="F",
        help="Format of a model file (qubo, rudy, csv, bqm, cqm, json, lp, model, hamiltonian) or a circuit file "
        "(openqasm, qir, circuit). Default: told from the content.",
    ),
]
Sense = Annotated[
    str | None,
    typer.Option(
        "--sense", metavar="min|max", help="What the objective of a model file is. Default: what the file says, or min."
    ),
]
Reads = Annotated[
    str | None,
    typer.Option("--reads", metavar="N", help="Samples to take from each engine; all of them go to samples.npz."),
]
TargetEnergy = Annotated[
    str | None,
    typer.Option(
        "--target-energy",
        metavar="E",
        help="End at a sample of this energy or less, of the minimised form: minus the objective where that is max.",
    ),
]
SamplesFile = Annotated[
    str | None,
    typer.Option("--samples", metavar="FILE", help="Write the samples here, too (.npz, .csv, or dimod's .json)."),
]
Shots = Annotated[
    str | None, typer.Option("--shots", metavar="N", help="Measurements of a circuit each time it runs. Default 1000.")
]
Noise = Annotated[
    str | None,
    typer.Option(
        "--noise",
        metavar="P",
        help="Machine whose noise the engine `noisy` simulates: generic (default), ionq, quantinuum, rigetti.",
    ),
]
Mitigate = Annotated[
    list[str] | None,
    typer.Option(
        "--mitigate",
        metavar="M",
        help="Of circuits on the engine `noisy`: readout, zne, postselect (of decisions detect), or none in spite of "
        "the spec. Repeatable.",
    ),
]
Depth = Annotated[str | None, typer.Option("--depth", metavar="P", help="Layers of a QAOA circuit. Default 3.")]
Mixer = Annotated[
    str | None,
    typer.Option(
        "--mixer", metavar="M", help="Of QAOA: auto (default), x, xy-ring, xy-full, grover; all but x keep groups."
    ),
]
MaxQubits = Annotated[
    str | None,
    typer.Option("--max-qubits", metavar="N", help="Qubits of a circuit; larger problems are improved part by part."),
]
MaxShots = Annotated[
    str | None,
    typer.Option("--max-shots", metavar="N", help="A quantum engine ends after so many measurements in all."),
]
MaxRounds = Annotated[
    str | None, typer.Option("--max-rounds", metavar="N", help="A quantum engine ends after so many parts in all.")
]
Angles = Annotated[
    str | None,
    typer.Option(
        "--angles",
        metavar="FILE",
        help="Angles of QAOA: a .jsonl keeps a training, to go on from; a .json those of many problems, to begin with.",
    ),
]
TimeLimit = Annotated[
    str | None,
    typer.Option("--time-limit", metavar="S", help="Wall seconds of the search. Default 10; a proof ends it."),
]
MaxSteps = Annotated[
    str | None,
    typer.Option(
        "--max-steps", metavar="N", help="Steps of search in place of a time limit: the same answer each time."
    ),
]
Seed = Annotated[
    str | None, typer.Option("--seed", metavar="N", help="Seed of the search. Default: made from the file's hash.")
]
Threads = Annotated[
    str | None, typer.Option("--threads", metavar="N", help="Cores to use. Default: all that this process may use.")
]
Slot = Annotated[
    str | None, typer.Option("--slot", metavar="T", help="Ticks in one time slot of the QUBO. Default 1, exact.")
]
MaxVariables = Annotated[
    str | None, typer.Option("--max-variables", metavar="N", help="Largest QUBO to compile; slots get coarser to fit.")
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        "--from-result",
        metavar="RESULT",
        help="Begin from an earlier result, which says where agents are, or when tasks were planned: a file, a run's "
        "id or a unique beginning of it, a run directory, or latest.",
    ),
]
Check = Annotated[
    list[str] | None,
    typer.Option(
        "--check",
        metavar="EXPR",
        help="End with 9 unless the result meets this, as gap<=0.02,tardy==0 (docs/ci.md has the figures). Repeatable.",
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="RESULT",
        help="End with 9 where the answer is worse than this result: a file, a run's id or a unique beginning of it, a "
        "run directory, or latest, of this problem's runs that ended with 0.",
    ),
]
Reuse = Annotated[
    bool,
    typer.Option(
        "--reuse",
        help="Give the answer that an earlier run with --reuse found to the same question, checked anew; else keep "
        "this one.",
    ),
]
Out = Annotated[
    str | None,
    typer.Option("--out", metavar="DIR", help="Run directory. Default: a new one under the state folder."),
]
ResultFile = Annotated[str | None, typer.Option("--result", metavar="FILE", help="Copy the result here, too (JSON).")]
MetricsFile = Annotated[
    str | None, typer.Option("--metrics", metavar="FILE", help="Copy the metrics here, too (.json or .prom).")
]
Picture = Annotated[
    str | None,
    typer.Option("--picture", metavar="FILE", help="Draw the answer here (.svg): clusters, loads, agents, cut links."),
]
Export = Annotated[
    list[str] | None,
    typer.Option(
        "--export",
        metavar="FORMAT",
        help="Write the rows of the answer into the run directory as csv, parquet, or, of schedules, ics. Repeatable.",
    ),
]
Output = Annotated[
    str | None, typer.Option("--output", "-o", metavar="FORMAT", help="table, json or yaml. Default table.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Read, validate and compile, print the sizes, and stop: nothing is written.")
]
IfLocked = Annotated[
    str | None,
    typer.Option(
        "--if-locked", metavar="MODE", help="While another run holds the lock: fail (75, the default), wait, skip (0)."
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Forbid every fallback: an engine that fails ends the run.")]
NoCopy = Annotated[
    bool, typer.Option("--no-copy", help="Keep side tables above 50 MB by their hash only, not as copies.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors; files are written all the same.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Tell every event of the run on standard error.")]
LogFile = Annotated[
    str | None, typer.Option("--log-file", metavar="FILE", help="Append the run's events here, too (JSON lines).")
]
Profile = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="Use [profile.NAME] of the configuration files.")
]
ConfigFile = Annotated[
    str | None,
    typer.Option("--config", metavar="FILE", help="Configuration file. Default: ./qamctl.toml where present."),
]
Target = Annotated[str | None, typer.Option("--file", metavar="PATH", help="Write here. Default: standard output.")]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding", metavar="E", help="One-hot groups as one-hot (default) or domain-wall, a bit less each."
    ),
]
Inequality = Annotated[
    str | None,
    typer.Option(
        "--inequality", metavar="I", help="Inequalities with slack bits (slack, default), or without (unbalanced)."
    ),
]
TargetClass = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="CLASS",
        help="Gates and couplings of a circuit: simulator, ionq, quantinuum, quantinuum-helios, rigetti.",
    ),
]
QirProfile = Annotated[
    str | None,
    typer.Option(
        "--qir-profile", metavar="P", help="Of QIR: base, adaptive-ri, adaptive-rif. Default: the target's, or base."
    ),
]
Bitcode = Annotated[
    bool, typer.Option("--bitcode", help="QIR as LLVM bitcode; a --file that ends in .bc is, by itself.")
]
JobTarget = Annotated[
    str | None,
    typer.Option("--target", metavar="T", help="Azure Quantum target, as ionq.simulator; see `qamctl backends`."),
]
JobName = Annotated[
    str | None, typer.Option("--name", "--job-name", metavar="NAME", help="Name of the job. Default: the file's.")
]
Tags = Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="Tag of the job. Repeatable.")]
Priority = Annotated[
    str | None,
    typer.Option("--priority", metavar="P", help="low, standard (default) or high: in our queue, and the service's."),
]
Session = Annotated[
    str | None,
    typer.Option("--session", metavar="S", help="Session that the job belongs to: an id, or a name to open one under."),
]
RunKey = Annotated[
    str | None,
    typer.Option("--run-key", metavar="K", help="Another key makes another job of the same file, target and shots."),
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait: print the job's id and end with 0.")]
Timeout = Annotated[
    str | None,
    typer.Option("--timeout", metavar="S", help="Seconds to wait for Azure Quantum at most, in all; its jobs go on."),
]
MaxCost = Annotated[
    str | None,
    typer.Option("--max-cost", metavar="X", help="Refuse what may cost more, in the currency of the price (9)."),
]
JobMaxShots = Annotated[str | None, typer.Option("--max-shots", metavar="N", help="Refuse a job of more shots (9).")]
AllowQpu = Annotated[
    bool, typer.Option("--allow-qpu", help="Quantum hardware may be used, which costs money; else it is refused (9).")
]
Prices = Annotated[
    str | None,
    typer.Option("--prices", metavar="FILE", help="Prices that hold in place of ours (TOML); see docs/prices.md."),
]
JobRef = Annotated[str, typer.Argument(metavar="ID", help="A job's id, or a unique beginning of one.")]
Level = Annotated[
    str | None,
    typer.Option(
        "--level",
        metavar="K",
        help="Objective level of a schedule or a cluster, from 1 (default); earlier ones are kept.",
    ),
]
