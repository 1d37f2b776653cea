"""Runs every sample against a mock HCP of its own and keeps what it printed, for the chapter on samples.

``python docs/record_samples.py`` writes ``docs/_generated/``; a test runs the samples again and compares.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent
RECORDED = DOCS / '_generated'

SAMPLES: dict[str, list[str]] = {
    'simple_primary_only': ['simple_primary_only.py'],
    'simple_primary_only_debug': ['simple_primary_only.py', '--debug'],
    'namespace_info': ['namespace_info.py'],
    'unique_names': ['unique_names.py'],
    'replication_status': ['replication_status.py'],
    'replica_aware': ['replica_aware.py'],
    'parallel_ingest': ['parallel_ingest.py'],
}
"""name of the recording: sample and arguments"""

NODE = re.compile(r'(-1[0-9a-f]{3}-[0-9a-f]{4}-)[0-9a-f]{12}\b')
EXAMPLE_NODE = '98fe94437d8c'
"""A UUID of version 1 ends with a network card's address; that of this machine is nobody's business."""

PATIENCE = 60
"""seconds after which a sample that says nothing has failed"""


def run(command: list[str]) -> str:
    """What a sample prints when it talks to a mock of its own, both streams together.

    :raises subprocess.CalledProcessError: if it fails
    """
    script, *arguments = command
    mock = [sys.executable, '-m', 'hcpsdk.mock', '--quiet', '--']
    done = subprocess.run(
        [*mock, sys.executable, str(Path('samples', script)), *arguments],
        cwd=DOCS.parent,
        env={**os.environ, 'PYTHONUNBUFFERED': '1'},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding='utf-8',
        timeout=PATIENCE,
        check=True,
    )
    return NODE.sub(rf'\g<1>{EXAMPLE_NODE}', done.stdout)


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
    for name, command in SAMPLES.items():
        path = RECORDED / f'{name}.txt'
        output = run(command)
        if not path.exists() or shape(path.read_text(encoding='utf-8')) != shape(output):
            path.write_text(output, encoding='utf-8')
            print(f'recorded {name}')


if __name__ == '__main__':
    main()
