"""HCP says 503: it is too busy, or a node is being maintained. Come back later, elsewhere, not for ever."""

from __future__ import annotations

import email.utils
import io

import pytest

import hcpsdk
from hcpsdk._retry import FIRST_PAUSE, Budget
from hcpsdk._trace import Clock

NODES = ('127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4')

NOW = 1_700_000_000
"""what HCP's clock shows, in seconds since the epoch"""


def _busy(villain, head='', body=b'<busy/>'):
    return villain.answer(body, '503 Service Unavailable', head=head)


def _naps(villain):
    return [nap for nap in villain.naps if nap]


@pytest.mark.parametrize('method', ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])
@pytest.mark.parametrize('fresh', [True, False])
def test_another_node_is_asked(villain, method, fresh):
    """One node that is being maintained fails every fourth request, though three others have time."""
    before = [] if fresh else [villain.answer()]
    villain.listen(*NODES).plays(*before, _busy(villain)).plays(_busy(villain)).plays(villain.answer())
    con = villain.connection()
    if not fresh:
        con.HEAD('/rest/first')
    con.request(method, '/rest/object')
    assert con.response_status == 200
    assert [seen.node for seen in villain.requests[-3:]] == list(NODES[:3])
    assert [seen.method for seen in villain.requests[-3:]] == [method] * 3
    assert con.address == NODES[2]
    assert [attempt.status for attempt in con.attempts] == [503, 503, 200]


def test_a_busy_node_keeps_no_connection_of_ours(villain):
    """A node that is short of connections is left with one that nobody uses."""
    villain.listen(*NODES).plays(_busy(villain)).plays(villain.answer())
    villain.connection().GET('/rest/object')
    assert villain.clients_gone(1)


def test_a_busy_node_stays_in_use(villain):
    """A node that was busy for a moment is avoided for a minute, and its load falls on the others."""
    villain.listen(*NODES[:2]).plays(_busy(villain)).plays(villain.answer()).plays(villain.answer())
    target = villain.target()
    villain.connection(target).GET('/rest/object')
    villain.connection(target).GET('/rest/object')
    assert [seen.node for seen in villain.requests] == [NODES[0], NODES[1], NODES[0]]


def _date(offset):
    return email.utils.formatdate(NOW + offset, usegmt=True)


HCPS_CLOCK = f'Date: {_date(0)}\r\n'

PAUSES = {
    'seconds': ('Retry-After: 2\r\n', 2 + FIRST_PAUSE),
    'no seconds': ('Retry-After: 0\r\n', FIRST_PAUSE),
    'seconds, in odd case': ('RETRY-after:   2  \r\n', 2 + FIRST_PAUSE),
    'a date': (f'{HCPS_CLOCK}Retry-After: {_date(3)}\r\n', 3 + FIRST_PAUSE),
    'a date of the past': (f'{HCPS_CLOCK}Retry-After: {_date(-3000)}\r\n', FIRST_PAUSE),
    'an absurd date': (f'{HCPS_CLOCK}Retry-After: {_date(86400 * 365)}\r\n', 5.0),
    'absurd seconds': ('Retry-After: 86400\r\n', 5.0),
    'more digits than an int may have': (f'Retry-After: {"9" * 5000}\r\n', FIRST_PAUSE),
    'nonsense': ('Retry-After: soon\r\n', FIRST_PAUSE),
    'negative': ('Retry-After: -5\r\n', FIRST_PAUSE),
    'a fraction': ('Retry-After: 1.5\r\n', FIRST_PAUSE),
    'an impossible date': ('Retry-After: Mon, 99 Foo 2026 25:61:61 GMT\r\n', FIRST_PAUSE),
    'two of them': ('Retry-After: 1\r\nRetry-After: 2\r\n', FIRST_PAUSE),
    'nothing': ('Retry-After:\r\n', FIRST_PAUSE),
    'none': ('', FIRST_PAUSE),
}


@pytest.mark.parametrize('said', PAUSES)
def test_the_pause_is_what_hcp_asks_for_within_reason(villain, said):
    """HCP is asked before it can answer; or a mistake of a proxy stops the program until tomorrow."""
    head, pause = PAUSES[said]
    villain.plays(_busy(villain, head)).plays(villain.answer())
    con = villain.connection(timeout=(1, 5))
    con.GET('/rest/object')
    assert con.response_status == 200
    assert _naps(villain) == [pytest.approx(pause)]


