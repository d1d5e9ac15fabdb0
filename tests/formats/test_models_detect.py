"""Formats are told from the content, also those that are no models."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import zipfile
from pathlib import Path

import dimod
import numpy as np
import pytest
from support.model_files import fault_of, read_text
from support.shared import shared_path

from qamctl.errors import SpecError, UsageError
from qamctl.formats.models import FORMATS, looks_like, read_model
from qamctl.formats.models.detect import FOREIGN

TEXTS = {
    "c\nc hello\np qubo 0 1 0 0\n": "qubo",
    "p qubo 0 1 0 0\n": "qubo",
    "3 2\n1 2 1\n2 3 1\n": "rudy",
    "3 2\n1 2\n2 3\n": "rudy",
    "4 3\n1 2\n2 3\n3 4\n": "rudy",
    "4 9\n1 2 5\n": "rudy",
    "3\t2\n1\t2\t1\n2\t3\t1\n": "rudy",
    "9" * 30_000 + "x\n": None,
    "i,j,w\n0,1,2\n": "csv",
    "0,1,2\n": "csv",
    "0 1 2\n1 2 3\n": "csv",
    "row col w\n0 1 2\n": "csv",
    "# vartype=SPIN\n0 1 2\n": "csv",
    "a;b;3\n": "csv",
    "Minimize\n x\nEnd\n": "lp",
    "\\ note\nMAXIMIZE\n x\nEnd\n": "lp",
    "min x\nst\nend": "lp",
    "kind: model\nversion: 1\n": "model",
    "# a spec\n\nversion: 1\nkind: 'model'\n": "model",
    '{"kind": "model", "version": 1}': "model",
    "{kind: model, version: 1}": "model",
    "kind: hamiltonian\nversion: 1\n": "hamiltonian",
    '{"terms": [["ZZ", 1]], "kind": "hamiltonian"}': "hamiltonian",
    '{"type": "BinaryQuadraticModel", "version": {}}': "json",
    "kind: schedule\nversion: 1\n": "spec",
    '{"version": 1, "kind": "schedule"}': "spec",
    "kind: cluster\nversion: 1\n": "cluster",
    "links:\n  - kind: cut\nkind: cluster\n": "cluster",
    '{"links": [{"kind": "cut"}], "kind": "cluster"}': "cluster",
    '{"schema": "qamctl/result/1", "kind": "schedule"}': "result",
    '{"type": "SampleSet"}': "samples",
    '{"a": 1}': "json-other",
    "[1, 2]": "json-other",
    "OPENQASM 3.0;\nqubit q;\n": "openqasm",
    '// bell\nOPENQASM 2.0;\ninclude "qelib1.inc";\n': "openqasm",
    "; ModuleID = 'bell'\n%Qubit = type opaque\n": "qir",
    "define void @main() #0 {\n": "qir",
    "4 4\n2 3\n1 3 4\n1 2\n2\n": "metis",
    "3 2\n2\n1 3\n2\n": "metis",
    "4 3\n2\n1 3\n2 4\n3\n": "metis",
    "% comment\n3 3 1\n2 5 3 1\n1 5 3 2\n1 1 2 2\n": "metis",
    "2 2\n0 3 1 2\n1 2 0 4\n": "job-shop",
    "p cnf 3 2\n1 -3 0\n": "dimacs",
    "c x\np edge 3 2\ne 1 2\n": "dimacs",
    "NAME  TEST\nROWS\n N COST\n": "mps",
    "%%MatrixMarket matrix coordinate real symmetric\n3 3 2\n": "matrix-market",
    "id,duration,demand,after\nt1,3,,\n": "table",
    "hello world, this is a letter\n": "table",
    "3 2\n1 2 nan\n2 3 1\n": "rudy",
    "3 2\n1 2 heavy\n": "rudy",
    "4 2\n1 2 1\n2 3 1 7\n1 3\n": "rudy",
    "3 3\n1 2 1\n2 3 1 7\n1 3 1\n": "rudy",
    "3 2\nhello\n": None,
    "4 9\nall the words\n": None,
    "4 5\n1 2 3 4 5\n1 2\n3 4 1 2\n1 2 3 4\n": "metis",
    "5 5 10\n1 2 5\n2 3 1 4\n1 1 2\n1 5 4\n1 1 3\n": "metis",
    "0 1 2\n1 2 nan\n": "csv",
    "0 1 2\n1 2 3\n1 2\n": "csv",
    "0 1 2\nhello\nhello again\n": None,
    "i,j,w\n0,1,2\n1,2\n": "csv",
    "i,j\n0,1,2\n": "csv",
    "i j w\n0 1 2\n1 2\n": "csv",
    "hello dear world\nthis is\na letter\n": None,
    "hello world\n": None,
    "": None,
    "\n\n": None,
    "9" * 5000 + "\n" + "9" * 5000: None,
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_texts_are_told_by_their_content(text: str) -> None:
    """Models, circuits, graphs, specs and tables; with CRLF and a byte order mark as without."""
    for variant in (text, text.replace("\n", "\r\n"), "\ufeff" + text):
        assert looks_like(variant.encode()) == TEXTS[text]


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", b"")
    return out.getvalue()


def _npy() -> bytes:
    out = io.BytesIO()
    np.save(out, np.zeros(3))
    return out.getvalue()


BINARIES = {
    "bqm": dimod.BinaryQuadraticModel("SPIN").to_file().read(),
    "cqm": dimod.ConstrainedQuadraticModel().to_file().read(),
    "dqm": dimod.DiscreteQuadraticModel().to_file().read(),
    "qm": dimod.QuadraticModel().to_file().read(),
    "gzip": gzip.compress(b"p qubo 0 0 0 0\n"),
    "archive": _zip(),
    "bzip": bz2.compress(b"x"),
    "xz": lzma.compress(b"x"),
    "picture": b"\x89PNG\r\n\x1a\n\0\0",
    "bitmap": b"BM\x00\x00\x00",
    "pdf": b"%PDF-1.7\n",
    "numpy": _npy(),
    "arrow": b"PAR1\x15\x04",
    "pickle": pickle.dumps({"a": 1}),
    "hdf5": b"\x89HDF\r\n",
    "program": b"\x7fELF\x02",
    "qir": b"BC\xc0\xde\x35\x14",
    "utf-16": "p qubo 0 0 0 0".encode("utf-16"),
}


@pytest.mark.parametrize("name", BINARIES)
def test_binary_files_are_told_by_their_magic_words(name: str, tmp_path: Path) -> None:
    """Archives, pictures, arrays and programs are named, and what to do with them."""
    wanted = {"bzip": "archive", "xz": "archive", "bitmap": "picture"}.get(name, name)
    assert looks_like(BINARIES[name]) == wanted
    if wanted in FOREIGN:
        what, hint = FOREIGN[wanted]
        assert fault_of(tmp_path, BINARIES[name]) == f"1:1: it looks like {what} ({hint})"


def test_text_that_begins_like_a_bitmap_is_text() -> None:
    """BM and MZ begin words too."""
    assert looks_like(b"BMW,AUDI,3\nAUDI,BMW,2\n") == "csv"
    assert looks_like(b"MZ,A,3\n") == "csv"


def test_shipped_files_are_recognised() -> None:
    """Published files of several kinds are what they are."""
    wanted = {
        "qubo/bqp/bqp250_1.qubo": "qubo",
        "qubo/gset/G1.txt": "rudy",
        "qubo/gset/G11.txt": "rudy",
        "cluster/graph-partition/3elt.graph": "metis",
        "cluster/graph-partition/add20.graph": "metis",
        "cluster/graph-partition/uk.graph": "metis",
        "schedule/jobshop/ft06.txt": "job-shop",
        "orchestrate/workflows/1000genome-chameleon-18ch-100k-001.json": "json-other",
    }
    assert {name: looks_like(shared_path(f"instances/{name}").read_bytes()) for name in wanted} == wanted


def test_a_file_of_no_known_format(tmp_path: Path) -> None:
    """The message lists the formats, and how to name one."""
    assert fault_of(tmp_path, "hello world\n").startswith("1:1: it looks like none of the formats that are read (they")
    assert fault_of(tmp_path, "").startswith("1:1: the file is empty")
    assert fault_of(tmp_path, " \n").startswith("1:1: the file is empty")


DAMAGED = {
    "3 2\n1 2 nan\n2 3 1\n": "2:5: `nan` stands where the weight should, a finite number",
    "3 2\n1 2 1\n2 3 -inf\n": "3:5: `-inf` stands where the weight should, a finite number",
    "3 2\n1 2 heavy\n2 3 1\n": "2:5: `heavy` stands where the weight should, a finite number",
    "3 2\n1 2 1\n2 3 1 7\n": "3:7: the line has 4 cells in place of 2 to 3",
    "0 1 2\n1 2 nan\n": "2:5: `nan` stands where the weight should, a finite number",
    "i,j,w\n0,1,2\n1,2\n": "3:1: the line has 2 cells in place of 3",
    "0,1,2\n1,2,3,4\n": "2:1: the line has 4 cells in place of 3",
    "i j w\n0 1 2\n1 2\n": "3:1: the line has 2 cells in place of 3",
}


@pytest.mark.parametrize("text", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_read_as_what_most_of_it_is(tmp_path: Path, text: str) -> None:
    """Its format's reader tells the fault and its place, as if the format had been named."""
    assert fault_of(tmp_path, text).startswith(DAMAGED[text])


