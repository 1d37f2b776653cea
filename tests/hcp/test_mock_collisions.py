"""What two mocks do about changes that were made on both of them: the newer counts, none is lost."""

from __future__ import annotations

import random
from typing import Callable

import pytest

from hcpsdk.mock import LinkState, MockHCP, Replication

Pair = tuple[MockHCP, MockHCP]

XML = b'<a>1</a>'


@pytest.fixture
def split(slow_pair: Pair) -> Replication:
    """An active/active pair between which nothing travels."""
    replication = slow_pair[0].replicate_to(slow_pair[1])
    replication.suspend()
    return replication


@pytest.fixture
def both(slow_pair: Pair, split: Replication, at) -> Callable[..., list[object]]:
    """Lets all travel, then asks both systems for the same, who have to agree."""

    def ask(*paths: str, namespace: str = 'n1', header: str = '') -> list[object]:
        if split.state is LinkState.SUSPENDED:
            split.resume()
        split.settle()
        found = [
            [
                at(hcp, namespace).head(path).get(header) if header else at(hcp, namespace).get(path)
                for path in paths
            ]
            for hcp in slow_pair
        ]
        assert found[0] == found[1]
        return found[0]

    return ask


def aside(split: Replication, hcp: MockHCP, path: str = 'a') -> str:
    return f'.lost+found/replication/{split.link_of(hcp).id}/{path}'


@pytest.mark.parametrize(('first', 'second'), [(0, 1), (1, 0)])
def test_the_newer_object_keeps_the_name(slow_pair: Pair, split, both, clock, at, first, second) -> None:
    """One of two objects of the same name would be gone, or each system would have its own."""
    at(slow_pair[first]).put('d/a', b'older')
    clock.now += 0.001
    at(slow_pair[second]).put('d/a', b'newer')
    lost = aside(split, slow_pair[0], 'd/a')
    assert both('d/a', lost) == [b'newer', b'older']
    assert both('d/a', lost, header='x-hcp-replicationcollision') == ['false', 'true']
    assert both('d/a', lost, header='x-hcp-replicated') == ['true', 'true']


def test_at_the_same_time_the_system_with_the_link_wins(slow_pair: Pair, split, both, at) -> None:
    """The two systems would disagree for ever."""
    for hcp in reversed(slow_pair):
        at(hcp).put('a', hcp.domain.encode())
    assert both('a', aside(split, slow_pair[0])) == [b'hcp1.example.com', b'hcp2.example.com']


def test_with_versions_the_older_becomes_an_old_version(slow_pair: Pair, split, both, clock, at) -> None:
    """A version would be lost, or its ID lead to another one's data."""
    numbers = []
    for hcp in reversed(slow_pair):
        numbers.append(at(hcp, 'n2').ask('PUT', 'a', hcp.domain.encode()).headers['x-hcp-versionid'])
        clock.now += 1
    paths = ['a', *(f'a?version={number}' for number in numbers)]
    assert both(*paths, namespace='n2') == [b'hcp1.example.com', b'hcp2.example.com', b'hcp1.example.com']
    assert both('a?version=list', '.lost+found', namespace='n2')[1] is None


def test_the_same_content_does_not_collide(slow_pair: Pair, split, both, clock, at) -> None:
    """A client that writes everything to both systems would fill them with collisions."""
    at(slow_pair[0]).put('a?hold=true')
    clock.now += 1
    at(slow_pair[1]).put('a')
    assert both('a', '.lost+found') == [b'x', None]
    assert both('a', header='x-hcp-retentionhold') == ['true']
    assert both('a', header='x-hcp-versionid') == [str(int(clock.now * 1000) * 64 + 2)]


def test_an_acl_stays_with_its_object(slow_pair: Pair, split, both, clock, at) -> None:
    """An object would be open to those to whom only the other one of its name was."""
    at(slow_pair[0]).put('a', b'older')
    at(slow_pair[0]).put('a?type=acl', b'<accessControlList/>')
    clock.now += 1
    at(slow_pair[1]).put('a', b'newer')
    assert both('a', aside(split, slow_pair[0]), header='x-hcp-acl') == ['false', 'true']


def test_a_collision_flag_goes_with_the_next_change(slow_pair: Pair, split, both, at) -> None:
    """What was looked after already would be reported again and again."""
    for hcp in slow_pair:
        at(hcp).put('a', hcp.domain.encode())
    lost = aside(split, slow_pair[0])
    both(lost)
    assert at(slow_pair[1]).put(f'{lost}?type=custom-metadata', XML) == 201
    source = {'X-HCP-CopySource': f'n1.m/{lost}'}
    at(slow_pair[1]).put('copy', b'', **source)
    assert both(lost, header='x-hcp-replicationcollision') == ['false']


