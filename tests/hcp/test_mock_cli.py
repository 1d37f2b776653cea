"""``python -m hcpsdk.mock`` as a program: what it prints, what it hands to a command, how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest
import trustme

import hcpsdk
from hcpsdk.mock import MockHCP
from hcpsdk.mock.__main__ import main

TREE = Path(hcpsdk.__file__).parents[1]
ENVIRONMENT = {**os.environ, 'PYTHONPATH': str(TREE), 'PYTHONWARNINGS': 'error'}
MOCK = [sys.executable, '-m', 'hcpsdk.mock']

PATIENCE = 30
"""seconds; whatever takes longer hangs"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The program from its start to its end."""
    return subprocess.run(
        [*MOCK, *arguments], env=ENVIRONMENT, cwd=TREE, capture_output=True, text=True, timeout=PATIENCE
    )


def python(code: str) -> list[str]:
    return ['--', sys.executable, '-c', code]


@pytest.fixture
def begin() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the program, and sees to its end."""
    started = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [*MOCK, *arguments], env=ENVIRONMENT, cwd=TREE, stdout=subprocess.PIPE, text=True
        )
        started.append(program)
        return program

    yield start
    for program in started:
        program.kill()
        program.communicate()


@pytest.fixture(scope='module')
def papers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files with a certificate, its key, and the authority."""
    place = tmp_path_factory.mktemp('papers')
    ca = trustme.CA()
    own = ca.issue_cert('*.m.hcp1.example.com', '*.hcp1.example.com')
    own.cert_chain_pems[0].write_to_path(place / 'cert.pem')
    own.private_key_pem.write_to_path(place / 'key.pem')
    ca.cert_pem.write_to_path(place / 'ca.pem')
    return {name: str(place / f'{name}.pem') for name in ('cert', 'key', 'ca')}


STORE = """
import os, dns.resolver, hcpsdk
resolver = dns.resolver.Resolver(configure=False)
address, port = os.environ['HCP_NAMESERVER'].split(':')
resolver.nameservers, resolver.port = [address], int(port)
auth = hcpsdk.NativeAuthorization('n', 'n01')
ssl = {'1': True, '0': False}[os.environ['HCP_SSL']]
target = hcpsdk.Target(os.environ['HCP_FQDN'], auth, int(os.environ['HCP_PORT']), ssl=ssl, resolver=resolver)
with hcpsdk.Connection(target) as connection:
    connection.PUT('/rest/a', body=b'x' * 18)
    print(connection.response_status, len(target.addresses), ssl)
print(os.environ['HCP_ADMIN_FQDN'], os.environ['HCP_MAPI_PORT'].isdigit(), os.environ.get('SSL_CERT_FILE'))
"""


def test_a_command_finds_the_mock() -> None:
    """The samples would need settings before they show anything."""
    done = run('--domain', 'hcp9.example.com', '--nodes', '2', *python(STORE))
    assert done.stdout.splitlines()[0] == '201 2 False', done.stderr
    assert done.stdout.splitlines()[1].startswith('admin.hcp9.example.com True')
    assert 'an HCP for n1.m.hcp9.example.com runs' in done.stderr
    assert done.returncode == 0


def test_a_command_finds_the_mock_by_tls(papers: dict[str, str]) -> None:
    """``make demo`` could not show what production is like."""
    options = [f'--{name}={papers[name]}' for name in papers]
    done = run('--quiet', *options, *python(STORE))
    assert done.stderr == ''
    assert done.stdout.splitlines() == ['201 4 True', f'admin.hcp1.example.com True {papers["ca"]}']


def test_data_go_to_the_directory(tmp_path: Path) -> None:
    """Objects larger than the memory could not be tried."""
    done = run('--directory', str(tmp_path / 'data'), *python(STORE))
    assert done.returncode == 0, done.stderr
    assert [path.stat().st_size for path in (tmp_path / 'data').rglob('*') if path.is_file()] == [18]


@pytest.mark.parametrize(
    ('code', 'status'), [('', 0), ('raise SystemExit(7)', 7), ('import os; os.kill(os.getpid(), 9)', 137)]
)
def test_the_status_of_the_command_is_handed_on(code: str, status: int) -> None:
    """A build would be green although its command failed."""
    assert run(*python(code)).returncode == status


def test_a_command_that_is_terminated_is_ended(begin) -> None:
    """Stopping the mock would leave its command running."""
    program = begin('--quiet', *python('import time; print("up", flush=True); time.sleep(60)'))
    assert program.stdout.readline() == 'up\n'
    program.send_signal(signal.SIGINT)  # from a terminal the command gets it, too: it decides
    program.terminate()
    assert program.wait(PATIENCE) == 128 + signal.SIGTERM


