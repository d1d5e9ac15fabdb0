"""Reads hostile model files under a memory limit; fails on the first that ends in anything but a model or clean faults.

Run as a program by test_model_fuzz.py, `model_fuzz_worker.py FOLDER SEED CASES`, since a memory limit holds for a
whole process.
"""

# ruff: noqa: E501 - tables of short pieces
from __future__ import annotations

import io
import json
import random
import resource
import sys
import time
import zipfile
from pathlib import Path

import dimod
import numpy as np

from qamctl.errors import SpecError, UnsupportedError
from qamctl.formats.models import FORMATS, read_model

MEMORY = 3 << 29
SECONDS = 5.0

QUBO = b"""c a comment
c qamctl: offset -2.5
p qubo 0 5 2 3
0 0 1.5
3 3 -2
0 1 4
1 4 -0.25
2 3 1e2
c qamctl: name 1 "a b"
"""
RUDY = b"6 4\n1 2 1\n2 3 -1\n3 4 2.5\n5 6\n"
CSV = b"i,j,weight\n0,0,1\n0,1,-2.5\n1,3,4\n"
NAMED = b'# vartype=SPIN\na;a;1\n"b;1";a;-2.5\nb;c;4\n'
LP = b"""\\ qamctl: name x1 "one two"
Maximize
 obj: 3 x + 2 y - z + 2.5 + [ 2 x * y + 4 z ^ 2 - x*z ] / 2
Subject To
 c1: x + y + z <= 2
 -1 <= x - 0.5 y <= 0.5
 one: u + v + w = 1
Bounds
 0 <= t <= 1
 y = 1
Binary
 z x y u v w x1
General
 t
End
"""
MODEL = b"""kind: model
version: 1
name: tiny
solver: {backend: [auto], time_limit: 2, reads: 5}
variables: [a, b, c, d]
sense: max
offset: 1.5
linear: {a: 1, b: -2.5}
quadratic: [[a, b, 3], [b, c, -1]]
groups: [[a, b], [c, d]]
constraints:
  - {name: load, terms: {a: 2, c: 0.5}, sense: "<=", rhs: 2}
  - {terms: {b: 1, d: -1}, sense: "==", rhs: 0}
"""
TABLED = b"""kind: model
version: 1
variables: 20
linear: {csv: "variable,weight\\n0,1\\n3,-2\\n"}
quadratic: {table: q.csv}
constraints: {csv: "name,terms,sense,rhs\\nc,0=1|1=2,<=,2\\n"}
"""
HAMILTONIAN = b"""kind: hamiltonian
version: 1
qubits: 5
offset: 0.5
terms: [[ZZIII, 1], [IZZZZ, -0.25], [Z0 Z4, 2], [IIIII, 1], [Z3, 1e-3]]
"""
TABLE = b"i,j,weight\n0,1,2.5\n1,2,-3\n"

#: Pieces that have broken readers before.
PIECES = [
    b"nan", b"inf", b"-inf", b"1e999", b"-1e999", b"1e-999", b"9" * 30, b"9" * 5000, b"-1", b"0", b"1000000000", b"99999999999999999999",
    b"9223372036854775807", b"9223372036854775808", b"0x1F", b"1_000", b"+", b"-", b"--", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r\n", b"\r",
    b"\n", b"\n\n\n", b" ", b"\t", b",", b",,", b";", b'"', b'""', b"'", b"#", b"c", b"p", b"p qubo 0 3 1 1\n", b"p qubo 0 1000000000 0 0\n", b"\\", b"[", b"]",
    b"] / 2", b"^", b"*", b":", b"::", b"<=", b">=", b"=", b"->", b"End", b"end\n", b"Binary\n", b"General\n", b"Bounds\n", b"free", b"st\n", b"Subject To\n", b"SOS\n", b"semi\n",
    b"{", b"}", b"- ", b"a: ", b"*a", b"&a ", b"!!x ", b"{table: q.csv}", b"{table: ../q.csv}", b"null", b"true", b".nan", b"0.0000001", b"1000000000000001",
    b"PK\x01\x02", b"PK\x03\x04", b"DIMODBQM", b"DIMODCQM", b"DIMODEXPR", b"VARS", b"\\u0000", b"\\ud800", "日本".encode(), "٣".encode(), b"c qamctl: offset nan\n",
    b"c qamctl: name 0 \"\\ud800\"\n", b"c qamctl: name 0 3\n", b"c qamctl: sense up\n",
]  # fmt: skip


