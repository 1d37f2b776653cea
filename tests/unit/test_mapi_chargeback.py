"""Chargeback reports: what is asked for, and how rows become numbers."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta, timezone, tzinfo

import pytest

import hcpsdk
from hcpsdk.mapi import Chargeback, ChargebackError, MapiError
from hcpsdk.mapi import chargeback as module

CET = timezone(timedelta(hours=1))
DAY = datetime(2024, 3, 4, tzinfo=CET)
PATH = '/mapi/tenants/lab/chargebackReport'

REPORT = b"""systemName,tenantName,namespaceName,startTime,endTime,objectCount,bytesIn,madeUp,deleted,valid
hcp1,123,n1,2024-03-04T00:00:00+0100,2024-03-04T23:59:59+0100,16,65536,1,false,true
hcp1,123,,2024-03-04T00:00:00+0100,2024-03-04T23:59:59+0100,17,65537,,included,false
"""


@pytest.fixture
def report(target, network) -> Chargeback:
    return Chargeback(target)


def csv_answer(respond, body: bytes = REPORT) -> bytes:
    return respond(body=body, Content_Type='text/csv')


def test_a_report_as_hcp_writes_it(report, network, respond) -> None:
    """Or a program of old would not get its file-like object, at its begin."""
    wire = network.answers(respond(body=b'{"a": "\xc3\xa4"}', Content_Type='application/json'))
    found = report.request('lab')
    assert isinstance(found, io.StringIO)
    assert found.read() == '{"a": "ä"}'
    assert wire.lines[0] == f'GET {PATH}?granularity=total HTTP/1.1'
    assert 'Accept: application/json' in wire.lines


def test_what_is_asked_for(report, network, respond) -> None:
    """Or the report would be of another time; a plus sign that is not encoded is a blank to HCP."""
    wire = network.answers(csv_answer(respond))
    end = datetime(2024, 3, 5, 12, 30, 15, 999, tzinfo=timezone.utc)
    report.request('lab', DAY, end, report.CBG_HOUR, report.CBM_CSV)
    query = 'start=2024-03-04T00%3A00%3A00%2B0100&end=2024-03-05T12%3A30%3A15%2B0000&granularity=hour'
    assert wire.lines[0] == f'GET {PATH}?{query} HTTP/1.1'
    assert 'Accept: text/csv' in wire.lines


def test_a_time_without_a_zone_is_local(report, network, respond) -> None:
    """Or it would be taken for that of another place."""
    wire = network.answers(csv_answer(respond))
    local = datetime(2024, 3, 4)
    report.request('lab', start=local)
    offset = local.astimezone().strftime('%z').replace('+', '%2B')
    assert f'start=2024-03-04T00%3A00%3A00{offset}&' in wire.lines[0]


def test_rows(report, network, respond) -> None:
    """Or numbers would be texts, and sums come out as long strings."""
    network.answers(csv_answer(respond))
    namespace, total = report.rows('lab')
    end = datetime(2024, 3, 4, 23, 59, 59, tzinfo=CET)
    assert namespace == {
        'systemName': 'hcp1', 'tenantName': '123', 'namespaceName': 'n1', 'startTime': DAY, 'endTime': end,
        'objectCount': 16, 'bytesIn': 65536, 'madeUp': 1, 'deleted': 'false', 'valid': True,
    }  # fmt: skip
    assert (total['namespaceName'], total['madeUp']) == (None, None)
    assert (total['deleted'], total['valid']) == ('included', False)
    assert list(namespace) == REPORT.decode().partition('\n')[0].split(',')


@pytest.mark.parametrize(
    ('said', 'value'),
    [('0.5', 0.5), ('7', 7), ('', None), ('Default', 'Default'), ('1_0', '1_0'), ('nan', 'nan')],
)
def test_a_column_that_nobody_knew_of_is_no_obstacle(
    report, network, respond, said: str, value: object
) -> None:
    """Or a new release of HCP would end all billing by one column more."""
    network.answers(csv_answer(respond, REPORT.replace(b',1,', f',{said},'.encode())))
    found = next(report.rows('lab'))['madeUp']
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize('odd', [b'a\rb', b'x' * 200_000, b'"'])
def test_what_no_table_can_hold(report, network, respond, odd: bytes) -> None:
    """Or a program would die of an error that is none of ours."""
    network.answers(csv_answer(respond, REPORT.replace(b'n1', odd)))
    with pytest.raises(ChargebackError):
        list(report.rows('lab'))


def test_the_line_that_is_no_table_is_named(report, network, respond) -> None:
    """Or one would look at the wrong line of a report of a thousand."""
    network.answers(csv_answer(respond, REPORT.replace(b'n1', b'x' * 200_000)))
    with pytest.raises(ChargebackError, match='line 2 is none'):
        list(report.rows('lab'))


def test_an_empty_report_is_none(report, network, respond) -> None:
    """Or a tenant would have nothing to pay for."""
    network.answers(csv_answer(respond, b''))
    with pytest.raises(ChargebackError, match='empty'):
        report.request('lab')


class Autumn(tzinfo):
    """Where the clocks are put back from summer time in this hour."""

    def utcoffset(self, at: object) -> timedelta:
        return timedelta(hours=1 if at.fold else 2)

    def dst(self, at: object) -> timedelta:
        return self.utcoffset(at) - timedelta(hours=1)


def test_the_end_of_time(report, network, respond) -> None:
    """Or who means: up to now, and says it in the largest way that there is, would get an error."""
    network.answers(csv_answer(respond))
    report.request('lab', DAY, datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))))


class Nowhere(tzinfo):
    """A zone that does not know its offset, as some databases hand out."""

    def utcoffset(self, at: object) -> None:
        return None


def test_a_zone_without_an_offset_is_local(report, network, respond) -> None:
    """Or a time would go out without its zone, and HCP take it for its own."""
    wire = network.answers(csv_answer(respond))
    local = datetime(2024, 3, 4)
    report.request('lab', start=local.replace(tzinfo=Nowhere()))
    offset = local.astimezone().strftime('%z').replace('+', '%2B')
    assert f'start=2024-03-04T00%3A00%3A00{offset}&' in wire.lines[0]


def test_an_hour_that_comes_twice(report, network, respond) -> None:
    """Or the hour in which the clocks are put back could not be reported on."""
    network.answers(csv_answer(respond))
    start = datetime(2024, 10, 27, 2, 30, tzinfo=Autumn())
    end = datetime(2024, 10, 27, 2, 10, fold=1, tzinfo=start.tzinfo)
    report.request('lab', start, end)
    with pytest.raises(ValueError, match='earlier'):
        report.request('lab', end, start)


def test_the_mark_that_some_programs_put_before_a_text(report, network, respond) -> None:
    """Or the first column would be called something that nobody can see."""
    network.answers(csv_answer(respond, b'\xef\xbb\xbf' + REPORT))
    assert next(report.rows('lab'))['systemName'] == 'hcp1'


def test_a_report_is_asked_for_once(report, network, respond) -> None:
    """Or a system too busy to answer in time would have to make the same report four times."""
    network.answers(TimeoutError('timed out'))
    with pytest.raises(hcpsdk.HcpsdkTimeoutError):
        report.request('lab')
    assert len(network.dialled) == 1


def test_rows_can_be_written_again(report, network, respond) -> None:
    """Or there would be no CSV for a spreadsheet."""
    network.answers(csv_answer(respond))
    rows = list(report.rows('lab'))
    table = csv.DictWriter(io.StringIO(), list(rows[0]))
    table.writeheader()
    table.writerows(rows)


def test_the_rows_of_a_namespace(report, network, respond) -> None:
    """Or one could not look at one of many; names are only names."""
    wire = network.answers(csv_answer(respond))
    list(report.rows('lab', namespace='a/b'))
    path = PATH.replace('chargeback', 'namespaces/a%2Fb/chargeback')
    assert wire.lines[0] == f'GET {path}?granularity=total HTTP/1.1'


def test_rows_are_asked_for_when_needed(report, network, respond) -> None:
    """Or a report that nobody reads would cost HCP minutes."""
    rows = report.rows('lab')
    assert network.dialled == []
    network.answers(csv_answer(respond))
    next(rows)
    assert network.sockets[0].closed


def test_a_report_that_was_cut_gives_no_rows(report, network, respond) -> None:
    """Or somebody would bill by half of a report."""
    network.answers(csv_answer(respond).replace(b'Length: ', b'Length: 1'))
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        next(report.rows('lab'))


def test_a_large_report_goes_to_disk(report, network, respond, monkeypatch) -> None:
    """Or half a year by the hour would not fit into memory."""
    monkeypatch.setattr(module, 'IN_MEMORY', 10)
    network.answers(csv_answer(respond))
    assert len(list(report.rows('lab'))) == 2


@pytest.mark.parametrize(
    ('body', 'said'),
    [
        (b'<html>login</html>', 'expected a report in CSV'),
        (b'', 'expected a report in CSV'),
        (REPORT.replace(b',16,', b',many,'), 'cannot be understood'),
        (REPORT.replace(b',false,true', b''), 'another length'),
        (REPORT.replace(b',false,true', b',false,true,x'), 'another length'),
        (REPORT.replace(b'2024-03-04T00:00:00+0100', b'yesterday'), 'cannot be understood'),
    ],
)
def test_something_else_is_an_error(report, network, respond, body: bytes, said: str) -> None:
    """Or the page of a login would be billed."""
    network.answers(csv_answer(respond, body))
    with pytest.raises(ChargebackError, match=said):
        list(report.rows('lab'))


def test_a_refusal_quotes_hcp(report, network, respond) -> None:
    """Or a caller would be told that it failed, and not why."""
    network.answers(respond('403 Forbidden', X_HCP_ErrorMessage='not yours'))
    with pytest.raises(ChargebackError, match='403 Forbidden - not yours') as caught:
        report.request('lab')
    assert isinstance(caught.value, MapiError)
    assert caught.value.status == 403


BAD = [
    ({}, ValueError, 'tenant'),
    ({'tenant': ''}, ValueError, 'tenant'),
    ({'tenant': 5}, TypeError, 'tenant'),
    ({'start': '2024-03-04'}, TypeError, 'start'),
    ({'end': DAY.date()}, TypeError, 'end'),
    ({'start': DAY, 'end': DAY}, ValueError, 'earlier'),
    ({'start': DAY, 'end': datetime(2024, 3, 1)}, ValueError, 'earlier'),
    ({'granularity': 'week'}, ValueError, 'granularity'),
]


@pytest.mark.parametrize(('arguments', 'error', 'said'), BAD)
@pytest.mark.parametrize('what', ['request', 'rows'])
def test_bad_arguments_are_refused_at_the_call(
    report, network, what: str, arguments: dict[str, object], error: type, said: str
) -> None:
    """Or a mistake would show with the first row, far from where it was made."""
    given = {'tenant': 'lab', **arguments} if arguments else {'tenant': None}
    with pytest.raises(error, match=said):
        getattr(report, what)(**given)
    assert network.dialled == []


def test_bad_formats_and_namespaces(report, network) -> None:
    """Or HCP would answer in XML, whatever was wanted."""
    with pytest.raises(ValueError, match='fmt'):
        report.request('lab', fmt='text/html')
    with pytest.raises(ValueError, match='namespace'):
        report.rows('lab', namespace='')
    assert network.dialled == []


def test_it_waits_for_long(report) -> None:
    """Or the report of a busy system would be given up."""
    assert report._asking._patience.read == 600
