"""Rows over TLS: the run shows its certificate, consumers theirs, and whoever has none is told nothing."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio.to_thread
import pytest
from cryptography import x509  # comes with the MCP SDK, which signs tokens with it
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tdscaling.runtime import loop
from tdscaling.runtime.errors import InputError
from tdscaling.runtime.streaming.address import parse_address
from tdscaling.runtime.streaming.client import Stream, Wish
from tdscaling.runtime.streaming.listener import check_access
from tdscaling.runtime.streaming.wire import Numbered
from tdscaling.tests.reliability.streams import Served, converse, served

HOST = "127.0.0.1"


def certificate(path: Path, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool = False) -> Path:
    """A certificate for this machine with its key, signed by `key`, in one PEM file."""
    own = key if authority else ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    # Python 3.13 checks by RFC 5280 to the letter: key identifiers, and what an authority's key may do.
    uses = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    usage = x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
        **uses,
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(issuer if authority else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, path.stem)]))
        .issuer_name(issuer)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        built.public_bytes(serialization.Encoding.PEM)
        + own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def test_only_who_shows_a_certificate_of_ours_is_served(tmp_path: Path) -> None:
    """Without one, and in plain text, not a row comes."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ours")])
    authority = certificate(tmp_path / "ca.pem", issuer, key, authority=True)
    run, consumer = (certificate(tmp_path / f"{name}.pem", issuer, key) for name in ("run", "consumer"))
    wanted = parse_address(f"tls:{HOST}:0")

    def first_row(stage: Served, wish: Wish) -> int:
        stream = Stream(stage.address, wish)
        try:
            return next(f.seq for piece in stream.pieces() for f in piece if isinstance(f, Numbered))
        finally:
            stream.close()

    async def main() -> None:
        access = check_access(wanted, None, run, authority)
        async with served(tmp_path / "run", str(wanted), access=access, linger=0.1) as stage:
            await stage.make(0, 1)
            good = Wish("earliest", authority=authority, certificate=consumer)
            assert await anyio.to_thread.run_sync(first_row, stage, good) == 1
            for wish in (Wish("earliest", authority=authority, patience=0.2), Wish("earliest", patience=0.2)):
                with pytest.raises(InputError, match="nobody answers"):
                    await anyio.to_thread.run_sync(first_row, stage, wish)
            heard = await anyio.to_thread.run_sync(converse, stage.address, b'{"from":1}\n')
            assert b"row" not in heard

    loop.run(main)
