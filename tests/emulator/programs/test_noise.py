"""Which noise jobs are simulated with."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from emulator.asking import BELL_LL, Asker
from emulator.programs.running import failed, work

pytest.importorskip("qiskit_aer")

from qamctl.emulator.programs.execute import run
from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.programs.noise import Noisy, check_noise, decided, preset_of
from qamctl.emulator.targets import TARGETS, Target
from qamctl.emulator.work import Outcome, Work
from qamctl.errors import UnsupportedError, UsageError
from qamctl.options import NOISES

KNOWN = {target.id: target for target in TARGETS}

#: Targets that have noise of their own, and the preset.
NOISY = {
    "ionq.qpu.aria-1": "ionq", "ionq.qpu.forte-1": "ionq", "ionq.qpu.forte-enterprise-1": "ionq",
    "quantinuum.sim.h2-1e": "quantinuum", "quantinuum.qpu.h2-1": "quantinuum", "quantinuum.sim.h2-2e": "quantinuum",
    "quantinuum.qpu.h2-2": "quantinuum", "quantinuum.sim.helios-1e": "quantinuum",
    "quantinuum.qpu.helios-1": "quantinuum", "rigetti.qpu.cepheus-1-108q": "rigetti",
    "qci.simulator.noisy": "generic", "qci.machine1": "generic",
}  # fmt: skip


def test_targets_have_the_noise_of_their_makers_or_none() -> None:
    """Machines and noisy simulators; a maker without a preset has the generic one."""
    offered = [target for target in TARGETS if "qir.v1" in target.formats]
    assert {target.id: preset_of("target", target) for target in offered} == {
        target.id: NOISY.get(target.id) for target in offered
    }
    assert all(preset_of("none", target) is None for target in TARGETS)
    assert preset_of("target", Target("new.qpu.one", "new", 5, "Base", ("qir.v1",))) == "generic"


@pytest.mark.parametrize("preset", NOISES)
def test_a_preset_is_for_every_target_that_runs_anything(preset: str) -> None:
    """Not for syntax checkers, whose results are zeros."""
    assert preset_of(preset, KNOWN["ionq.simulator"]) == preset
    assert preset_of(preset, KNOWN["rigetti.qpu.cepheus-1-108q"]) == preset
    assert preset_of(preset, KNOWN["quantinuum.sim.h2-1sc"]) is None


def test_the_service_hands_the_preset_to_whoever_runs_a_job() -> None:
    """Decided for the job's target."""
    seen: list[Work] = []

    def runner(work: Work) -> Outcome:
        seen.append(work)
        return Outcome(b"{}")

    asker = Asker(runner=runner, noise="target")
    asker.make("a", target="ionq.qpu.aria-1")
    asker.make("b", target="ionq.simulator")
    asker.clock.sleep(100)
    asker.json("GET", "jobs")
    assert {work.job: work.noise for work in seen} == {"a": "ionq", "b": None}


def test_a_job_runs_with_the_noise_of_the_service() -> None:
    """From its making to its results, in the service's own threads: 10,000 shots of readout errors."""
    asker = Asker(runner=None, noise="target")
    asker.make("j", BELL_LL, target="ionq.qpu.aria-1", inputParams={"shots": 10_000})
    asker.clock.sleep(100)
    told = asker.json("GET", "jobs/j")
    assert told["status"] == "Succeeded", told["errorData"]
    (result,) = json.loads(asker.store("GET", told["outputDataUri"]).body)["Results"]
    wrong = sum(entry["Count"] for entry in result["Histogram"] if entry["Outcome"][1] != entry["Outcome"][2])
    # Two bits that are alike without noise: each is read wrong 5 times in 1,000, and gates add less than that.
    assert 10_000 * 0.00995 - 5 * 10 < wrong < 10_000 * 0.018, wrong


@pytest.mark.parametrize("setting", ["none", "target", *NOISES])
def test_a_setting_that_can_be_had_is_taken(setting: str) -> None:
    """Each of them, where qiskit-aer is there; `none` also where it is not."""
    check_noise(setting)


