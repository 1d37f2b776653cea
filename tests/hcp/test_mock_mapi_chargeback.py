"""The management API: chargeback reports."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote

import pytest

from hcpsdk.mock import Namespace

REPORT = 'tenants/m/chargebackReport'
ONE = 'tenants/m/namespaces/n1/chargebackReport'
ANEW = 'tenants?username=n&password=Secret-1'
FIGURES = ('objectCount', 'ingestedVolume', 'storageCapacityUsed', 'bytesIn', 'bytesOut')
FIGURES += ('reads', 'writes', 'deletes')


@pytest.fixture
def tenant(clock, mock_hcp_factory, manager):
    """The administrator of a tenant whose time stands still: Sat, 31 Jan 2015 21:34:26 +0100."""
    hcp = mock_hcp_factory(clock=clock)
    hcp.system.tenants['m'].users['n'].roles = frozenset({'ADMINISTRATOR'})
    return type(manager)(hcp, 'm', 'n')


@pytest.fixture
def system(tenant, manager):
    """The system's administrator of the same mock."""
    manager.hcp = tenant.hcp
    return manager


def rows(who, query: str = '', path: str = REPORT) -> list[dict[str, object]]:
    return who.get(path + query)['chargebackData']


def brief(who, query: str = '', path: str = REPORT) -> list[tuple[object, ...]]:
    """Where, until when, and the counted figures."""
    return [
        (row.get('namespaceName'), row['endTime'], [row[name] for name in FIGURES], row['valid'])
        for row in rows(who, query, path)
    ]


def test_figures_are_those_of_the_namespaces(tenant, at) -> None:
    """A report would tell something else than what was stored, read and deleted."""
    one, two = at(tenant.hcp), at(tenant.hcp, 'n2')
    one.put('a', b'1234')
    one.put('b', b'12')
    one.get('a')
    one.ask('HEAD', 'a')
    one.get('none')
    one.delete('b')
    two.put('c', b'x' * 10)
    now = '2015-01-31T21:34:26+0100'
    assert brief(tenant) == [
        ('n1', now, [1, 4, 8, 6, 4, 1, 2, 1], False),
        ('n2', now, [1, 10, 20, 10, 0, 0, 1, 0], False),
        (None, now, [2, 14, 28, 16, 4, 1, 3, 1], False),
    ]
    assert brief(tenant, path=ONE) == [('n1', now, [1, 4, 8, 6, 4, 1, 2, 1], False)]


@pytest.mark.parametrize('granularity', ['hour', 'HOUR'])
def test_by_the_hour(tenant, clock, at, granularity: str) -> None:
    """What a tenant had at the end of an hour that is over would be what it has now."""
    at(tenant.hcp).put('a', b'1234')
    clock.now += 2 * 3600
    at(tenant.hcp).delete('a')
    assert brief(tenant, f'?granularity={granularity}', ONE) == [
        ('n1', '2015-01-31T21:59:59+0100', [1, 4, 8, 4, 0, 0, 1, 0], True),
        ('n1', '2015-01-31T22:59:59+0100', [1, 4, 8, 0, 0, 0, 0, 0], True),
        ('n1', '2015-01-31T23:59:59+0100', [0, 0, 0, 0, 0, 0, 0, 1], False),
    ]


def test_by_the_day(tenant, clock, at) -> None:
    """A monthly bill would have days that begin at midnight elsewhere."""
    at(tenant.hcp).put('a', b'1234')
    clock.now += 3 * 3600
    found = rows(tenant, '?granularity=day', ONE)
    assert [(row['startTime'], row['endTime'], row['writes'], row['valid']) for row in found] == [
        ('2015-01-31T00:00:00+0100', '2015-01-31T23:59:59+0100', 1, True),
        ('2015-02-01T00:00:00+0100', '2015-02-01T23:59:59+0100', 0, False),
    ]


def times(*limits: str) -> str:
    return '&'.join(f'{name}={quote(value)}' for name, value in zip(('start', 'end'), limits) if value)


