"""Runs every sample against a mock HCP of its own and keeps what it printed, for the chapter on samples.

``python docs/record_samples.py`` writes ``docs/_generated/``; a test runs the samples again and compares.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from hcpsdk.mock import MockHCP

DOCS = Path(__file__).parent
RECORDED = DOCS / '_generated'

SAMPLES: dict[str, list[str]] = {
    'simple_primary_only': ['simple_primary_only.py'],
    'simple_primary_only_debug': ['simple_primary_only.py --debug'],
    'namespace_info': ['namespace_info.py'],
    'unique_names': ['unique_names.py'],
    'replication_status': ['replication_status.py'],
    'replica_aware': ['replica_aware.py'],
    'parallel_ingest': ['parallel_ingest.py'],
    'provision': ['provision.py', 'HCP_APPLY=1 provision.py', 'HCP_APPLY=1 provision.py'],
    'chargeback_report': ['chargeback_report.py'],
    'collect_logs': ['HCP_POLL=0.1 collect_logs.py'],
}
"""name of the recording: what is run, one after the other on the same mock, with settings of its own"""

FIRST = {
    'chargeback_report': [
        'HCP_APPLY=1 provision.py',
        'HCP_FQDN=scans.lab.hcp1.example.com HCP_USER=boss HCP_PASSWORD=Secret-1 parallel_ingest.py',
        'HCP_OBJECTS=100 parallel_ingest.py',
    ]
}
"""what is run before, unseen: there has to be something to report on"""

RELEASE = {'collect_logs': '9.0.0.2'}
"""of the mock, where the usual one is too old"""

NODE = re.compile(r'(-1[0-9a-f]{3}-[0-9a-f]{4}-)[0-9a-f]{12}\b')
EXAMPLE_NODE = '98fe94437d8c'
"""A UUID of version 1 ends with a network card's address; that of this machine is nobody's business."""

PATIENCE = 60
"""seconds after which a sample that says nothing has failed"""


def run(name: str) -> str:
    """What the samples of a recording print when they talk to a mock of their own, both streams together.

    :raises subprocess.CalledProcessError: if one fails
    """
    with MockHCP() as hcp, tempfile.TemporaryDirectory() as directory:
        hcp.system.software_version = RELEASE.get(name, hcp.system.software_version)
        for command in FIRST.get(name, []):
            _run(hcp, command, directory)
        commands = SAMPLES[name]
        printed = [(command, _run(hcp, command, directory)) for command in commands]
    if len(commands) == 1:
        return printed[0][1]
    return '\n'.join(f'$ {_typed(command)}\n{output}' for command, output in printed)


def _run(hcp: MockHCP, command: str, directory: str) -> str:
    *settings, script, arguments = _parts(command)
    done = subprocess.run(
        [sys.executable, str(DOCS.parent / 'samples' / script), *arguments.split()],
        cwd=directory,
        env={**os.environ, **_way_to(hcp), **dict(setting.split('=') for setting in settings)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding='utf-8',
        timeout=PATIENCE,
        check=True,
    )
    return NODE.sub(rf'\g<1>{EXAMPLE_NODE}', done.stdout)


def _way_to(hcp: MockHCP) -> dict[str, str]:
    """What ``python -m hcpsdk.mock`` tells the command that it runs."""
    return {
        'HCP_FQDN': f'n1.m.{hcp.domain}',
        'HCP_PORT': str(hcp.port),
        'HCP_SSL': '0',
        'HCP_NAMESERVER': '{}:{}'.format(*hcp.dns_address),
        'HCP_ADMIN_FQDN': f'admin.{hcp.domain}',
        'HCP_MAPI_PORT': str(hcp.mapi_port),
        'PYTHONPATH': str(DOCS.parent),
        'PYTHONUNBUFFERED': '1',
    }


def _parts(command: str) -> list[str]:
    """Settings, the script, and all of its arguments as one text."""
    words = command.split()
    place = next(place for place, word in enumerate(words) if word.endswith('.py'))
    return [*words[: place + 1], ' '.join(words[place + 1 :])]


def _typed(command: str) -> str:
    *settings, script, arguments = _parts(command)
    return ' '.join([*settings, 'python3', f'samples/{script}', *arguments.split()])


def shape(output: str) -> str:
    """An output without what differs from run to run: times, identifiers, ports, addresses, line breaks."""
    for pattern, instead in (
        (r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'UUID'),
        (r'\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3}', 'DAY'),
        (r'\b[0-9A-F]{16}\b', 'ID'),
        (r'/[0-9a-f]{2}/[0-9a-f]{2}/', '/xx/yy/'),
        (r'\d+', '0'),
        (r'\s+', ' '),
    ):
        output = re.sub(pattern, instead, output)
    return output.strip()


def main() -> None:
    """Record those anew that do not print what they printed before."""
    RECORDED.mkdir(exist_ok=True)
    for name in SAMPLES:
        path = RECORDED / f'{name}.txt'
        output = run(name)
        if not path.exists() or shape(path.read_text(encoding='utf-8')) != shape(output):
            path.write_text(output, encoding='utf-8')
            print(f'recorded {name}')


if __name__ == '__main__':
    main()
