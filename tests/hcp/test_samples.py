"""The samples as a reader runs them: as programs, against a mock HCP of their own."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import json
import os
import re
import runpy
import signal
import socket
import ssl
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import trustme

import hcpsdk
from hcpsdk.mock import Cut, Fault, MockHCP, Say, Silent, When
from hcpsdk.mock.packages import Order

TREE = Path(__file__).parents[2]
SAMPLES = TREE / 'samples'
NAMES = sorted(path.stem for path in SAMPLES.glob('*.py') if path.stem != 'settings')
LED = [name for name in NAMES if name != 'replica_aware']
"""those that the environment leads to an HCP; the other one brings two"""
MANAGING = ['chargeback_report', 'collect_logs', 'provision', 'replication_status']
ON_OBJECTS = [name for name in NAMES if name not in MANAGING]

MIB = 1024 * 1024
GIB = 1024 * MIB

PATIENCE = 30
"""seconds after which a sample hangs"""

IMPATIENT = """
import runpy, sys, hcpsdk
init = hcpsdk.Connection.__init__
def hasty(self, target, *args, **more):
    init(self, target, **{**more, 'timeout': 0.1, 'retries': 0})
hcpsdk.Connection.__init__ = hasty
sys.argv.pop(0)
sys.path.insert(0, 'samples')
runpy.run_path(sys.argv[0], run_name='__main__')
"""
"""runs a sample whose Connections wait a tenth of a second, and ask once"""


@pytest.fixture
def hcp() -> Iterator[MockHCP]:
    with MockHCP() as mock:
        yield mock


def environment(hcp: MockHCP | None, **more: Any) -> dict[str, str]:
    """What leads a sample to the mock, and nothing that lies about on this machine."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(('HCP_', 'SSL_CERT'))}
    clean.update(PYTHONPATH=str(TREE), PYTHONUNBUFFERED='1', PYTHONIOENCODING='utf-8')
    if hcp is not None:
        clean.update(
            HCP_FQDN=f'n1.m.{hcp.domain}',
            HCP_PORT=str(hcp.https_port or hcp.port),
            HCP_SSL='1' if hcp.https_port else '0',
            HCP_NAMESERVER='{}:{}'.format(*hcp.dns_address),
            HCP_ADMIN_FQDN=f'admin.{hcp.domain}',
            HCP_MAPI_PORT=str(hcp.mapi_port),
        )
    return {**clean, **{key: str(value) for key, value in more.items()}}


