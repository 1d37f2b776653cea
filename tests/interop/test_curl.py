"""curl drives the mock: HTTP as the rest of the world speaks it."""

from __future__ import annotations

import base64
import hashlib
import subprocess

import pytest

TOKEN = f'{base64.b64encode(b"n").decode()}:{hashlib.md5(b"n01").hexdigest()}'


@pytest.fixture
def curl(hcp, cafile, tmp_path):
    """Run curl against the namespace ``n1``: certificate verified, the answer's status on the last line."""

    def run(*args, path, token=TOKEN, port=None):
        port = port or hcp.https_port
        scheme = 'http' if port == hcp.port else 'https'
        name = f'n1.m.{hcp.domain}'
        return subprocess.run(
            ['curl', '--silent', '--show-error', '--max-time', '20', '--cacert', cafile,
             '--resolve', f'{name}:{port}:{hcp.addresses[0]}', '--header', f'Authorization: HCP {token}',
             '--write-out', '\n%{http_code}', *args, f'{scheme}://{name}:{port}{path}'],
            capture_output=True, timeout=30, check=True, cwd=tmp_path,
        ).stdout.decode().rpartition('\n')  # fmt: skip

    return run


def test_object_life(curl, tmp_path):
    """An administrator who checks with curl what a program did would see something else."""
    (tmp_path / 'file').write_bytes(b'This is an example')
    assert curl('--upload-file', 'file', path='/rest/curl/a%20b.txt')[2] == '201'
    assert curl('--upload-file', 'file', path='/rest/curl/a%20b.txt')[2] == '409'
    assert curl(path='/rest/curl/a%20b.txt')[::2] == ('This is an example', '200')
    assert curl('--range', '0-3', path='/rest/curl/a%20b.txt')[::2] == ('This', '206')
    assert 'X-HCP-Size: 18' in curl('--head', path='/rest/curl/a%20b.txt')[0]
    assert 'utf8Name="a b.txt"' in curl(path='/rest/curl')[0]
    assert curl('--request', 'DELETE', path='/rest/curl/a%20b.txt')[2] == '200'
    assert curl('--head', path='/rest/curl/a%20b.txt')[2] == '404'


def test_large_upload_waits_for_continue(curl, tmp_path):
    """curl announces large bodies by Expect: 100-continue; a mock that ignores it costs a second each."""
    (tmp_path / 'file').write_bytes(b'0123456789abcdef' * 131072)
    result = curl(
        '--upload-file',
        'file',
        '--trace-ascii',
        'trace',
        '--expect100-timeout',
        '10',
        path='/rest/curl/large',
    )
    assert result[2] == '201'
    assert '100 Continue' in (tmp_path / 'trace').read_text(errors='replace')


def test_chunked_upload(curl, tmp_path):
    """A pipe has no length; its upload in chunks must arrive like any other."""
    (tmp_path / 'file').write_bytes(b'This is an example')
    assert (
        curl('--upload-file', 'file', '--header', 'Transfer-Encoding: chunked', path='/rest/curl/chunked')[2]
        == '201'
    )
    assert curl(path='/rest/curl/chunked')[0] == 'This is an example'


def test_compressed_download(curl, tmp_path):
    """A client that asks for gzip gets gzip, and its length is that of the packed bytes."""
    (tmp_path / 'file').write_bytes(b'0123456789abcdef' * 4096)
    curl('--upload-file', 'file', path='/rest/curl/packed')
    assert curl('--compressed', path='/rest/curl/packed')[0] == '0123456789abcdef' * 4096


def test_wrong_password(curl):
    """A wrong password must look as it does on an HCP: 403, with no challenge."""
    assert curl(path='/rest/', token='bg==:00000000000000000000000000000000')[2] == '403'


def test_plain_http(curl, hcp):
    """Both doors lead to the same objects."""
    assert curl(path='/proc', port=hcp.port)[2] == '200'
