"""`qamctl submit` of QIR and of programs in a provider's own language: they are sent as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.azure_room import Azure, azure
from support.azure_submissions import cloud, files
from support.command_line import Run

from qamctl.emulator.programs import execute
from qamctl.emulator.work import Outcome, Work, lasting

__all__ = ["cloud", "files"]


@pytest.mark.parametrize("suffix", ["ll", "bc"])
def test_qir_is_sent_as_it_is(run: Run, room: Path, cloud: Azure, suffix: str) -> None:
    """QIR as text or bitcode gives the counts of the circuit that it was compiled from."""
    assert run("compile", "bell.qasm", "--to", "qir", "--file", f"bell.{suffix}").code == 0
    ran = run("submit", f"bell.{suffix}", "--target", "rigetti.sim.qvm", "--shots", "50", "--out", "r", "-o", "json")
    assert ran.code == 0, ran.err
    assert set(ran.json["solution"]["counts"]) <= {"00", "11"}
    assert run("check", "r/result.json", f"bell.{suffix}").code == 0


IONQ = json.dumps({"qubits": 3, "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}]})
QUIL = "DECLARE ro BIT[2]\nX 0\nH 1\nMEASURE 0 ro[0]\nMEASURE 1 ro[1]\n"
NATIVE = {
    "ionq.circuit.v1": ("p.json", IONQ, "ionq.simulator", {"000", "011"}, 3),
    "rigetti.quil.v1": ("p.quil", QUIL, "rigetti.sim.qvm", {"01", "11"}, 2),
}


@pytest.mark.parametrize("form", NATIVE)
def test_a_program_of_a_provider_is_sent_as_it_is(
    run: Run, room: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """IonQ's JSON and Rigetti's Quil reach the service byte by byte; what is measured has all of its bits."""
    file, text, target, strings, bits = NATIVE[form]
    (room / file).write_text(text)
    call = ("submit", file, "--input-format", form, "--target", target, "--shots", "200")
    seen: list[tuple[str, bytes]] = []

    def runner(work: Work) -> Outcome:
        seen.append((work.input_format, work.payload))
        return execute.run(work)

    with azure(runner=lasting(runner)) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        ran = run(*call, "--out", "r", "-o", "json")
        assert ran.code == 0, ran.err
        assert seen == [(form, text.encode())]
        assert (ran.json["kind"], ran.json["format"]) == ("circuit", form)
        assert set(ran.json["solution"]["counts"]) == strings  # a qubit that is never 1 is among them
        assert (ran.json["solution"]["shots"], ran.json["solution"]["bits"]) == (200, bits)
        assert ran.json["attempts"][0]["variables"] == (3 if form == "ionq.circuit.v1" else None)
        output = run("jobs", "output", ran.json["job"]["id"], "-o", "json").json["results"][0]
        assert output["counts"] == ran.json["solution"]["counts"]
        assert run(*call, "-o", "json").json["solution"] == ran.json["solution"]  # from the cache
        assert list(cloud.service.created.values()) == [1]
        checked = run("check", "r/result.json", file)
        assert (checked.code, f"is the result of a {form} program" in checked.err) == (8, True)


@pytest.mark.parametrize("form", NATIVE)
def test_a_run_of_a_provider_s_program_is_resumed(run: Run, room: Path, cloud: Azure, form: str) -> None:
    """It goes on in the format that it was begun with, also where the state database was lost."""
    file, text, target, strings, _ = NATIVE[form]
    (room / file).write_text(text)
    for lost in (False, True):
        out = f"r{lost}"
        run("submit", file, "--input-format", form, "--target", target, "--shots", "50", "--no-wait", "--out", out)
        if lost:
            for old in (room.parent / "state" / "qamctl").glob("state.db*"):
                old.unlink()
        ran = run("runs", "resume", out, "-o", "json")
        assert ran.code == 0, ran.err
        assert set(ran.json["solution"]["counts"]) == strings
    assert list(cloud.service.created.values()) == [1]


def test_a_provider_s_program_can_be_looked_at_before(run: Run, room: Path) -> None:
    """--dry-run tells format, size, price and gates as far as they can be read; standard input is a file, too."""
    (room / "p.json").write_text(IONQ)
    found = run("submit", "p.json", "--input-format", "ionq.circuit.v1", "--target", "ionq.qpu.forte-1", "--dry-run",
                "-o", "json").json  # fmt: skip
    assert (found["format"], found["bytes"], found["qubits"]) == ("ionq.circuit.v1", len(IONQ), 3)
    assert (found["two_qubit"], found["name"]) == (1, "p")
    assert found["price"]["amount"] > 0
    (room / "p.quil").write_text(QUIL)
    dear = run("submit", "p.quil", "--input-format", "rigetti.quil.v1", "--target", "rigetti.qpu.cepheus-1-108q",
               "--allow-qpu", "--dry-run", "-o", "json").json  # fmt: skip
    assert dear["price"]["amount"] is None
    assert not dear["allowed"]["ok"]


@pytest.mark.parametrize(
    ("form", "target", "code", "words"),
    [
        ("rigetti.quil", "rigetti.sim.qvm", 2, ["did you mean rigetti.quil.v1?", "takes rigetti.quil.v1"]),
        ("x", "qci.simulator", 2, ["there are ionq.circuit.v1", "takes none but QIR"]),
        ("qir.v1", "rigetti.sim.qvm", 2, ["leave it out"]),
        ("pasqal.pulser.v1", "rigetti.sim.qvm", 8, ["rigetti.sim.qvm does not take", "it takes rigetti.quil.v1"]),
        ("ionq.circuit.v1", "ionq.simulator", 3, ["no ionq.circuit.v1 program"]),
    ],
)
def test_formats_that_do_not_fit(run: Run, room: Path, form: str, target: str, code: int, words: list[str]) -> None:
    """An unknown format is told with the nearest and what the target takes, a wrong one with what it takes."""
    (room / "p.quil").write_text(QUIL)
    ran = run("submit", "p.quil", "--input-format", form, "--target", target, "--dry-run")
    assert ran.code == code
    assert all(word in " ".join(ran.err.split()) for word in words), ran.err


@pytest.mark.parametrize(
    ("flags", "code", "word"),
    [
        (["--format", "openqasm"], 2, "--format"), (["--depth", "2"], 2, "--depth"),
        (["--qir-profile", "base"], 2, "--qir-profile"),
    ],
)  # fmt: skip
def test_flags_that_say_nothing_of_a_provider_s_program(
    run: Run, room: Path, flags: list[str], code: int, word: str
) -> None:
    """They are refused by name: the program is sent as it is."""
    (room / "p.quil").write_text(QUIL)
    ran = run("submit", "p.quil", "--input-format", "rigetti.quil.v1", "--target", "rigetti.sim.qvm", *flags)
    assert (ran.code, word in ran.err) == (code, True)


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_program_is_refused(run: Run, room: Path, text: str) -> None:
    """With what was expected of the file."""
    (room / "p.quil").write_text(text)
    ran = run("submit", "p.quil", "--input-format", "rigetti.quil.v1", "--target", "rigetti.sim.qvm")
    assert (ran.code, "is empty" in ran.err) == (3, True)
