"""What a link may do next is a table; what is not in it raises, and changes nothing."""

from __future__ import annotations

import http.client
import itertools
import ssl

import pytest

from hcpsdk import _link
from hcpsdk._journal import Attempt
from hcpsdk._link import CLOCKS, ERRORS, TRANSITIONS, Cause, Endpoint, Event, Failure, Link, Patience, State
from hcpsdk._request import build

ADDRESS = '192.0.2.1'
LEGAL = [
    (State.CONNECTING, Event.CONNECTED, State.SHAKING),
    (State.SHAKING, Event.READY, State.IDLE),
    (State.IDLE, Event.TAKEN, State.SENDING),
    (State.SENDING, Event.SENT, State.WAITING),
    (State.SENDING, Event.HUNG_UP, State.WAITING),
    (State.WAITING, Event.ANSWERED, State.READING),
    (State.READING, Event.COMPLETE, State.IDLE),
    *((state, Event.CLOSE, State.CLOSED) for state in State),
]
ILLEGAL = sorted(
    set(itertools.product(State, Event)) - {(state, event) for state, event, _ in LEGAL},
    key=lambda pair: (pair[0].name, pair[1].name),
)
LEGAL_ROWS = {state: {event: after for origin, event, after in LEGAL if origin is state} for state in State}
HEAD = b'GET /rest/a HTTP/1.1\r\n\r\n'


class Anyone:
    """A node that takes as many connections as there are; and remembers those that it has."""

    def __init__(self) -> None:
        self.held: list[Link] = []

    def claim(self, link: Link) -> bool:
        self.held.append(link)
        return True

    def release(self, link: Link) -> None:
        self.held = [one for one in self.held if one is not link]


class NoOne(Anyone):
    """A node that is full."""

    def claim(self, link: Link) -> bool:
        return False


def exchange(link: Link, request, head: bytes):
    """Without anybody who reads the journal."""
    return link.exchange(request, head, Attempt(request, link.address, link.reused))


@pytest.fixture
def make(network, time):
    """Makes a link to a node that gives these answers; the fake socket is ``link.wire``."""
    made: list[Link] = []

    def make(*answers: object, debuglevel: int = 0, idle: float = 30) -> Link:
        wire = network.answers(*answers)
        endpoint = Endpoint('n1', 80, None, Anyone(), {})
        link = Link(ADDRESS, endpoint, Patience(1, 2, idle, time.clock), debuglevel)
        link.dial()
        link.wire = wire
        made.append(link)
        return link

    yield make
    for link in made:
        link.close()


def names(value: object) -> str:
    return getattr(value, 'name', str(value))


@pytest.mark.parametrize(('state', 'event', 'after'), LEGAL, ids=names)
def test_a_legal_event_leads_to_its_state(make, state: State, event: Event, after: State) -> None:
    """Or a link could not be used as the table says."""
    link = make()
    link.state = state
    link._move(event)
    assert link.state is after


@pytest.mark.parametrize(('state', 'event'), ILLEGAL, ids=names)
def test_an_illegal_event_raises_and_changes_nothing(make, state: State, event: Event) -> None:
    """Or a bug would send a request into the middle of another, and nobody would notice."""
    link = make()
    link.state = state
    closed_elsewhere = state is State.CLOSED  # by another thread: a failure like others, and no bug
    kind, text = (Failure, 'closed from elsewhere') if closed_elsewhere else (RuntimeError, 'cannot happen')
    with pytest.raises(kind, match=text):
        link._move(event)
    assert link.state is state
    assert not link.wire.closed


def test_the_table_is_complete() -> None:
    """Or a way would be open that nobody has thought through, or none out of a state."""
    assert LEGAL_ROWS == TRANSITIONS
    assert set(ERRORS) == set(Cause)
    assert set(CLOCKS) == set(State) - {State.IDLE, State.CLOSED}


def test_the_way_of_a_request(make, respond) -> None:
    """Or a link could not carry one request after the other."""
    link = make(respond(body=b'one'), respond(body=b'two'))
    assert (link.state, link.reused) == (State.IDLE, False)
    for body in (b'one', b'two'):
        assert link.take()
        assert link.state is State.SENDING
        response = exchange(link, build('GET', '/rest/a'), HEAD)
        assert link.state is State.READING
        assert response.read() == body
        assert (link.state, link.reused) == (State.IDLE, True)
    assert link.wire.sent == HEAD * 2
    assert link.wire.timeouts == [1, 2]
    assert repr(link) == '<Link to 192.0.2.1 port 80, idle>'