def test_the_name_decides_where_the_content_does_not(tmp_path: Path) -> None:
    """A damaged file is read as what its name says, so that the fault is precise."""
    assert fault_of(tmp_path, "c x\nqubo 0 3 1 1\n", "m.qubo").startswith("2:1: `qubo` stands where the problem line")


def test_a_named_format_goes_before_the_content(tmp_path: Path) -> None:
    """--format decides; a fault then also says what the file looks like."""
    assert read_text(tmp_path, "2 1\n1 2 5\n", format="rudy").model.n == 2
    with pytest.raises(SpecError) as caught:
        read_text(tmp_path, "2 1\n1 2 5\n", format="lp")
    assert str(caught.value.diagnostics[-1]).endswith(
        "the file looks like a rudy/Gset graph (leave out --format, or say --format rudy)"
    )
    with pytest.raises(SpecError) as caught:
        read_text(tmp_path, "OPENQASM 3.0;\n", format="lp")
    assert "the file looks like an OpenQASM program" in str(caught.value.diagnostics[-1])


@pytest.mark.parametrize(
    ("options", "message"), [({"format": "lpp"}, "did you mean `lp`"), ({"sense": "up"}, "min, max")]
)
def test_unknown_formats_and_senses_are_usage_errors(options: dict[str, str], message: str, tmp_path: Path) -> None:
    """The message names what there is."""
    with pytest.raises(UsageError, match=message):
        read_text(tmp_path, "2 0\n", **options)


def test_files_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file, a folder, and one that is too large are faults with the file's name."""
    for path in (tmp_path / "none.qubo", tmp_path):
        with pytest.raises(SpecError) as caught:
            read_model(str(path))
        assert str(caught.value.diagnostics[0]).startswith(f"{path}: cannot be read")
    monkeypatch.setattr("qamctl.formats.models.read.SIZE", 10)
    assert "larger than 0 MB" in fault_of(tmp_path, "p qubo 0 1 0 0\n")
    monkeypatch.setattr("qamctl.formats.models.read.SIZE", 100)
    monkeypatch.setattr("qamctl.formats.models.read.LIST_SIZE", 10)
    assert read_text(tmp_path, "p qubo 0 1 0 0\n").model.n == 1
    assert "larger than 0 MB (write it as .qubo" in fault_of(tmp_path, "min\n x\nbinary\n x\nend\n")


def test_every_format_has_its_words() -> None:
    """No format is both read and foreign, and each says what it is."""
    assert not FORMATS.keys() & FOREIGN.keys()
    assert all(FORMATS.values())
    assert all(what and hint for what, hint in FOREIGN.values())
