"""Which workspace of Azure Quantum is meant, and with which key: from options, a connection string, the environment.

Nothing here asks the network. The SDK would read the environment by itself, generic names as LOCATION and
RESOURCE_GROUP among it, which mean something else on many machines; so it is told everything, from here.
"""

from __future__ import annotations

import ipaddress
import os
import re
import stat
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from qamctl.azure.clean import Secret
from qamctl.errors import AuthError, UsageError

CONNECTION_STRING: Final = "AZURE_QUANTUM_CONNECTION_STRING"
RESOURCE_ID: Final = "AZURE_QUANTUM_RESOURCE_ID"

#: Where a key may stand, the stronger first.
KEY_VARIABLES: Final = ("QAMCTL_AZURE_KEY", "AZURE_QUANTUM_API_KEY")

#: Ways to log in; `browser` is never chosen unless it is asked for.
CREDENTIALS: Final = ("key", "environment", "managed-identity", "workload-identity", "cli", "browser")

#: Regions of Azure (https://learn.microsoft.com/azure/reliability/regions-list, as azure-quantum 3.13 has them).
REGIONS: Final = frozenset((
    "australiacentral", "australiacentral2", "australiaeast", "australiasoutheast", "austriaeast", "belgiumcentral",
    "brazilsouth", "brazilsoutheast", "canadacentral", "canadaeast", "centralindia", "centralus", "centraluseuap",
    "chilecentral", "eastasia", "eastus", "eastus2", "eastus2euap", "francecentral", "francesouth", "germanynorth",
    "germanywestcentral", "indonesiacentral", "israelcentral", "italynorth", "japaneast", "japanwest", "koreacentral",
    "koreasouth", "malaysiawest", "mexicocentral", "newzealandnorth", "northcentralus", "northeurope", "norwayeast",
    "norwaywest", "polandcentral", "qatarcentral", "southafricanorth", "southafricawest", "southcentralus",
    "southindia", "southeastasia", "spaincentral", "swedencentral", "switzerlandnorth", "switzerlandwest",
    "uaecentral", "uaenorth", "uksouth", "ukwest", "westcentralus", "westeurope", "westindia", "westus", "westus2",
    "westus3",
))  # fmt: skip

#: The parts of a workspace: as we call them, the option, the variable.
_PARTS: Final = (
    ("subscription", "--subscription", "AZURE_QUANTUM_SUBSCRIPTION_ID"),
    ("resource_group", "--resource-group", "AZURE_QUANTUM_WORKSPACE_RG"),
    ("name", "--workspace", "AZURE_QUANTUM_WORKSPACE_NAME"),
    ("location", "--location", "AZURE_QUANTUM_WORKSPACE_LOCATION"),
)
_WHOSE: Final = ("subscription", "resource_group", "name")

#: The parts of a connection string, in lower case, as we call them.
_STRING_PARTS: Final = {
    "subscriptionid": "subscription",
    "resourcegroupname": "resource_group",
    "workspacename": "name",
    "apikey": "key",
    "quantumendpoint": "endpoint",
}
_STRING_FORM: Final = "SubscriptionId=..;ResourceGroupName=..;WorkspaceName=..;ApiKey=..;QuantumEndpoint=https://REGION.quantum.azure.com/;"

_KEY_WAYS: Final = (
    f"give one in {KEY_VARIABLES[0]}, {KEY_VARIABLES[1]}, by --key-file, or as part of the connection string in "
    f"{CONNECTION_STRING}"
)

_GUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,52}[A-Za-z0-9]")
_RESOURCE: Final = re.compile(
    r"/subscriptions/([^/\s]+)/resourceGroups/([^/\s]+)/providers/Microsoft\.Quantum/Workspaces/([^/\s]+)/?",
    re.IGNORECASE,
)
_AZURE_HOST: Final = re.compile(r"([a-z0-9]+)(?:-v2)?\.quantum(?:-test)?\.azure\.com", re.IGNORECASE)

#: Bytes of a file that holds a key.
_KEY_SIZE: Final = 4096


