"""Logs and the health check report: what is asked for, what is waited for, what is downloaded."""

from __future__ import annotations

import io
import json
from datetime import date, datetime, time
from pathlib import Path

import pytest

import hcpsdk
from hcpsdk.mapi import (
    HealthCheck,
    Logs,
    LogsError,
    LogsInProgessError,
    LogsInProgressError,
    LogsNotReadyError,
    MapiError,
)
from hcpsdk.mapi import _packages as packages

FQDN = 'n1.m.hcp1.example.com'
FLAGS = ('readyForStreaming', 'streamingInProgress', 'started', 'error')
IDLE, PACKING, READY, FAILED, STREAMING = '0000', '0010', '1010', '0011', '1110'


@pytest.fixture
def one_node(names):
    names[FQDN, 'A'] = ['192.0.2.1']


@pytest.fixture
def logs(one_node, target, network, time, monkeypatch) -> Logs:
    monkeypatch.setattr(packages.Packages, '_clock', time.clock)
    return Logs(target)


@pytest.fixture
def health(logs, target) -> HealthCheck:
    return HealthCheck(target)


@pytest.fixture
def say(network, respond):
    """Scripts the answers to come, each on a connection of its own: a status, or anything else."""

    def script(*answers):
        return [network.answers(one if isinstance(one, bytes) else respond(body=one)) for one in answers]

    def said(*answers):
        return script(*(status(respond, one) if isinstance(one, str) else one for one in answers))

    return said


def status(respond, flags: str, content: str = 'ACCESS,SYSTEM') -> bytes:
    found = {name: flag == '1' for name, flag in zip(FLAGS, flags)}
    body = json.dumps({**found, 'content': content}).encode()
    return respond(body=body, Content_Type='application/json')


def refused(respond, code: str = '400 Bad Request') -> bytes:
    return respond(code, X_HCP_ErrorMessage='no')


# --- status and waiting ----------------------------------------------------------------------


def test_the_status(logs, say) -> None:
    """Or a program could not tell whether there is something to be downloaded."""
    [wire] = say(READY)
    expected = [('readyForStreaming', True), ('streamingInProgress', False), ('started', True)]
    assert list(logs.status().items()) == [*expected, ('error', False), ('content', ['ACCESS', 'SYSTEM'])]
    assert wire.lines[0] == 'GET /mapi/logs HTTP/1.1'


@pytest.mark.parametrize('body', [b'{}', b'{"readyForStreaming": "false", "content": ""}'])
def test_a_status_that_says_little(logs, say, respond, body: bytes) -> None:
    """Or a release that quotes its booleans, or leaves some out, would seem to have a package."""
    say(respond(body=body, Content_Type='application/json'))
    found = logs.status()
    assert [found[name] for name in FLAGS] == [False] * 4
    assert found['content'] == []


def test_waiting_until_it_is_ready(logs, say, time) -> None:
    """Or everybody would write that loop himself, and some without an end."""
    say(IDLE, PACKING, PACKING, READY)
    told: list[float] = []
    assert logs.wait_ready(60, 5, told.append)['readyForStreaming'] is True
    assert (told, time.naps) == ([0, 5, 10], [5, 5, 5])


def test_waiting_has_an_end(logs, say, time) -> None:
    """Or a program would wait for a package for ever; the last look is at the end, not before."""
    say(PACKING, PACKING, PACKING)
    with pytest.raises(LogsNotReadyError, match='not ready after 7 seconds'):
        logs.wait_ready(7, 5)
    assert time.naps == [5, 2]


def test_waiting_goes_on_while_hcp_is_busy(logs, say, respond, time) -> None:
    """Or one bad moment would end an hour of waiting."""
    say(PACKING, refused(respond, '500 Internal Server Error'), READY)
    assert logs.wait_ready(60, 1)['readyForStreaming']
    assert time.naps == [1, 1]


def test_a_trouble_that_does_not_pass_is_told(logs, say, respond, time) -> None:
    """Or one would read that it takes long, and not that HCP is out of order."""
    say(PACKING, *[respond('500 Internal Server Error', X_HCP_ErrorMessage='no database')] * 3)
    with pytest.raises(LogsNotReadyError, match='not ready after 2 seconds.*no database') as caught:
        logs.wait_ready(2, 1)
    assert (caught.value.status, caught.value.message) == (500, 'no database')


