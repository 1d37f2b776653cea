"""A name becomes addresses, and the addresses are handed out in turn; the name servers are a dictionary."""

from __future__ import annotations

import itertools
import os
import pickle
import socket
import threading

import dns.exception
import dns.resolver
import pytest

from hcpsdk import HcpsdkError, ips
from hcpsdk.ips import COOLING, LATEST_REFRESH, SOONEST_REFRESH, Circle, IpsError, Request, Response, query

FQDN = 'n1.m.hcp1.example.com'
FOUR = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']


@pytest.fixture
def circle(names, time, monkeypatch) -> Circle:
    """Four nodes, a fake clock; what would be done in a thread of its own waits in ``circle.aside``."""
    monkeypatch.setattr(Circle, '_clock', time.clock)
    circle = Circle(FQDN, resolver=names)
    circle.aside = []
    monkeypatch.setattr(circle, '_refresh_aside', lambda: circle.aside.append(True))
    return circle


def join(circle: Circle) -> None:
    """Wait for the refresh that goes on aside."""
    circle._refresher.join(10)
    assert not circle._refresher.is_alive()


# --- query -----------------------------------------------------------------------------------


def test_ipv4_comes_first_then_ipv6(names) -> None:
    """Or a node would be missing, or one without a route be tried first."""
    names[FQDN, 'AAAA'] = ['2001:db8::1']
    response = query(FQDN, resolver=names)
    assert response.ips == [*FOUR, '2001:db8::1']
    assert (response.fqdn, response.cache, response.raised, response.ttl) == (FQDN, False, '', 300)


def test_the_shortest_ttl_counts(names, monkeypatch) -> None:
    """Or an address would be kept longer than its record allows."""
    names[FQDN, 'AAAA'] = ['2001:db8::1']
    ttls = {'A': 300, 'AAAA': 60}
    resolve = names.resolve

    def with_ttl(name: str, kind: str, **more: object) -> object:
        names.ttl = ttls[kind]
        return resolve(name, kind, **more)

    monkeypatch.setattr(names, 'resolve', with_ttl)
    assert query(FQDN, resolver=names).ttl == 60


def test_only_ipv6(names) -> None:
    """Or an HCP without IPv4 could not be reached."""
    names.records = {(FQDN, 'AAAA'): ['2001:db8::1']}
    assert query(FQDN, resolver=names).ips == ['2001:db8::1']


def test_an_address_given_twice_is_one_node(names) -> None:
    """Or one node would get more than its share, and a failing one be tried twice."""
    names[FQDN, 'A'] = ['192.0.2.1', '192.0.2.1', '192.0.2.2']
    assert sorted(query(FQDN, resolver=names).ips) == ['192.0.2.1', '192.0.2.2']


def test_duplicates_across_answers_are_one_node() -> None:
    """Or one node would get more than its share."""
    assert ips._unique(iter(['b', 'a', 'b'])) == ['b', 'a']


@pytest.mark.parametrize(
    'trouble', [dns.resolver.NXDOMAIN(), dns.exception.Timeout(), dns.resolver.NoNameservers()]
)
def test_trouble_with_ipv6_is_none_when_there_is_ipv4(names, trouble) -> None:
    """Or a name server that drops AAAA questions would make HCP unreachable."""
    names[FQDN, 'AAAA'] = trouble
    response = query(FQDN, resolver=names)
    assert (response.ips, response.raised) == (FOUR, '')


@pytest.mark.parametrize(
    ('trouble', 'said'),
    [
        (dns.resolver.NXDOMAIN(), 'NXDOMAIN'),
        (dns.exception.Timeout(), 'Timeout'),
        (dns.resolver.NoNameservers(), 'NoNameservers'),
        (OSError('network unreachable'), 'network unreachable'),
        ([], 'neither an A nor an AAAA'),
        (RuntimeError('a resolver of his own'), 'a resolver of his own'),
    ],
)
def test_query_never_raises(names, trouble, said: str) -> None:
    """Or a program that looks at ``.raised``, as the manual says, would break."""
    names[FQDN, 'A'] = trouble
    response = query(FQDN, resolver=names)
    assert response.ips == []
    assert said in response.raised


