"""The GPU cluster trace that Alibaba published in 2023, as a cluster problem: pods, which may share GPUs, on nodes.

Weng, Q. et al., "Beware of fragmentation: scheduling GPU-sharing workloads with fragmentation gradient descent",
USENIX ATC 2023; github.com/alibaba/clusterdata, cluster-trace-gpu-v2023. Times are not read: the problem is to have
all pods at once, and the nodes hold what is left out at a price that mirrors the share of GPUs that is allocated.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from qamctl.errors import SpecError
from qamctl.formats.faults import LARGEST, fault, problem_name, shown
from qamctl.formats.remarks import Remarks

_NODES = "a table of nodes (sn, cpu_milli, memory_mib, gpu, model)"
_PODS = "a table of pods (name, cpu_milli, memory_mib, num_gpu, gpu_milli, gpu_spec, qos)"

#: A GPU, in thousandths.
GPU: Final = 1000
#: GPUs of a node.
_MOST_GPUS: Final = 62
#: What a word for nothing looks like.
_NOTHING: Final = ("", "nan", "NaN")


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a table: its cells, the number of each column, and where it stands."""

    cells: Sequence[str]
    columns: dict[str, int]
    file: str
    line: int
    what: str

    def text(self, column: str) -> str:
        text = self.cells[self.columns[column]].strip()
        if not text.isprintable():
            raise self.fault(column, f"{shown(text)} can't be {column}: it needs printable characters")
        return text

    def integer(self, column: str, high: int = LARGEST) -> int:
        """The whole number in a column."""
        text = self.text(column)
        if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
            raise self.fault(column, f"{shown(text)} stands where {column} should, a whole number")
        if int(text) > high:
            raise self.fault(column, f"{text} can't be {column}, which is at most {high}")
        return int(text)

    def fault(self, column: str, message: str) -> SpecError:
        return fault(self.file, self.line, self.columns[column] + 1, message, what=self.what)


def read(text: str, *, name: str, more: Sequence[tuple[str, str]], remarks: Remarks) -> dict[str, Any]:
    """The problem file's data: nodes and pods keep their names; GPUs in thousandths, as devices of 1000.

    Every pod may be left out, for its reward: the thousandths of a GPU that it asks for. So the term `unplaced` is
    the GPU that is asked for and not allocated. A pod without GPU is worth half its share of the CPU that all such
    pods ask for: leaving it out is never free, and all of them together weigh less than a thousandth of a GPU, the
    fraction of `unplaced`.

    Parameters
    ----------
    text
        The table of nodes.
    more
        Name and text of the table of pods.
    remarks
        Takes the units.

    Raises
    ------
    SpecError
        For tables of another form, with file, line and column (the cell's number).
    """
    nodes = _table(text, name, _NODES, ("sn", "cpu_milli", "memory_mib", "gpu", "model"))
    clusters = [_node(row) for row in nodes]
    file, pods_text = more[0]
    columns = ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "gpu_spec", "qos")
    rows = _table(pods_text, file, _PODS, columns)
    agents = [_pod(row) for row in rows]
    if not any("labels" in cluster for cluster in clusters):
        for row, agent in zip(rows, agents, strict=True):
            if "requires" in agent:
                raise row.fault("gpu_spec", "no node says which model of GPU it has")
    of_none = sum(agent["demand"]["cpu"] for agent in agents if not agent["reward"])
    for agent in agents:
        if not agent["reward"]:
            agent["reward"] = max(0.000001, round(agent["demand"]["cpu"] / max(1, 2 * of_none), 6))
    remarks.comments.append("cpu in thousandths of a core, memory in MiB, gpu in thousandths of a GPU.")
    remarks.comments.append(
        "A pod's reward is the gpu that it asks for; without any, half its share of the cpu of such."
    )
    return {
        "kind": "cluster",
        "version": 1,
        "name": problem_name(file),
        "objective": {"unplaced": 1},
        "resources": [{"id": "cpu"}, {"id": "memory"}, {"id": "gpu", "device": GPU}],
        "clusters": clusters,
        "agents": agents,
    }


def _node(row: _Row) -> dict[str, Any]:
    capacity = {
        "cpu": row.integer("cpu_milli"),
        "memory": row.integer("memory_mib"),
        "gpu": row.integer("gpu", _MOST_GPUS) * GPU,
    }
    model = row.text("model")
    return {"id": row.text("sn"), "capacity": capacity} | (
        {"labels": {"model": model}} if model not in _NOTHING else {}
    )


def _pod(row: _Row) -> dict[str, Any]:
    """A pod; one without GPU has the reward 0."""
    number, share = row.integer("num_gpu", _MOST_GPUS), row.integer("gpu_milli", GPU)
    if number > 1 and share < GPU:
        raise row.fault("gpu_milli", f"{share} thousandths of each of {number} GPUs: only a single GPU is shared")
    gpu = number * share
    demand = {"cpu": row.integer("cpu_milli"), "memory": row.integer("memory_mib")} | ({"gpu": gpu} if gpu else {})
    models = [model.strip() for model in row.text("gpu_spec").split("|") if model.strip() not in _NOTHING]
    qos = row.text("qos")
    return {
        "id": row.text("name"),
        "demand": demand,
        **({"requires": {"model": list(dict.fromkeys(models))}} if models else {}),
        **({"labels": {"qos": qos}} if qos not in _NOTHING else {}),
        "optional": True,
        "reward": gpu,
    }


def _table(text: str, file: str, what: str, columns: Sequence[str]) -> list[_Row]:
    """The rows of a table that has at least these columns, the first of which names the row, each another way."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="\n"), strict=True)
    rows: list[_Row] = []
    known: set[str] = set()
    header: dict[str, int] = {}
    width = 0
    try:
        for cells in reader:
            if not cells:
                continue
            if not header:
                names = [cell.strip() for cell in cells]
                header, width = {cell: k for k, cell in enumerate(names)}, len(names)
                missing = [column for column in columns if column not in header]
                if missing:
                    raise fault(file, reader.line_num, 1, f"the column {missing[0]} is missing", what=what)
                continue
            row = _Row(cells, header, file, reader.line_num, what)
            if len(cells) != width:
                message = f"the row has {len(cells)} cells, the header {width}"
                raise fault(file, row.line, 1, message, what=what, hint="the file may be cut off")
            id_ = row.text(columns[0])
            if not id_ or id_ in known:
                message = f"the name {shown(id_)} is taken by an earlier row" if id_ in known else "a name is missing"
                raise row.fault(columns[0], message)
            known.add(id_)
            rows.append(row)
    except csv.Error as error:
        message = f"the table can't be read: {error}"
        raise fault(file, reader.line_num, 1, message, what=what, hint="check its quotes") from None
    if not rows:
        raise fault(file, max(1, reader.line_num), 1, "the table has no rows", what=what)
    return rows
