"""What the samples share: settings that the environment overrides, ``--help``, and one clear line on failure.

A setting is made where a sample has its constants, of an environment variable, a default, and its meaning.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Callable, NamedTuple, NoReturn, TypeVar

import dns.resolver

import hcpsdk

T = TypeVar('T')
N = TypeVar('N', int, float)

INTERRUPTED = 130
"""what a shell sees of a program that Ctrl-C has ended: 128, and 2 for the signal"""

TERMINATED = 143
"""the same of one that was told to end: 128, and 15 for the signal"""

NOBODY_READS = 141
"""the same of one that wrote where nobody reads any more: 128, and 13 for the signal"""


class Setting(NamedTuple):
    """What ``--help`` tells of a setting."""

    variable: str
    meaning: str
    value: str


_settings: list[Setting] = []


def text(variable: str, default: str, meaning: str) -> str:
    """A setting that is a text."""
    return _setting(variable, default, meaning, str, 'a text')


def secret(variable: str, default: str, meaning: str) -> str:
    """A text that is shown to nobody."""
    return _setting(variable, default, meaning, str, 'a text', shown='(not shown)')


def number(variable: str, default: N, meaning: str, most: int = 1_000_000) -> N:
    """A number above 0, whole if the default is; of seconds, a million is less than a socket could wait."""

    def within(given: str) -> N:
        value = type(default)(given)
        if not 0 < value <= most:
            raise ValueError(given)
        return value

    form = 'a whole number' if isinstance(default, int) else 'a number'
    return _setting(variable, default, meaning, within, f'{form} above 0, at most {most:,}')


def switch(variable: str, default: bool | None, meaning: str) -> bool | None:
    """1 for on, 0 for off; None leaves it to somebody else."""
    return _setting(variable, default, meaning, lambda given: {'1': True, '0': False}[given], '1 or 0')


def nameserver(variable: str, meaning: str) -> dns.resolver.Resolver | None:
    """A name server to ask, as ip:port; without one, those that the system knows are asked."""

    def asking(given: str) -> dns.resolver.Resolver:
        address, _, port = given.rpartition(':')
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [address.strip('[]')]
        resolver.port = int(port)
        return resolver

    return _setting(variable, None, meaning, asking, 'ip:port')


def _setting(
    variable: str,
    default: T,
    meaning: str,
    convert: Callable[[str], T],
    form: str,
    shown: str | None = None,
) -> T:
    given = os.environ.get(variable, '')
    try:
        value = convert(given) if given else default
    except (ValueError, KeyError):
        _end(f'{variable} has to be {form}, not {given!r}: {meaning}')
    standing = 'unset' if default is None else str(default)
    _settings.append(Setting(variable, meaning, shown or given or standing))
    return value


def run(main: Callable[[], None], about: str) -> None:
    """Carry out a sample: look at the command line, and tell in one line what went wrong."""
    if _command_line(about).debug:
        logging.basicConfig(
            level=logging.DEBUG, stream=sys.stdout, style='{', format='{levelname:>7} {message}'
        )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # what was begun is cleaned up
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:  # who reads has enough, as ``head`` has; what is left has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(NOBODY_READS)
    except hcpsdk.HcpsdkCertificateError as error:
        _end(f'{_first_line(error)}; SSL_CERT_FILE names a file with the authorities to trust')
    except hcpsdk.HcpsdkTimeoutError as error:
        _end(f'timed out: {_first_line(error)}')
    except OSError as error:
        _end(f'{error.filename}: {error.strerror}' if error.filename else _first_line(error))
    except (hcpsdk.HcpsdkError, ValueError) as error:
        _end(_first_line(error))
    except KeyboardInterrupt:
        _end('interrupted', INTERRUPTED)


def _command_line(about: str) -> argparse.Namespace:
    lines = ['settings, to be changed in the environment or in the script:']
    for variable, meaning, value in _settings:
        lines += [f'  {variable} = {value}', f'      {meaning}']
    parser = argparse.ArgumentParser(
        description=about, epilog='\n'.join(lines), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--debug',
        action='store_true',
        default=os.environ.get('HCP_DEBUG') == '1',
        help='show what the package does; HCP_DEBUG=1 in the environment means the same',
    )
    return parser.parse_args()


def _first_line(error: Exception) -> str:
    return str(error).partition('\n')[0]


def _end(why: str, status: int = 1) -> NoReturn:
    print(f'{Path(sys.argv[0]).name}: {why}', file=sys.stderr)
    sys.exit(status)


def insist(connection: hcpsdk.Connection, step: str, status: int) -> None:
    """Go on only if the last answer is the one that is needed; HCP gives its reason in a header.

    :raises HcpsdkError: if it is another
    """
    if connection.response_status != status:
        said = connection.getheader('X-HCP-ErrorMessage', 'no reason given')
        raise hcpsdk.HcpsdkError(
            f'{step} failed: {connection.response_status} {connection.response_reason} - {said}'
        )