@pytest.mark.parametrize('what', ['', '  ', None, 5, b'x', ['x'], 'a..b', 'x' * 300, '\ud800', 'a\0b'])
@pytest.mark.parametrize('cache', [False, True])
def test_query_never_raises_on_nonsense_either(what, cache: bool, monkeypatch) -> None:
    """Or a wrong argument would break what is promised not to break."""
    real = socket.getaddrinfo
    monkeypatch.setattr(dns.resolver, 'get_default_resolver', lambda: Unwilling())
    monkeypatch.setattr(
        socket, 'getaddrinfo', lambda name, *a, **k: real(name, 'no such service', *a[1:], **k)
    )
    response = query(what, cache)
    assert response.ips == []
    assert response.raised


class Unwilling:
    """Parses the name as dnspython would, and then fails."""

    def resolve(self, name: str, *args: object, **more: object) -> object:
        dns.name.from_text(name)
        raise dns.resolver.NXDOMAIN


def test_a_url_in_place_of_a_name_is_refused_without_its_password(caplog) -> None:
    """Or a log would show the password of somebody who copied a whole url."""
    url = 'https://clark:k2ryptonite@ns.tenant.hcp1.example.com'
    with caplog.at_level('DEBUG'), pytest.raises(IpsError) as caught:
        Circle(url)
    response = query(url)
    assert 'no url' in response.raised
    assert 'k2ryptonite' not in caplog.text + str(caught.value) + repr(response) + response.raised


def test_a_resolver_that_is_none_is_told_not_raised() -> None:
    """Or ``query()`` would raise after all."""
    assert 'AttributeError' in query(FQDN, resolver=object()).raised


def test_without_a_configuration_it_is_told_not_raised(monkeypatch) -> None:
    """Or a machine without /etc/resolv.conf would end the program."""

    def none() -> object:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver, 'get_default_resolver', none)
    assert 'NoResolverConfiguration' in query(FQDN).raised


@pytest.mark.parametrize('address', ['127.0.0.1', '::1', '2001:db8::1'])
@pytest.mark.parametrize('cache', [False, True])
def test_an_address_is_its_own_answer(address: str, cache: bool, names) -> None:
    """Or a node could not be named by its address."""
    response = query(address, cache, resolver=names)
    assert (response.ips, response.ttl, response.cache) == ([address], None, cache)
    assert names.asked == []


def test_a_request_object_says_it_all(names) -> None:
    """Or the documented second way to ask would not work."""
    request = Request('192.0.2.9', True)
    response = query(request, resolver=names)
    assert (response.fqdn, response.cache, response.ips) == ('192.0.2.9', True, ['192.0.2.9'])


def test_the_system_is_asked_when_caching_is_allowed(monkeypatch, names) -> None:
    """Or ``dnscache=True`` would still by-pass what the system knows (/etc/hosts, say)."""

    def system(name: str, port: object, **more: object) -> list:
        assert (name, port, more) == (FQDN, None, {'type': socket.SOCK_STREAM})
        six = (socket.AF_INET6, socket.SOCK_STREAM, 6, '', ('2001:db8::1', 0, 0, 0))
        four = (socket.AF_INET, socket.SOCK_STREAM, 6, '', ('192.0.2.1', 0))
        return [six, four, four]

    monkeypatch.setattr(socket, 'getaddrinfo', system)
    response = query(FQDN, True, resolver=names)
    assert (response.ips, response.ttl, response.cache) == (['192.0.2.1', '2001:db8::1'], None, True)
    assert names.asked == []


def test_the_systems_trouble_is_told(monkeypatch) -> None:
    """Or a name that the system does not know would raise."""

    def system(*args: object, **more: object) -> list:
        raise socket.gaierror(socket.EAI_NONAME, 'Name or service not known')

    monkeypatch.setattr(socket, 'getaddrinfo', system)
    assert 'not known' in query(FQDN, True).raised


def test_a_response_shows_itself(names) -> None:
    """Or the interactive prompt would show a bare address in memory."""
    assert repr(query(FQDN, resolver=names)) == f'<Response for {FQDN}: {FOUR}>'
    assert 'neither' in repr(query('x', resolver=names))
    assert Response('x', True).ips == []


