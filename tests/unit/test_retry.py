"""What a failure means: each row of the table, and the pauses."""

from __future__ import annotations

import http.client
import ssl

import pytest

from hcpsdk import _retry
from hcpsdk._link import Cause, Failure, State
from hcpsdk._request import build
from hcpsdk._retry import FIRST_PAUSE, LONGEST_PAUSE, TABLE, Verdict, decide, pause

LOST, SILENT = ConnectionResetError('reset'), TimeoutError('timed out')
GARBAGE, CERTIFICATE = http.client.BadStatusLine('what'), ssl.SSLCertVerificationError('self-signed')
SENDING, WAITING = State.SENDING, State.WAITING
FREE, AGAIN, RAISE = Verdict.FREE, Verdict.AGAIN, Verdict.RAISE


def verdict(state: State, error: Exception, reused: bool, method: str, spent: bool = False) -> _retry.Row:
    request = build(method, '/rest/a', iter([b'x']) if spent else b'x')
    if spent:
        request.body.blocks()
    return decide(Failure(state, error, '192.0.2.1 port 80', reused), request)


CASES = [
    # The connection had been kept, and the peer had closed it: no failure of the request.
    (SENDING, LOST, True, 'GET', FREE),
    (SENDING, LOST, True, 'PUT', FREE),
    (SENDING, LOST, True, 'POST', FREE),
    (WAITING, LOST, True, 'GET', FREE),
    (WAITING, LOST, True, 'HEAD', FREE),
    (WAITING, LOST, True, 'PUT', FREE),
    (WAITING, LOST, True, 'DELETE', FREE),
    (WAITING, LOST, True, 'POST', RAISE),
    # A fresh connection: HCP may have seen the request, so only what can be repeated.
    (SENDING, LOST, False, 'GET', AGAIN),
    (SENDING, LOST, False, 'PUT', AGAIN),
    (SENDING, LOST, False, 'POST', RAISE),
    (WAITING, LOST, False, 'HEAD', AGAIN),
    (WAITING, LOST, False, 'DELETE', AGAIN),
    (WAITING, LOST, False, 'POST', RAISE),
    # Silence: the same, and never free, as it has cost a timeout.
    (SENDING, SILENT, True, 'PUT', AGAIN),
    (SENDING, SILENT, False, 'POST', RAISE),
    (WAITING, SILENT, True, 'GET', AGAIN),
    (WAITING, SILENT, False, 'PUT', AGAIN),
    (WAITING, SILENT, False, 'DELETE', AGAIN),
    (WAITING, SILENT, True, 'POST', RAISE),
    # What will not be different the next time.
    (WAITING, GARBAGE, False, 'GET', RAISE),
    (WAITING, GARBAGE, True, 'GET', RAISE),
    (SENDING, CERTIFICATE, False, 'GET', RAISE),
    # Methods of which we do not know what they do.
    (WAITING, LOST, True, 'PATCH', RAISE),
    (WAITING, SILENT, False, 'COPY', RAISE),
]


@pytest.mark.parametrize(('state', 'error', 'reused', 'method', 'expected'), CASES)
def test_what_may_be_sent_again(state, error, reused, method, expected) -> None:
    """Or a POST would be carried out twice, or a GET fail that only had to be asked again."""
    assert verdict(state, error, reused, method).verdict is expected


@pytest.mark.parametrize(('state', 'error', 'reused', 'method'), [case[:4] for case in CASES])
def test_a_body_that_is_spent_is_never_sent_again(state, error, reused, method) -> None:
    """Or an object would be stored that lacks what the first try had read."""
    row = verdict(state, error, reused, method, spent=True)
    assert row.verdict is RAISE
    assert 'second time' in row.why


def test_each_row_has_a_case() -> None:
    """Or a row could be added, or never be reached, and no test would tell."""
    reached = [verdict(*case[:4]) for case in CASES] + [verdict(*CASES[0][:4], spent=True)]
    assert set(map(id, reached)) == set(map(id, TABLE))


def test_the_last_row_fits_everything() -> None:
    """Or a failure that nobody foresaw would end in a StopIteration."""
    assert TABLE[-1][:5] == (None,) * 5
    assert TABLE[-1].verdict is RAISE


@pytest.mark.parametrize(
    ('error', 'cause'),
    [
        (CERTIFICATE, Cause.CERTIFICATE),
        (SILENT, Cause.TIMEOUT),
        (LOST, Cause.LOST),
        (BrokenPipeError(), Cause.LOST),
        (http.client.RemoteDisconnected(), Cause.LOST),
        (ssl.SSLError('bad record'), Cause.LOST),
        (OSError('no route'), Cause.LOST),
        (GARBAGE, Cause.GARBAGE),
        (http.client.LineTooLong('header'), Cause.GARBAGE),
    ],
)
def test_the_cause_of_a_failure(error: Exception, cause: Cause) -> None:
    """Or the table would be asked the wrong question."""
    failure = Failure(WAITING, error, '192.0.2.1 port 80', False)
    assert failure.cause is cause
    assert '192.0.2.1 port 80' in str(failure)
    assert cause.value in str(failure)


def test_pauses_grow_up_to_a_limit_and_there_is_none_before_the_first() -> None:
    """Or a failing HCP would be hammered, or a caller wait for nothing."""
    longest = [pause(n, lambda low, high: high) for n in range(1, 10)]
    assert longest[:4] == [0, FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]
    assert longest[-2:] == [LONGEST_PAUSE, LONGEST_PAUSE]


def test_the_jitter_is_full() -> None:
    """Or many clients that failed together would come back together."""
    asked = []
    pause(4, lambda low, high: asked.append((low, high)) or 0.0)
    assert asked == [(0.0, FIRST_PAUSE * 4)]