@dataclass(frozen=True)
class Place:
    """A workspace, and how to log in to it.

    Attributes
    ----------
    subscription, resource_group, name
        Whose it is, as Azure writes it.
    location
        The region, in lower case; None where not said.
    endpoint
        Address of the data plane, with a `/` at its end; None: Azure is asked for it.
    credential
        A word of `CREDENTIALS`; None: what the environment offers (see `credentials.choose`).
    key
        Of the workspace; None where there is none, or where the login is of another kind.

    Raises
    ------
    UsageError
        The endpoint is not https, nor http on this machine, or a login other than a key would go over http.
    """

    subscription: str
    resource_group: str
    name: str
    location: str | None = None
    endpoint: str | None = None
    credential: str | None = None
    key: Secret | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.endpoint is None or not _address(self.endpoint, "the endpoint").startswith("http:"):
            return
        if self.credential not in (None, "key"):
            raise UsageError(
                f"the endpoint is plain http, and a login of kind {self.credential} sends a token, which must not "
                "go in the clear: use a key, or an https endpoint"
            )
        if self.key is None:
            raise AuthError(f"the endpoint is plain http, where only a key logs in: {_KEY_WAYS}")

    @property
    def workspace_key(self) -> str:
        """`subscription/resource-group/name`, lower case: Azure does not tell upper from lower case either."""
        return f"{self.subscription}/{self.resource_group}/{self.name}".lower()

    @property
    def resource_id(self) -> str:
        """As the management of Azure names the workspace."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.Quantum/workspaces/{self.name}"
        )


#: What sources say: of each part its value, and the name of the source for messages.
_Said = dict[str, tuple[str, str]]


def find_place(
    *,
    environ: Mapping[str, str],
    subscription: str | None = None,
    resource_group: str | None = None,
    workspace: str | None = None,
    location: str | None = None,
    resource_id: str | None = None,
    endpoint: str | None = None,
    credential: str | None = None,
    key_file: str | Path | None = None,
) -> Place:
    """The workspace that arguments and environment describe.

    Arguments are stronger than the connection string in AZURE_QUANTUM_CONNECTION_STRING, and this is stronger than
    AZURE_QUANTUM_RESOURCE_ID, AZURE_QUANTUM_SUBSCRIPTION_ID, AZURE_QUANTUM_WORKSPACE_RG, AZURE_QUANTUM_WORKSPACE_NAME
    and AZURE_QUANTUM_WORKSPACE_LOCATION, part by part. Key and endpoint of a connection string count for its own
    workspace only. A key comes from `key_file`, else the connection string, QAMCTL_AZURE_KEY, or AZURE_QUANTUM_API_KEY.

    Parameters
    ----------
    environ
        The environment; what is empty there counts as absent.
    credential
        A word of `CREDENTIALS`.
    key_file
        A file that holds the key and that nobody else may read.

    Raises
    ------
    AuthError
        The workspace or the key is not said in full, or others may read the key.
    UsageError
        Something that is said makes no sense. Values are not repeated: a key may have slipped in among them.
    """
    environ = {name: value.strip() for name, value in environ.items() if value.strip()}
    if credential is not None and credential not in CREDENTIALS:
        raise UsageError(f"there is no login of that kind: choose {', '.join(CREDENTIALS)}")
    given = {"subscription": subscription, "resource_group": resource_group, "name": workspace, "location": location}
    options = {part: (value.strip(), option) for part, option, _ in _PARTS if (value := given[part]) and value.strip()}
    named = _resource_id(resource_id, "--resource-id") if resource_id else {}
    for part in named.keys() & options.keys():
        if named[part][0].lower() != options[part][0].lower():
            raise UsageError(f"--resource-id and {options[part][1]} name different workspaces: leave one of them out")
    string = _connection_string(environ)
    weaker = _resource_id(environ[RESOURCE_ID], RESOURCE_ID) if RESOURCE_ID in environ else {}
    variables = {part: (environ[name], name) for part, _, name in _PARTS if name in environ}
    said: _Said = {**variables, **weaker, **string, **named, **options}

    missing = [f"{option} or {name}" for part, option, name in _PARTS if part in _WHOSE and part not in said]
    if missing:
        raise AuthError(
            f"the workspace of Azure Quantum is not said in full; missing: {', '.join(missing)}. Give these, or its "
            f"connection string in {CONNECTION_STRING}, or its resource id by --resource-id or {RESOURCE_ID}"
        )
    if string and any(string[part][0].lower() != said[part][0].lower() for part in _WHOSE):
        string = {}  # another workspace's, whose key must not be sent to this one
    address = string["endpoint"][0] if string else None
    if endpoint and endpoint.strip():
        address = _address(endpoint.strip(), "--endpoint")
    region = _region(said, address)
    key = _key(environ, string, key_file) if credential in (None, "key") else None
    if key is None and credential == "key":
        raise AuthError(f"there is no key to log in with: {_KEY_WAYS}")
    if address is None and key is not None:
        if region is None:
            raise AuthError(
                "a key alone does not tell where the workspace is: give --location or "
                f"AZURE_QUANTUM_WORKSPACE_LOCATION, --endpoint, or the connection string in {CONNECTION_STRING}"
            )
        address = f"https://{region}.quantum.azure.com/"
    _check_names(said)
    whose, group, name = (said[part][0] for part in _WHOSE)
    return Place(whose, group, name, region, address, credential, key)


def _check_names(said: _Said) -> None:
    """The rules of Azure (learn.microsoft.com, resource-name-rules)."""
    value, source = said["subscription"]
    if not _GUID.fullmatch(value):
        raise UsageError(
            f"the subscription in {source} is not a GUID: it looks like 11111111-2222-3333-4444-555555555555"
        )
    value, source = said["resource_group"]
    kinds = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"}
    fits = all(letter in "_()-." or unicodedata.category(letter) in kinds for letter in value)
    if not fits or len(value) > 90 or value.endswith("."):
        raise UsageError(
            f"the resource group in {source} is no such name: it has at most 90 letters, digits, and _ ( ) - ., and "
            "no . at its end"
        )
    value, source = said["name"]
    if not _NAME.fullmatch(value):
        raise UsageError(
            f"the workspace in {source} is no such name: it has 2 to 54 letters, digits and -, and no - at its ends"
        )


def _resource_id(text: str, source: str) -> _Said:
    found = _RESOURCE.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"{source} is not the resource id of a workspace: it looks like /subscriptions/GUID/resourceGroups/NAME"
            "/providers/Microsoft.Quantum/Workspaces/NAME"
        )
    return {part: (value, source) for part, value in zip(_WHOSE, found.groups(), strict=True)}


def _connection_string(environ: Mapping[str, str]) -> _Said:
    """The parts of the connection string in the environment; the SDK's own reader refuses loopback addresses."""
    said: _Said = {}
    pieces = [piece for piece in environ.get(CONNECTION_STRING, "").split(";") if piece.strip()]
    for place, piece in enumerate(pieces, 1):
        name, equals, value = piece.partition("=")
        part = _STRING_PARTS.get(name.strip().lower())
        if not equals or part is None or not value.strip():
            raise UsageError(f"part {place} of {CONNECTION_STRING} is none of its own: it looks like {_STRING_FORM}")
        if part in said:
            raise UsageError(f"{CONNECTION_STRING} says {name.strip()} twice")
        said[part] = (value.strip(), CONNECTION_STRING)
    missing = [name for name, part in _STRING_PARTS.items() if part not in said]
    if pieces and missing:
        raise UsageError(f"{CONNECTION_STRING} lacks {', '.join(missing)}: it looks like {_STRING_FORM}")
    if pieces:
        said["endpoint"] = (_address(said["endpoint"][0], f"QuantumEndpoint of {CONNECTION_STRING}"), CONNECTION_STRING)
    return said


