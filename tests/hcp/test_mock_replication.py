"""Two mocks that replicate: what travels, when, and what a link says of it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Callable

import pytest

from hcpsdk.mock import LinkState, MockHCP, Namespace, System, Tenant, User, default_system
from hcpsdk.mock.model import ALL_RIGHTS

Pair = tuple[MockHCP, MockHCP]

XML = b'<a>1</a>'
ACL = (
    b'<accessControlList><grant><grantee><type>group</type><name>all_users</name></grantee>'
    b'<permissions><permission>READ</permission></permissions></grant></accessControlList>'
)


@pytest.mark.parametrize('namespace', ['n1', 'n2'])
def test_an_object_arrives_as_it_is(mock_hcp_pair: Pair, at, namespace: str) -> None:
    """A client that compares a copy with what it stored (hash, ETag, version, times) would be misled."""
    hcp1, hcp2 = mock_hcp_pair
    hcp1.replicate_to(hcp2)
    here, there = at(hcp1, namespace), at(hcp2, namespace)
    assert here.put('d/a?retention=4102444800&index=false', b'data', Content_Type='text/x-a') == 201
    assert here.put('d/a?type=custom-metadata&annotation=q', XML) == 201
    assert here.put('d/a?type=acl', ACL) == 201
    assert there.head('d/a') == here.head('d/a')
    assert there.head('d/a')['x-hcp-custommetadataannotations'] == 'q;8'
    assert (there.get('d/a'), there.get('d/a?type=custom-metadata&annotation=q')) == (b'data', XML)
    assert there.get('d/a?type=acl') == here.get('d/a?type=acl')


def test_changes_travel_both_ways(mock_hcp_pair: Pair, at) -> None:
    """What was changed or deleted at the replica would live on at the primary."""
    hcp1, hcp2 = mock_hcp_pair
    hcp1.replicate_to(hcp2)
    here, there = at(hcp1), at(hcp2)
    here.put('a')
    assert there.ask('POST', 'a?hold=true').status == 200
    assert here.delete('a') == 403
    assert there.ask('POST', 'a?hold=false').status == 200
    assert there.put('a?type=custom-metadata', XML) == 201
    assert here.get('a?type=custom-metadata') == XML
    assert here.delete('a?type=custom-metadata') == 200
    assert there.ask('GET', 'a?type=custom-metadata').status == 204
    assert here.put('a?type=acl', ACL) == 201
    assert there.delete('a?type=acl') == 200
    assert here.head('a')['x-hcp-acl'] == 'false'
    assert there.delete('a') == 200
    assert (here.get('a'), here.put('a', b'again'), there.get('a')) == (None, 201, b'again')


def test_versions_travel(mock_hcp_pair: Pair, at) -> None:
    """A version that one system gave could not be had from the other one, or would have another ID."""
    hcp1, hcp2 = mock_hcp_pair
    hcp1.replicate_to(hcp2)
    here, there = at(hcp1, 'n2'), at(hcp2, 'n2')
    for n in range(3):
        (here if n % 2 else there).put('a', b'%d' % n)
    here.delete('a')
    assert there.get('a') is None
    listing = here.get('a?version=list&deleted=true')
    assert listing is not None
    assert listing.count(b'<entry') == 4
    assert there.get('a?version=list&deleted=true') == listing
    old = here.put('a', b'3')
    assert (old, there.get('a')) == (201, b'3')
    number = there.ask('PUT', 'a', b'4').headers['x-hcp-versionid']
    there.put('a', b'5')
    assert here.get(f'a?version={number}') == b'4'
    assert here.delete(f'a?version={number}') == 200
    assert there.ask('GET', f'a?version={number}').status == 404
    assert there.delete('a?purge=true') == 200
    assert here.ask('GET', 'a?version=list&deleted=true').status == 404


@pytest.mark.parametrize('namespace', ['n1', 'n2'])
def test_directories_travel(mock_hcp_pair: Pair, at, namespace: str) -> None:
    """A program that makes directories first, and files later on the other system, would fail."""
    hcp1, hcp2 = mock_hcp_pair
    hcp1.replicate_to(hcp2)
    here, there = at(hcp1, namespace), at(hcp2, namespace)
    assert here.put('d/e?type=directory', b'') == 201
    assert there.put('d/e?type=directory', b'') == 409
    assert (
        here.head('d/e')['x-hcp-changetimemilliseconds'] == there.head('d/e')['x-hcp-changetimemilliseconds']
    )
    assert there.delete('d/e') == 200
    assert here.ask('HEAD', 'd/e').status == 404
    assert here.delete('d') == 200
    assert there.ask('HEAD', 'd').status == 404
    assert there.put('d?type=directory', b'') == 201
    assert here.ask('HEAD', 'd').status == 200


def test_a_directory_in_use_stays(slow_pair: Pair, at) -> None:
    """A delete on one system would take away what was just put into the directory on the other one."""
    hcp1, hcp2 = slow_pair
    replication = hcp1.replicate_to(hcp2, lag=10)
    at(hcp1).put('d?type=directory', b'')
    replication.settle()
    at(hcp1).delete('d')
    at(hcp2).put('d/a')
    replication.settle()
    assert (at(hcp1).get('d/a'), at(hcp2).get('d/a')) == (b'x', b'x')


def test_what_was_there_before_replicates(at) -> None:
    """A pair made after the first uploads would be no replica of them."""
    with MockHCP() as hcp1, MockHCP('hcp2.example.com', first=11) as hcp2:
        at(hcp1).put('d/a', b'a')
        at(hcp1).put('d/empty?type=directory', b'')
        at(hcp2).put('b', b'b')
        replication = hcp1.replicate_to(hcp2)
        assert at(hcp2).get('d/a') == b'a'
        assert at(hcp2).ask('HEAD', 'd/empty').status == 200
        assert at(hcp1).get('b') == b'b'
        assert (replication.pending(hcp1), replication.pending(hcp2)) == (0, 0)


def test_a_pair_may_be_made_before_the_start(at) -> None:
    """The order of set-up steps in a test would matter."""
    hcp1, hcp2 = MockHCP(), MockHCP('hcp2.example.com', first=11)
    replication = hcp1.replicate_to(hcp2)
    with hcp1:
        at(hcp1).put('a')
        assert replication.pending(hcp1.system) == 1
        with hcp2:
            assert at(hcp2).get('a') == b'x'


def test_only_what_is_linked_travels(at) -> None:
    """A tenant that is not replicated would have its objects on another system."""
    systems = [default_system('hcp1.example.com'), default_system('hcp2.example.com')]
    for system in systems:
        user = User('n', 'n01', {'n1': ALL_RIGHTS})
        system.tenants['t'] = Tenant('t', {'n1': Namespace('n1')}, {'n': user})
    second = MockHCP('hcp2.example.com', first=11, system=systems[1])
    with MockHCP(system=systems[0]) as hcp1, second as hcp2:
        replication = hcp1.replicate_to(hcp2, tenants=['t'], name='only t')
        assert [link.name for link in systems[0].links.values()] == ['hcp1-a-a-hcp2', 'only t']
        at(hcp1).put('a')
        assert (at(hcp2).get('a'), at(hcp1).head('a')['x-hcp-replicated']) == (None, 'false')
        other = hcp1.replicate_to(hcp2, 'ACTIVE_PASSIVE', tenants=['m'])
        assert at(hcp2).get('a') == b'x'
        assert (list(systems[1].links), other.name) == (['only t', 'hcp1-a-p-hcp2'], 'hcp1-a-p-hcp2')
        assert replication.link_of(hcp2).tenants == ['t']


@pytest.mark.parametrize(
    ('wrong', 'why'),
    [
        ({'kind': 'PASSIVE'}, 'kind'),
        ({'lag': -1}, 'lag'),
        ({'tenants': ['nobody']}, 'no tenants to replicate: nobody'),
        ({'tenants': []}, 'no tenants'),
        ({'other': 'itself'}, 'two systems'),
    ],
)
def test_impossible_pairs_are_refused(wrong: dict[str, object], why: str) -> None:
    """A typing error would make a pair that replicates nothing, and tests that prove nothing."""
    hcp1, hcp2 = MockHCP(), MockHCP('hcp2.example.com')
    other = hcp1 if wrong.pop('other', None) else hcp2
    with pytest.raises(ValueError, match=why):
        hcp1.replicate_to(other, **wrong)
    assert list(hcp1.system.links) == list(hcp2.system.links) == ['hcp1-a-a-hcp2']


def test_a_tenant_replicates_once(mock_hcp_pair: Pair) -> None:
    """Changes would travel twice, and stores forget whom to tell."""
    hcp1, hcp2 = mock_hcp_pair
    replication = hcp1.replicate_to(hcp2)
    with pytest.raises(ValueError, match='has the link hcp1-a-a-hcp2, which replicates'):
        hcp2.replicate_to(hcp1)
    with pytest.raises(ValueError, match='none of the two'):
        replication.pending(System('hcp3.example.com'))


def test_a_lag_is_kept_exactly(slow_pair: Pair, clock, at) -> None:
    """How a client copes with a replica that is behind could not be tried."""
    hcp1, hcp2 = slow_pair
    replication = hcp1.replicate_to(hcp2, lag=10)
    at(hcp1, 'n2').put('a', b'1')
    clock.now += 5
    at(hcp1, 'n2').put('a', b'2')
    clock.now += 4.75
    assert (at(hcp2, 'n2').get('a'), replication.pending(hcp1)) == (None, 2)
    clock.now += 0.25
    assert (at(hcp2, 'n2').get('a'), replication.pending(hcp1)) == (b'1', 1)
    clock.now += 5
    assert (at(hcp2, 'n2').get('a'), replication.pending(hcp1)) == (b'2', 0)
    at(hcp2, 'n2').put('a', b'3')
    assert (replication.pending(hcp2), at(hcp1, 'n2').get('a')) == (1, b'2')
    replication.lag = 0
    assert at(hcp1, 'n2').get('a') == b'3'


def test_an_object_says_whether_it_is_replicated(slow_pair: Pair, clock, at) -> None:
    """A client that waits for its copy before it deletes the original could not be tried."""
    hcp1, hcp2 = slow_pair
    hcp1.replicate_to(hcp2, lag=10)

    def shown(visitor) -> tuple[str, bool]:
        listing = visitor.get('')
        return visitor.head('a')['x-hcp-replicated'], b'replicated="true"' in listing

    at(hcp1).put('a')
    assert shown(at(hcp1)) == ('false', False)
    clock.now += 10
    assert shown(at(hcp1)) == shown(at(hcp2)) == ('true', True)
    at(hcp1).put('a?type=custom-metadata', XML)
    assert (shown(at(hcp1)), shown(at(hcp2))) == (('false', False), ('true', True))
    clock.now += 10
    assert shown(at(hcp1)) == ('true', True)


def test_the_link_tells_what_waits(slow_pair: Pair, clock, at) -> None:
    """A program that waits until the backlog is gone would wait for ever, or not at all."""
    hcp1, hcp2 = slow_pair
    replication = hcp1.replicate_to(hcp2, lag=10)
    names = ('objectsPending', 'bytesPending', 'objectsPendingRemote', 'bytesPendingRemote')
    names += ('objectsReplicated', 'bytesReplicated', 'upToDateAsOfMillis')

    def figures(hcp: MockHCP) -> list[int]:
        shown = at(hcp).link()
        return [int(shown[name]) for name in names]

    start = 1422736466000
    assert figures(hcp1) == figures(hcp2) == [0, 0, 0, 0, 0, 0, start]
    at(hcp1).put('a', b'1234')
    clock.now += 1
    at(hcp1).put('b', b'56')
    at(hcp2).put('c', b'789')
    assert figures(hcp1) == [2, 6, 1, 3, 0, 0, start]
    assert figures(hcp2) == [1, 3, 2, 6, 0, 0, start]
    clock.now += 9
    assert figures(hcp1) == [1, 2, 1, 3, 1, 4, start + 1000]
    replication.settle()
    assert figures(hcp2) == [0, 0, 0, 0, 3, 9, start + 10_000]
    assert at(hcp1).link()['id'] == at(hcp2).link()['id']
    assert (at(hcp1).link()['type'], at(hcp1).link()['remoteHost']) == (
        'ACTIVE_ACTIVE',
        'replication.hcp2.example.com',
    )


def test_nothing_travels_while_a_system_is_stopped(mock_hcp_pair: Pair, at) -> None:
    """What was written during an outage would be lost, or be there although the replica was off."""
    hcp1, hcp2 = mock_hcp_pair
    replication = hcp1.replicate_to(hcp2)
    at(hcp1).put('before', b'1')
    hcp2.stop()
    at(hcp1).put('while', b'2')
    assert replication.pending(hcp1) == 1
    hcp1.stop()
    hcp2.start()
    assert (at(hcp2).get('before'), at(hcp2).get('while')) == (b'1', None)
    hcp1.start()
    assert at(hcp2).get('while') == b'2'


@pytest.mark.parametrize('side', [0, 1])
def test_suspend_and_resume(mock_hcp_pair: Pair, at, side: int) -> None:
    """A planned outage, by whichever system, could not be rehearsed."""
    hcp1, hcp2 = mock_hcp_pair
    replication = hcp1.replicate_to(hcp2)
    one = mock_hcp_pair[side]
    assert at(one).link('suspend') == 200
    for hcp in mock_hcp_pair:
        assert at(hcp).link()['suspended'] == 'true'
    at(hcp1).put('a')
    at(hcp2).put('b')
    assert (at(hcp2).get('a'), at(hcp1).get('b'), replication.state) == (None, None, LinkState.SUSPENDED)
    assert at(mock_hcp_pair[1 - side]).link('resume') == 200
    assert (at(hcp2).get('a'), at(hcp1).get('b')) == (b'x', b'x')


def test_all_links_shut_down(mock_hcp_pair: Pair, at) -> None:
    """An administrator's way to stop everything would stop nothing."""
    hcp1, hcp2 = mock_hcp_pair
    replication = hcp1.replicate_to(hcp2)
    hcp2.system.replication.shut_down_reason = 'maintenance'
    at(hcp1).put('a')
    assert (at(hcp2).get('a'), replication.pending(hcp1)) == (None, 1)
    hcp2.system.replication.shut_down_reason = None
    assert at(hcp2).get('a') == b'x'