def test_a_look_that_was_not_answered_does_not_count(logs, say, respond, time) -> None:
    """Or what was ordered just now, and does not show yet, would be taken for never ordered."""
    say(refused(respond, '500 Internal Server Error'), IDLE, PACKING, READY)
    assert logs.wait_ready(60, 1)['readyForStreaming']


def test_one_look_only(logs, say, time) -> None:
    """Or a program with its own loop would sleep in ours."""
    say(PACKING)
    with pytest.raises(LogsNotReadyError):
        logs.wait_ready(0)
    assert time.naps == []


@pytest.mark.parametrize(
    ('looks', 'error', 'said'),
    [
        ([PACKING, FAILED], LogsError, 'packing has failed'),
        ([IDLE, IDLE], LogsNotReadyError, 'nothing is being packed'),
    ],
)
def test_waiting_in_vain_is_noticed(logs, say, looks: list[str], error: type, said: str) -> None:
    """Or a program would wait for hours for what will never come."""
    say(*looks)
    with pytest.raises(error, match=said):
        logs.wait_ready(3600)


# --- orders ----------------------------------------------------------------------------------


def test_mark(logs, say, respond) -> None:
    """Or a remark would be written otherwise than it was said, or with a body, which HCP refuses."""
    [wire] = say(respond())
    assert logs.mark('50 % + more') is None
    assert wire.lines[0] == 'POST /mapi/logs?mark=50%20%25%20%2B%20more HTTP/1.1'
    assert wire.body == b''
    assert not [line for line in wire.lines if line.startswith('Content-Type')]


def test_cancel(logs, say, respond) -> None:
    """Or a package could not be given up."""
    [wire] = say(respond())
    assert logs.cancel() is True
    assert wire.lines[0] == 'POST /mapi/logs?cancel= HTTP/1.1'


def test_prepare(logs, say, respond) -> None:
    """Or other days would be packed than those that were asked for."""
    [wire] = say(respond())
    start, end = date(2024, 3, 1), date(2024, 3, 5)
    first, last, xml = logs.prepare(start, end, ['s1', 'a&b'])
    assert (first, last) == (start, end)
    assert wire.lines[0] == 'POST /mapi/logs/prepare HTTP/1.1'
    assert 'Content-Type: application/xml' in wire.lines
    assert wire.body.decode() == xml
    inner = '<startDate>03/01/2024</startDate><endDate>03/05/2024</endDate><snodes>s1,a&amp;b</snodes>'
    assert xml.replace('\n', '').replace('  ', '').endswith(f'<logPrepare>{inner}</logPrepare>')


def test_prepare_everything(logs, say, respond) -> None:
    """Or a program of old, which leaves the days out, would get those of today only."""
    say(respond())
    first, last, xml = logs.prepare()
    assert (first, last) == (date(1970, 1, 1), date.today())
    assert 'snodes' not in xml


def test_health_check_report(health, say, respond) -> None:
    """Or the report would be of another time than the one that was asked for."""
    wires = say(respond(), respond())
    health.prepare(date(2024, 3, 1), None, time(8, 5), collectcurrent=False)
    health.prepare()
    assert wires[0].lines[0] == 'POST /mapi/healthCheckReport/prepare HTTP/1.1'
    expected = {'startDate': '03/01/2024', 'exactTime': '08:05', 'collectCurrent': False}
    assert [json.loads(wire.body) for wire in wires] == [expected, {}]


@pytest.mark.parametrize(
    ('after', 'error'), [(PACKING, LogsInProgessError), (STREAMING, LogsInProgessError), (READY, LogsError)]
)
def test_why_nothing_can_be_prepared(logs, say, respond, after: str, error: type) -> None:
    """Or a program could not tell that HCP is busy from its own mistake: both are a 400."""
    say(refused(respond), after)
    with pytest.raises(LogsError, match='400 Bad Request - no') as caught:
        logs.prepare()
    assert type(caught.value) is error
    assert (caught.value.status, caught.value.message, caught.value.resource) == (400, 'no', '/logs/prepare')


