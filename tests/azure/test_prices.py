"""Estimates against decimal arithmetic written out by hand, the data that they rest on, and files of one's own."""

from __future__ import annotations

import json
import re
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from pathlib import Path
from urllib.parse import urlparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.azure.prices import FORMULAS, UNITS, CircuitFigures, Price, estimate, load_prices
from qamctl.azure.targets import Target, find, known
from qamctl.errors import ExitCode, SpecError

ROOT = Path(__file__).resolve().parents[2]
OURS = load_prices()
SMALL = CircuitFigures(6, 24, 28, 6, 30)

figures_of = st.builds(
    CircuitFigures, st.integers(1, 100), st.integers(0, 10**5), st.integers(0, 10**5), st.integers(0, 10**4),
    st.integers(0, 10**5),
)  # fmt: skip


def price(formula: str, currency: str = "USD", **coefficients: str) -> dict[str, Price]:
    """One price, of the target t."""
    values = {name: Decimal(value) for name, value in coefficients.items()}
    return {"t": Price("t", formula, currency, values, "https://example.com", "2026-01-01")}


@pytest.mark.parametrize("id", known())
def test_a_row_is_complete(id: str) -> None:
    """Every target has a price with a formula, all of its coefficients, a source that is a URL, and a date."""
    row = OURS[id]
    formula = FORMULAS[row.formula]
    assert set(formula.required) <= set(row.coefficients) <= {*formula.required, *formula.optional}
    assert set(row.assumed) <= set(row.coefficients)
    assert all(value >= 0 for value in row.coefficients.values())
    assert urlparse(row.source).scheme == "https"
    assert "2025-01-01" <= row.date <= "2026-11-20"
    assert row.verified is False
    assert row.known or row.note
    assert (row.currency in UNITS) == (row.formula == "hqc")


def test_prices_are_of_known_targets() -> None:
    """There is a price for every target, and for nothing else."""
    assert set(OURS) == set(known())


def test_quantum_computers_are_not_free() -> None:
    """No quantum computer has the formula free, in our data."""
    assert not [id for id, target in known().items() if target.qpu and OURS[id].formula == "free"]


@pytest.mark.parametrize(
    ("id", "one", "two", "high", "low"),
    [
        ("ionq.qpu.aria-1", "0.000220", "0.000975", "97.50", "12.4166"),
        ("ionq.qpu.forte-1", "0.0001645", "0.001121", "168.195", "25.7899"),
        ("ionq.qpu.forte-enterprise-1", "0.0001645", "0.001121", "168.195", "25.7899"),
    ],
)
@given(figures=figures_of, shots=st.integers(1, 10_000))
def test_ionq(id: str, one: str, two: str, high: str, low: str, figures: CircuitFigures, shots: int) -> None:
    """IonQ: m + p1 N1 C + p2 N2 C of the price list, with the higher minimum unless error mitigation is off."""
    gates = (Decimal(one) * figures.one_qubit_gates + Decimal(two) * figures.two_qubit_gates) * shots
    for mitigated, least in ((True, high), (False, low)):
        found = estimate(find(id), figures, shots, OURS, mitigated=mitigated)
        total = (Decimal(least) + gates) * 1_000_000
        assert found.micros == int(total.to_integral_value(ROUND_CEILING))
        assert found.currency == "USD"
        assert found.breakdown["minimum"] == float(least)


@pytest.mark.parametrize("id", ["quantinuum.qpu.h2-1", "quantinuum.sim.h2-2e"])
@given(figures=figures_of, shots=st.integers(1, 10_000))
def test_quantinuum(id: str, figures: CircuitFigures, shots: int) -> None:
    """Quantinuum: 5 + C (N1 + 10 N2 + 5 Nm) / 5000, where every qubit is prepared once; in HQC, not in money."""
    spam = figures.qubits + figures.measurements
    wanted = 5 + Decimal(shots) * (figures.one_qubit_gates + 10 * figures.two_qubit_gates + 5 * spam) / 5000
    found = estimate(id, figures, shots, OURS)
    assert found.micros == int((wanted * 1_000_000).to_integral_value(ROUND_CEILING))
    assert found.currency == ("HQC" if ".qpu." in id else "eHQC")
    assert found.breakdown["hqc"] == float(wanted)