# --- Circle ----------------------------------------------------------------------------------


def test_addresses_come_in_turn(circle) -> None:
    """Or one node would carry the load of all."""
    assert [next(circle) for _ in range(6)] == FOUR + FOUR[:2]
    assert circle._addresses == FOUR
    assert next(iter(circle)) == FOUR[2]
    assert FQDN in repr(circle)


def test_turns_are_fair_among_threads(circle) -> None:
    """Or threads that start together would all take the same node."""
    taken: list[str] = []
    threads = [
        threading.Thread(target=lambda: taken.extend(next(circle) for _ in range(100))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [taken.count(address) for address in FOUR] == [200] * 4


def test_an_unresolvable_name_raises(names) -> None:
    """Or a typing error in a name would show only at the first request."""
    with pytest.raises(
        IpsError, match=r'nowhere\.example\.com could not be resolved by its name servers'
    ) as caught:
        Circle('nowhere.example.com', resolver=names)
    assert isinstance(caught.value, HcpsdkError)


@pytest.mark.parametrize(
    ('ttl', 'pause'), [(0, SOONEST_REFRESH), (29, SOONEST_REFRESH), (120, 120), (86400, LATEST_REFRESH)]
)
def test_the_ttl_says_when_to_ask_again_within_bounds(circle, names, time, ttl: int, pause: float) -> None:
    """Or DNS would be flooded, or a node that moved never be noticed."""
    names.ttl = ttl
    circle.refresh()
    time.go_on(pause - 0.5)
    next(circle)
    assert not circle.aside
    time.go_on(0.5)
    next(circle)
    assert circle.aside


def test_the_bounds_are_those_of_the_contract() -> None:
    """Or the addresses would be asked for more or less often than promised."""
    assert (SOONEST_REFRESH, LATEST_REFRESH, COOLING) == (30, 900, 60)


def test_a_refresh_that_is_due_is_begun_once(circle, time) -> None:
    """Or each request would ask DNS while the first question is still open."""
    time.go_on(LATEST_REFRESH)
    for _ in range(5):
        next(circle)
    assert circle.aside == [True]


def test_the_system_gives_no_ttl_so_the_longest_pause_counts(monkeypatch, time) -> None:
    """Or the system's resolver would be asked for each connection."""
    monkeypatch.setattr(Circle, '_clock', time.clock)
    circle = Circle('192.0.2.1')
    assert circle._due == time.value + LATEST_REFRESH


def test_a_refresh_brings_the_new_addresses(circle, names) -> None:
    """Or nodes that were added would never be used."""
    names[FQDN, 'A'] = ['192.0.2.7']
    circle.refresh()
    assert circle._addresses == ['192.0.2.7']
    assert next(circle) == '192.0.2.7'


def test_a_refresh_that_fails_keeps_the_list(circle, names, time) -> None:
    """Or a name server that is down would take HCP down with it."""
    names[FQDN, 'A'] = dns.exception.Timeout()
    with pytest.raises(IpsError):
        circle.refresh()
    assert circle._addresses == FOUR
    assert circle._due == time.value + SOONEST_REFRESH
    assert next(circle) in FOUR


def test_a_refresh_in_the_background_never_blocks(names, time, monkeypatch, caplog) -> None:
    """Or a name server that does not answer would stop all requests."""
    monkeypatch.setattr(Circle, '_clock', time.clock)
    circle = Circle(FQDN, resolver=names)
    asked, go_on = threading.Event(), threading.Event()

    def slow(*args: object, **more: object) -> object:
        asked.set()
        assert go_on.wait(10)
        raise dns.exception.Timeout

    monkeypatch.setattr(names, 'resolve', slow)
    time.go_on(LATEST_REFRESH)
    assert next(circle) == FOUR[0]
    assert asked.wait(10)
    first = circle._refresher
    circle.failed(FOUR[1])
    assert [next(circle), next(circle)] == [FOUR[2], FOUR[2]]
    assert circle._refresher is first
    go_on.set()
    join(circle)
    assert circle._addresses == FOUR
    assert 'stay in use' in caplog.text


def test_a_refresh_in_the_background_brings_the_new_addresses(names, time, monkeypatch) -> None:
    """Or only a failure would ever bring new nodes in."""
    monkeypatch.setattr(Circle, '_clock', time.clock)
    circle = Circle(FQDN, resolver=names)
    names[FQDN, 'A'] = ['192.0.2.7']
    circle.failed(FOUR[0])
    assert circle._refresher.daemon
    join(circle)
    assert circle._addresses == ['192.0.2.7']


def test_no_thread_to_be_had_is_no_failure(names, time, monkeypatch) -> None:
    """Or a request made while the interpreter ends would fail, though its address is known."""
    monkeypatch.setattr(Circle, '_clock', time.clock)
    circle = Circle(FQDN, resolver=names)

    class NoMore(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(ips.threading, 'Thread', NoMore)
    time.go_on(LATEST_REFRESH)
    assert next(circle) == FOUR[0]


def test_a_failed_address_is_passed_over_for_a_while(circle, time) -> None:
    """Or each fourth connection would wait for a node that is down."""
    circle.failed(FOUR[1])
    assert circle.aside == [True]
    assert FOUR[1] not in [next(circle) for _ in range(8)]
    time.go_on(COOLING)
    assert FOUR[1] in [next(circle) for _ in range(4)]


def test_when_all_have_failed_all_are_tried(circle) -> None:
    """Or an HCP that comes back would stay out of reach for a minute."""
    for address in FOUR:
        circle.failed(address)
    assert {next(circle) for _ in range(4)} == set(FOUR)


def test_a_round_is_each_address_once_cooling_ones_last(circle, names) -> None:
    """Or a connection would be tried twice at a dead node, or not at all at a living one."""
    circle.failed(FOUR[0])
    names.asked.clear()
    assert circle.round() == [*FOUR[1:], FOUR[0]]
    assert names.asked == []


class Node:
    """What has a connection to an address."""

    def __init__(self, address: str) -> None:
        self.address = address


def test_a_node_that_failed_gets_one_trial_when_it_has_cooled_down(circle, time) -> None:
    """Or all threads at once would wait for a node that is still down."""
    circle.failed(FOUR[0])
    time.go_on(COOLING)
    assert circle.round()[0] == FOUR[0]
    assert circle.claim(Node(FOUR[0]))
    assert all(circle.round()[-1] == FOUR[0] for _ in range(8))
    circle.works(FOUR[0])
    assert [circle.round()[0] for _ in range(4)].count(FOUR[0]) == 1


def test_a_trial_that_fails_means_another_pause(circle, time) -> None:
    """Or a dead node would be dialled for each connection, from the second minute on."""
    circle.failed(FOUR[0])
    time.go_on(COOLING)
    circle.claim(Node(FOUR[0]))
    time.go_on(COOLING / 2)
    circle.failed(FOUR[0])
    time.go_on(COOLING / 2)
    assert circle.round()[-1] == FOUR[0]


@pytest.fixture
def asking(names, time, monkeypatch) -> Circle:
    """A circle that does ask aside, by a clock that stands."""
    monkeypatch.setattr(Circle, '_clock', time.clock)
    return Circle(FQDN, resolver=names)


def test_when_a_whole_round_fails_dns_is_asked_once_more(asking, names) -> None:
    """Or an HCP that moved would be out of reach until the next refresh."""
    known = asking.round()
    names[FQDN, 'A'] = ['192.0.2.4', '192.0.2.8']
    assert asking.renewed(known, 10) == ['192.0.2.8']


def test_a_round_of_failures_asks_dns_once(asking, names, time) -> None:
    """Or an HCP that is down would have its name servers flooded by those who wait for it."""
    names.asked.clear()
    for address in FOUR:
        asking.failed(address)
        join(asking)
    asking.renewed(FOUR, 10)
    assert names.asked == [(FQDN, 'A'), (FQDN, 'AAAA')]
    time.go_on(ips.ONE_TROUBLE)
    asking.failed(FOUR[0])
    join(asking)
    assert len(names.asked) == 4


def test_a_dead_name_server_is_told_beside_the_nodes(asking, names, caplog) -> None:
    """Or the caller would read of DNS instead of the nodes that refused, or of nothing but these."""
    names[FQDN, 'A'] = dns.exception.Timeout()
    assert asking.renewed(FOUR, 10) == []
    assert 'could not be resolved' in caplog.text
    assert 'Timeout' in asking.trouble


def test_who_waits_for_dns_waits_no_longer_than_he_likes(names, time, monkeypatch) -> None:
    """Or a name server that says nothing would hold up a request beyond all its clocks."""
    answer = threading.Event()
    circle = Circle(FQDN, resolver=names)
    monkeypatch.setattr(names, 'resolve', lambda *given, **more: answer.wait(10) and None)
    assert circle.renewed(FOUR, 0.01) == []
    assert circle._refresher.is_alive()
    answer.set()
    join(circle)


# --- how many --------------------------------------------------------------------------------


def test_a_node_has_its_number_of_connections(names) -> None:
    """Or the 255th connection of a node would wait there for ten minutes."""
    circle = Circle(FQDN, resolver=names, max_per_node=2)
    first, second, third = (Node(FOUR[0]) for _ in range(3))
    assert [circle.claim(one) for one in (first, second, third)] == [True, True, False]
    assert circle.claim(Node(FOUR[1]))
    assert circle.live(FOUR[0]) == 2
    circle.release(first)
    assert circle.claim(third)


def test_who_forgets_to_close_gives_his_place_back_all_the_same(names) -> None:
    """Or leaked Connections would shut the program out of its own HCP."""
    circle = Circle(FQDN, resolver=names, max_per_node=1)
    forgotten = Node(FOUR[0])
    assert circle.claim(forgotten)
    del forgotten
    assert circle.claim(Node(FOUR[0]))


def test_never_more_than_allowed_whoever_comes_at_once(names) -> None:
    """Or a pool of threads that starts up would overrun a node."""
    circle = Circle(FQDN, resolver=names, max_per_node=5)
    nodes, begin, won = [Node(FOUR[0]) for _ in range(40)], threading.Barrier(8), []

    def claim(some: list[Node]) -> None:
        begin.wait(5)
        won.extend(one for one in some if circle.claim(one))

    threads = [threading.Thread(target=claim, args=[nodes[n::8]]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert 0 < len(won) <= 5
    assert circle.live(FOUR[0]) == len(won)


def test_a_forked_child_counts_its_own(names, monkeypatch) -> None:
    """Or the children of a busy process would find all nodes full."""
    circle = Circle(FQDN, resolver=names, max_per_node=1)
    parents, childs = Node(FOUR[0]), Node(FOUR[0])
    assert circle.claim(parents)
    monkeypatch.setattr(ips.os, 'getpid', lambda: -1)
    assert circle.claim(childs)


@pytest.mark.parametrize(('value', 'error'), [(0, ValueError), ('9', TypeError), (True, TypeError)])
def test_a_number_that_makes_no_sense_is_refused(names, value: object, error: type) -> None:
    """Or nobody would ever get a connection, and nobody know why."""
    with pytest.raises(error, match='max_per_node'):
        Circle(FQDN, resolver=names, max_per_node=value)


def test_the_processes_of_a_pool_begin_at_different_nodes(circle, monkeypatch) -> None:
    """Or all of them would work on one node, in lockstep, while the others rest."""
    parent = os.getpid()
    begun = set()
    for child in range(4):
        circle._turn = itertools.count()  # as each of them has inherited it
        monkeypatch.setattr(os, 'getpid', lambda child=child: parent + child)
        begun.add(next(circle))
    assert begun == set(FOUR)


def test_a_circle_can_be_pickled(monkeypatch, time) -> None:
    """Or a Target could not be handed to another process."""
    monkeypatch.setattr(Circle, '_clock', time.clock)
    circle = Circle('192.0.2.1', 80)
    circle.failed('192.0.2.1')
    join(circle)
    twin = pickle.loads(pickle.dumps(circle))
    assert next(twin) == '192.0.2.1'
    assert (twin.fqdn, twin.port, twin.dnscache, twin._cooling) == ('192.0.2.1', 80, False, {})
    join(twin)