def test_both_spellings_are_one_class() -> None:
    """Or an ``except`` of one spelling would miss the other."""
    assert LogsInProgressError is LogsInProgessError
    assert issubclass(LogsNotReadyError, LogsError)
    assert issubclass(LogsError, MapiError)


# --- download --------------------------------------------------------------------------------

NAME = 'attachment; filename=HCPLogs-x.zip'


def package(respond, body: bytes, name: str = NAME) -> bytes:
    return respond(body=body, Content_Type='application/zip', Content_Disposition=name)


def test_download(logs, say, respond, monkeypatch) -> None:
    """Or a package would not arrive, or arrive in one piece in memory, or without a word on the way."""
    monkeypatch.setattr(packages, 'BLOCK', 4)
    [wire] = say(package(respond, b'0123456789'))
    told: list[int] = []
    file, name = logs.download(nodes=[101, '102'], logs=[Logs.L_ACCESS], progresshook=told.append)
    assert (file.read(), name, told) == (b'0123456789', 'HCPLogs-x.zip', [4, 8, 10])
    assert wire.lines[0] == 'POST /mapi/logs/download HTTP/1.1'
    assert 'Accept: */*' in wire.lines
    assert b'<nodes>101,102</nodes>\n  <content>ACCESS</content>' in wire.body
    assert b'snodes' not in wire.body
    file.close()


def test_download_of_everything(logs, say, respond) -> None:
    """Or an empty list would be sent for the nodes, by which HCP understands: none of them."""
    [wire] = say(package(respond, b'x'))
    logs.download()[0].close()
    assert wire.body.endswith(b'\n<logDownload>\n</logDownload>\n')


def test_download_into_a_file(logs, say, respond, tmp_path) -> None:
    """Or a package could not be had where there is room for it."""
    say(package(respond, b'x'))
    with open(tmp_path / 'a', 'wb') as mine:
        file, _ = logs.download(mine)
        assert file is mine
        assert mine.tell() == 0
    assert (tmp_path / 'a').read_bytes() == b'x'


def test_download_into_a_named_file(logs, say, respond) -> None:
    """Or another program could not read it."""
    say(package(respond, b'x'))
    file, _ = logs.download(hidden=False)
    assert Path(file.name).read_bytes() == b'x'
    file.close()


def test_a_package_that_was_cut_is_not_taken_for_whole(logs, say, respond, monkeypatch) -> None:
    """Or somebody would send half of the logs to support, and the temporary file stay open."""
    made: list[io.BytesIO] = []
    monkeypatch.setattr(packages, 'TemporaryFile', lambda mode: made.append(io.BytesIO()) or made[0])
    say(package(respond, b'0123456789').replace(b'Length: 10', b'Length: 20'))
    with pytest.raises(hcpsdk.HcpsdkError):
        logs.download()
    assert made[0].closed


@pytest.mark.parametrize('before', [b'', b'mine'])
def test_what_was_cut_leaves_nothing_in_the_file_of_the_caller(
    logs, say, respond, monkeypatch, before: bytes
) -> None:
    """Or a second try would be written behind what the first one left, and the archive be broken."""
    monkeypatch.setattr(packages, 'BLOCK', 4)
    whole = package(respond, b'0123456789')
    say(whole.replace(b'Length: 10', b'Length: 20'), whole)
    mine = io.BytesIO(before + b'an older and longer one')
    mine.seek(len(before))
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        logs.download(mine)
    assert (mine.getvalue(), mine.tell()) == (before, len(before))
    assert logs.download(mine)[0] is mine
    assert mine.getvalue() == before + b'0123456789'


@pytest.mark.parametrize('said', [b'', NAME])
def test_what_never_began_leaves_the_file_alone(logs, say, respond, said) -> None:
    """Or the archive of yesterday would be gone, and none of today be there."""
    say(refused(respond, '403 Forbidden') if said else package(respond, b''))
    mine = io.BytesIO(b'yesterday')
    with pytest.raises(LogsError, match='403' if said else 'empty'):
        logs.download(mine)
    if said:
        assert mine.getvalue() == b'yesterday'


