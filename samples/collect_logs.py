"""HCP's logs in a file: have them packed, wait, download them. On a terminal, a bar shows that it goes on.

HCP has this since release 7.2. The user has to have the role ADMINISTRATOR or SERVICE.
"""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO

from settings import nameserver, number, run, secret, switch, text

import hcpsdk
from hcpsdk.mapi import Logs, LogsInProgressError

# The system, and who may have its logs.
FQDN = text('HCP_ADMIN_FQDN', 'admin.hcp1.example.com', 'the system, as admin.domain of HCP')
USER = text('HCP_ADMIN_USER', 'service', 'a system-level user')
PASSWORD = secret('HCP_ADMIN_PASSWORD', 'service01', "that user's password")

# The way there. With a real HCP, the defaults will do.
PORT = number('HCP_MAPI_PORT', 9090, 'the port that MAPI listens on')
SSL = switch('HCP_SSL', None, '1 for TLS, 0 for none; if unset, the port tells')
RESOLVER = nameserver('HCP_NAMESERVER', "the name server to ask, as ip:port; if unset, the system's")

# What is collected, where it goes, and how long that may take.
DAYS = number('HCP_DAYS', 7, 'for how many days back', most=10_000)
FILE = text('HCP_LOGS', 'hcp-logs.zip', 'the file for it')
FRESH = switch('HCP_FRESH', False, '1 to have a new package, 0 to take one that is there, or being packed')
PATIENCE = number('HCP_PATIENCE', 3600.0, 'seconds that packing may take')
POLL = number('HCP_POLL', 5.0, 'seconds between two looks whether it is packed')
PROGRESS = number('HCP_PROGRESS', 30.0, 'seconds between two lines of progress, if the output is no terminal')

TRIES = 3
"""at a download that is cut on the way, or goes silent"""
WAY = 20
"""characters that the bar goes to and fro; HCP does not tell how much is left"""
MIB = 1024**2


def main() -> None:
    authorization = hcpsdk.NativeAuthorization(USER, PASSWORD)
    target = hcpsdk.Target(FQDN, authorization, port=PORT, ssl=SSL, resolver=RESOLVER)
    logs = Logs(target)
    with whole(os.path.realpath(FILE)) as file:
        ours = order(logs)
        wait(logs, ours)
        name = download(logs, file)
    print(f'{name}: {os.path.getsize(FILE):,} bytes, in {os.path.basename(FILE)}')
    if ours:
        with suppress(hcpsdk.HcpsdkError):
            logs.cancel()  # or the next run would find it, and take it for news


@contextmanager
def whole(path: str) -> Iterator[BinaryIO]:
    """A file that gets its name when it is complete, so that nobody takes the half of it for the whole.

    :raises ValueError, OSError: if it could not get that, before anybody waits for it
    """
    if os.path.lexists(path) and not os.path.isfile(path):
        raise ValueError(f'{path} is no plain file')
    part = Path(f'{path}.part')
    try:
        part.touch(exist_ok=False)
    except FileExistsError:
        raise ValueError(f'{part} is there: another run is at it, or was killed; remove it then') from None
    try:
        with part.open('r+b') as file:
            yield file
    except BaseException:
        part.unlink()
        raise
    part.replace(path)


def order(logs: Logs) -> bool:
    """Have HCP pack its logs, unless it has done so already, or is at it.

    :returns: whether they were ordered here
    """
    if FRESH:
        logs.cancel()
    if not logs.status()['readyForStreaming']:
        try:
            start, end, _ = logs.prepare(date.today() - timedelta(days=DAYS))
            print(f'HCP packs its logs from {start} to {end}')
            return True
        except LogsInProgressError:
            pass
    print(
        'HCP has a package already, or packs one, of whatever days; HCP_FRESH=1 would have a new one packed'
    )
    return False


def wait(logs: Logs, ours: bool) -> None:
    """Wait until the package is there. Who interrupts that stops the packing, if it is ours."""
    try:
        with Progress() as progress:
            logs.wait_ready(PATIENCE, POLL, lambda waited: progress(f'packing for {waited:.0f} s'))
    except (KeyboardInterrupt, SystemExit):
        if ours:
            logs.cancel()
        raise


def download(logs: Logs, file: BinaryIO, tries: int = TRIES) -> str:
    """The package, and its name. Of one that was cut nothing stays in the file, so it serves again."""
    try:
        with Progress() as progress:
            _, name = logs.download(
                file, progresshook=lambda done: progress(f'{done / MIB:.1f} MiB downloaded')
            )
        return name
    except (hcpsdk.HcpsdkTruncatedError, hcpsdk.HcpsdkTimeoutError, LogsInProgressError) as error:
        if tries == 1:
            raise
        print(f'once more: {error}')
    time.sleep(POLL)
    return download(logs, file, tries - 1)


class Progress:
    """On a terminal a bar, written again and again; elsewhere a line now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._steps = 0
        self._due = 0.0

    def __call__(self, news: str) -> None:
        if self._terminal:
            place = abs(self._steps % (2 * WAY) - WAY)
            bar = ' ' * place + '===' + ' ' * (WAY - place)
            line = f'[{bar}] {news}'[: shutil.get_terminal_size().columns - 1]  # it must not go on below
            print(f'\r{line}', end='', flush=True)
            self._steps += 1
        elif time.monotonic() >= self._due:
            print(news, flush=True)
            self._due = time.monotonic() + PROGRESS

    def __enter__(self) -> 'Progress':
        return self

    def __exit__(self, *error: object) -> None:
        if self._steps:
            print()


if __name__ == '__main__':
    run(main, __doc__)