def run(
    hcp: MockHCP | None, name: str, *arguments: str, by: tuple[str, ...] = (), **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run a sample to its end."""
    return subprocess.run(
        [sys.executable, *by, f'samples/{name}.py', *arguments],
        cwd=TREE,
        env=environment(hcp, **more),
        capture_output=True,
        encoding='utf-8',
        timeout=PATIENCE,
        check=False,
    )


def run_here(
    hcp: MockHCP | None, name: str, *arguments: str, **more: Any
) -> subprocess.CompletedProcess[str]:
    """As :func:`run`, but in this process, ten times as fast: for what ends before anything is done."""
    script, printed, complained, status = SAMPLES / f'{name}.py', io.StringIO(), io.StringIO(), 0
    handler = signal.getsignal(signal.SIGTERM)
    with (
        mock.patch.dict(os.environ, environment(hcp, **more), clear=True),
        mock.patch.object(sys, 'argv', [str(script), *arguments]),
        mock.patch.object(sys, 'path', [str(SAMPLES), *sys.path]),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(complained),
    ):
        try:
            runpy.run_path(str(script), run_name='__main__')
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            signal.signal(signal.SIGTERM, handler)
            sys.modules.pop('settings', None)  # it remembers the settings of one sample
    return subprocess.CompletedProcess(script, status, printed.getvalue(), complained.getvalue())


def output(hcp: MockHCP | None, name: str, *arguments: str, **more: Any) -> str:
    """What a sample prints that has nothing to complain of."""
    done = run(hcp, name, *arguments, **more)
    assert (done.returncode, done.stderr) == (0, '')
    return done.stdout


def complaint(done: subprocess.CompletedProcess[str], name: str) -> str:
    """The one line that a failing sample leaves on standard error."""
    assert done.returncode == 1, done
    [line] = done.stderr.splitlines()
    assert line.startswith(f'{name}.py: '), line
    assert 'Traceback' not in done.stdout
    return line


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port: int = probe.getsockname()[1]
        return port


def store(hcp: MockHCP, content: bytes) -> None:
    """Put an object onto the mock."""
    authorization = hcpsdk.NativeAuthorization('n', 'n01')
    target = hcpsdk.Target(f'n1.m.{hcp.domain}', authorization, port=hcp.port, resolver=hcp.resolver())
    with hcpsdk.Connection(target) as connection:
        connection.PUT('/rest/object', body=content)


def stored_objects(hcp: MockHCP) -> int:
    return sum(seen.method == 'PUT' and seen.status == 201 for seen in hcp.log)


# --- what they print -------------------------------------------------------------------------


def the_life_of_an_object(printed: str) -> None:
    assert 'Connection uses the IP address: None' in printed
    assert 'SHA-256 A2706A20394E48179A86C71E82C360C2960D3652340F9B9FDB355A42E3AC7691' in printed
    assert "('Content-Length', '131072')" in printed
    assert "b'0123456789abcdef0123456789abcdef01234567'..." in printed
    assert re.findall(r'^(\w+) was successful$', printed, re.MULTILINE) == ['PUT', 'HEAD', 'GET', 'DELETE']
    assert re.search(r'connect time: +0\.\d{12} seconds', printed)
    assert len(re.findall(r'request time: +0\.\d{12} seconds', printed)) == 4


def test_simple_primary_only(hcp: MockHCP) -> None:
    """Or the first program that a newcomer runs would not show an object's life as the manual does."""
    the_life_of_an_object(output(hcp, 'simple_primary_only'))
    assert [(seen.method, seen.status) for seen in hcp.log] == [
        ('PUT', 201), ('HEAD', 200), ('GET', 200), ('DELETE', 200),
    ]  # fmt: skip
    assert len({seen.connection for seen in hcp.log}) == 1


def test_simple_primary_only_over_tls(tmp_path: Path) -> None:
    """Or the sample would work without TLS only, which is not what a real HCP is asked by."""
    with tls_mock(tmp_path) as hcp:
        the_life_of_an_object(output(hcp, 'simple_primary_only', SSL_CERT_FILE=tmp_path / 'ca.pem'))
        assert all(seen.caller.secure for seen in hcp.log)


@pytest.mark.parametrize(
    ('arguments', 'more'), [(['--debug'], {}), ([], {'HCP_DEBUG': 1})], ids=['option', 'variable']
)
def test_the_debug_switch(hcp: MockHCP, arguments: list[str], more: dict[str, int]) -> None:
    """Or one could not see what the package does, or would see the credentials with it."""
    printed = output(hcp, 'simple_primary_only', *arguments, **more)
    the_life_of_an_object(printed)
    assert re.search(r'DEBUG connected to 127\.0\.0\.\d port \d+ in ', printed)
    assert re.search(r'DEBUG DELETE /rest/hcpsdk/sample_primary_only\.txt to 127\.0\..*: 200, ', printed)
    assert not re.search('n01|7c1fed|hcp-ns-auth|bg==', printed)


def test_namespace_info(hcp: MockHCP) -> None:
    """Or a reader would learn something wrong of the namespace, or nothing."""
    store(hcp, bytes(10 * MIB))
    hcp.system.tenants['m'].users['n'].permissions['n1'] = frozenset({'browse', 'read'})
    hcp.system.tenants['m'].namespaces['n1'].hard_quota = 80 * MIB
    printed = output(hcp, 'namespace_info')
    assert re.search(r'^used +0\.020 GiB of 0\.078, 25\.0 %$', printed, re.MULTILINE)
    assert re.search(r'^objects +1$', printed, re.MULTILINE)
    assert re.search(r'^warning from +85 %$', printed, re.MULTILINE)
    assert 'n1: replicated, search, no versioning\n' in printed
    assert 'n2: replicated, search, versioning\n' in printed
    assert re.search(r'^TAX_DATA +A\+10y  ', printed, re.MULTILINE)
    assert re.search(r'^read +yes +yes +yes +yes$', printed, re.MULTILINE)
    assert re.search(r'^purge +yes +yes +- +-$', printed, re.MULTILINE)


def test_unique_names(hcp: MockHCP) -> None:
    """Or the file's own name would not come back from HCP as it was."""
    printed = output(hcp, 'unique_names')
    assert printed.count('stored ') == 3
    [name] = re.findall(r'^looking for (\S{36})$', printed, re.MULTILINE)
    assert f'in /rest/hcpsdk/{name[6:8]}/{name[4:6]}/{name}\n' in printed
    assert 'so it was Grüße & Küsse.txt\n' in printed
    assert [seen.status for seen in hcp.log if seen.method == 'DELETE'] == [200] * 3


def test_replication_status(hcp: MockHCP) -> None:
    """Or an operator would not see how the links are."""
    printed = output(hcp, 'replication_status')
    assert 'enableDNSFailover: true\n' in printed
    assert 'remoteHost: 192.168.0.56, 192.168.0.57, 192.168.0.58, 192.168.0.59\n' in printed
    assert 'hcp1-a-a-hcp2 is well: Synchronizing data; 0 objects to be sent' in printed


def test_replication_status_of_a_suspended_link(hcp: MockHCP) -> None:
    """Or a link that sleeps would be taken for one that replicates."""
    hcp.system.links['hcp1-a-a-hcp2'].apply('suspend')
    assert ', but suspended: Suspended by user' in output(hcp, 'replication_status')


def test_replica_aware() -> None:
    """Or one would not see that the program goes on when its HCP is gone, and by which system."""
    printed = output(None, 'replica_aware')
    assert re.findall(r'(stored|read) (\w+) (?:on|from) (hcp\d)\.example\.com', printed) == [
        ('stored', 'first', 'hcp1'),
        ('read', 'first', 'hcp1'),
        ('read', 'first', 'hcp2'),
        ('stored', 'second', 'hcp2'),
        ('read', 'second', 'hcp1'),
    ]
    assert re.search(r'^ {4}failed over since [\d:]{8}: 127\.0\..*: refused', printed, re.MULTILINE)
    assert re.search(r'^ {4}normal since [\d:]{8}: 127\.0\.0\.\d answers$', printed, re.MULTILINE)


# --- management ------------------------------------------------------------------------------


CHANGES = [
    'create tenant lab',
    'change boss',
    'change lab',
    'create namespace scans',
    'change scans versioningSettings',
    'create namespace letters',
    'change letters complianceSettings',
    'change letters permissions',
]


def changes(printed: str) -> list[str]:
    """What a run of ``provision`` has changed, or would."""
    *told, last = printed.splitlines()
    assert re.match(rf'(at least )?{len(told)} change\(s\) ', last)
    return [line.partition(':')[0] for line in told]


AT_LEAST = 'at least {} change(s) to be made; the rest can only be seen then'


def test_provision_shows_and_changes_nothing(hcp: MockHCP) -> None:
    """Or one who only wanted to look would have made a tenant, or would think to have seen it all."""
    printed = output(hcp, 'provision')
    assert changes(printed) == [
        'would create tenant lab', 'would create namespace scans', 'would create namespace letters',
    ]  # fmt: skip
    assert printed.splitlines()[-1] == AT_LEAST.format(3)
    assert {seen.method for seen in hcp.log} == {'HEAD'}


def test_a_dry_run_before_the_roles_are_given(hcp: MockHCP) -> None:
    """Or one who looks after a run that was stopped would get a refusal instead of an answer."""
    hcp.misbehave(Say(503, 'busy'), method='POST', path='/mapi/tenants/lab/userAccounts/boss')
    complaint(run(hcp, 'provision', HCP_APPLY=1), 'provision')
    told, last = output(hcp, 'provision').splitlines()
    assert told.startswith("would change boss: roles {'role': ['SECURITY']} -> ")
    assert last == AT_LEAST.format(1)
    assert changes(output(hcp, 'provision', HCP_APPLY=1)) == CHANGES[1:]


def test_a_dry_run_that_sees_everything_says_so(hcp: MockHCP) -> None:
    """Or one could never tell whether there is more to come."""
    output(hcp, 'provision', HCP_APPLY=1)
    assert output(hcp, 'provision') == '0 change(s) to be made\n'
    hcp.system.tenants['lab'].namespaces['scans'].hard_quota = 1 * GIB
    assert output(hcp, 'provision').splitlines()[-1] == '1 change(s) to be made'


def test_provision_is_safe_to_run_twice(hcp: MockHCP) -> None:
    """Or the second run would end in an error, or change what is as it should be."""
    assert changes(output(hcp, 'provision', HCP_APPLY=1)) == CHANGES
    hcp.log.clear()
    assert changes(output(hcp, 'provision', HCP_APPLY=1)) == []
    assert {seen.method for seen in hcp.log} == {'HEAD', 'GET'}
    lab = hcp.system.tenants['lab']
    assert lab.administration_allowed
    assert sorted(lab.namespaces) == ['letters', 'scans']
    assert lab.namespaces['scans'].hard_quota == 60 * GIB


def test_provision_goes_on_where_it_was_stopped(hcp: MockHCP) -> None:
    """Or a refusal in the middle would have to be cleaned up by hand."""
    hcp.misbehave(Say(503, 'busy'), method='PUT', path='/mapi/tenants/lab/namespaces', times=1)
    done = run(hcp, 'provision', HCP_APPLY=1)
    assert ' 503 ' in complaint(done, 'provision')
    assert done.stdout.splitlines()[-1] == 'create namespace scans'
    printed = output(hcp, 'provision')
    assert changes(printed) == ['would create namespace scans', 'would create namespace letters']
    assert printed.splitlines()[-1] == AT_LEAST.format(2)
    assert changes(output(hcp, 'provision', HCP_APPLY=1)) == CHANGES[3:]


def test_provision_changes_what_somebody_else_has_changed(hcp: MockHCP) -> None:
    """Or the plan would be right on the first day only."""
    output(hcp, 'provision', HCP_APPLY=1)
    hcp.system.tenants['lab'].namespaces['scans'].hard_quota = 1 * GIB
    [what, count] = output(hcp, 'provision', HCP_APPLY=1).splitlines()
    assert what == "change scans: hardQuota '1.00 GB' -> '60 GB'"
    assert hcp.system.tenants['lab'].namespaces['scans'].hard_quota == 60 * GIB


TOML = """
tenant = 'lab'
limits = {hardQuota = '2 GB'}
[namespaces.scans]
properties = {hardQuota = '1 GB'}
"""


def test_a_plan_in_toml(hcp: MockHCP, tmp_path: Path) -> None:
    """Or it could not be written in TOML; or, before Python 3.11, one would not know why."""
    plan = tmp_path / 'plan.toml'
    plan.write_text(TOML, encoding='utf-8')
    done = run(hcp, 'provision', HCP_PLAN=plan)
    if sys.version_info >= (3, 11):
        assert changes(done.stdout) == ['would create tenant lab', 'would create namespace scans']
    else:
        assert 'TOML takes Python 3.11' in complaint(done, 'provision')


def planned(directory: Path, plan: dict[str, Any], encoding: str = 'utf-8') -> Path:
    """A file with a plan for the tenant ``lab``."""
    file = directory / 'plan.json'
    file.write_text(json.dumps({'tenant': 'lab', 'limits': {'hardQuota': '2 GB'}, **plan}), encoding=encoding)
    return file


SCANS = {
    'properties': {'hardQuota': '1 GB', 'softQuota': '70', 'description': '', 'tags': ['x-rays', 'office']},
    'http': {'httpEnabled': 'false', 'ipSettings': {'allowAddresses': {'ipAddress': ['10.1.0.0/16']}}},
    'versioningSettings': {'enabled': True, 'prune': True, 'pruneDays': '7'},
    'cors': {'cors': '<CORSConfiguration/>'},
}


def test_a_plan_that_is_written_in_another_way_than_hcp_does(hcp: MockHCP, tmp_path: Path) -> None:
    """Or numbers in quotes, and parts of a setting, would be changed again at every run."""
    limits = {'hardQuota': '2 GB', 'versioningConfigurationEnabled': True}
    plan = planned(tmp_path, {'limits': limits, 'namespaces': {'scans': SCANS}}, 'utf-8-sig')
    assert changes(output(hcp, 'provision', HCP_PLAN=plan, HCP_APPLY=1)) == [
        'create tenant lab',
        'change boss',
        'create namespace scans',
        'change scans http',
        'change scans versioningSettings',
        'change scans cors',
    ]
    assert hcp.system.tenants['lab'].namespaces['scans'].soft_quota == 70
    assert output(hcp, 'provision', HCP_PLAN=plan) == '0 change(s) to be made\n'


def test_a_plan_with_a_password(hcp: MockHCP, tmp_path: Path) -> None:
    """Or it would be on the screen, and in the log of whatever runs the program."""
    http = {'webdavBasicAuthUsername': 'dav', 'webdavBasicAuthPassword': 'geheim'}
    plan = planned(tmp_path, {'namespaces': {'scans': {'properties': {'hardQuota': '1 GB'}, 'http': http}}})
    printed = output(hcp, 'provision', HCP_PLAN=plan, HCP_APPLY=1)
    assert "webdavBasicAuthUsername '' -> 'dav', webdavBasicAuthPassword None -> (not shown)" in printed
    assert 'geheim' not in printed


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        ('{', 'Expecting property name'),
        ('\udcff', "can't decode byte"),
        ('[]', 'the plan has to hold names and values, not []'),
        ('{"tenant": "lab"}', '"tenant" and "namespaces" are needed'),
    ],
)
def test_a_file_that_holds_no_plan(hcp: MockHCP, tmp_path: Path, content: str, said: str) -> None:
    """Or a slip of the pen would end in a traceback, or in an error that does not say which file it is in."""
    plan = tmp_path / 'plan.json'
    plan.write_bytes(content.encode('utf-8', 'surrogateescape'))
    line = complaint(run_here(hcp, 'provision', HCP_PLAN=plan), 'provision')
    assert f': {plan}: ' in line
    assert said in line
    assert not hcp.log