@pytest.mark.parametrize('sign', [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_told_to_end(begin, dial, sign: signal.Signals) -> None:
    """There would be no mock to play with, or no way to end it but by force."""
    program = begin()
    report = read_report(program)
    assert dial(int(re.search(r'http: port (\d+)', report)[1])).ask().status == 404
    program.send_signal(sign)
    assert program.wait(PATIENCE) == 0


def read_report(program: subprocess.Popen[str]) -> str:
    return ''.join(iter(program.stdout.readline, '  connection.close()\n')) + '  connection.close()\n'


def test_the_report_tells_all_but_passwords(begin) -> None:
    """Nobody would know how to reach it; or a log would hold what looks like credentials."""
    report = read_report(begin())
    accounts = ('namespaces n1, n2; users n, boss', 'users service')
    for told in ('127.0.0.1, 127.0.0.2', 'hcp1.example.com', *accounts):
        assert told in report
    assert not [password for password in ('n01', 'boss01', 'service01') if password in report]


@pytest.mark.parametrize('secure', [False, True])
def test_what_the_report_offers_can_be_pasted(begin, papers: dict[str, str], secure: bool) -> None:
    """The first thing that a newcomer tries would fail."""
    report = read_report(begin(*(f'--{name}={papers[name]}' for name in papers if secure)))
    shell, program = re.findall(r'((?:^  (?:  )*\S.*\n)+)', report.partition('paste\n')[2], re.MULTILINE)
    environment = {**ENVIRONMENT, 'HCP_PASSWORD': 'n01', 'SSL_CERT_FILE': papers['ca']}
    plain = re.sub(r'^  ', '', program, flags=re.MULTILINE)
    options = {'env': environment, 'capture_output': True, 'text': True, 'timeout': PATIENCE}
    assert subprocess.run([sys.executable, '-c', plain], **options).stdout == '201\n'
    listing = subprocess.run(['sh', '-c', shell], **options)
    assert 'urlName="hello"' in listing.stdout, listing.stderr


def test_it_can_be_quiet(begin) -> None:
    """A mock in a script would spoil the script's output."""
    program = begin('--quiet')
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0.5)
    program.terminate()
    assert program.communicate(timeout=PATIENCE)[0] == ''


LOGS = """
import os, dns.resolver, hcpsdk
from hcpsdk.mapi import Mapi
resolver = dns.resolver.Resolver(configure=False)
address, port = os.environ['HCP_NAMESERVER'].split(':')
resolver.nameservers, resolver.port = [address], int(port)
auth = hcpsdk.NativeAuthorization('service', 'service01')
fqdn, port = os.environ['HCP_ADMIN_FQDN'], int(os.environ['HCP_MAPI_PORT'])
mapi = Mapi(hcpsdk.Target(fqdn, auth, port, ssl=False, resolver=resolver))
print(mapi.exists('logs'), mapi.software_version)
"""


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ([], 'False 7.1.0.10\n'),
        (['--release', '7.2'], 'True 7.2\n'),
        (['--release', '9.0.0.2'], 'True 9.0.0.2\n'),
    ],
)
def test_the_release_can_be_chosen(options: list[str], said: str) -> None:
    """What came with a later release, such as logs, could not be tried without writing a program for it."""
    done = run(*options, *python(LOGS))
    assert done.stdout == said, done.stderr


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stdout) == (1, '')
    [line] = done.stderr.splitlines()
    return line


def test_a_taken_port_is_one_line(mock_hcp: MockHCP) -> None:
    """A traceback would bury the reason."""
    line = one_line(run('--port', str(mock_hcp.port), '--', 'true'))
    assert f'port {mock_hcp.port} of 127.0.0.1: Address already in use' in line


NO_RELEASES = ('', '9', '9.', '9..0', 'v9.0', '9.0-1', '9.0 ', '9.0\r\nX: y', '٩.٠')
"""the last but one would be a header of its own; HCP's digits are ASCII"""


@pytest.mark.parametrize(
    ('options', 'why'),
    [
        (['--cert', 'missing.pem'], "No such file or directory: 'missing.pem'"),
        (['--cert', 'README.rst'], 'README.rst: no certificate with its key in PEM'),
        (['--key', 'README.rst'], '--key, --ca and --https-port need a --cert'),
        (['--nodes', '0'], 'nodes goes from 1 to 80: 0'),
        (['--port', '65536'], 'port goes from 0 to 65535'),
        (['--directory', 'README.rst'], "File exists: 'README.rst'"),
        *(
            (['--release', bad], f'--release is numbers with dots, such as 9.0.0.2: {bad!r}')
            for bad in NO_RELEASES
        ),
    ],
)
def test_a_wrong_option_is_one_line(options: list[str], why: str, monkeypatch, capsys) -> None:
    """A traceback would bury the reason."""
    monkeypatch.chdir(TREE)
    status = main([*options, '--', 'true'])  # in this process: so many programs would take seconds
    assert why in one_line(subprocess.CompletedProcess(options, status, *capsys.readouterr()))


def test_a_wrong_release_is_found_before_a_taken_port(mock_hcp: MockHCP) -> None:
    """One would look for a free port, only to hear that the command had been wrong all along."""
    line = one_line(run('--release', 'new', '--port', str(mock_hcp.port), '--', 'true'))
    assert line.startswith('hcpsdk.mock: --release')


def test_a_missing_command_is_one_line() -> None:
    """A traceback would bury the reason."""
    line = one_line(run('--quiet', '--', './no-such-command'))
    assert line == 'hcpsdk.mock: ./no-such-command: No such file or directory'


def test_help_names_every_variable() -> None:
    """Nobody could write a program that the mock can start."""
    done = run('--help')
    for name in ('FQDN', 'PORT', 'SSL', 'NAMESERVER', 'ADMIN_FQDN', 'MAPI_PORT'):
        assert f'HCP_{name}' in done.stdout


def test_ports_can_be_chosen() -> None:
    """The mock could not stand where a program expects HCP."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    done = run('--mapi-port', str(port), *python('import os; print(os.environ["HCP_MAPI_PORT"])'))
    assert done.stdout == f'{port}\n', done.stderr
