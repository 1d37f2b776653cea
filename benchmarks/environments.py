"""Who is measured, and the environments that hold the foreign clients and not us."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import venv
from typing import NamedTuple

BUILD = pathlib.Path(__file__).parents[1] / 'build'

BASE = 'bare'
"""the client that the others are compared to"""

OURS = 'ours'


class Contender(NamedTuple):
    """A client: a module in ``clients``, and what has to be installed for it."""

    title: str
    home: str = ''
    """its environment in the build directory; empty: the one we run in"""
    requirements: tuple[str, ...] = ()


_OTHERS = ('httpx>=0.28', 'pycurl>=7.45.3', 'requests>=2.32', 'urllib3>=2.2')

# The environment of the public client is the one that tests/interop makes and uses.
CONTENDERS = {
    OURS: Contender('hcpsdk'),
    BASE: Contender('http.client'),
    'raw': Contender('raw socket'),
    'pycurl': Contender('pycurl', 'bench-clients', _OTHERS),
    'public': Contender('public hcpsdk', 'public-client', ('hcpsdk==0.9.5.post1',)),
    'urllib3': Contender('urllib3', 'bench-clients', _OTHERS),
    'requests': Contender('requests', 'bench-clients', _OTHERS),
    'httpx': Contender('httpx', 'bench-clients', _OTHERS),
}


def interpreter(contender: Contender) -> str:
    """The Python that has this client, of our own version; its environment is made if need be."""
    if not contender.home:
        return sys.executable
    home = BUILD / f'{contender.home}-{sys.version_info[0]}.{sys.version_info[1]}'
    stamp = home / '+'.join(contender.requirements)
    python = str(home / 'bin' / 'python')
    if not stamp.exists():
        print(f'installing {", ".join(contender.requirements)}', file=sys.stderr)
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        command = [python, '-m', 'pip', 'install', '--quiet', '--quiet', '--disable-pip-version-check']
        subprocess.run([*command, *contender.requirements], check=True, timeout=300)
        stamp.touch()
    return python