def test_a_taken_place_of_a_collision_object(slow_pair: Pair, split, both, clock, at) -> None:
    """The second collision of a name would overwrite the first one's data."""
    lost = aside(split, slow_pair[0])
    for n in range(2):
        if n:
            split.suspend()
            at(slow_pair[0]).delete('a')
            at(slow_pair[1]).delete('a')
        at(slow_pair[0]).put('a', b'older %d' % n)
        number = at(slow_pair[0]).head('a')['x-hcp-versionid']
        clock.now += 1
        at(slow_pair[1]).put('a', b'newer %d' % n)
        both('a')
    assert both('a', lost, f'{lost}.{number}') == [b'newer 1', b'older 0', b'older 1']


@pytest.fixture
def common(slow_pair: Pair, split: Replication, clock, at) -> Pair:
    """A pair that has ``a`` in common in both namespaces, and is split then."""
    split.resume()
    for namespace in ('n1', 'n2'):
        at(slow_pair[0], namespace).put('a', b'common')
    split.settle()
    split.suspend()
    clock.now += 1
    return slow_pair


def test_the_last_change_of_metadata_wins(common: Pair, both, clock, at) -> None:
    """A change of the one kind would make a later one of another kind undone."""
    here, there = (at(hcp) for hcp in common)
    here.put('a?type=custom-metadata&annotation=q', b'<one/>')
    there.ask('POST', 'a?index=false')
    clock.now += 1
    there.put('a?type=custom-metadata&annotation=q', b'<two/>')
    here.put('a?type=acl', b'<accessControlList/>')
    assert both('a?type=custom-metadata&annotation=q', '.lost+found') == [b'<two/>', None]
    assert both('a', header='x-hcp-index') == ['false']
    assert both('a', header='x-hcp-acl') == ['true']


def test_the_longer_retention_and_a_hold_win(common: Pair, both, clock, at) -> None:
    """What has to be kept could be deleted after a failback."""
    here, there = (at(hcp) for hcp in common)
    assert here.ask('POST', 'a?retention=4102444800').status == 200
    assert here.ask('POST', 'a?hold=true').status == 200
    clock.now += 1
    assert there.ask('POST', 'a?retention=4000000000').status == 200
    assert there.ask('POST', 'a?index=false').status == 200
    assert both('a', header='x-hcp-retention') == ['4102444800']
    assert both('a', header='x-hcp-retentionhold') == ['true']
    assert both('a', header='x-hcp-index') == ['false']


def test_a_hold_that_was_taken_off_stays_off(common: Pair, split, both, clock, at) -> None:
    """A change of something else on the other system would bring the hold back."""
    here, there = (at(hcp) for hcp in common)
    here.ask('POST', 'a?hold=true')
    here.ask('POST', 'a?hold=false')
    clock.now += 1
    there.put('a?type=custom-metadata', XML)
    clock.now += 1
    here.ask('POST', 'a?index=false')
    assert both('a', header='x-hcp-retentionhold') == ['false']
    assert both('a', header='x-hcp-index') == ['false']
    assert both('a?type=custom-metadata') == [XML]


@pytest.mark.parametrize('namespace', ['n1', 'n2'])
def test_a_delete_loses_against_a_newer_change(common: Pair, both, clock, at, namespace: str) -> None:
    """An object would vanish under the hands of somebody who is at work on it."""
    here, there = (at(hcp, namespace) for hcp in common)
    here.delete('a')
    clock.now += 1
    there.put('a?type=custom-metadata', XML)
    assert both('a', 'a?type=custom-metadata', namespace=namespace) == [b'common', XML]


@pytest.mark.parametrize(('namespace', 'how'), [('n1', 'a'), ('n2', 'a'), ('n2', 'a?purge=true')])
def test_a_newer_delete_wins(common: Pair, both, clock, at, namespace: str, how: str) -> None:
    """What was deleted would come back."""
    here, there = (at(hcp, namespace) for hcp in common)
    there.put('a?type=custom-metadata', XML)
    clock.now += 1
    here.delete(how)
    assert both('a', '.lost+found', namespace=namespace) == [None, None]


def test_a_delete_of_both_is_no_collision(common: Pair, both, at) -> None:
    """Cleaning up on both systems would fail."""
    for hcp in common:
        assert at(hcp).delete('a') == 200
    assert both('a', '.lost+found') == [None, None]