@pytest.mark.parametrize(
    ('plan', 'said'),
    [
        ({'setings': {}}, "the plan knows no 'setings'"),
        ({'limts': {}}, "the plan knows no 'limts'"),
        ({'tenant': None}, 'tenant has to be letters, digits and hyphens, not None'),
        ({'limits': 5}, 'limits has to hold names and values, not 5'),
        ({'limits': {'name': 'lab'}}, "limits knows no 'name'"),
        ({'limits': {'tags': 'x-rays'}}, "tags in limits has to be a list of texts, not 'x-rays'"),
        ({'limits': {'tags': [7]}}, 'tags in limits has to be a list of texts, not [7]'),
        ({'settings': ['a']}, "settings has to hold names and values, not ['a']"),
        ({'namespaces': ['scans']}, "namespaces has to hold names and values, not ['scans']"),
        ({'namespaces': {'x/y': {}}}, "a namespace has to be letters, digits and hyphens, not 'x/y'"),
        ({'namespaces': {'scans': None}}, 'namespace scans has to hold names and values, not None'),
        ({'namespaces': {'scans': {'htp': {}}}}, "namespace scans knows no 'htp'"),
        ({'namespaces': {'scans': {'statistics': {}}}}, "namespace scans knows no 'statistics'"),
        ({'namespaces': {'scans': {'http': True}}}, 'http of scans has to hold names and values, not True'),
        ({'namespaces': {'scans': {'properties': {'name': 'x'}}}}, "properties of scans knows no 'name'"),
    ],
)
def test_a_plan_that_makes_no_sense(hcp: MockHCP, tmp_path: Path, plan: dict[str, Any], said: str) -> None:
    """Or what is misspelled would be passed over, or show when the half of it is made."""
    file = planned(tmp_path, {'namespaces': {}, **plan})
    line = complaint(run_here(hcp, 'provision', HCP_PLAN=file, HCP_APPLY=1), 'provision')
    assert f': {file}: {said}' in line
    assert not hcp.log