@given(figures=figures_of, shots=st.integers(1, 10_000))
def test_rigetti(figures: CircuitFigures, shots: int) -> None:
    """Rigetti: 0.02 USD for every 10 ms that is begun, of the time that shots of that depth may take."""
    seconds = Decimal("0.5") + shots * (Decimal("0.001") + Decimal("0.000002") * figures.depth)
    begun = int((seconds * 100).to_integral_value(ROUND_CEILING))
    found = estimate("rigetti.qpu.cepheus-1-108q", figures, shots, OURS)
    assert found.micros == begun * 20_000
    assert found.breakdown["seconds"] == begun / 100
    assert found.assumed == ("seconds_per_job", "seconds_per_shot", "seconds_per_layer")


def test_free_targets_cost_nothing() -> None:
    """Simulators that are free are estimated at nothing, which is known."""
    found = estimate("ionq.simulator", SMALL, 10**6, OURS)
    assert (found.micros, found.amount, found.known, dict(found.breakdown)) == (0, 0.0, True, {})


@pytest.mark.parametrize("id", ["pasqal.qpu.fresnel", "pasqal.sim.emu-sv", "qci.machine1", "no.such.target"])
def test_what_is_not_known_is_not_an_estimate(id: str) -> None:
    """Without a published bound the estimate says that it is not known, and why."""
    found = estimate(id, SMALL, 100, OURS)
    assert (found.known, found.micros, dict(found.breakdown)) == (False, 0, {})
    assert found.note


@pytest.mark.parametrize("id", known())
@given(
    figures=figures_of, shots=st.integers(1, 20_000), more=st.integers(0, 10**4),
    name=st.sampled_from(["qubits", "one_qubit_gates", "two_qubit_gates", "measurements", "depth", "shots"]),
)  # fmt: skip
def test_more_never_costs_less(id: str, figures: CircuitFigures, shots: int, more: int, name: str) -> None:
    """Estimates do not fall with shots, qubits, gates, measurements or depth, and are never below the minimum."""
    fields = {field: getattr(figures, field) for field in CircuitFigures.__slots__}
    larger = CircuitFigures(**(fields if name == "shots" else fields | {name: fields[name] + more}))
    one = estimate(id, figures, shots, OURS)
    two = estimate(id, larger, shots + more if name == "shots" else shots, OURS)
    assert two.micros >= one.micros
    least = OURS[id].coefficients
    assert one.micros >= 1_000_000 * max(
        least.get("minimum_mitigated", 0), least.get("minimum", 0), least.get("base", 0)
    )
    assert one.amount == one.micros / 1_000_000


@given(shots=st.integers(1, 10**6), job=st.integers(0, 500), shot=st.integers(0, 500), least=st.integers(0, 1000))
def test_per_shot(shots: int, job: int, shot: int, least: int) -> None:
    """Per shot: a price a job and a price a shot, and the minimum where that is more; parts add up to the amount."""
    prices = price("per-shot", per_job=str(job), per_shot=f"{shot}e-4", minimum=str(least))
    found = estimate("t", SMALL, shots, prices)
    assert found.micros == max(job * 1_000_000 + shot * 100 * shots, least * 1_000_000)
    assert sum(found.breakdown.values()) == pytest.approx(found.amount)


def test_a_third_is_rounded_up() -> None:
    """An amount that does not end is rounded up to the next millionth."""
    found = estimate("t", SMALL, 1, price("per-time", unit_price="1", unit_seconds="3", seconds_per_shot="1"))
    assert found.micros == 333_334
    assert Fraction(found.micros, 1_000_000) > Fraction(1, 3)


def test_an_estimate_goes_into_json() -> None:
    """`as_dict` has everything that an estimate says, as JSON takes it."""
    found = estimate("ionq.qpu.aria-1", SMALL, 100, OURS).as_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["micros"] == 97_500_000 + 24 * 22_000 + 28 * 97_500
    assert {"amount", "currency", "formula", "breakdown", "verified", "source", "date", "known", "price"} <= set(found)


def test_the_mark_is_of_what_is_charged() -> None:
    """A price's mark changes with formula, currency and coefficients, and with nothing else."""
    one = price("per-shot", per_shot="1")["t"]
    marks = {
        one.mark, price("per-shot", per_shot="2")["t"].mark, price("per-shot", "EUR", per_shot="1")["t"].mark,
        price("per-shot", per_shot="1", per_job="0")["t"].mark, price("free")["t"].mark,
    }  # fmt: skip
    assert len(marks) == 5
    assert Price("other", one.formula, one.currency, one.coefficients, "", "", note="x").mark == one.mark


# Files


def overridden(tmp_path: Path, text: str) -> dict[str, Price]:
    """Our prices with a file before them."""
    path = tmp_path / "prices.toml"
    path.write_text(text)
    return dict(load_prices(path))