def test_other_settings_are_refused_and_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the service begins: 2 and 8."""
    with pytest.raises(UsageError, match="there is no noise 'loud': choose none, target, generic"):
        check_noise("loud")
    monkeypatch.setitem(sys.modules, "qiskit_aer", None)
    check_noise("none")
    with pytest.raises(UnsupportedError, match=r"qiskit-aer, which is not installed here: pip install \"qamctl\[noise"):
        check_noise("target")


def test_a_job_without_the_package_fails_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where it would be simulated with noise."""
    monkeypatch.setitem(sys.modules, "qiskit_aer", None)
    code, message = failed(run(work("ionq.qpu.aria-1", BELL_LL, preset="ionq")))
    assert (code, 'pip install "qamctl[noise]"' in message) == ("NoiseNotAvailable", True)
    assert failed(run(work("ionq.simulator", BELL_LL, noise={"model": "aria-1"})))[0] == "NoiseNotAvailable"
    assert run(work("ionq.simulator", BELL_LL, noise={"model": "ideal"})).error is None
    assert run(work("quantinuum.sim.h2-1e", BELL_LL, preset="quantinuum", **{"error-model": False})).error is None


def test_ionqs_simulator_takes_models_by_name() -> None:
    """With the figures of IonQ's guide as average errors, and the qubits of the machine; `ideal` is none."""
    simulator = KNOWN["ionq.simulator"]
    for asked in ({"model": "ideal"}, {}, {"model": "ideal", "seed": "x"}):
        assert decided(simulator, "generic", {"noise": asked}) is None
    aria = decided(simulator, None, {"noise": {"model": "aria-1", "seed": 7}})
    assert aria == Noisy({"preset": "ionq", "p1": 0.00025, "p2": pytest.approx(0.009975)}, 7, 25)
    forte = decided(simulator, "generic", {"noise": {"model": "forte-1"}})
    assert forte is not None
    assert (forte.seed, forte.qubits, forte.figures["p2"] < 0.004) == (None, 29, True)
    assert decided(simulator, "generic", {}) == Noisy({"preset": "generic"})
    assert decided(KNOWN["ionq.qpu.aria-1"], None, {"noise": {"model": "aria-1"}}) is None, "not of the machines"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("aria-1", "must be an object"),
        ({"model": "loud"}, "The noise model 'loud' is not known: there are ideal, aria-1"),
        ({"model": ["aria-1"]}, "is not known"),
        *(({"model": "aria-1", "seed": seed}, "from 1 to 2147483648") for seed in (0, 2**31 + 1, "1", True, 1.5)),
    ],
)
def test_models_that_there_are_not_are_refused(asked: Any, told: str) -> None:
    """With what there is."""
    with pytest.raises(BadProgram) as raised:
        decided(KNOWN["ionq.simulator"], None, {"noise": asked})
    assert told in raised.value.message


def test_quantinuums_emulators_take_their_error_model() -> None:
    """Off, on, or with figures, of which a fault is told as the average error of a gate."""
    emulator = KNOWN["quantinuum.sim.h2-1e"]
    own = Noisy({"preset": "quantinuum"})
    assert decided(emulator, "quantinuum", {"error-model": False, "error-params": {"p1": 1}}) is None
    assert decided(emulator, "quantinuum", {"error-model": True, "error-params": {}}) == own
    assert decided(emulator, None, {"error-model": True}) == own
    assert decided(emulator, "generic", {"error-model": True}) == Noisy({"preset": "generic"})
    assert decided(emulator, None, {}) is None
    figures = {"p1": 0.3, "p2": 0.5, "p_meas": [0.01, 0.03], "p_init": 4e-5, "scale": "x"}
    assert decided(emulator, None, {"error-params": figures}) == Noisy(
        {"preset": "quantinuum", "p1": pytest.approx(0.2), "p2": pytest.approx(0.4), "readout": pytest.approx(0.02)}
    )
    found = decided(emulator, None, {"error-params": {"p_meas": 0.25}})
    assert found == Noisy({"preset": "quantinuum", "readout": 0.25})
    for id in ("quantinuum.qpu.h2-1", "quantinuum.sim.h2-1sc", "ionq.simulator"):
        assert decided(KNOWN[id], None, {"error-params": figures}) is None, id


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"error-model": "no"}, "'error-model' must be true or false"),
        ({"error-params": [1]}, "'error-params' must be an object"),
        ({"error-params": {"p1": 2}}, "'p1' must be a probability"),
        ({"error-params": {"p2": "x"}}, "'p2' must be a probability"),
        ({"error-params": {"p_meas": [0.1, True]}}, "'p_meas' must be a probability"),
    ],
)
def test_figures_that_are_no_probabilities_are_refused(params: dict[str, Any], told: str) -> None:
    """With the one that is wrong."""
    with pytest.raises(BadProgram) as raised:
        decided(KNOWN["quantinuum.sim.h2-1e"], None, params)
    assert told in raised.value.message
