"""Logs in to Azure in the way that is asked for, or that the environment is plainly set up for; never by surprise.

The SDK's own default tries one way after the other, in the end a browser, which in CI hangs or fails with a page of
text. Here one way is chosen before anything is asked of the network, and what it lacks is named.
"""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from qamctl.azure.workspace import CREDENTIALS, Place
from qamctl.errors import AuthError, UsageError

TENANT: Final = "AZURE_TENANT_ID"
CLIENT: Final = "AZURE_CLIENT_ID"
CLIENT_SECRET: Final = "AZURE_CLIENT_SECRET"
CERTIFICATE: Final = "AZURE_CLIENT_CERTIFICATE_PATH"
TOKEN_FILE: Final = "AZURE_FEDERATED_TOKEN_FILE"
#: GitHub Actions offers these to jobs that have the permission `id-token: write`.
TOKEN_URL: Final = "ACTIONS_ID_TOKEN_REQUEST_URL"
TOKEN_BEARER: Final = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"

#: Whom GitHub's token is for (https://learn.microsoft.com/entra/workload-id, federated credentials).
_AUDIENCE: Final = "api://AzureADTokenExchange"

_TIMEOUT: Final = 30.0  # seconds


def choose(place: Place, environ: Mapping[str, str]) -> str:
    """The kind of login: the one that is asked for, else a key, workload identity, environment or the Azure CLI.

    The first of these whose variables are there; a browser is taken only when it is asked for.
    """
    if place.credential is not None:
        return place.credential
    if place.key is not None:
        return "key"
    has = {name for name, value in environ.items() if value.strip()}
    if {TENANT, CLIENT} <= has and (TOKEN_FILE in has or {TOKEN_URL, TOKEN_BEARER} <= has):
        return "workload-identity"
    if CLIENT_SECRET in has or CERTIFICATE in has:
        return "environment"
    return "cli"


def make_credential(place: Place, environ: Mapping[str, str]) -> Any:
    """The login for a workspace, as azure-core's clients take it; nothing is asked of the network yet.

    Parameters
    ----------
    environ
        Where tenant, client, secrets and token files are named.

    Raises
    ------
    AuthError
        Something that this kind of login needs is missing; all of it is named.
    UsageError
        There is no such kind.
    """
    kind = choose(place, environ)
    maker = _MAKERS.get(kind)
    if maker is None:
        raise UsageError(f"there is no login of that kind: choose {', '.join(CREDENTIALS)}")
    present = {name: value.strip() for name, value in environ.items() if value.strip()}
    try:
        return maker(place, present)
    except ValueError as error:  # a tenant that can be none, a certificate that is none: the text may hold a secret
        raise AuthError(
            f"the login of kind {kind} is set up wrongly ({type(error).__name__}): check {TENANT}, {CLIENT} and "
            f"{CERTIFICATE}"
        ) from None


def _key(place: Place, environ: Mapping[str, str]) -> Any:
    from azure.core.credentials import AzureKeyCredential

    if place.key is None:
        raise AuthError("there is no key to log in with: give one in QAMCTL_AZURE_KEY or by --key-file")
    return AzureKeyCredential(place.key.reveal())


def _environment(place: Place, environ: Mapping[str, str]) -> Any:
    """A service principal with a secret or a certificate, as azure-identity's EnvironmentCredential reads them."""
    from azure.identity import CertificateCredential, ClientSecretCredential

    missing = [name for name in (TENANT, CLIENT) if name not in environ]
    if not environ.keys() & {CLIENT_SECRET, CERTIFICATE}:
        missing.append(f"{CLIENT_SECRET} (or {CERTIFICATE})")
    _refuse_missing("environment", missing)
    tenant, client = environ[TENANT], environ[CLIENT]
    if CLIENT_SECRET in environ:
        return ClientSecretCredential(tenant, client, environ[CLIENT_SECRET], **_options(environ))
    if not Path(environ[CERTIFICATE]).is_file():
        raise AuthError(f"the certificate that {CERTIFICATE} names is not there: {environ[CERTIFICATE]}")
    chain = environ.get("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "").lower() in ("1", "true")
    password = environ.get("AZURE_CLIENT_CERTIFICATE_PASSWORD")
    return CertificateCredential(
        tenant, client, environ[CERTIFICATE], password=password, send_certificate_chain=chain, **_options(environ)
    )


def _managed_identity(place: Place, environ: Mapping[str, str]) -> Any:
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=environ.get(CLIENT))