def test_the_example_file() -> None:
    """configs/prices/overrides.toml turns HQC into money, makes emulators free, bounds Pasqal, and adds a target."""
    made = load_prices(ROOT / "configs" / "prices" / "overrides.toml")
    paid = estimate("quantinuum.qpu.h2-1", SMALL, 500, made)
    assert (paid.amount, paid.currency, paid.breakdown["hqc"]) == (41.4 * 12.5, "USD", 41.4)
    assert sum(part for name, part in paid.breakdown.items() if name != "hqc") == pytest.approx(paid.amount)
    assert estimate("quantinuum.sim.h2-1e", SMALL, 500, made).micros == 0
    assert made["quantinuum.sim.h2-1e"].coefficients == {}
    assert estimate("pasqal.qpu.fresnel", SMALL, 500, made).micros == 883_333_334
    assert estimate("example.sim.cloud", SMALL, 500, made).amount == 0.675
    assert (made["quantinuum.qpu.h2-1"].source, made["quantinuum.qpu.h2-1"].date) == (
        "our contract of 2026",
        "2026-01-15",
    )
    assert {id: made[id] for id in OURS if id.startswith("ionq")} == {
        id: OURS[id] for id in OURS if id.startswith("ionq")
    }


def test_one_coefficient_leaves_the_others(tmp_path: Path) -> None:
    """What a file does not name stays; a guess that it replaces is no guess of ours any more; it is the source."""
    made = overridden(tmp_path, '["rigetti.qpu.cepheus-1-108q"]\nseconds_per_shot = 0.0004\n')[
        "rigetti.qpu.cepheus-1-108q"
    ]
    ours = OURS["rigetti.qpu.cepheus-1-108q"]
    assert made.coefficients == {**ours.coefficients, "seconds_per_shot": Decimal("0.0004")}
    assert made.assumed == ("seconds_per_job", "seconds_per_layer")
    assert (made.source, made.date, made.verified) == (str(tmp_path / "prices.toml"), "", False)