@pytest.mark.skipif(sys.version_info < (3, 11), reason='no TOML before Python 3.11')
@pytest.mark.parametrize(
    ('content', 'said'),
    [("tenant = lab'", 'Invalid value'), ('tenant = "a"\nlimits = {a = 2024-01-01}\n[namespaces]', 'date')],
)
def test_a_toml_file_that_holds_no_plan(hcp: MockHCP, tmp_path: Path, content: str, said: str) -> None:
    """Or the error would not say which file it is in, or be a traceback when the half of it is made."""
    plan = tmp_path / 'plan.toml'
    plan.write_text(content, encoding='utf-8')
    line = complaint(run_here(hcp, 'provision', HCP_PLAN=plan), 'provision')
    assert f': {plan}: ' in line
    assert said in line
    assert not hcp.log


def test_chargeback_report(hcp: MockHCP) -> None:
    """Or the table would not be CSV, or the bars not be what HCP says."""
    store(hcp, bytes(3 * MIB))
    hcp.system.tenants['m'].administration_allowed = True
    done = run(hcp, 'chargeback_report')
    assert done.returncode == 0
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [row['namespaceName'] for row in rows] == ['n1', 'n2', '']
    assert [row['ingestedVolume'] for row in rows] == [str(3 * MIB), '0', str(3 * MIB)]
    title, *bars = done.stderr.splitlines()
    assert title == 'used capacity in MiB'
    assert bars == [f'    n1.m          6.0 {"#" * 50}', '    n2.m          0.0']