def test_without_a_date_of_hcps_our_clock_counts(villain, monkeypatch):
    """A date that came through a proxy, which had removed HCP's own, is not understood."""
    villain.plays(_busy(villain, f'Retry-After: {_date(3)}\r\n')).plays(villain.answer())
    con = villain.connection()
    monkeypatch.setattr(type(con), '_clock', Clock(sleep=villain.naps.append, wall=lambda: NOW))
    con.GET('/rest/object')
    assert _naps(villain) == [pytest.approx(3 + FIRST_PAUSE)]


def test_pauses_grow_where_hcp_says_nothing(villain):
    """An HCP in trouble is hammered."""
    villain.plays(_busy(villain), times=6).plays(villain.answer())
    con = villain.connection(retries=6, timeout=100)
    con.GET('/rest/object')
    assert _naps(villain) == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize('method', ['GET', 'HEAD', 'PUT', 'DELETE'])
def test_after_the_last_retry_it_is_returned_as_it_is(villain, method):
    """The caller gets an exception in place of HCP's own words; or HCP is asked for ever."""
    body = b'' if method == 'HEAD' else b'<busy/>'
    villain.plays(_busy(villain, body=body), times=2)
    last = villain.answer(body, '503 Tired', head='Retry-After: 7\r\nX-HCP-ErrorMessage: backup\r\n')
    villain.plays(last, villain.answer(status='202 Again'))
    con = villain.connection(retries=2)
    answer = con.request(method, '/rest/object')
    assert [con.response_status, con.response_reason] == [503, 'Tired']
    assert [con.getheader('retry-after'), con.getheader('X-HCP-ErrorMessage')] == ['7', 'backup']
    assert len(villain.requests) == 3
    assert 'all 2 retries are used up' in con.attempts[-1].note
    assert answer is con.Response
    if method == 'GET':
        assert con.read() == b'<busy/>'
    con.HEAD('/rest/next')
    assert con.response_status == 202


def test_without_retries_it_is_returned_at_once(villain):
    """Whoever does his own retries has ours beneath them."""
    villain.listen(*NODES).plays(_busy(villain, 'Retry-After: 2\r\n'))
    con = villain.connection(retries=0)
    con.GET('/rest/object')
    assert [con.response_status, con.read()] == [503, b'<busy/>']
    assert 'retries=0' in con.attempts[-1].note
    assert villain.naps == []


def _body(kind):
    return (part for part in [b'one', b'two']) if kind == 'generator' else b'onetwo'


@pytest.mark.parametrize(
    ('method', 'kind'), [('POST', 'bytes'), ('PATCH', 'bytes'), ('PUT', 'generator'), ('POST', 'generator')]
)
def test_what_must_not_be_sent_twice_is_returned_at_once(villain, method, kind):
    """A POST is carried out twice, or what is left of a generator, nothing, is stored as the object."""
    villain.listen(*NODES).plays(_busy(villain, 'Retry-After: 2\r\n'), villain.answer(status='202 Again'))
    con = villain.connection()
    con.request(method, '/rest/object', _body(kind))
    assert con.response_status == 503
    assert [seen.body for seen in villain.requests] == [b'onetwo']
    assert villain.naps == []
    con.HEAD('/rest/next')
    assert con.response_status == 202


CONTENT = b'0123456789' * 50_000

KINDS = {
    'bytes': lambda path: (CONTENT, CONTENT),
    'BytesIO': lambda path: (io.BytesIO(CONTENT), CONTENT),
    'list': lambda path: ([CONTENT[:9], CONTENT[9:]], CONTENT),
    'file': lambda path: (path.open('rb'), CONTENT),
    'text file': lambda path: (path.open(), CONTENT),
}


@pytest.mark.parametrize('kind', KINDS)
def test_the_body_goes_again_from_where_it_stood(villain, kind, tmp_path):
    """What the busy node had read is missing in the object, and HCP says 201."""
    path = tmp_path / 'object'
    path.write_bytes(CONTENT)
    body, content = KINDS[kind](path)
    if hasattr(body, 'seek') and kind != 'text file':
        body.seek(7)
        content = CONTENT[7:]
    villain.listen(*NODES).plays(_busy(villain), times=2).plays(villain.answer(status='201 Created'))
    con = villain.connection()
    con.PUT('/rest/object', body)
    assert con.response_status == 201
    assert [seen.body for seen in villain.requests] == [content] * 3
    if hasattr(body, 'close'):
        body.close()


def test_an_early_503_is_repeated_too(villain):
    """A node that refuses an upload half-way, and hangs up, ends it, though another one has time."""
    content = b'x' * 8_000_000
    early = villain.say(b'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n')
    villain.listen(*NODES).plays(villain.read_head, early, villain.hang_up).plays(villain.answer())
    con = villain.connection()
    con.PUT('/rest/object', content)
    assert con.response_status == 200
    assert villain.requests[-1].body == content
    assert _naps(villain) == [FIRST_PAUSE]


