"""Tokens of Microsoft Entra, as far as a client of Azure Quantum asks for them.

A service principal's secret is the service's key, and so is the assertion of a workload identity.
"""

from __future__ import annotations

import hmac
from typing import Any, Final
from urllib.parse import parse_qs

from qamctl.emulator.messages import Request, Response, json_answer
from qamctl.emulator.service import AzureService

LOGIN: Final = "login.microsoftonline.com"

#: Seconds, and after how many of them a client may ask for another one.
_TOKEN_LIFE: Final = 3599
_REFRESH: Final = 1800

#: Since when it tells of tokens that are bound to a certificate (2025-11-01).
_BOUND_SINCE: Final = 1_761_955_200.0

#: What it tells of itself, whatever the tenant.
_ABILITIES: Final[dict[str, Any]] = {
    "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
    "response_modes_supported": ["query", "fragment", "form_post"],
    "subject_types_supported": ["pairwise"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
    "scopes_supported": ["openid", "profile", "email", "offline_access"],
    "request_uri_parameter_supported": False,
    "http_logout_supported": True,
    "frontchannel_logout_supported": True,
    "claims_supported": ["sub", "iss", "aud", "exp", "iat", "name", "tid", "ver", "email"],
    "tenant_region_scope": "WW",
    "cloud_instance_name": "microsoftonline.com",
    "cloud_graph_host_name": "graph.windows.net",
    "msgraph_host": "graph.microsoft.com",
    "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
    "rbac_url": "https://pas.windows.net",
}


def login(service: AzureService, request: Request) -> Response:
    """The answer of `LOGIN`."""
    tenant = request.path.strip("/").partition("/")[0]
    base = f"https://{LOGIN}/{tenant}"
    if request.path.endswith("/openid-configuration"):
        return json_answer(_configuration(base, service.clock.now()))
    if request.path.endswith("/discovery/instance"):
        names = {"preferred_network": LOGIN, "preferred_cache": "login.windows.net", "aliases": [LOGIN]}
        where = f"{base}/v2.0/.well-known/openid-configuration"
        return json_answer({"tenant_discovery_endpoint": where, "api-version": "1.1", "metadata": [names]})
    if request.path.endswith("/oauth2/v2.0/token") and request.method == "POST":
        return _token(service, request)
    return json_answer({"error": "invalid_request", "error_description": "There is nothing at this address."}, 404)


def _configuration(base: str, now: float) -> dict[str, Any]:
    bound = {
        "mtls_endpoint_aliases": {"token_endpoint": f"{base}/oauth2/v2.0/token"},
        "tls_client_certificate_bound_access_tokens": True,
    }
    return {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "kerberos_endpoint": f"{base}/kerberos",
        "issuer": f"{base}/v2.0",
        **_ABILITIES,
        **(bound if now >= _BOUND_SINCE else {}),
    }


def _token(service: AzureService, request: Request) -> Response:
    form = {name: values[0] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
    if form.get("grant_type") != "client_credentials":
        text = "AADSTS70003: The app requested an unsupported grant type."
        return json_answer({"error": "unsupported_grant_type", "error_description": text}, 400)
    secret = form.get("client_secret") or form.get("client_assertion", "")
    if not hmac.compare_digest(secret.encode(), service.key.encode()):
        text = "AADSTS7000215: Invalid client secret provided."
        return json_answer({"error": "invalid_client", "error_description": text}, 401)
    life = {"expires_in": _TOKEN_LIFE, "ext_expires_in": _TOKEN_LIFE, "refresh_in": _REFRESH}
    return json_answer({"token_type": "Bearer", **life, "access_token": service.token})