def test_chargeback_report_of_tenants_that_keep_to_themselves(hcp: MockHCP) -> None:
    """Or their tenants' use would be missing."""
    done = run(hcp, 'chargeback_report')
    assert [row['tenantName'] for row in csv.DictReader(done.stdout.splitlines())] == ['m']
    assert done.stderr.splitlines()[1:] == ['    m          0.0']


def test_chargeback_report_of_a_system_with_a_default_tenant(hcp: MockHCP) -> None:
    """Or there would be no report at all: HCP has none of that tenant."""
    hcp.system.tenants['Default'] = dataclasses.replace(hcp.system.tenants['m'], name='Default')
    hcp.misbehave(Say(404, 'no such resource'), path='/mapi/tenants/Default/chargebackReport', times=None)
    done = run(hcp, 'chargeback_report')
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2


@pytest.fixture
def newer(hcp: MockHCP) -> MockHCP:
    """One that has logs."""
    hcp.system.software_version = '9.0.0.2'
    return hcp


def test_collect_logs(newer: MockHCP, tmp_path: Path) -> None:
    """Or the file would not hold the logs."""
    file = tmp_path / 'logs.zip'
    printed = output(newer, 'collect_logs', HCP_LOGS=file, HCP_POLL=0.01)
    assert 'packing for 0 s\n' in printed
    assert re.search(r'^HCPLogs-\S+\.zip: [\d,]+ bytes, in logs\.zip$', printed, re.MULTILINE)
    assert 'node104/services.log' in zipfile.ZipFile(file).namelist()
    assert os.listdir(tmp_path) == ['logs.zip']


def test_a_bar_on_a_terminal(newer: MockHCP, tmp_path: Path) -> None:
    """Or one would sit before a terminal that says nothing."""
    newer.system.logs.polls = 5
    master, slave = os.openpty()
    command = [sys.executable, 'samples/collect_logs.py']
    settings = environment(newer, HCP_LOGS=tmp_path / 'logs.zip', HCP_POLL=0.01)
    with subprocess.Popen(command, cwd=TREE, env=settings, stdout=slave) as process:
        os.close(slave)
        printed = everything_from(master)
    assert process.returncode == 0
    bars = re.findall(r'\r\[( *=== *)\] packing for 0 s', printed)
    assert len(bars) == len(set(bars)) == 5
    assert {len(bar) for bar in bars} == {23}
    assert re.search(r'\r\[[ =]{23}\] 0\.0 MiB downloaded\r\n', printed)


def collected(newer: MockHCP, directory: Path, **more: Any) -> str:
    """What ``collect_logs`` prints; the logs are whole, and nothing else is there."""
    printed = output(newer, 'collect_logs', HCP_LOGS=directory / 'logs.zip', HCP_POLL=0.01, **more)
    assert zipfile.ZipFile(directory / 'logs.zip').testzip() is None
    assert os.listdir(directory) == ['logs.zip']
    return printed


def asked(hcp: MockHCP, path: str) -> int:
    """How often HCP was asked to do something."""
    return sum((seen.method, seen.path) == ('POST', path) for seen in hcp.log)


PREPARE, DOWNLOAD = '/mapi/logs/prepare', '/mapi/logs/download'
IN_THE_MIDDLE = Silent(When.ANSWERING, sent=500)
LESS_IMPATIENT = IMPATIENT.replace("'timeout': 0.1", "'timeout': 0.5")
"""as the rest of its work has to succeed"""