def test_data_in_files_are_copied(tmp_path: Path, at) -> None:
    """Deleting an object on one system would take the data from the other one."""
    one, two = tmp_path / '1', tmp_path / '2'
    body = b'0123456789' * 60_000
    with MockHCP(directory=one) as hcp1, MockHCP('hcp2.example.com', first=11, directory=two) as hcp2:
        replication = hcp1.replicate_to(hcp2)
        at(hcp1, 'n2').put('a', body)
        assert at(hcp2, 'n2').get('a') == body
        assert len([path for path in two.rglob('*') if path.is_file()]) == 1
        at(hcp1, 'n2').delete('a')
        assert at(hcp2, 'n2').get('a') is None
        assert at(hcp2, 'n2').delete('a?purge=true') == 200
        replication.settle()
        replication.suspend()
        at(hcp1).put('b', body)
        at(hcp1).delete('b')
        at(hcp1).put('b', b'new')
        replication.resume()
        assert at(hcp2).get('b') == b'new'
    assert sorted(path.stat().st_size for path in tmp_path.rglob('*') if path.is_file()) == [3, 3]


def test_memory_to_files(tmp_path: Path, at) -> None:
    """Two mocks that keep their data in different ways would be no pair."""
    with MockHCP() as hcp1, MockHCP('hcp2.example.com', first=11, directory=tmp_path) as hcp2:
        hcp1.replicate_to(hcp2)
        at(hcp1).put('a', b'1')
        at(hcp2).put('b', b'2')
        assert (at(hcp2).get('a'), at(hcp1).get('b')) == (b'1', b'2')
        at(hcp1).delete('b')
        assert at(hcp2).get('b') is None
    assert len([path for path in tmp_path.rglob('*') if path.is_file()]) == 1