def test_an_answer_that_says_close_ends_the_link(make, respond) -> None:
    """Or the next request would be sent to nobody."""
    link = make(respond(body=b'x', Connection='close'))
    link.take()
    exchange(link, build('GET', '/rest/a'), HEAD).read()
    assert link.state is State.CLOSED
    assert link.wire.closed
    assert not link.take()


def test_a_body_given_up_ends_the_link(make, respond) -> None:
    """Or its rest would be read as the next answer."""
    link = make(respond(body=b'long'))
    link.take()
    exchange(link, build('GET', '/rest/a'), HEAD).close()
    assert (link.state, link.wire.closed) == (State.CLOSED, True)


def test_a_link_in_use_cannot_be_taken(make, respond) -> None:
    """Or two answers would be mixed up; it is closed instead, as its body was not read."""
    link = make(respond(body=b'long'))
    link.take()
    exchange(link, build('GET', '/rest/a'), HEAD)
    assert not link.take()
    assert link.state is State.CLOSED


def test_a_link_whose_time_is_over_cannot_be_taken(make, respond, time) -> None:
    """Or a request would race against HCP's own idle timeout."""
    link = make(respond(), idle=30)
    link.take()
    exchange(link, build('GET', '/rest/a'), HEAD)
    time.go_on(30)
    assert not link.take()
    assert link.wire.closed


def test_a_link_whose_peer_has_gone_cannot_be_taken(make, respond) -> None:
    """Or a POST would fail that could have gone to a new connection at once."""
    link = make(respond())
    link.take()
    exchange(link, build('GET', '/rest/a'), HEAD)
    link.wire.readable = True
    assert not link.take()
    assert link.wire.closed


def test_a_fresh_link_that_is_readable_can_be_taken(make) -> None:
    """Or a session ticket of TLS 1.3 would be taken for a hang-up."""
    link = make()
    link.wire.readable = True
    assert link.take()


def test_a_link_of_the_parent_process_cannot_be_taken(make, monkeypatch) -> None:
    """Or parent and child would read each other's answers after a fork."""
    link = make()
    monkeypatch.setattr(_link.os, 'getpid', lambda: -1)
    assert not link.take()
    assert link.wire.closed
    assert link.wire.sent == b''


def test_expiry_closes_only_what_is_idle(make, respond, time, network) -> None:
    """Or a long download would be cut by the reaper."""
    link = make(respond(), respond(body=b'long'), idle=30)
    link.take()
    exchange(link, build('GET', '/rest/a'), HEAD)
    assert network.reaper.reap() == time.value + 30
    link.take()
    response = exchange(link, build('GET', '/rest/a'), HEAD)
    time.go_on(100)
    assert network.reaper.reap() == time.value + 30
    assert response.read() == b'long'
    time.go_on(30)
    assert network.reaper.reap() is None
    assert link.wire.closed


@pytest.mark.parametrize(
    'error', [ConnectionRefusedError('no'), TimeoutError('timed out'), ssl.SSLError('handshake')]
)
def test_a_node_that_takes_no_connection_fails_while_dialling(network, time, error: OSError) -> None:
    """Or the policy would believe that HCP had seen something."""
    network.refuses(error)
    link = Link(ADDRESS, Endpoint('n1', 80, None, Anyone(), {}), Patience(1, 1, 1, time.clock))
    with pytest.raises(Failure) as caught:
        link.dial()
    assert (caught.value.state, caught.value.error, caught.value.reused) == (State.CONNECTING, error, False)
    assert link.state is State.CLOSED


def test_a_full_node_is_not_dialled(network, time) -> None:
    """Or the 255th connection of a node would wait there for ten minutes."""
    link = Link(ADDRESS, Endpoint('n1', 80, None, NoOne(), {}), Patience(1, 1, 1, time.clock))
    with pytest.raises(Failure, match='max_per_node') as caught:
        link.dial()
    assert (caught.value.cause, network.dialled) == (Cause.FULL, [])


def test_a_place_is_given_back(make) -> None:
    """Or a node would look full for ever."""
    link = make()
    assert link._endpoint.slots.held == [link]
    link.close()
    assert link._endpoint.slots.held == []