def test_what_was_cut_leaves_alone_what_was_appended_to(logs, say, respond, tmp_path) -> None:
    """Or all that stood in a file would be gone with the little that had come."""
    (tmp_path / 'a').write_bytes(b'yesterday')
    say(package(respond, b'0123456789').replace(b'Length: 10', b'Length: 20'))
    with open(tmp_path / 'a', 'a+b') as mine:
        mine.seek(0)
        with pytest.raises(hcpsdk.HcpsdkTruncatedError):
            logs.download(mine)
    assert (tmp_path / 'a').read_bytes() == b'yesterday'


class Sips(io.BytesIO):
    """A file without a buffer: it takes what it likes, up to a limit."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write(self, data: bytes) -> int:
        taken = super().write(data[: min(3, self.room)])
        self.room -= taken
        return taken


def test_a_file_may_take_it_in_sips(logs, say, respond) -> None:
    """Or only the beginning of each block would be stored."""
    say(package(respond, b'0123456789'))
    assert logs.download(Sips(100))[0].getvalue() == b'0123456789'


def test_a_file_that_does_not_count(logs, say, respond) -> None:
    """Or what is only like a file would be taken for a full one."""

    class Mute(io.BytesIO):
        def __init__(self, says: object) -> None:
            super().__init__()
            self.says = says

        def write(self, data: bytes) -> object:
            super().write(data)
            return self.says

    say(*[package(respond, b'0123456789')] * 2)
    for says in (None, True):
        assert logs.download(Mute(says))[0].getvalue() == b'0123456789'


def test_a_file_that_is_full(logs, say, respond) -> None:
    """Or an archive without its end would pass for the whole."""
    say(package(respond, b'0123456789'))
    with pytest.raises(OSError, match='1 bytes are left'):
        logs.download(Sips(9))


def test_an_older_and_longer_file_is_written_over(logs, say, respond) -> None:
    """Or what is left of the old package would stand behind the new one."""
    say(package(respond, b'0123456789'))
    mine = io.BytesIO(b'mine, an older and longer one')
    mine.seek(4)
    assert logs.download(mine)[0].read() == b'0123456789'
    assert mine.getvalue() == b'mine0123456789'


class Closing(io.BytesIO):
    """A file that is gone as soon as something is written."""

    def write(self, data: object) -> int:
        self.close()
        raise OSError('no space left')


def test_a_file_that_cannot_be_taken_back_does_not_hide_what_happened(logs, say, respond) -> None:
    """Or one would read of a closed file, and not of a full disk."""
    say(package(respond, b'x'))
    with pytest.raises(OSError, match='no space left'):
        logs.download(Closing())


@pytest.mark.parametrize(
    ('code', 'after', 'error'),
    [
        ('400 Bad Request', PACKING, LogsNotReadyError),
        ('400 Bad Request', IDLE, LogsNotReadyError),
        ('400 Bad Request', STREAMING, LogsInProgessError),
        ('400 Bad Request', READY, LogsError),
        ('403 Forbidden', None, LogsError),
    ],
)
def test_why_nothing_can_be_downloaded(logs, say, respond, code: str, after: object, error: type) -> None:
    """Or a program could not tell that it has to wait from a mistake of its own."""
    say(refused(respond, code), *([after] if after else []))
    with pytest.raises(LogsError, match=code) as caught:
        logs.download(io.BytesIO())
    assert type(caught.value) is error


def test_the_first_refusal_counts(logs, say, respond) -> None:
    """Or a question after it that fails, too, would hide what happened."""
    say(refused(respond, '503 Service Unavailable'), refused(respond, '403 Forbidden'))
    with pytest.raises(LogsError, match='503'):
        logs.download(io.BytesIO())


@pytest.mark.parametrize(
    ('said', 'name'),
    [
        ('attachment; filename=a.zip', 'a.zip'),
        ('attachment; filename="a b.zip"', 'a b.zip'),
        ('attachment; filename=../../etc/passwd', 'passwd'),
        ('attachment; filename="..\\\\..\\\\a.zip"', 'a.zip'),
        ('attachment; filename=..', 'logs.zip'),
        ('attachment; filename=a\x1b[2J.zip', 'logs.zip'),
        ('attachment', 'logs.zip'),
        ('', 'logs.zip'),
    ],
)
def test_the_suggested_name_is_only_a_name(said: str, name: str) -> None:
    """Or an answer could have a program overwrite another file."""
    assert packages.suggested(said, 'logs.zip') == name


class Pipe(io.BytesIO):
    """What goes in comes out elsewhere."""

    def seekable(self) -> bool:
        return False


class NoEnd:
    """What can be written to, and not be cut off."""

    def write(self, data: bytes) -> int:
        return len(data)

    def seek(self, where: int) -> int:
        return where

    def tell(self) -> int:
        return 0


BAD = [
    (lambda logs: logs.mark(None), TypeError, 'message'),
    (lambda logs: logs.mark(''), LogsError, 'empty'),
    (lambda logs: logs.prepare('2024-03-01'), TypeError, 'startdate'),
    (lambda logs: logs.prepare(datetime(2024, 3, 1)), TypeError, 'startdate'),
    (lambda logs: logs.prepare(enddate=0), TypeError, 'enddate'),
    (lambda logs: logs.prepare(date(2024, 3, 2), date(2024, 3, 1)), ValueError, 'startdate'),
    (lambda logs: logs.prepare(snodes='s1'), TypeError, 'snodes'),
    (lambda logs: logs.prepare(snodes=['a,b']), ValueError, 'snodes'),
    (lambda logs: logs.prepare(snodes=['']), ValueError, 'snodes'),
    (lambda logs: logs.download('logs.zip'), TypeError, 'hdl'),
    (lambda logs: logs.download(io.StringIO()), TypeError, 'binary'),
    (lambda logs: logs.download(io.BufferedReader(io.BytesIO())), TypeError, 'written'),
    (lambda logs: logs.download(Pipe()), TypeError, 'rewound'),
    (lambda logs: logs.download(NoEnd()), TypeError, 'hdl'),
    (lambda logs: logs.prepare(snodes=['a\x01']), ValueError, 'control characters'),
    (lambda logs: logs.download(nodes=101), TypeError, 'nodes must be a list'),
    (lambda logs: logs.download(nodes=[1.5]), TypeError, 'nodes'),
    (lambda logs: logs.download(nodes=[True]), TypeError, 'nodes'),
    (lambda logs: logs.download(logs='ACCESS'), TypeError, 'logs'),
    (lambda logs: logs.download(logs=['access']), ValueError, 'logs'),
    (lambda logs: logs.download(progresshook=1), TypeError, 'progresshook'),
    (lambda logs: logs.download(hidden=1), TypeError, 'hidden'),
    (lambda logs: logs.wait_ready(-1), ValueError, 'timeout'),
    (lambda logs: logs.wait_ready(None), TypeError, 'timeout'),
    (lambda logs: logs.wait_ready(5, 0), ValueError, 'interval'),
    (lambda logs: logs.wait_ready(5, progresshook='x'), TypeError, 'progresshook'),
]


@pytest.mark.parametrize(('call', 'error', 'said'), BAD)
def test_bad_arguments_are_refused_before_anything_is_sent(
    logs, network, call, error: type, said: str
) -> None:
    """Or a mistake would be found out after hours of packing."""
    with pytest.raises(error, match=said):
        call(logs)
    assert network.dialled == []


def test_bad_arguments_of_the_health_check(health, network) -> None:
    """Or the report would be of another time."""
    for bad in ({'exacttime': '08:00'}, {'collectcurrent': 1}, {'startdate': '1'}):
        with pytest.raises(TypeError, match=next(iter(bad))):
            health.prepare(**bad)
    assert network.dialled == []


def test_how_long_it_waits_can_be_chosen(target, one_node) -> None:
    """Or a program would stand for ten minutes that has one."""
    patient = Logs(target, timeout=(5, 90))
    assert (patient._asking._patience.read, patient._acting._patience.read) == (90, 90)


def test_a_download_may_take_longer_to_begin(logs) -> None:
    """Or a busy system would be given up just before the first byte; or each question wait for long."""
    assert (logs._asking._patience.read, logs._acting._patience.read) == (60, 600)