@pytest.mark.parametrize(
    ('fault', 'by'), [(Cut(after=500), ()), (IN_THE_MIDDLE, ('-c', LESS_IMPATIENT))], ids=['cut', 'silent']
)
def test_logs_that_are_cut_on_the_way(
    newer: MockHCP, tmp_path: Path, fault: Fault, by: tuple[str, ...]
) -> None:
    """Or packing would be for nothing if the network fails once; or half a package pass for a whole one."""
    newer.misbehave(fault, path=DOWNLOAD)
    assert '\nonce more: ' in collected(newer, tmp_path, by=by)
    assert (asked(newer, PREPARE), asked(newer, DOWNLOAD)) == (1, 2)


def test_logs_that_are_cut_again_and_again(newer: MockHCP, tmp_path: Path) -> None:
    """Or a program would try for ever, or leave half a package behind."""
    newer.misbehave(Cut(after=500), path=DOWNLOAD, times=None)
    complaint(run(newer, 'collect_logs', HCP_LOGS=tmp_path / 'logs.zip', HCP_POLL=0.01), 'collect_logs')
    assert asked(newer, DOWNLOAD) == 3
    assert os.listdir(tmp_path) == []


THERE = 'HCP has a package already, or packs one, of whatever days; HCP_FRESH=1 would have a new one packed\n'


def test_logs_that_are_packed_already(newer: MockHCP, tmp_path: Path) -> None:
    """Or it would end in a refusal; or what somebody else has ordered would be taken away."""
    newer.system.logs.begin(Order(time.time(), date.today(), date.today()))
    assert newer.system.logs.packing
    assert collected(newer, tmp_path).startswith(THERE)
    assert newer.system.logs.ready
    assert collected(newer, tmp_path).startswith(THERE)
    assert newer.system.logs.ready
    assert asked(newer, PREPARE) == 1  # it is refused while HCP packs


def test_logs_are_packed_anew(newer: MockHCP, tmp_path: Path) -> None:
    """Or one would get what was packed for somebody else, or for the last time."""
    newer.system.logs.begin(Order(time.time(), date.today(), date.today()))
    assert THERE not in collected(newer, tmp_path, HCP_FRESH=1)
    assert THERE not in collected(newer, tmp_path)
    assert asked(newer, PREPARE) == 2


def test_ctrl_c_leaves_alone_what_somebody_else_has_ordered(newer: MockHCP, tmp_path: Path) -> None:
    """Or one who does not want to wait would take the package away from who does."""
    newer.system.logs.polls = 10_000
    newer.system.logs.begin(Order(time.time(), date.today(), date.today()))
    assert interrupted(newer, tmp_path) == (130, 'collect_logs.py: interrupted\n')
    assert newer.system.logs.packing


@pytest.mark.parametrize(
    ('file', 'said'),
    [('no/such/logs.zip', 'No such file'), ('pipe', 'is no plain file'), ('', 'is no plain file')],
    ids=['nowhere', 'pipe', 'directory'],
)
def test_a_place_where_no_logs_can_go(newer: MockHCP, tmp_path: Path, file: str, said: str) -> None:
    """Or one would be told when HCP has packed for an hour; or a device be gone, replaced by a file."""
    os.mkfifo(tmp_path / 'pipe')
    assert said in complaint(run_here(newer, 'collect_logs', HCP_LOGS=tmp_path / file), 'collect_logs')
    assert not newer.log
    assert os.listdir(tmp_path) == ['pipe']
    assert (tmp_path / 'pipe').is_fifo()


def test_two_who_collect_logs_into_one_file(newer: MockHCP, tmp_path: Path) -> None:
    """Or the file would hold a part of one package, and a part of another."""
    (tmp_path / 'logs.zip.part').touch()
    line = complaint(run(newer, 'collect_logs', HCP_LOGS=tmp_path / 'logs.zip'), 'collect_logs')
    assert line.endswith('logs.zip.part is there: another run is at it, or was killed; remove it then')
    assert not newer.log


@pytest.mark.parametrize(
    ('by', 'ending'),
    [(signal.SIGINT, (130, 'collect_logs.py: interrupted\n')), (signal.SIGTERM, (143, ''))],
)
def test_a_signal_ends_the_packing(
    newer: MockHCP, tmp_path: Path, by: signal.Signals, ending: object
) -> None:
    """Or HCP would go on, for nobody, and what is left of the file be in the way of the next run."""
    newer.system.logs.polls = 10_000
    assert interrupted(newer, tmp_path, by) == ending
    assert newer.system.logs.order is None
    assert os.listdir(tmp_path) == []


def interrupted(newer: MockHCP, directory: Path, by: signal.Signals = signal.SIGINT) -> tuple[int, str]:
    """How ``collect_logs`` ends when it is interrupted while it waits, and what it complains of."""
    process = subprocess.Popen(
        [sys.executable, 'samples/collect_logs.py'],
        cwd=TREE,
        env=environment(newer, HCP_LOGS=directory / 'logs.zip', HCP_POLL=0.01),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding='utf-8',
    )
    deadline = time.monotonic() + PATIENCE
    while len(newer.log) < 10 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(by)
    _, complained = process.communicate(timeout=PATIENCE)
    return process.returncode, complained


