"""The whole service, put together from its settings: core, storage, memory, sockets, log, page, and the environment."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from qamctl.emulator.azurite import Azurite
from qamctl.emulator.front.environment import MARK, as_shell, variables
from qamctl.emulator.front.management import LOCATION
from qamctl.emulator.front.page import Page
from qamctl.emulator.front.proxy import proxy
from qamctl.emulator.front.request_log import open_log
from qamctl.emulator.front.server import serve
from qamctl.emulator.front.watch import Watching
from qamctl.emulator.kept import open_kept
from qamctl.emulator.keys import new_key
from qamctl.emulator.programs.noise import check_noise
from qamctl.emulator.service import AzureService
from qamctl.emulator.settings import Settings
from qamctl.emulator.targets import TARGETS
from qamctl.emulator.timing import scaled
from qamctl.errors import UsageError

#: Where clients that need no change find the data plane.
AZURE: Final = f"https://{LOCATION}.quantum.azure.com/"


@dataclass(frozen=True, slots=True)
class Stand:
    """A service that is up.

    Attributes
    ----------
    watching
        Page and log; its `errors` say what became of a log that could not be written.
    url
        Its address on this machine, which is that of its status page, too.
    environment
        The variables with which a command finds it; the key is among them.
    env_file
        The same for a shell, readable by its owner only.
    certificate
        What clients trust of Azure's names; None: there are none.
    """

    service: AzureService = field(repr=False)
    watching: Watching = field(repr=False)
    url: str
    environment: Mapping[str, str] = field(repr=False)
    env_file: Path
    certificate: Path | None = None


@contextmanager
def stand(settings: Settings, environ: Mapping[str, str], env_file: Path | None = None) -> Iterator[Stand]:
    """The service while the block runs.

    Files with secrets lie in a folder of this user's, and are gone at the end.

    Parameters
    ----------
    environ
        The environment; the accounts of an Azurite are looked up in it.
    env_file
        Where the variables go; None: into that folder.

    Raises
    ------
    QamError
        The port, the state folder, the log, or what is needed besides is not to be had.
    """
    check_noise(settings.noise)
    if env_file is not None:
        _refuse_others(env_file)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qamctl-emulator-")))
        made: dict[str, Any] = {}
        key = settings.key
        if settings.state is not None:
            kept = stack.enter_context(open_kept(settings.state, {target.id: target for target in TARGETS}))
            made |= {"state": kept.state, "keeper": kept}
            key = key or kept.key
        if settings.azurite is not None:
            storage = Azurite(settings.azurite, environ)
            storage.check()
            made |= {"storage": storage, "base_url": storage.url}
        key = key or new_key()
        service = AzureService(
            seed=settings.seed,
            key=key,
            timing=scaled(settings.speed, settings.seed),
            token_seconds=settings.token_seconds,
            faults=settings.faults,
            second_put=settings.second_put,
            lost_shots=settings.lost_shots,
            noise=settings.noise,
            **made,
        )
        page = Page(service, speed=settings.speed)
        logs = [] if settings.log is None else [stack.enter_context(open_log(settings.log))]
        watch = Watching(page.watch, *logs)
        try:
            url = stack.enter_context(serve(service, settings.port, watch=watch, page=page))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UsageError(f"--port {settings.port} can't be used: {reason}; leave it out for a free one") from None
        front = stack.enter_context(proxy(service, folder, watch=watch, page=page)) if settings.https else None
        key_file = folder / "key"
        _private(key_file, key)
        endpoint, trusted = (url, None) if front is None else (AZURE, front.environment)
        client_state = (folder if settings.state is None else settings.state.absolute()) / "client"
        given = variables(key, key_file, endpoint, client_state, trusted)
        shell = env_file or folder / "env"
        _private(shell, as_shell(given))
        stack.callback(shell.unlink, missing_ok=True)
        yield Stand(service, watch, url, given, shell, None if front is None else front.authority)


def _refuse_others(file: Path) -> None:
    """Refuse to replace a file that is none of ours; it would be gone at the end, too.

    Raises
    ------
    UsageError
        There is such a file.
    """
    try:
        with file.open("rb") as stream:
            is_ours = stream.read(len(MARK)) == MARK.encode()
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{file} can't be written: {(error.strerror or str(error)).lower()}") from None
    if not is_ours:
        raise UsageError(f"--env-file {file} is there already, and was written by somebody else: name another one")


def _private(file: Path, text: str) -> None:
    """Write a file that only its owner reads.

    Raises
    ------
    UsageError
        It can't be written.
    """
    try:
        file.unlink(missing_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise UsageError(f"{file} can't be written: {(error.strerror or str(error)).lower()}") from None