def _address(text: str, source: str) -> str:
    """An address of a data plane, with a `/` at its end."""
    try:
        parts = urlsplit(text)
        host, plain = parts.hostname, not (parts.username or parts.password or parts.query or parts.fragment)
        plain = plain and parts.port != 0
    except ValueError:
        host, plain = None, False
    if not host or not plain or parts.scheme not in ("http", "https") or re.search(r"\s", text):
        raise UsageError(f"{source} is not an address like https://eastus.quantum.azure.com/")
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(f"{source} is plain http to another machine, where a key could be read on the way: use https")
    return text.rstrip("/") + "/"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, so that nobody reads on the way what goes there in the clear."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _region(said: _Said, address: str | None) -> str | None:
    """The region: of the address where this tells it, else as it is said."""
    found = _AZURE_HOST.fullmatch(urlsplit(address).hostname or "") if address else None
    if found is not None:
        return found[1].lower()
    if "location" not in said:
        return None
    value, source = said["location"]
    region = value.replace(" ", "").lower()
    if region not in REGIONS:
        near = get_close_matches(region, sorted(REGIONS), 1)
        raise UsageError(
            f"the location in {source} is no region of Azure"
            + (f"; did you mean {near[0]}?" if near else ": as eastus")
        )
    return region


def _key(environ: Mapping[str, str], string: _Said, key_file: str | Path | None) -> Secret | None:
    found = [(_read_key(Path(key_file)), f"the key file {key_file}")] if key_file else []
    found += [string["key"]] if string else []
    found += [(environ[name], name) for name in KEY_VARIABLES if name in environ]
    if not found:
        return None
    key, source = found[0]
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(f"the key in {source} has characters that no key has: copy it again")
    return Secret(key)


def _read_key(path: Path) -> str:
    """The key in a file; looked at and read through one handle, so that it can't be swapped in between."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise AuthError(f"the key file {path} is not a file")
            if status.st_mode & 0o077:
                raise AuthError(f"others may read the key file {path}: run chmod 600 {path}, and have the key renewed")
            text = os.read(file, _KEY_SIZE + 1).decode("utf-8", "replace").strip()
        finally:
            os.close(file)
    except OSError as error:
        raise AuthError(f"the key file {path} can't be read: {error.strerror}") from error
    if not text or len(text) > _KEY_SIZE:
        raise AuthError(f"the key file {path} holds no key: put the key alone on its first line")
    return text