def test_logs_of_an_hcp_that_is_too_old(hcp: MockHCP) -> None:
    """Or one would look for a mistake of one's own."""
    line = complaint(run(hcp, 'collect_logs'), 'collect_logs')
    assert 'since release 7.2, and this one is 7.1.0.10' in line


# --- parallel_ingest -------------------------------------------------------------------------


def nodes_told(printed: str) -> dict[str, int]:
    """Objects per node, as printed."""
    told = re.findall(r'^ {4}(\S+) +(\d+)\r?$', printed, re.MULTILINE)
    return {node: int(objects) for node, objects in told}


def test_parallel_ingest(hcp: MockHCP) -> None:
    """Or the figures that it prints would not be what HCP has."""
    printed = output(hcp, 'parallel_ingest', HCP_OBJECTS=120, HCP_PROGRESS=PATIENCE)
    assert printed.count('120 of 120 objects stored\n') == printed.count(' objects stored\n') == 1
    assert 'each has a name of its own, and none is missing' in printed
    assert nodes_told(printed) == Counter(hcp.addresses[seen.node] for seen in hcp.log)
    assert len(nodes_told(printed)) == len(hcp.addresses)
    assert len({seen.path for seen in hcp.log}) == stored_objects(hcp) == 120
    assert len({seen.connection for seen in hcp.log}) == 8


def test_progress_in_plain_lines(hcp: MockHCP) -> None:
    """Or a log file would hold one endless line."""
    printed = output(hcp, 'parallel_ingest', HCP_OBJECTS=200, HCP_PROGRESS=0.01)
    assert len(re.findall(r'^\d+ of 200 objects stored$', printed, re.MULTILINE)) > 2


def test_progress_on_a_terminal(hcp: MockHCP) -> None:
    """Or one would sit before a terminal that says nothing."""
    master, slave = os.openpty()
    command = [sys.executable, 'samples/parallel_ingest.py']
    with subprocess.Popen(command, cwd=TREE, env=environment(hcp, HCP_OBJECTS=50), stdout=slave) as process:
        os.close(slave)
        printed = everything_from(master)
    assert process.returncode == 0
    assert '\r50 of 50 objects stored\r\n' in printed
    assert sum(nodes_told(printed).values()) == 50


def everything_from(master: int) -> str:
    """What was written to a terminal; on Linux its end shows as EIO."""
    data = b''
    try:
        while piece := os.read(master, 65536):
            data += piece
    except OSError:
        pass
    finally:
        os.close(master)
    return data.decode()


def test_ctrl_c_ends_the_ingest(hcp: MockHCP) -> None:
    """Or one who stops it would not know what is in HCP, and what is not."""
    command = [sys.executable, 'samples/parallel_ingest.py']
    process = subprocess.Popen(
        command,
        cwd=TREE,
        env=environment(hcp, HCP_OBJECTS=1_000_000),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding='utf-8',
    )
    deadline = time.monotonic() + PATIENCE
    while stored_objects(hcp) < 100 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    printed, complained = process.communicate(timeout=PATIENCE)
    assert (process.returncode, complained) == (130, 'parallel_ingest.py: interrupted\n')
    assert 100 <= sum(nodes_told(printed).values()) == stored_objects(hcp)
    assert f'{1_000_000 - stored_objects(hcp)} objects are missing' in printed


def test_a_refusal_in_the_middle_ends_the_ingest(hcp: MockHCP) -> None:
    """Or objects would be missing, and the program would say that all is well."""
    hcp.misbehave(Say(413, 'no space left'), node=0, method='PUT', times=1)
    done = run(hcp, 'parallel_ingest', HCP_OBJECTS=100_000)
    assert 'PUT failed: 413 ' in complaint(done, 'parallel_ingest')
    assert 'objects are missing' in done.stdout
    assert sum(nodes_told(done.stdout).values()) == stored_objects(hcp)


# --- what they say when something is wrong -----------------------------------------------------


@pytest.mark.parametrize('name', LED)
def test_nobody_listens(hcp: MockHCP, name: str) -> None:
    """Or a wrong port would end in a traceback."""
    port = closed_port()
    done = run(hcp, name, HCP_PORT=port, HCP_MAPI_PORT=port)
    assert 'could be connected: 127.0.0.' in complaint(done, name)


@pytest.mark.parametrize('name', LED)
def test_hcp_is_silent(hcp: MockHCP, name: str) -> None:
    """Or a sample would hang, or end in a traceback."""
    hcp.misbehave(Silent(), times=None)
    done = run(hcp, name, by=('-c', IMPATIENT), HCP_TIMEOUT=0.1)
    assert 'timed out: ' in complaint(done, name)


@pytest.mark.parametrize('name', NAMES)
def test_a_wrong_password(hcp: MockHCP, name: str) -> None:
    """Or a mistyped password would end in a traceback, or be shown."""
    done = run_here(hcp, name, HCP_PASSWORD='geheim', HCP_ADMIN_PASSWORD='geheim')
    assert ' 403 Forbidden - ' in complaint(done, name)
    assert 'geheim' not in done.stdout + done.stderr


