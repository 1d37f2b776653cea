"""A program for the public release 0.9.5 runs on this package unchanged, and prints the same."""

from __future__ import annotations

import importlib.util
import pathlib
import subprocess
import sys

import pytest

PROGRAM = pathlib.Path(__file__).with_name('compat_0_9_5.py')

# All that the program's machine had and ours lacks: a DNS that knows the HCP.
RUN_WITH_DNS = """
import runpy, sys
sys.path[:0] = filter(None, [sys.argv[1]])
import dns.resolver
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = [sys.argv[2]], int(sys.argv[3])
dns.resolver.default_resolver = resolver
sys.argv = sys.argv[4:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""

# Without the condition as soon as that module is there.
MORE = ['tenants'] if importlib.util.find_spec('hcpsdk.mapi.tenant') else []
TREE = str(pathlib.Path(__file__).parents[2])


@pytest.fixture
def run(interop_hcp, cafile, tmp_path):
    """What the program prints on an interpreter, each time with a new mock."""

    def printed(python, tree='', *more):
        with interop_hcp() as hcp:
            address, port = hcp.dns_address
            done = subprocess.run(
                [python, '-I', '-W', 'ignore', '-c', RUN_WITH_DNS, tree, address, str(port), PROGRAM,
                 hcp.domain, str(hcp.port), cafile, *more],
                capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False,
            )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return printed


def test_the_program_prints_the_same_on_both(run, public_python):
    """Whoever comes from the public release would have to rewrite his programs."""
    ours, theirs = run(sys.executable, TREE, 'keepalive', *MORE), run(public_python, '', *MORE)
    assert ours.splitlines() == theirs.splitlines()
    assert ours.count('\n') > 30
    assert 'in progress' in ours