def test_later_tables_are_laid_over_earlier_ones(tmp_path: Path) -> None:
    """A pattern sets many, and a table below it changes one of them."""
    made = overridden(
        tmp_path,
        '["quantinuum.qpu.*"]\nprice_per_hqc = 10\ncurrency = "EUR"\n["quantinuum.qpu.h2-2"]\nprice_per_hqc = 11\n',
    )
    found = [
        (made[f"quantinuum.qpu.{k}"].coefficients["price_per_hqc"], made[f"quantinuum.qpu.{k}"].currency)
        for k in ("h2-1", "h2-2")
    ]
    assert found == [(10, "EUR"), (11, "EUR")]


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("a = [1 2]", 1, "Unclosed array", None),
        ('["ionq.qpu.aria-1"]\none_qubit = 1\none_qubit = 2\n', 3, "Cannot overwrite", None),
        ("speed = 3\n", 1, r"speed: a price is a table, as in \[\"ionq.qpu.forte-1\"\]", None),
        ('\n"ionq.simulator" = "free"\n', 2, r'is a table, as in \["ionq.simulator"\]', None),
        ('["ionq.qpu.forte1"]\none_qubit = 1\n', 1, "a target ionq.qpu.forte1 ", "did you mean ionq.qpu.forte-1"),
        ('["zzz"]\nper_shot = 1\n', 1, "no price of a target zzz", "needs formula, currency"),
        ('["ionq.*x"]\nformula = "free"\n', 1, "no target that we have a price of fits", "docs/prices.md"),
        ('["ionq.qpu.aria-1"]\n\nformula = "gates"\n', 3, "formula: 'gates' is no formula", "free, gate-shots, hqc"),
        ('["ionq.qpu.aria-1"]\nformula = ["free"]\n', 2, r"formula: \['free'\] is no formula", None),
        ('["ionq.qpu.aria-1"]\none_qubit = -1\n', 2, "one_qubit: -1 is not a number from 0 on", None),
        ('["ionq.qpu.aria-1"]\ntwo_qubit = nan\n', 2, "two_qubit: NaN is not a number", None),
        ('["ionq.qpu.aria-1"]\ntwo_qubit = inf\n', 2, "two_qubit: Infinity is not a number", None),
        ('["ionq.qpu.aria-1"]\ntwo_qubit = "1"\n', 2, "two_qubit: 1 is not a number", None),
        ('["ionq.qpu.aria-1"]\ntwo_qubit = true\n', 2, "two_qubit: True is not a number", None),
        ('["ionq.qpu.aria-1"]\none_qbit = 1\n', 2, "one_qbit: the formula gate-shots has", "did you mean one_qubit"),
        ('["ionq.qpu.aria-1"]\nzzz = 1\n', 2, "zzz: the formula gate-shots has nothing", "it has formula, currency"),
        ('["ionq.qpu.aria-1"]\nverified = true\n', 2, "verified by a bill, not by hand", "leave it out"),
        ('["ionq.qpu.aria-1"]\ncurrency = "$"\n', 2, r"currency: '\$' is no currency", None),
        ('["ionq.qpu.aria-1"]\nnote = 3\n', 2, "note: it is a text", None),
        ('["ionq.qpu.aria-1"]\ndate = "soon"\n', 2, "date: a date is written as 2026-11-20", None),
        ('["ionq.qpu.aria-1"]\nassumed = ["x"]\n', 2, "assumed: it lists names of coefficients", None),
        ('["ionq.qpu.aria-1"]\nformula = "per-shot"\ncurrency = "USD"\n', 1, "needs per_shot", None),
        ('["new.sim"]\nformula = "free"\n', 1, "new.sim: the currency is missing", 'currency = "USD"'),
        ('["quantinuum.qpu.h2-1"]\ndivisor = 0\n', 2, "divisor: it divides", None),
        ('["pasqal.qpu.fresnel"]\nunit_seconds = 0.0\n', 2, "unit_seconds: it divides", None),
        ('["quantinuum.qpu.h2-1"]\nprice_per_hqc = 1\n', 1, "a price per HQC is in a currency", "together"),
        ('["quantinuum.qpu.*"]\ncurrency = "USD"\n', 2, "currency: a price per HQC is in a currency", "together"),
    ],
)  # fmt: skip
def test_faults_of_a_file(tmp_path: Path, text: str, line: int, message: str, hint: str | None) -> None:
    """Every way to get a file of prices wrong is an error 3 with its line, and what to do."""
    with pytest.raises(SpecError, match=r"can't use the prices of .*prices.toml: ") as caught:
        overridden(tmp_path, text)
    assert caught.value.code == ExitCode.SPEC
    (found,) = caught.value.diagnostics
    assert re.search(message, found.message)
    assert found.location is not None
    assert (found.location.file, found.location.line) == (str(tmp_path / "prices.toml"), line)
    assert hint is None or (found.hint is not None and hint in found.hint)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """A file with several faults names them all."""
    with pytest.raises(SpecError, match=r"\(and 2 more\)") as caught:
        overridden(tmp_path, '["ionq.qpu.aria-1"]\none_qubit = -1\nzzz = 1\n["rigetti.sim.qvn"]\nper_shot = 1\n')
    assert [fault.location.line for fault in caught.value.diagnostics if fault.location] == [2, 3, 4]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A file that can't be read, or is no text, is an error 3 that says so."""
    with pytest.raises(SpecError, match="No such file or directory"):
        load_prices(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SpecError, match="codec can't decode"):
        load_prices(tmp_path / "bytes.toml")


def test_a_key_that_a_plain_search_does_not_find(tmp_path: Path) -> None:
    """A table written in another way is refused as well, without a line."""
    with pytest.raises(SpecError) as caught:
        overridden(tmp_path, "ionq = {qpu = {one_qubit = -1}}\n")
    (fault,) = caught.value.diagnostics
    assert "no price of a target ionq " in fault.message
    assert fault.location is not None
    assert fault.location.line is None


# The page


def page_row(target: Target, price: Price) -> str:
    """The row of a target in docs/prices.md."""
    figures = ", ".join(
        f"{name} {value}{'*' if name in price.assumed else ''}" for name, value in price.coefficients.items()
    )
    words = f"`{price.formula}`" + (f": {figures}" if figures else "")
    money = price.currency if price.formula not in ("free", "unknown") else "-"
    takes = target.profile or target.formats[0].input
    return f"| `{target.id}` | {target.qubits} | {takes} | {words} | {money} | [{price.date}]({price.source}) |"


def test_the_page_lists_every_target() -> None:
    """docs/prices.md has a row for every target with its figures as the data has them, and none else."""
    text = (ROOT / "docs" / "prices.md").read_text()
    rows = [line for line in text.splitlines() if re.match(r"\| `[a-z]+\.", line)]
    assert rows == [page_row(known()[id], OURS[id]) for id in known()]


def test_the_page_explains_every_formula() -> None:
    """docs/prices.md explains each formula and each coefficient."""
    text = (ROOT / "docs" / "prices.md").read_text()
    for name, formula in FORMULAS.items():
        assert f"`{name}`" in text
        assert [key for key in (*formula.required, *formula.optional) if f"`{key}`" not in text] == []
