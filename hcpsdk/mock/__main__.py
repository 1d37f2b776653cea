"""``python -m hcpsdk.mock``: a mock HCP on the command line, for a person or for one command."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Optional

from .hcp import MockHCP
from .model import System, Tenant

ABOUT = """\
A mock HCP on this machine. Without COMMAND it runs until Ctrl-C; with it, it runs as long as the command,
which finds it by the environment variables HCP_FQDN, HCP_PORT, HCP_SSL, HCP_NAMESERVER, HCP_ADMIN_FQDN and
HCP_MAPI_PORT, and whose exit status it hands on. A port of 0 is one that is free.
"""

REPORT = """\
A mock HCP runs on {addresses}. Ctrl-C ends it.

  domain        {domain}
  objects       {doors}
  management    {scheme}: port {mapi_port}, host admin.{domain}
  name server   {dns_address}, port {dns_port} (UDP)
{tenants}
  system        users {system_users}

Passwords: see the documentation of hcpsdk.mock. With that of {user} in HCP_PASSWORD, paste

  TOKEN=$(printf %s {user} | base64):$(printf %s "$HCP_PASSWORD" | md5sum | cut -c1-32)
  curl{trust} --resolve {fqdn}:{port}:{address} -H "Authorization: HCP $TOKEN" \\
      {scheme}://{fqdn}:{port}/rest/

or, in Python,

  import os, dns.resolver, hcpsdk
  resolver = dns.resolver.Resolver(configure=False)
  resolver.nameservers, resolver.port = ['{dns_address}'], {dns_port}
  auth = hcpsdk.NativeAuthorization('{user}', os.environ['HCP_PASSWORD'])
  target = hcpsdk.Target('{fqdn}', auth, port={port}, ssl={ssl}, resolver=resolver)
  connection = hcpsdk.Connection(target)
  print(connection.PUT('/rest/hello', body=b'Hello, HCP!').status)
  connection.close()
"""

# The manual's namespace and user, which the samples use.
NAMESPACE, USER = 'n1.m', 'n'

RELEASE = re.compile(r'[0-9]{1,9}(\.[0-9]{1,9})+')
"""two numbers at least: a mere 9 would count as older than 9.0"""

ENDED = b'\0'
"""what stands for the command's end among the numbers of signals"""

BY_SIGNAL = 128
"""what a shell adds to the number of the signal that ended a command"""


class Failure(Exception):
    """Something that keeps the mock from starting, in one line."""


def main(arguments: list[str]) -> int:
    """Do what the command line says; gives the exit status."""
    options, command = _split(arguments)
    given = _parser().parse_args(options)
    try:
        with contextlib.ExitStack() as running:
            hcp = running.enter_context(_mock(given))
            if command:
                return _run(command, _environment(hcp, given.ca), quiet=given.quiet)
            return _wait(hcp, given)
    except (Failure, OSError, ValueError) as error:
        print(f'hcpsdk.mock: {error}', file=sys.stderr)
        return 1


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Our own options, and the command behind two dashes."""
    if '--' not in arguments:
        return arguments, []
    border = arguments.index('--')
    return arguments[:border], arguments[border + 1 :]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m hcpsdk.mock', usage='%(prog)s [options] [-- COMMAND ...]', description=ABOUT
    )
    parser.add_argument('--domain', default='hcp1.example.com', help='domain name of the HCP (%(default)s)')
    parser.add_argument('--nodes', type=int, default=4, help='number of nodes (%(default)s)')
    parser.add_argument(
        '--release', metavar='X.Y', default=System.software_version, help='software version (%(default)s)'
    )
    for kind, use in (
        ('port', 'plain HTTP'),
        ('https-port', 'HTTPS, with --cert'),
        ('mapi-port', 'the management API'),
        ('dns-port', 'the name server'),
    ):
        parser.add_argument(f'--{kind}', type=int, default=0, metavar='PORT', help=f'for {use} (%(default)s)')
    parser.add_argument('--cert', metavar='FILE', help='serve HTTPS, with this certificate (PEM)')
    parser.add_argument('--key', metavar='FILE', help="the certificate's key, if it is not in the same file")
    parser.add_argument('--ca', metavar='FILE', help='authority behind it: SSL_CERT_FILE for COMMAND')
    parser.add_argument('--directory', metavar='DIR', help='keep the data of objects below it, not in memory')
    parser.add_argument('--quiet', action='store_true', help='say nothing')
    return parser


def _mock(given: argparse.Namespace) -> MockHCP:
    if RELEASE.fullmatch(given.release) is None:
        raise Failure(f'--release is numbers with dots, such as 9.0.0.2: {given.release!r}')
    hcp = MockHCP(
        given.domain,
        nodes=given.nodes,
        port=given.port,
        https_port=given.https_port,
        mapi_port=given.mapi_port,
        dns_port=given.dns_port,
        ssl_context=_context(given),
        directory=given.directory,
    )
    hcp.system.software_version = given.release
    return hcp


def _context(given: argparse.Namespace) -> Optional[ssl.SSLContext]:
    """The server's side of TLS; None without a certificate."""
    if given.cert is None:
        if given.key or given.ca or given.https_port:
            raise Failure('--key, --ca and --https-port need a --cert')
        return None
    for path in filter(None, (given.cert, given.key, given.ca)):
        with open(path, 'rb'):  # the ssl module does not say which file it misses
            pass
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(given.cert, given.key)
    except ssl.SSLError as error:
        raise Failure(f'{given.cert}: no certificate with its key in PEM ({error.reason})') from error
    return context