@pytest.mark.parametrize('name', ON_OBJECTS)
def test_a_wrong_namespace(hcp: MockHCP, name: str) -> None:
    """Or a namespace that is not there would end in a traceback."""
    done = run_here(hcp, name, HCP_FQDN=f'n9.m.{hcp.domain}')
    assert ' 403 Forbidden - ' in complaint(done, name)


@pytest.mark.parametrize('name', NAMES)
def test_a_wrong_name(hcp: MockHCP, name: str) -> None:
    """Or a name that DNS does not know would end in a traceback."""
    nowhere = 'n1.m.nowhere.example.com'
    done = run_here(hcp, name, HCP_FQDN=nowhere, HCP_ADMIN_FQDN=nowhere)
    assert f'{nowhere} could not be resolved' in complaint(done, name)


@pytest.mark.parametrize('name', LED)
def test_a_certificate_that_does_not_verify(tmp_path: Path, name: str) -> None:
    """Or one would not know why TLS fails, and what to do."""
    with tls_mock(tmp_path) as hcp:
        done = run_here(hcp, name)
        assert not hcp.log
    line = complaint(done, name)
    assert 'the certificate does not verify' in line
    assert '; SSL_CERT_FILE names' in line


def test_a_missing_file(hcp: MockHCP) -> None:
    """Or a mistyped file name would end in a traceback."""
    done = run_here(hcp, 'simple_primary_only', HCP_FILE='no/such/file')
    assert complaint(done, 'simple_primary_only').endswith('no/such/file: No such file or directory')
    assert not hcp.log


@pytest.mark.parametrize(
    ('variable', 'value', 'said'),
    [
        ('HCP_PORT', 'https', 'a whole number above 0'),
        ('HCP_PORT', '99999', 'between 1 and 65535'),
        ('HCP_TIMEOUT', '-1', 'a number above 0'),
        ('HCP_TIMEOUT', '1e400', 'a number above 0, at most 1,000,000'),
        ('HCP_SSL', 'yes', '1 or 0'),
        ('HCP_NAMESERVER', '127.0.0.1', 'ip:port'),
        ('HCP_FQDN', 'https://n1.m.hcp1.example.com', 'a bare name'),
    ],
)
def test_a_setting_that_makes_no_sense(variable: str, value: str, said: str) -> None:
    """Or a mistyped setting would end in a traceback."""
    line = complaint(run_here(None, 'simple_primary_only', **{variable: value}), 'simple_primary_only')
    assert said in line
    assert value in line


def test_a_reader_who_has_enough(hcp: MockHCP) -> None:
    """Or a report that is looked at by ``head`` would end with lines about a broken pipe."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, 'samples/namespace_info.py'], cwd=TREE, env=environment(hcp), stdout=writing,
        stderr=subprocess.PIPE, timeout=PATIENCE, check=False,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b'')


@pytest.mark.parametrize('name', ['chargeback_report', 'collect_logs'])
def test_more_days_than_there_are(name: str) -> None:
    """Or a slip of the finger would end in a traceback."""
    line = complaint(run_here(None, name, HCP_DAYS=99999999999), name)
    assert "HCP_DAYS has to be a whole number above 0, at most 10,000, not '99999999999'" in line


@pytest.mark.parametrize('name', NAMES)
def test_help_shows_every_setting(name: str) -> None:
    """Or one would have to read the program to use it; or the help would give the password away."""
    source = (SAMPLES / f'{name}.py').read_text(encoding='utf-8')
    variables = re.findall(r"^[A-Z_]+ = (\w+)\('(HCP_\w+)'", source, re.MULTILINE)
    given = {variable: '7' if kind == 'number' else 'somebody' for kind, variable in variables}
    given.update({variable: '1' for kind, variable in variables if kind == 'switch'})
    given.update({variable: '127.0.0.9:53' for kind, variable in variables if kind == 'nameserver'})
    given.update({variable: 'geheim' for kind, variable in variables if kind == 'secret'})
    shown = output(None, name, '--help', **given)
    for kind, variable in variables:
        value = '(not shown)' if kind == 'secret' else given[variable]
        assert re.search(rf'^  {variable} = {re.escape(value)}\n +\w', shown, re.MULTILINE)
    assert len(variables) >= 6
    assert 'geheim' not in shown


def test_every_sample_is_in_the_manual() -> None:
    """Or a sample would be there that nobody finds."""
    chapter = (TREE / 'docs' / 'samples.rst').read_text(encoding='utf-8')
    for name in NAMES:
        assert f'.. literalinclude:: ../samples/{name}.py' in chapter
        assert f'.. literalinclude:: _generated/{name}.txt' in chapter


def tls_mock(directory: Path) -> MockHCP:
    """A mock that speaks TLS; ``ca.pem`` in the directory is the authority of its certificate."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(directory / 'ca.pem')
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert('n1.m.hcp1.example.com', 'admin.hcp1.example.com').configure_cert(context)
    return MockHCP(ssl_context=context)
