"""A program written for the documented API of release 0.9.0-5 runs unchanged, on HCP's own ports."""

from __future__ import annotations

import os
import pathlib
import ssl
import subprocess
import sys

import pytest
import trustme

from hcpsdk.mock import MockHCP

SCRIPT = pathlib.Path(__file__).parent / 'scripts' / 'documented_0_9_0.py'

# All that the machine of 2015 had and ours lacks: a DNS that knows the HCP.
RUN_WITH_DNS = """
import runpy, sys
import dns.resolver
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = [sys.argv[1]], int(sys.argv[2])
dns.resolver.default_resolver = resolver
sys.argv = sys.argv[3:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""

SAID = """\
not resolved True
0.9.0-5 n1.m.hcp1.snomis.local 443 True ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4']
PUT 201 Created SHA-256 A2706A20394E48179A86C71E82C360C2960D3652340F9B9FDB355A42E3AC7691
HEAD 200 "ced877c812a6b561fa8c28b99fda69f2"
GET 200 131072
POST 200
DELETE 200
annotated 201
n1 ['n1', 'n2']
True ['TAX_DATA', 'deletion_prohibited', 'initial_unspecified']
hcp1-a-a-hcp2 true [hcp_system]
no recovery of an active/active link
4 True
"""


@pytest.fixture
def hcp(tmp_path):
    """An HCP where scripts of old expect one: ports 443 and 9090, verified by SSL_CERT_FILE."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / 'ca.pem'))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert('*.hcp1.snomis.local', '*.m.hcp1.snomis.local').configure_cert(context)
    mock = MockHCP('hcp1.snomis.local', ssl_context=context, https_port=443, mapi_port=9090)
    try:
        mock.start()
    except PermissionError:
        pytest.skip('only root may listen on port 443 here')
    yield mock
    mock.stop()


def test_script_of_old_runs_unchanged(hcp, tmp_path):
    """Users would have to rewrite programs that have worked for years."""
    (tmp_path / 'source').write_bytes(b'0123456789abcdef' * 8192)
    address, port = hcp.dns_address
    run = subprocess.run(
        [sys.executable, '-W', 'error', '-c', RUN_WITH_DNS, address, str(port), str(SCRIPT), 'source'],
        env={**os.environ, 'SSL_CERT_FILE': str(tmp_path / 'ca.pem')},
        capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert run.stderr == ''
    assert run.stdout == SAID