@pytest.mark.parametrize(('asked', 'again'), [(60, False), (1, True)])
def test_no_pause_is_begun_that_the_deadline_would_end(villain, asked, again):
    """A program sleeps through its deadline, in place of being told that HCP is busy."""
    villain.plays(_busy(villain, f'Retry-After: {asked}\r\n')).plays(villain.answer(b'at last'))
    con = villain.connection(deadline=10, timeout=100)
    con.GET('/rest/object')
    assert con.response_status == (200 if again else 503)
    assert con.read() == (b'at last' if again else b'<busy/>')
    assert _naps(villain) == ([1 + FIRST_PAUSE] if again else [])
    assert ('deadline' in con.attempts[0].note) is not again
    villain._scripts.queue.clear()


# --- the budget -------------------------------------------------------------------------------


def _exhaust(villain, target, moves=None):
    """Use up all repetitions that a Target has."""
    full = int(Budget.FULL)
    villain.plays(*(moves or [_busy(villain, 'Connection: close\r\n')]), times=full + 1)
    con = villain.connection(target, retries=full)
    if moves is None:
        con.GET('/rest/object')
        return con
    with pytest.raises(hcpsdk.HcpsdkError):
        con.GET('/rest/object')
    return con


def test_a_breakdown_uses_up_the_budget_of_its_target(villain):
    """A thousand clients ask an HCP that is down four thousand times, and it never comes up again."""
    villain.listen(*NODES)
    target, other = villain.target(), villain.target()
    _exhaust(villain, target)
    assert len(villain.requests) == Budget.FULL + 1
    villain.plays(_busy(villain))
    con = villain.connection(target)
    con.GET('/rest/object')
    assert [con.response_status, con.read(), len(con.attempts)] == [503, b'<busy/>', 1]
    assert 'too many requests to this HCP' in con.attempts[-1].note
    villain.plays(_busy(villain)).plays(villain.answer())
    con = villain.connection(other)
    con.GET('/rest/object')
    assert [con.response_status, len(con.attempts)] == [200, 2]


def test_lost_answers_and_busy_nodes_share_a_budget(villain):
    """As above, where HCP hangs up in place of saying 503; the error has to say why it was not repeated."""
    target = villain.target()
    _exhaust(villain, target, [villain.read, villain.hang_up])
    villain.plays(villain.read, villain.hang_up)
    con = villain.connection(target)
    with pytest.raises(hcpsdk.HcpsdkError, match='too many requests to this HCP had to be sent again'):
        con.GET('/rest/object')
    assert len(con.attempts) == 1


def test_many_connections_share_their_targets_budget(villain):
    """As above: a pool of connections is a hundred budgets."""
    villain.listen(*NODES)
    target = villain.target()
    villain.plays(_busy(villain, 'Connection: close\r\n'), times=200)
    for _ in range(40):
        with villain.connection(target) as con:
            con.GET('/rest/object')
            con.read()
    assert len(villain.requests) == 40 + Budget.FULL
    villain._scripts.queue.clear()


def test_what_succeeds_at_once_fills_the_budget(villain):
    """One bad night, and nothing is ever repeated again until the program is started anew."""
    target = villain.target()
    _exhaust(villain, target)
    villain.plays(*[villain.answer()] * 8)
    con = villain.connection(target)
    for _ in range(8):
        con.HEAD('/rest/object')
    con.close()
    villain.plays(_busy(villain)).plays(villain.answer())
    con.HEAD('/rest/object')
    assert [attempt.status for attempt in con.attempts] == [503, 200]


def test_what_fails_at_once_does_not(villain):
    """In a breakdown one of eight requests is repeated on and on, and POSTs pay for it, too."""
    target = villain.target()
    _exhaust(villain, target)
    villain.plays(*[_busy(villain, body=b'')] * 16)
    con = villain.connection(target, retries=0)
    for _ in range(16):
        con.HEAD('/rest/object')
    assert target._budget.left < 1


def test_a_kept_connection_that_was_closed_costs_no_budget(villain):
    """A server that closes its connections early makes the client give up repeating what fails."""
    target = villain.target()
    con = villain.connection(target)
    villain.plays(*[villain.answer(), villain.read, villain.hang_up])
    villain.plays(*[villain.answer(), villain.read, villain.hang_up])
    villain.plays(villain.answer())
    for _ in range(3):
        con.GET('/rest/object')
    assert target._budget.left == Budget.FULL
