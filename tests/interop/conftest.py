"""What the foreign clients run in and against: environments of their own, and a mock HCP over TLS."""

from __future__ import annotations

import pathlib
import shutil
import ssl
import subprocess
import sys
import venv

import pytest
import trustme

from hcpsdk.mock import MockHCP

PUBLIC_CLIENT = 'hcpsdk==0.9.5.post1'
BUILD = pathlib.Path(__file__).parents[2] / 'build'
RELEASE = '7.2.1.12'  # of HCP: the first one with logs has the number 7.2
MAPI_PORT = 9090  # the public client insists on HCP's own port for MAPI


@pytest.fixture(scope='session')
def public_python():
    """The interpreter of an environment that holds the public client of the same name, and not us.

    It is made once per version of Python, and kept in the build directory.
    """
    home = BUILD / f'public-client-{sys.version_info[0]}.{sys.version_info[1]}'
    python = home / 'bin' / 'python'
    stamp = home / PUBLIC_CLIENT
    if not stamp.exists():
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        subprocess.run([python, '-m', 'pip', 'install', '--quiet', PUBLIC_CLIENT], check=True, timeout=300)
        stamp.touch()
    return str(python)


@pytest.fixture(scope='session')
def authority():
    """Who signs for the mock here."""
    return trustme.CA()


@pytest.fixture(scope='session')
def cafile(authority, tmp_path_factory):
    """The authority as a file, which every client takes."""
    path = tmp_path_factory.mktemp('ca') / 'ca.pem'
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def interop_hcp(authority):
    """Makes a mock HCP with TLS on all ports. Its certificate names the nodes' addresses, too: the public
    client checks the name that it dials, and it dials addresses."""
    names = ['*.hcp1.example.com', '*.m.hcp1.example.com', *(f'127.0.0.{node}' for node in range(1, 5))]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)

    def made():
        mock = MockHCP(ssl_context=context, mapi_port=MAPI_PORT)
        mock.system.software_version = RELEASE
        return mock

    return made


@pytest.fixture
def hcp(interop_hcp):
    """Such a mock that runs while the test does."""
    with interop_hcp() as mock:
        yield mock