def _workload_identity(place: Place, environ: Mapping[str, str]) -> Any:
    """A token that a cluster keeps in a file, or that GitHub gives, in exchange for one of Azure."""
    from azure.identity import ClientAssertionCredential, WorkloadIdentityCredential

    missing = [name for name in (TENANT, CLIENT) if name not in environ]
    on_github = {TOKEN_URL, TOKEN_BEARER} <= environ.keys()
    if TOKEN_FILE not in environ and not on_github:
        missing.append(
            f"{TOKEN_FILE} (or, in GitHub Actions, {TOKEN_URL} and {TOKEN_BEARER}: permission id-token: write)"
        )
    _refuse_missing("workload-identity", missing)
    tenant, client = environ[TENANT], environ[CLIENT]
    if TOKEN_FILE in environ:
        return WorkloadIdentityCredential(
            tenant_id=tenant, client_id=client, token_file_path=environ[TOKEN_FILE], **_options(environ)
        )
    url = urlsplit(environ[TOKEN_URL])
    if url.scheme != "https" and url.hostname not in ("127.0.0.1", "localhost"):
        raise AuthError(f"{TOKEN_URL} is not an https address: the token would be sent in the clear")
    assertion = partial(_github_token, environ[TOKEN_URL], environ[TOKEN_BEARER])
    return ClientAssertionCredential(tenant, client, assertion, **_options(environ))


def _cli(place: Place, environ: Mapping[str, str]) -> Any:
    from azure.identity import AzureCliCredential

    if shutil.which("az", path=environ.get("PATH")) is None:
        raise AuthError(
            "there are no credentials for Azure: install the Azure CLI and run `az login`, or give a key in "
            f"QAMCTL_AZURE_KEY, or {TENANT}, {CLIENT} and {CLIENT_SECRET}"
        )
    return AzureCliCredential(tenant_id=environ.get(TENANT, ""), process_timeout=int(_TIMEOUT))


def _browser(place: Place, environ: Mapping[str, str]) -> Any:
    from azure.identity import InteractiveBrowserCredential

    chosen = {"tenant_id": environ[TENANT]} if TENANT in environ else {}
    return InteractiveBrowserCredential(**chosen, **_options(environ))


_MAKERS: Final[Mapping[str, Callable[[Place, Mapping[str, str]], Any]]] = {
    "key": _key,
    "environment": _environment,
    "managed-identity": _managed_identity,
    "workload-identity": _workload_identity,
    "cli": _cli,
    "browser": _browser,
}


def _options(environ: Mapping[str, str]) -> dict[str, Any]:
    """Of azure-identity's clients: one attempt, because whoever calls us tries again by itself."""
    authority = {"authority": environ["AZURE_AUTHORITY_HOST"]} if "AZURE_AUTHORITY_HOST" in environ else {}
    return {"retry_total": 0, "connection_timeout": _TIMEOUT, "read_timeout": _TIMEOUT, **authority}


def _refuse_missing(kind: str, missing: list[str]) -> None:
    if missing:
        raise AuthError(
            f"a login of kind {kind} lacks {', '.join(missing)}: set these variables, or choose another kind"
        )


def _github_token(url: str, bearer: str) -> str:
    """The token of this job of GitHub Actions, anew each time: it lives for minutes."""
    from azure.core.exceptions import ServiceRequestError
    from azure.identity import CredentialUnavailableError

    separator = "&" if "?" in url else "?"
    address = f"{url}{separator}audience={quote(_AUDIENCE, safe='')}"
    request = urllib.request.Request(address, headers={"Authorization": f"bearer {bearer}"})  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
            token = json.loads(answer.read())["value"]
    except urllib.error.HTTPError as error:
        raise CredentialUnavailableError(message=f"GitHub refused a token for this job (status {error.code})") from None
    except OSError as error:
        raise ServiceRequestError(f"GitHub's tokens can't be reached ({type(error).__name__})") from None
    except (ValueError, KeyError, TypeError):
        raise CredentialUnavailableError(message="GitHub's answer held no token") from None
    return str(token)
