"""A throw-away authority for Azure's host names, so that clients that speak https need no change.

It lives as long as the proxy, its key is written nowhere, and it can vouch for no other name.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

#: Names that the proxy answers for; the first label of one with a star may be anything.
NAMES: Final = (
    "*.quantum.azure.com",
    "*.blob.core.windows.net",
    "*.in.applicationinsights.azure.com",
    "login.microsoftonline.com",
    "management.azure.com",
)

_DAYS: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Authority:
    """The authority's certificate, and a server's that it signed.

    Attributes
    ----------
    certificate
        What clients have to trust (PEM).
    context
        For the server's side of a connection.
    """

    certificate: bytes
    context: ssl.SSLContext = field(repr=False)


def make_authority(now: datetime) -> Authority:
    """An authority that is valid for two days, and a server's certificate for `NAMES`."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import ExtendedKeyUsageOID

    own, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    trees = [x509.DNSName(name.removeprefix("*.")) for name in NAMES]
    authority = (
        _begun("qamctl emulator, for tests on this machine only", own, own, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=trees, excluded_subtrees=None), critical=True)
    )
    server = (
        _begun("qamctl emulator", leaf, own, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in NAMES]), critical=False)
    )
    trusted, shown = _signed(authority, own), _signed(server, own)
    return Authority(trusted.public_bytes(Encoding.PEM), _context(shown.public_bytes(Encoding.PEM), leaf))


def _begun(name: str, key: Any, issuer: Any, now: datetime) -> Any:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    own = "qamctl emulator, for tests on this machine only"
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(own))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _DAYS)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> Any:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=signs, crl_sign=signs, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _signed(builder: Any, key: Any) -> Any:
    from cryptography.hazmat.primitives import hashes

    return builder.sign(key, hashes.SHA256())


def _context(certificate: bytes, key: Any) -> ssl.SSLContext:
    """The server's side; it reads keys from files only, so that one is there for a moment, for its owner."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    text = certificate + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    handle, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
        context.load_cert_chain(name)
    finally:
        Path(name).unlink()
    return context