def test_an_object_that_arrives_while_one_is_written(mock_hcp_pair: Pair, dial, at, until) -> None:
    """There would be two objects of one name, without versions."""
    hcp1, hcp2 = mock_hcp_pair
    hcp1.replicate_to(hcp2)
    writer = dial(hcp2.port, hcp2.addresses[0])
    writer.request('PUT', '/rest/a', Host='n1.m.hcp2.example.com', Content_Length='3')
    until(lambda: hcp2.log)
    at(hcp1).put('a', b'first')
    assert at(hcp2).get('a') == b'first'
    writer.send(b'two')
    assert writer.take().status == 409
    assert at(hcp2).get('a') == b'first'


@pytest.mark.parametrize('namespace', ['n1', 'n2'])
@pytest.mark.parametrize('directory', [False, True])
def test_many_write_to_both_at_once(
    mock_hcp_factory: Callable[..., MockHCP], tmp_path: Path, at, namespace: str, directory: bool
) -> None:
    """A client's threads would find an object on one system only, twice, or the mock at a standstill."""
    where = [tmp_path / '1', tmp_path / '2'] if directory else [None, None]
    hcp1 = mock_hcp_factory(directory=where[0])
    hcp2 = mock_hcp_factory('hcp2.example.com', first=11, directory=where[1])
    replication = hcp1.replicate_to(hcp2)
    failures: list[BaseException] = []

    def work(hcp: MockHCP, own: str) -> None:
        visitor = at(hcp, namespace)
        try:
            for n in range(12):
                assert visitor.put(f'd{n % 3}/{own}{n}', f'{own} {n}'.encode()) == 201
                assert visitor.put(f'd{n % 3}/{own}{n}?type=custom-metadata', XML) == 201
                visitor.put(f'same/{n}', f'{own} {n}'.encode())
                visitor.ask('POST', f'same/{n}?index=false')
                if n % 4 == 3:
                    assert visitor.delete(f'd{n % 3}/{own}{n}') == 200
                    visitor.delete(f'same/{n}')
                    visitor.put(f'same/{n}', f'{own} again'.encode())
        except BaseException as error:
            failures.append(error)

    workers = [
        threading.Thread(target=work, args=(hcp, f'{hcp.domain[3]}{k}-'))
        for hcp in (hcp1, hcp2)
        for k in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    replication.settle()
    here, there = at(hcp1, namespace).tree(), at(hcp2, namespace).tree()
    assert here == there
    assert len([name for name in here if name.startswith('d')]) == 2 * 4 * 9
    assert len([name for name in here if name.startswith('same/')]) == 12
    assert (replication.pending(hcp1), replication.pending(hcp2)) == (0, 0)


def test_it_shows_itself(slow_pair: Pair, at) -> None:
    """A failed test would not tell what waited where."""
    hcp1, hcp2 = slow_pair
    replication = hcp1.replicate_to(hcp2, lag=1)
    at(hcp1).put('a')
    waiting = '1 from hcp1.example.com and 0 from hcp2.example.com'
    assert repr(replication) == f'<Replication hcp1-a-a-hcp2, replicating, waiting: {waiting}>'


@pytest.mark.parametrize('forms', [{}, {'X-HCP-Get-Replicated': 'false'}])
def test_the_replicated_header_can_be_declined(mock_hcp: MockHCP, at, forms: dict[str, str]) -> None:
    """A client that asks to be spared the look-up would get the header nevertheless."""
    at(mock_hcp).put('a')
    reply = at(mock_hcp).ask('HEAD', 'a', **forms)
    assert ('x-hcp-replicated' in reply.headers) is not bool(forms)
