"""What a run says of Azure Quantum: whose workspace, by which login, for how much money, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qamctl.azure.clock import Clock
    from qamctl.azure.submit import Desk
    from qamctl.azure.workspace import Place


@dataclass(frozen=True, slots=True)
class Account:
    """Options of a run, as far as they are about Azure Quantum; see `qamctl.options.Options`.

    Attributes
    ----------
    state
        The state folder.
    environ
        The environment, in which keys and connection strings stand.
    subscription, resource_group, workspace, location, resource_id, endpoint, credential, key_file
        Of the workspace and the login, as far as said.
    prices
        A file of prices that hold in place of ours.
    max_cost, monthly_budget, allow_qpu
        What a run, and a month, may cost; whether hardware may be used.
    max_shots
        In all.
    timeout
        Seconds to wait for jobs, in all.
    tags, run, directory
        Of the jobs: their tags, the run that asks for them, and its folder.
    """

    state: Path
    environ: Mapping[str, str] = field(repr=False)
    subscription: str | None = None
    resource_group: str | None = None
    workspace: str | None = None
    location: str | None = None
    resource_id: str | None = None
    endpoint: str | None = None
    credential: str | None = None
    key_file: Path | None = None
    prices: Path | None = None
    max_cost: float | None = None
    monthly_budget: float | None = None
    allow_qpu: bool = False
    max_shots: int | None = None
    timeout: float | None = None
    tags: tuple[str, ...] = ()
    run: str | None = None
    directory: str | None = None

    def place(self) -> Place:
        """The workspace.

        Raises
        ------
        AuthError, SpecError, UsageError
            Something is missing, or makes no sense.
        """
        from qamctl.azure.workspace import find_place

        return find_place(
            environ=self.environ, subscription=self.subscription, resource_group=self.resource_group,
            workspace=self.workspace, location=self.location, resource_id=self.resource_id, endpoint=self.endpoint,
            credential=self.credential, key_file=self.key_file,
        )  # fmt: skip

    def desk(self, clock: Clock | None = None) -> Desk:
        """What submitting and waiting work with.

        Raises
        ------
        AuthError, SpecError, UsageError
            As `place`, and where there are no credentials.
        """
        from qamctl.azure.open import open_desk

        return open_desk(self.state, self.place(), self.environ, clock=clock)


def account_of(
    options: Any, state: Path, environ: Mapping[str, str], *, run: str | None = None, directory: Path | None = None
) -> Account:
    """The account that the options of a run describe (a `qamctl.options.Options`)."""
    return Account(
        state, environ, options.subscription, options.resource_group, options.workspace, options.location,
        options.resource_id, options.endpoint, options.credential, options.key_file, options.prices, options.max_cost,
        options.monthly_budget, options.allow_qpu, options.max_shots, options.timeout, options.tag, run,
        None if directory is None else str(directory),
    )  # fmt: skip