def test_start_and_end(tenant, clock, at) -> None:
    """A report on a part of the time would be one on another part."""
    for n in range(4):
        at(tenant.hcp).put(f'{n}')
        clock.now += 3600
    limits = times('2015-01-31T22:20:00+0100', '2015-01-31T22:00:00+0000')
    assert [
        (row['startTime'][11:19], row['writes']) for row in rows(tenant, f'?granularity=hour&{limits}', ONE)
    ] == [('22:00:00', 1), ('23:00:00', 1)]
    (one,) = rows(tenant, f'?{limits}', ONE)
    assert (one['startTime'], one['endTime'], one['writes'], one['objectCount'], one['valid']) == (
        '2015-01-31T22:00:00+0100',
        '2015-01-31T23:59:59+0100',
        2,
        3,
        True,
    )
    early = times('2001-01-01T00:00:00+0000', '2030-01-01T00:00:00+0000')
    (everything,) = rows(tenant, f'?{early}', ONE)
    assert (everything['startTime'], everything['writes']) == ('2015-01-31T21:34:26+0100', 4)


def test_half_a_year_is_kept(tenant, clock, at) -> None:
    """A program would rely on figures that are deleted by then."""
    at(tenant.hcp).put('a')
    clock.now += 181 * 24 * 3600
    assert len(rows(tenant, '?granularity=day', ONE)) == 181
    assert rows(tenant, path=ONE)[0]['writes'] == 0


@pytest.mark.parametrize(
    'query',
    [
        'granularity=week',
        'granularity',
        times('2015-01-31'),
        'start=2015-01-31T20:00:00+0100',
        times('2015-13-31T20:00:00+0100'),
        times('2015-01-31T21:00:00+0100', '2015-01-31T21:00:00+0100'),
        times('2030-01-01T00:00:00+0100'),
    ],
)
def test_bad_queries(tenant, query: str) -> None:
    """A slip in a query would give a report on something else."""
    assert tenant.does('GET', f'{REPORT}?{query}') == 400


def test_csv(tenant, at) -> None:
    """A table for people who calculate could not be had."""
    at(tenant.hcp).put('a', b'1234')
    answer = tenant('GET', REPORT, Accept='text/csv')
    assert answer.headers['Content-Type'] == 'text/csv'
    header, first, *_, last = list(csv.reader(io.StringIO(answer.body.decode())))
    assert ','.join(header) == (
        'systemName,tenantName,namespaceName,startTime,endTime,objectCount,ingestedVolume,'
        'storageCapacityUsed,bytesIn,bytesOut,reads,writes,deletes,deleted,valid'
    )
    assert (first[:3], first[5:9], first[-2:]) == (
        ['hcp1.example.com', 'm', 'n1'],
        ['1', '4', '8', '4'],
        ['false', 'false'],
    )
    assert last[2] == ''
    assert tenant('GET', 'namespaces', Accept='text/csv').status == 415


def test_xml(tenant) -> None:
    """Programs of the time before JSON could not read the report."""
    body = tenant('GET', REPORT, Accept='application/xml').body
    assert body.count(b'<chargebackData>') == 3
    assert b'<chargebackReport><chargebackData><bytesIn>0</bytesIn><bytesOut>' in body
    assert body.count(b'namespaceName') == 4


def test_what_the_system_sees(system, tenant) -> None:
    """The system's administrator would see what the tenant does not let him see."""
    assert [row.get('namespaceName') for row in rows(system)] == [None]
    assert system.does('GET', ONE) == 403
    tenant.hcp.system.tenants['m'].administration_allowed = True
    assert [row.get('namespaceName') for row in rows(system)] == ['n1', 'n2', None]
    extra = set(rows(system, path=ONE)[0]) - set(rows(tenant, path=ONE)[0])
    assert extra == {'tieredObjects', 'tieredBytes', 'metadataOnlyObjects', 'metadataOnlyBytes'}


def test_newer_releases_have_more_columns(system) -> None:
    """A client that reads by position would not be found out."""
    system.hcp.system.software_version = '9.7.0.1'
    (row,) = rows(system)
    assert (row['multipartUploads'], row['erasureCodedObjects']) == (0, 0)


def test_namespaces_that_are_gone_count(tenant, at) -> None:
    """The bill of a tenant would shrink when it deletes a namespace."""
    tenant.hcp.system.tenants['m'].namespaces['n3'] = Namespace('n3')
    tenant.hcp.system.tenants['m'].users['n'].permissions['n3'] = frozenset({'write'})
    at(tenant.hcp, 'n3').put('a', b'1234')
    del tenant.hcp.system.tenants['m'].namespaces['n3']
    last = rows(tenant)[-1]
    assert (last['bytesIn'], last['deleted'], rows(tenant)[0]['deleted']) == (4, 'included', 'false')