def binaries() -> list[bytes]:
    """Files that dimod writes."""
    bqm = dimod.generators.gnm_random_bqm(6, 9, "SPIN", random_state=1)
    named = bqm.relabel_variables({i: ("v", i) if i % 2 else f"v{i}" for i in range(6)}, inplace=False)
    cqm = dimod.ConstrainedQuadraticModel()
    x, y, z = dimod.Binaries("xyz")
    cqm.set_objective(x * y - 2 * z + dimod.Spin("s") + 1)
    cqm.add_constraint(x + 2 * y - dimod.Spin("s") <= 2, label="load")
    cqm.add_discrete(["u", "v"], label="pick")
    return [
        bqm.to_file().read(), named.to_file().read(), named.to_file(version=1).read(), cqm.to_file().read(),
        cqm.to_file(compress=True).read(), json.dumps(named.to_serializable()).encode(),
    ]  # fmt: skip


TEXTS = [QUBO, RUDY, CSV, NAMED, LP, MODEL, TABLED, HAMILTONIAN]
BINARIES = binaries()


def mutated(text: bytes, rng: random.Random) -> bytes:
    """The text with a few cuts, copies, swaps and foreign pieces."""
    out = bytearray(text)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        at, to = sorted((rng.randrange(len(out) + 1), rng.randrange(len(out) + 1)))
        to = min(to, at + rng.choice((0, 1, 2, 5, 40)))
        match rng.randrange(7):
            case 0:
                del out[at:to]
            case 1:
                out[at:at] = rng.choice(PIECES)
            case 2:
                out[at:to] = rng.choice(PIECES)
            case 3:
                out[at:at] = out[at:to] * rng.choice((1, 2, 50))
            case 4:
                out[at:to] = bytes([rng.randrange(256)])
            case 5:
                del out[at:]
            case _:
                words = bytes(out).replace(b",", b" ").split()
                out[at:to] = rng.choice(words) if words else b""
    return bytes(out)


def damaged(raw: bytes, rng: random.Random) -> bytes:
    """A binary file with its numbers changed, its length kept or not."""
    out = bytearray(raw)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(out))
        match rng.randrange(4):
            case 0:
                out[at] = rng.choice((0, 1, 2, 127, 128, 255, rng.randrange(256)))
            case 1:
                value = rng.choice((0, 1, -1, 2**31 - 1, -(2**31), 10**9, 7))
                out[at : at + 4] = int(value).to_bytes(4, "little", signed=True)
            case 2:
                out[at : at + 8] = np.float64(rng.choice((np.nan, np.inf, -np.inf, 1e308, 0.1, 1e-300))).tobytes()
            case _:
                digits = [k for k, byte in enumerate(out) if 48 <= byte <= 57]
                if digits:
                    out[rng.choice(digits)] = rng.choice(b"0123456789-e")
    return bytes(out)


def repacked(rng: random.Random) -> bytes:
    """A CQM file whose archive is sound, and one of whose inner files is not."""
    raw = BINARIES[3]
    header = raw[: raw.index(b"PK")]
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(files))
    match rng.randrange(4):
        case 0:
            del files[name]
        case 1:
            files[rng.choice([*files, f"constraints/{rng.choice(['1', '[]', 'x', 'null'])}/lhs"])] = files[name]
        case _:
            files[name] = damaged(files[name], rng) if rng.random() < 0.7 else mutated(files[name], rng)
    out = io.BytesIO(header)
    out.seek(len(header))
    with zipfile.ZipFile(out, "a") as archive:
        for key, content in files.items():
            archive.writestr(key, content)
    return out.getvalue()


def bomb(rng: random.Random) -> bytes:
    """An archive that unpacks to far more than it is, or whose files are not what they should be."""
    out = io.BytesIO(BINARIES[3][:256])
    out.seek(256)
    with zipfile.ZipFile(out, "a", rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))) as archive:
        for name in rng.sample(["varinfo", "objective", "variable_labels.json", "constraints/1/lhs", "../x"], 3):
            size = rng.choice((0, 3, 100, 10**6))
            archive.writestr(name, rng.choice((b"VTYP\xff\xff\xff\xff", b"[", b'["a"', b"\0")) * size)
    return out.getvalue()


