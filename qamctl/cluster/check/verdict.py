"""The verdict on an assignment, given as the rows of a result file or as columns; one implementation behind both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from qamctl.checks.figures import level_values
from qamctl.cluster.check.changes import check_changes
from qamctl.cluster.check.columns import Columns, columns_of_arrays
from qamctl.cluster.check.company import check_company
from qamctl.cluster.check.equipment import check_devices
from qamctl.cluster.check.figures import term_values
from qamctl.cluster.check.fit import check_fit
from qamctl.cluster.check.inside import Inside
from qamctl.cluster.check.limits import check_limits, load_of
from qamctl.cluster.check.report import Findings, Report, new_findings
from qamctl.cluster.check.rows import columns_of_rows
from qamctl.cluster.spec import ClusterSpec


def check_assignments(spec: ClusterSpec, assignments: Sequence[Mapping[str, Any]]) -> Report:
    """Check the rows of a result file.

    Parameters
    ----------
    assignments
        One row an agent: `{"agent", "cluster", "devices"}`; `cluster` is null for one left out, `devices` maps
        resources to numbers of devices and may be missing. Whatever is wrong with a row is a violation, never an
        exception.
    """
    findings = new_findings()
    return judge(spec, columns_of_rows(spec, assignments, findings), findings)


def check_columns(spec: ClusterSpec, cluster: npt.ArrayLike, devices: npt.ArrayLike | None = None) -> Report:
    """Check an assignment given as columns, such as those of a `cluster.solution.Solution`.

    Parameters
    ----------
    cluster
        [N] row in `spec.clusters`, a leaf; -1 where the agent is left out.
    devices
        [N, D] the devices that each agent takes, as bits, for each resource with devices; None where there is none.
    """
    findings = new_findings()
    return judge(spec, columns_of_arrays(spec, cluster, devices, findings), findings)


def judge(spec: ClusterSpec, columns: Columns, findings: Findings) -> Report:
    """The report on columns whose own faults are noted already."""
    inside = Inside(spec)
    load = load_of(spec, columns, inside)
    check_fit(spec, columns, findings)
    check_limits(spec, columns, load, inside, findings)
    check_devices(spec, columns, load.demand, findings)
    check_company(spec, columns, findings)
    check_changes(spec, columns, findings)
    exact = term_values(spec, columns, load)
    terms, levels = level_values(spec.objective, exact)
    return Report(findings.violations(), terms, levels, findings.counts(), load.size, load.use)