def _environment(hcp: MockHCP, authority: Optional[str]) -> dict[str, str]:
    """What leads a command to the mock; the project's samples know these names."""
    own = {
        'HCP_FQDN': f'{NAMESPACE}.{hcp.domain}',
        'HCP_PORT': str(hcp.https_port or hcp.port),
        'HCP_SSL': '0' if hcp.https_port is None else '1',
        'HCP_NAMESERVER': '{}:{}'.format(*hcp.dns_address),
        'HCP_ADMIN_FQDN': f'admin.{hcp.domain}',
        'HCP_MAPI_PORT': str(hcp.mapi_port),
    }
    if authority is not None:
        own['SSL_CERT_FILE'] = os.path.abspath(authority)
    return {**os.environ, **own}


def _run(command: list[str], environment: dict[str, str], *, quiet: bool) -> int:
    if not quiet:
        shown = shlex.join(command)
        print(f'hcpsdk.mock: an HCP for {environment["HCP_FQDN"]} runs, as long as: {shown}', file=sys.stderr)
    with _signals() as (bell, ear):
        try:
            child = subprocess.Popen(command, env=environment)
        except OSError as error:
            raise Failure(f'{command[0]}: {error.strerror}') from error
        watch = threading.Thread(target=_watch, args=[child, bell])
        watch.start()
        while ear.recv(1)[0] == signal.SIGINT:
            pass  # from a terminal the command gets it, too: it decides
        child.terminate()
        watch.join()
    return child.returncode if child.returncode >= 0 else BY_SIGNAL - child.returncode


def _watch(child: subprocess.Popen[bytes], bell: socket.socket) -> None:
    child.wait()
    bell.send(ENDED)


def _wait(hcp: MockHCP, given: argparse.Namespace) -> int:
    """Until somebody has enough of it."""
    with _signals() as (_, ear):
        if not given.quiet:
            print(_report(hcp, given.ca), flush=True)
        ear.recv(1)
    return 0


def _report(hcp: MockHCP, authority: Optional[str]) -> str:
    """How to reach the mock: no passwords, as this may end up in a log."""
    secure = hcp.https_port is not None
    dns_address, dns_port = hcp.dns_address
    return REPORT.format(
        addresses=', '.join(hcp.addresses),
        address=hcp.addresses[0],
        domain=hcp.domain,
        doors=f'http: port {hcp.port}' + (f', https: port {hcp.https_port}' if secure else ''),
        scheme='https' if secure else 'http',
        port=hcp.https_port or hcp.port,
        ssl=secure,
        mapi_port=hcp.mapi_port,
        dns_address=dns_address,
        dns_port=dns_port,
        tenants='\n'.join(map(_introduce, hcp.system.tenants.values())),
        system_users=', '.join(hcp.system.users),
        fqdn=f'{NAMESPACE}.{hcp.domain}',
        user=USER,
        trust=f' --cacert {shlex.quote(authority)}' if authority else '',
    )


def _introduce(tenant: Tenant) -> str:
    namespaces, users = ', '.join(tenant.namespaces), ', '.join(tenant.users)
    return f'  tenant {tenant.name:<6} namespaces {namespaces}; users {users}'


@contextlib.contextmanager
def _signals() -> Iterator[tuple[socket.socket, socket.socket]]:
    """For as long as the block lasts, the second socket gets the numbers of the signals to end.

    What the first one sends arrives there, too. A handler that does more than nothing may meet a lock
    that its own thread holds, and one that comes just before a wait begins would not end it.
    """
    bell, ear = socket.socketpair()
    bell.setblocking(False)
    with bell, ear:
        number = signal.set_wakeup_fd(bell.fileno())
        before = [(sign, signal.signal(sign, _ignore)) for sign in (signal.SIGINT, signal.SIGTERM)]
        try:
            yield bell, ear
        finally:
            for sign, handler in before:
                signal.signal(sign, handler)
            signal.set_wakeup_fd(number)


def _ignore(number: int, frame: object) -> None:
    """Not SIG_IGN, which a command would inherit."""


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
