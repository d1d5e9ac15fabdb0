"""A problem file to plain data and its source."""

from __future__ import annotations

import gc
import hashlib
import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from qamctl.errors import Location, SpecError
from qamctl.spec import reader
from qamctl.spec.reader import no_collection, read_source, spec_kind


def write(folder: Path, content: bytes | str, name: str = "plan.yaml") -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def fault(file: Path | str) -> str:
    with pytest.raises(SpecError) as caught:
        read_source(file)
    (only,) = caught.value.diagnostics
    assert only.location is not None
    return str(only)


def test_yaml_and_json_give_the_same_data_and_the_hash_of_their_bytes(tmp_path: Path) -> None:
    """Both syntaxes are read; the source holds label, bytes, hash and folder."""
    one = write(tmp_path, "kind: schedule\ntasks: [{id: a}]\n")
    two = write(tmp_path, '{"kind": "schedule", "tasks": [{"id": "a"}]}', "plan.json")
    three = write(tmp_path, '{"kind": "schedule", "tasks": [{"id": "a"}]}', "json.yaml")
    four = write(tmp_path, "{kind: schedule, tasks: [{id: a}]}", "flow.yaml")
    datas = [read_source(file)[0] for file in (one, two, three, four)]
    assert datas == [datas[0]] * 4
    source = read_source(str(one))[1]
    assert (source.label, source.path, source.base) == (str(one), one, tmp_path)
    assert source.sha256 == hashlib.sha256(one.read_bytes()).hexdigest()
    assert source.text == one.read_bytes()


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` reads standard input; tables are then beside the working directory."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"kind: schedule\n")))
    data, source = read_source("-")
    assert data == {"kind": "schedule"}
    assert (source.label, source.path, source.base) == ("<stdin>", None, Path())
    assert source.locate(("kind",)) == Location("<stdin>", 1, 1)


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    """Files from Windows are files."""
    assert read_source(write(tmp_path, b"\xef\xbb\xbfkind: schedule\r\nname: x\r\n"))[0] == {
        "kind": "schedule",
        "name": "x",
    }


@pytest.mark.parametrize(
    ("content", "end"),
    [
        (b"", "a spec is a mapping, found nothing"),
        (b"- a\n", "a spec is a mapping, found a list"),
        (b"hello", "a spec is a mapping, found `hello`"),
        (b"a: 1\nb: \xff", ":2:4: byte 0xff is not UTF-8"),
        (b"a: 1\nb: \x00", ":2:4: control character 0x00"),
        (b"a: \x7f", ":1:4: control character 0x7f"),
        (b'a: "x\\0"', "a text with a control character"),
        (b'{"a": ["\\ud800"]}', "a text with a control character"),
        (b"{a: 1", "not valid YAML"),
    ],
)
def test_what_is_no_problem_file_is_refused(content: bytes, end: str, tmp_path: Path) -> None:
    """Empty files, other roots, other encodings and control characters are faults."""
    assert end in fault(write(tmp_path, content))


def test_files_that_cannot_be_read_are_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file, a folder, an impossible name and a file that is too large say so."""
    assert fault(tmp_path / "none.yaml").endswith("cannot be read: no such file or directory")
    assert fault(tmp_path).endswith("cannot be read: is a directory")
    assert "null" in fault("a\0b")
    monkeypatch.setattr(reader, "SIZE", 10)
    assert "larger than" in fault(write(tmp_path, "kind: schedule"))


def test_the_kind_is_known_missing_or_misspelt() -> None:
    """Every kind of the format is known; others are refused with the nearest."""
    for kind in reader.KINDS:
        assert spec_kind({"kind": kind}) == kind
    for data, words in [({}, "missing"), ({"kind": "schedul"}, "did you mean `schedule`"), ({"kind": 3}, "one of")]:
        with pytest.raises(SpecError) as caught:
            spec_kind(data)
        assert words in str(caught.value.diagnostics[0])


def test_the_collector_is_left_as_it_was() -> None:
    """Reading keeps the garbage collector still, and turns on only what was on."""
    with no_collection():
        assert not gc.isenabled()
        with no_collection():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