def hostile(rng: random.Random) -> bytes:
    """Texts that are built to hurt: width, depth, long tokens, many rows, noise."""
    n = rng.choice((3, 70, 300, 5000))
    piece = rng.choice(PIECES)
    match rng.randrange(11):
        case 0:
            return rng.randbytes(rng.randrange(200))
        case 9:
            long = rng.choice((b"9", b" ", b"\t", b"[", b".", b"a", b"x[", b"c ")) * 60_000
            start = rng.choice(
                (
                    b"p qubo 0 9 0 1\n0 1 ",
                    b"p qubo 0 9 0 0\nc qamctl: name 0 ",
                    b"2 1\n1 ",
                    b"Minimize\n ",
                    b"0,1,",
                    b"",
                )
            )
            return start + long + rng.choice((b"", b"z", b"]", b"\n", b"9"))
        case 10:
            labels = b'["a", ' + b"[" * n + b"]" * n + b"]"
            header = (
                b'{"shape": [2, 0], "vartype": "SPIN", "dtype": "float64", "itype": "int32", "ntype": "int32", "variables": '
                + labels
                + b"}"
            )
            return b"DIMODBQM\1\0" + len(header).to_bytes(4, "little") + header + bytes(40)
        case 1:
            return b"p qubo 0 %d %d %d\n" % (rng.choice((n, 10**7 + 1, 10**9)), 0, n) + (b"0 1 " + piece + b"\n") * n
        case 2:
            return b"%d %d\n" % (rng.choice((n, 10**9)), n) + (b"1 2 " + piece + b"\n") * n
        case 3:
            return b"0,1,2\n" + (piece + b",1,2\n") * n
        case 4:
            return (
                b"Minimize\n obj: "
                + b"+ x " * n
                + b"\nSubject To\n"
                + b" c: [ x * " * rng.choice((0, n))
                + b"Binary\n x\nEnd"
            )
        case 5:
            return b'{"type": "BinaryQuadraticModel", "linear_biases": ' + b"[" * n + b"]" * rng.choice((0, n)) + b"}"
        case 6:
            if rng.random() < 0.5:
                text = rng.choice((piece, b"Z" * n, b"Z" + piece, b"Z0 " * rng.choice((1, n)), b"Z%d" % n))
                return b"kind: hamiltonian\nversion: 1\nqubits: 4\nterms: [[" + text + b", " + piece + b"]]\n"
            return b"kind: model\nversion: 1\nvariables: " + piece + b"\nlinear: {" + piece + b": 1}\n"
        case 7:
            magic = rng.choice((b"DIMODBQM\2\0", b"DIMODCQM\2\0"))
            header = rng.choice(
                (b'{"shape": [1000000000, 1000000000], "vartype": "SPIN", "dtype": "float64"}', b"[" * n, b"{}")
            )
            return magic + len(header).to_bytes(4, "little") + header + bytes(n)
        case _:
            return rng.choice((b"1 2\n", b"x ", b"1,", b"\\\n", b"c\n", b"[")) * n


def write_case(folder: Path, rng: random.Random) -> tuple[Path, str | None]:
    """One input, and the format that it is to be read as."""
    match rng.randrange(10):
        case 0 | 1 | 2 | 3:
            content = mutated(rng.choice(TEXTS), rng)
        case 4:
            content = TABLED
            (folder / "q.csv").write_bytes(mutated(TABLE, rng))
        case 5 | 6:
            content = damaged(rng.choice(BINARIES), rng)
        case 7:
            content = rng.choice((mutated(rng.choice(BINARIES), rng), repacked(rng)))
        case 8:
            content = repacked(rng)
        case _:
            content = bomb(rng) if rng.random() < 0.05 else hostile(rng)
    file = folder / rng.choice(("case", "case.qubo", "case.csv", "case.lp", "case.json"))
    file.write_bytes(content)
    return file, rng.choice([*[None] * 20, *FORMATS])


def verdict(file: Path, format: str | None) -> str | None:
    """What is wrong with how the reader took a file; None for a model or clean faults in good time."""
    began = time.process_time()
    try:
        found = read_model(str(file), format=format)
    except SpecError as error:
        if not error.diagnostics or any(d.location is None or not str(d) for d in error.diagnostics):
            return f"a fault without a place: {error.message!r}"
        str([str(d) for d in error.diagnostics]).encode()
    except UnsupportedError:
        pass
    else:
        model = found.model
        sound = np.isfinite(model.linear).all() and np.isfinite(model.weight).all() and np.isfinite(model.offset)
        ordered = (model.row < model.col).all() and (model.n == 0 or (model.col < model.n).all())
        if not (sound and ordered and len(model.labels) == model.n):
            return "the model is not sound"
    seconds = time.process_time() - began
    return f"took {seconds:.1f} s" if seconds > SECONDS else None


def main() -> None:
    folder, seed, cases = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for case in range(cases):
        rng = random.Random(f"{seed}/{case}")
        file, format = write_case(folder, rng)
        try:
            problem = verdict(file, format)
        except BaseException as error:
            sys.stderr.write(f"case {seed}/{case} as {format}: {file.read_bytes()[:2000]!r}\n")
            raise SystemExit(f"{type(error).__name__}: {error}") from error
        if problem is not None:
            raise SystemExit(f"case {seed}/{case} as {format}: {problem}: {file.read_bytes()[:2000]!r}")
    print(f"read {cases} inputs")


if __name__ == "__main__":
    main()
