"""What all tests share: the mock's fixtures, and the names that the documentation's examples use."""

from __future__ import annotations

import datetime
import signal
import ssl
from pathlib import Path
from typing import Any, Callable

import pytest
import trustme
from cryptography import x509  # trustme brings it
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hcpsdk.mock import MockHCP

pytest_plugins = ['hcpsdk.mock.plugin']

# Sphinx's own files need Sphinx to be imported; the index's example is the README's, run by test_papers.
collect_ignore = ['docs/conf.py', 'docs/_ext', 'docs/_build', 'docs/index.rst']


@pytest.fixture(autouse=True, scope='session')
def interruptible() -> None:
    """A shell has what it runs in the background ignore Ctrl-C, and programs hand that down to their own.

    So programs that tests start and interrupt would not end there (POSIX shell, 2.11).
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def example_hcp(request: pytest.FixtureRequest, doctest_namespace: dict[str, Any]) -> None:
    """Give each example that talks to an HCP a new one: ``hcp``, ``port``, ``mapi_port``, ``resolver``.

    One that uses files of certificates gets the :func:`certified_hcp`, and its port for HTTPS. One that has
    a replica gets two of them, ``hcp1`` and ``hcp2``, of which the second one's resolver knows both.
    """
    text = getattr(getattr(request.node, 'dtest', None), 'docstring', None) or ''
    if 'resolver' not in text:
        return
    if 'replica_fqdn=' in text:
        hcp1, hcp2 = request.getfixturevalue('mock_hcp_pair')
        doctest_namespace.update(hcp1=hcp1, hcp2=hcp2, port=hcp1.port, resolver=hcp2.resolver())
        return
    hcp = request.getfixturevalue('certified_hcp' if '.pem' in text else 'mock_hcp')
    port = hcp.https_port or hcp.port
    doctest_namespace.update(hcp=hcp, port=port, mapi_port=hcp.mapi_port, resolver=hcp.resolver())


@pytest.fixture
def certified_hcp(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mock_hcp_factory: Callable[..., MockHCP],
    fresh_certificate: Callable[[str, Path], ssl.SSLContext],
) -> MockHCP:
    """An HCP whose certificate is from the authority of ``ca.pem``, a file in the working directory.

    Beside it, at the same port, is ``hcp2.example.com``, a fresh one.
    """
    monkeypatch.chdir(tmp_path)
    authority = trustme.CA()
    authority.cert_pem.write_to_path('ca.pem')
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert('n1.m.hcp1.example.com').configure_cert(context)
    hcp = mock_hcp_factory(ssl_context=context)
    (tmp_path / 'hcp2').mkdir()
    own = fresh_certificate('hcp2.example.com', tmp_path / 'hcp2')
    fresh = mock_hcp_factory('hcp2.example.com', first=11, https_port=hcp.https_port, ssl_context=own)
    hcp.dns.zones[fresh.domain] = fresh.addresses
    return hcp


@pytest.fixture
def fresh_certificate() -> Callable[[str, Path], ssl.SSLContext]:
    """Makes what a fresh HCP of a domain presents, and leaves it as ``hcp.pem`` in a directory."""
    return _fresh_certificate


def _fresh_certificate(domain: str, directory: Path) -> ssl.SSLContext:
    """Signed by itself, for five years, with CN ``*.<domain>`` and without subject alternative names."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f'*.{domain}')])
    today = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=5 * 365))
        .sign(key, hashes.SHA256())
    )
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (directory / 'hcp.pem').write_bytes(certificate.public_bytes(pem))
    (directory / 'hcp.key').write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / 'hcp.pem', directory / 'hcp.key')
    return context