@pytest.mark.parametrize('namespace', ['n1', 'n2'])
@pytest.mark.parametrize(('first', 'second'), [(0, 1), (1, 0)])
def test_an_object_gives_way_to_a_directory(
    slow_pair: Pair, split, both, clock, at, namespace: str, first: int, second: int
) -> None:
    """An object where the other system has a directory would stop all replication."""
    at(slow_pair[first], namespace).put('a', b'object')
    clock.now += 1
    at(slow_pair[second], namespace).put('a/b', b'inside')
    at(slow_pair[second], namespace).put('a/c?type=directory', b'')
    paths = ('a/b', aside(split, slow_pair[0]))
    assert both(*paths, namespace=namespace) == [b'inside', b'object']
    assert both('a/c', header='x-hcp-type', namespace=namespace) == ['directory']


@pytest.mark.parametrize(('first', 'second'), [(0, 1), (1, 0)])
def test_an_object_and_an_empty_directory(
    slow_pair: Pair, split, both, clock, at, first: int, second: int
) -> None:
    """The two systems would have different things of one name."""
    at(slow_pair[first]).put('a', b'object')
    clock.now += 1
    at(slow_pair[second]).put('a?type=directory', b'')
    assert both('a', header='x-hcp-type') == ['directory']
    assert both(aside(split, slow_pair[0])) == [b'object']


def test_a_directory_that_was_made_on_both(slow_pair: Pair, split, both, clock, at) -> None:
    """A common directory would be a collision."""
    for hcp in slow_pair:
        at(hcp).put('d?type=directory', b'')
        clock.now += 1
    at(slow_pair[0]).delete('d')
    clock.now += 1
    at(slow_pair[0]).put('d', b'an object now')
    assert both('d', header='x-hcp-type') == ['object']


def test_many_changes_on_both_sides_of_one_name(slow_pair: Pair, split, both, clock, at) -> None:
    """Systems that were apart for long would not come to agree."""
    for n in range(4):
        for hcp in slow_pair if n % 2 else slow_pair[::-1]:
            at(hcp).delete('a')
            at(hcp).put('a', f'{hcp.domain} {n}'.encode())
            at(hcp).ask('POST', 'a?hold=true')
            at(hcp).ask('POST', 'a?hold=false')
            clock.now += 1
    both('a')
    here, there = (at(hcp).tree() for hcp in slow_pair)
    assert here == there
    contents = {data for _, data, _ in here.values()}
    assert f'{slow_pair[1].domain} 3'.encode() in contents
    assert [split.pending(hcp) for hcp in slow_pair] == [0, 0]


def test_an_empty_directory_gives_way_to_a_newer_object(slow_pair: Pair, split, both, clock, at) -> None:
    """The two systems would have different things of one name."""
    at(slow_pair[1]).put('a?type=directory', b'')
    clock.now += 1
    at(slow_pair[0]).put('a', b'object')
    assert both('a', '.lost+found') == [b'object', None]


OPERATIONS = {
    'put': lambda at, path, n: at.put(path, b'%d' % n),
    'the same': lambda at, path, n: at.put(path, b'same'),
    'delete': lambda at, path, n: at.delete(path),
    'purge': lambda at, path, n: at.delete(f'{path}?purge=true'),
    'directory': lambda at, path, n: at.put(f'{path}?type=directory', b''),
    'annotate': lambda at, path, n: at.put(f'{path}?type=custom-metadata', b'<a>%d</a>' % n),
    'annotate no more': lambda at, path, n: at.delete(f'{path}?type=custom-metadata'),
    'acl': lambda at, path, n: at.put(f'{path}?type=acl', b'<accessControlList/>'),
    'index': lambda at, path, n: at.ask('POST', f'{path}?index={"true" if n % 2 else "false"}').status,
    'hold': lambda at, path, n: at.ask('POST', f'{path}?hold={"true" if n % 3 else "false"}').status,
}


@pytest.mark.parametrize('seed', range(30))
def test_whatever_is_done_the_two_come_to_agree(slow_pair: Pair, clock, at, seed: int) -> None:
    """Two systems would differ for ever, in some case that nobody thought of."""
    chance = random.Random(seed)
    replication = slow_pair[0].replicate_to(slow_pair[1], lag=3)
    visitors = [at(hcp, 'n2' if seed % 2 else 'n1') for hcp in slow_pair]
    for n in range(20):
        act = OPERATIONS[chance.choice([*OPERATIONS, 'put', 'put'])]
        assert act(chance.choice(visitors), chance.choice(['a', 'b', 'd', 'd/a', 'd/e/f']), n) < 500
        clock.now += chance.choice([0, 0, 0.001, 1])
    replication.settle()
    here, there = (visitor.tree() for visitor in visitors)
    assert here == there
    assert [replication.pending(hcp) for hcp in slow_pair] == [0, 0]