@pytest.mark.parametrize(
    ('error', 'cause'),
    [
        (TimeoutError('timed out'), Cause.TIMEOUT),
        (ConnectionResetError('reset'), Cause.LOST),
        (http.client.LineTooLong('header'), Cause.GARBAGE),
    ],
)
def test_a_link_that_dies_waiting_says_so_and_is_closed(make, error: Exception, cause: Cause) -> None:
    """Or the policy would decide on a wrong ground."""
    link = make(error)
    link.take()
    with pytest.raises(Failure) as caught:
        exchange(link, build('GET', '/rest/a'), HEAD)
    assert (caught.value.state, caught.value.cause, link.state) == (State.WAITING, cause, State.CLOSED)


def test_an_early_answer_is_read_though_the_peer_hung_up(make, respond) -> None:
    """Or a caller would see a broken pipe, where HCP had said 403."""
    link = make(respond('403 Forbidden'))
    link.take()
    link.wire.send_error = BrokenPipeError('broken pipe')
    assert exchange(link, build('PUT', '/rest/a', b'x'), HEAD).status == 403
    assert link.state is State.CLOSED


def test_a_hang_up_without_an_answer_fails_while_sending(make) -> None:
    """Or a request that HCP cannot have seen whole would be taken for one that it may have done."""
    link = make()
    link.take()
    link.wire.send_error = BrokenPipeError('broken pipe')
    with pytest.raises(Failure) as caught:
        exchange(link, build('PUT', '/rest/a', b'x'), HEAD)
    assert (caught.value.state, caught.value.error) == (State.SENDING, link.wire.send_error)


def test_a_peer_that_takes_no_bytes_is_a_timeout(make, respond) -> None:
    """Or a client would wait once more, for an answer that cannot come."""
    link = make(respond())
    link.take()
    link.wire.send_error = TimeoutError('timed out')
    with pytest.raises(Failure) as caught:
        exchange(link, build('PUT', '/rest/a', b'x'), HEAD)
    assert (caught.value.state, caught.value.cause, link.state) == (
        State.SENDING,
        Cause.TIMEOUT,
        State.CLOSED,
    )


@pytest.mark.parametrize('error', [KeyboardInterrupt(), MemoryError()])
def test_whatever_ends_an_exchange_closes_the_link(make, error: BaseException) -> None:
    """Or half a request would be followed by a whole one on the same connection."""
    link = make(error)
    link.take()
    with pytest.raises(type(error)):
        exchange(link, build('GET', '/rest/a'), HEAD)
    assert (link.state, link.wire.closed) == (State.CLOSED, True)


@pytest.mark.parametrize('size', [10, _link.SMALL, 3 * _link.SMALL + 1])
def test_bodies_of_all_sizes_arrive(make, respond, size: int) -> None:
    """Or a body would be cut at the border where it is no longer sent at once."""
    link = make(respond())
    link.take()
    body = bytes(range(251)) * (size // 251 + 1)
    exchange(link, build('PUT', '/rest/a', body[:size]), HEAD)
    assert link.wire.body == body[:size]


def test_the_heads_are_shown_without_secrets(make, respond, capsys) -> None:
    """Or ``debuglevel`` would print the credentials, as that of http.client does."""
    link = make(respond(Set_Cookie='s=secret', X_HCP_Time='1'), debuglevel=1)
    link.take()
    head = b'GET /mapi?password=secret HTTP/1.1\r\nAuthorization: HCP secret\r\nHost: n1\r\n\r\n'
    exchange(link, build('GET', '/rest/a'), head)
    shown = capsys.readouterr().out
    assert 'secret' not in shown
    assert 'Host: n1' in shown
    assert 'X-HCP-Time: 1' in shown


def test_a_peer_that_takes_little_at_a_time_gets_all_of_it(make, respond, monkeypatch) -> None:
    """Or an upload over a slow line would be given up, as one timeout would count for all of a block."""
    link = make(respond())
    send, sizes = link.wire.send, []
    monkeypatch.setattr(link.wire, 'send', lambda data: sizes.append(len(data)) or send(data[:1000]))
    link.take()
    exchange(link, build('PUT', '/rest/a', b'x' * 10_000), HEAD)
    assert link.wire.body == b'x' * 10_000
    assert sizes == sorted(sizes, reverse=True)