def test_figures_go_with_a_name(system, tenant, at) -> None:
    """A tenant, or a namespace, could get rid of its bill by a new name."""
    at(tenant.hcp).put('a', b'1234')
    tenant.hcp.system.tenants['m'].administration_allowed = True
    assert system.does('POST', 'tenants/m/namespaces/n1', {'name': 'new'}) == 200
    assert system.does('POST', 'tenants/m', {'name': 'other'}) == 200
    found = rows(system, path='tenants/other/chargebackReport')
    assert [(row.get('namespaceName'), row['bytesIn'], row['deleted']) for row in found] == [
        ('n2', 0, 'false'),
        ('new', 4, 'false'),
        (None, 4, 'false'),
    ]


def bill(system, tenant: str) -> tuple[object, object]:
    """What came in, and whether namespaces count that are gone."""
    last = rows(system, path=f'tenants/{tenant}/chargebackReport')[-1]
    return last['bytesIn'], last['deleted']


def test_figures_of_namespaces_that_are_gone_go_with_the_tenant(system, tenant, at) -> None:
    """A tenant could get rid of what it deleted by a new name, and the next one of the old name would pay."""
    use_and_delete(tenant, at)
    assert system.does('POST', 'tenants/m', {'name': 'other'}) == 200
    assert system.does('PUT', ANEW, {'name': 'm', 'hardQuota': '500 GB'}) == 200
    assert (bill(system, 'other'), bill(system, 'm')) == ((4, 'included'), (0, 'false'))


def use_and_delete(tenant, at) -> None:
    """Delete a namespace in which four bytes were stored."""
    assert (at(tenant.hcp).put('a', b'1234'), at(tenant.hcp).delete('a')) == (201, 200)
    assert tenant.does('DELETE', 'tenants/m/namespaces/n1') == 200


def test_a_tenant_that_is_made_anew_has_a_new_bill(system, tenant, at) -> None:
    """A new tenant would pay for what another one did that had its name before."""
    use_and_delete(tenant, at)
    assert tenant.does('DELETE', 'tenants/m/namespaces/n2') == 200
    assert bill(system, 'm') == (4, 'included')
    assert system.does('DELETE', 'tenants/m') == 200
    assert system.does('PUT', ANEW, {'name': 'm', 'hardQuota': '500 GB'}) == 200
    assert bill(system, 'm') == (0, 'false')


def test_a_namespace_that_is_made_anew_has_figures_of_its_own(tenant, at) -> None:
    """What was done in a namespace would be told of another one that got its name."""
    use_and_delete(tenant, at)
    assert tenant.does('PUT', 'tenants/m/namespaces', {'name': 'n1'}) == 200
    assert {row.get('namespaceName'): (row['bytesIn'], row['deleted']) for row in rows(tenant)} == {
        'n1': (0, 'false'),
        'n2': (0, 'false'),
        None: (4, 'included'),
    }


def test_who_may_ask_for_what(system, tenant) -> None:
    """One tenant could read the bill of another."""
    tenant.hcp.system.tenants['t'] = type(tenant.hcp.system.tenants['m'])('t')
    assert tenant.does('GET', 'tenants/t/chargebackReport') == 403
    for path in ('tenants/none/chargebackReport', 'tenants/m/namespaces/none/chargebackReport'):
        assert system.does('GET', path) == 404
    assert system.does('POST', REPORT) == 405
    tenant.hcp.system.tenants['m'].users['n'].roles = frozenset({'SECURITY'})
    assert tenant.does('GET', REPORT) == 403


def test_bytes_count_however_they_come_and_go(tmp_path, clock, mock_hcp_factory, manager, at, dial) -> None:
    """Streamed uploads, and downloads of large objects, would cost nothing."""
    manager.hcp = hcp = mock_hcp_factory(clock=clock, directory=tmp_path)
    chunked = dial(hcp.port)
    chunked.request('PUT', '/rest/a', Transfer_Encoding='chunked')
    assert chunked.send(b'3\r\nabc\r\n0\r\n\r\n').take().status == 201
    at(hcp).put('b', b'x' * 300_000)
    assert at(hcp).get('b') == b'x' * 300_000
    at(hcp).ask('GET', 'b', Range='bytes=0-9')
    (row,) = rows(manager)
    assert (row['bytesIn'], row['bytesOut'], row['reads']) == (300_003, 300_010, 2)
