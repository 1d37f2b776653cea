"""What a failure means, and an answer: each row of the tables, the pauses, and the budget."""

from __future__ import annotations

import http.client
import ssl

import pytest

from hcpsdk import _retry
from hcpsdk._link import Cause, Failure, FullError, State
from hcpsdk._request import build
from hcpsdk._retry import (
    ANSWERS,
    FAILURES,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    TELLING,
    Budget,
    Verdict,
    busy_pause,
    on_answer,
    on_failure,
    pause,
)
from hcpsdk._trace import DeadlineError

LOST, SILENT, LATE = ConnectionResetError('reset'), TimeoutError('timed out'), DeadlineError()
GARBAGE, CERTIFICATE = http.client.BadStatusLine('what'), ssl.SSLCertVerificationError('self-signed')
CONNECTING, SHAKING, SENDING, WAITING, READING = (
    State.CONNECTING, State.SHAKING, State.SENDING, State.WAITING, State.READING,
)  # fmt: skip
NEXT, FREE, AGAIN, RAISE = Verdict.NEXT, Verdict.FREE, Verdict.AGAIN, Verdict.RAISE
SETTLE, DONE, STANDS = Verdict.SETTLE, Verdict.DONE, Verdict.STANDS
METHODS = ('GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH')


def request(method: str, spent: bool = False):
    made = build(method, '/rest/a', iter([b'x']) if spent else b'x')
    if spent:
        made.body.blocks()
    return made


def row(state, error, reused, method, spent=False, touched=True) -> _retry.FailureRow:
    failure = Failure(state, error, '192.0.2.1 port 80', reused, touched=touched)
    return on_failure(failure, request(method, spent))


CASES = [
    # Nothing was sent: any request may go to another node.
    (CONNECTING, LOST, False, 'POST', NEXT),
    (CONNECTING, SILENT, False, 'GET', NEXT),
    (SHAKING, LOST, False, 'POST', NEXT),
    (SHAKING, SILENT, False, 'PUT', NEXT),
    (CONNECTING, FullError('200'), False, 'POST', NEXT),
    (SHAKING, CERTIFICATE, False, 'GET', RAISE),
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
    # The time for the whole request is over, wherever it stands.
    (CONNECTING, LATE, False, 'GET', RAISE),
    (SENDING, LATE, True, 'PUT', RAISE),
    (WAITING, LATE, False, 'GET', RAISE),
    # A part of the body is with the caller.
    (READING, LOST, False, 'GET', RAISE),
    (READING, SILENT, True, 'GET', RAISE),
    # What will not be different the next time.
    (WAITING, GARBAGE, False, 'GET', RAISE),
    (WAITING, GARBAGE, True, 'GET', RAISE),
    # Methods of which we do not know what they do.
    (WAITING, LOST, True, 'PATCH', RAISE),
    (WAITING, SILENT, False, 'COPY', RAISE),
]


@pytest.mark.parametrize(('state', 'error', 'reused', 'method', 'expected'), CASES)
def test_what_may_be_sent_again(state, error, reused, method, expected) -> None:
    """Or a POST would be carried out twice, or a GET fail that only had to be asked again."""
    assert row(state, error, reused, method).verdict is expected


@pytest.mark.parametrize('method', METHODS)
def test_what_was_not_sent_at_all_may_be_sent(method) -> None:
    """Or a POST would fail of which HCP cannot have seen a byte."""
    assert row(SENDING, LOST, False, method, touched=False).verdict is AGAIN


SENT = [case[:4] for case in CASES if case[0] in (SENDING, WAITING)]


@pytest.mark.parametrize(('state', 'error', 'reused', 'method'), SENT)
def test_a_body_that_is_spent_is_never_sent_again(state, error, reused, method) -> None:
    """Or an object would be stored that lacks what the first try had read."""
    found = row(state, error, reused, method, spent=True)
    assert found.verdict is RAISE
    assert 'second time' in found.why or 'time for the whole' in found.why


def test_each_row_for_failures_has_a_case() -> None:
    """Or a row could be added, or never be reached, and no test would tell."""
    reached = [row(*case[:4]) for case in CASES]
    reached.append(row(WAITING, LOST, False, 'GET', spent=True))
    reached.append(row(SENDING, LOST, False, 'POST', touched=False))
    assert {id(found) for found in reached} == set(map(id, FAILURES))


ANSWER_CASES = [
    *((503, method, False, False, AGAIN) for method in ('GET', 'HEAD', 'PUT', 'DELETE')),
    (503, 'POST', False, False, STANDS),
    (503, 'PUT', False, True, STANDS),
    (409, 'PUT', True, False, SETTLE),
    (409, 'PUT', False, False, STANDS),
    (409, 'POST', True, False, STANDS),
    (404, 'DELETE', True, False, DONE),
    (404, 'DELETE', False, False, STANDS),
    (404, 'GET', True, False, STANDS),
    (410, 'GET', False, False, STANDS),
    (500, 'GET', False, False, STANDS),
    (201, 'PUT', True, False, STANDS),
]


@pytest.mark.parametrize(('status', 'method', 'doubt', 'spent', 'expected'), ANSWER_CASES)
def test_what_an_answer_means(status, method, doubt, spent, expected) -> None:
    """Or a stored object would be reported as a conflict, or another's as ours; or a busy HCP fail us."""
    assert on_answer(status, request(method, spent), doubt).verdict is expected


def test_each_row_for_answers_has_a_case() -> None:
    """Or a row could be added, or never be reached, and no test would tell."""
    reached = {
        id(on_answer(status, request(method, spent), doubt))
        for status, method, doubt, spent, _ in ANSWER_CASES
    }
    assert reached == set(map(id, ANSWERS))


def test_all_other_answers_stand_without_being_looked_up() -> None:
    """Or the table would say one thing, and the short cut past it another."""
    for status in set(range(100, 600)) - TELLING:
        for method in METHODS:
            for doubt in (True, False):
                assert on_answer(status, request(method), doubt).verdict is STANDS


@pytest.mark.parametrize('table', [FAILURES, ANSWERS])
def test_the_last_row_fits_everything(table) -> None:
    """Or a case that nobody foresaw would end in a StopIteration."""
    *columns, verdict, why = table[-1]
    assert columns == [None] * len(columns)
    assert verdict in (RAISE, STANDS)
    assert all(found.why for found in table)


@pytest.mark.parametrize(
    ('error', 'cause'),
    [
        (CERTIFICATE, Cause.CERTIFICATE),
        (LATE, Cause.DEADLINE),
        (FullError(), Cause.FULL),
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


@pytest.mark.parametrize(
    ('state', 'clock'),
    [
        (CONNECTING, 'connect'),
        (SHAKING, 'handshake'),
        (SENDING, 'send'),
        (WAITING, 'wait'),
        (READING, 'read'),
    ],
)
def test_a_timeout_names_its_clock(state: State, clock: str) -> None:
    """Or nobody could tell which number to change, or whom to call."""
    assert f'the {clock} clock ran out' in str(Failure(state, SILENT, 'x', False))


# --- pauses ----------------------------------------------------------------------------------


def highest(low: float, high: float) -> float:
    return high


def test_pauses_grow_up_to_a_limit_and_there_is_none_before_the_first() -> None:
    """Or a failing HCP would be hammered, or a caller wait for nothing."""
    longest = [pause(n, highest) for n in range(1, 10)]
    assert longest[:4] == [0, FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]
    assert longest[-2:] == [LONGEST_PAUSE, LONGEST_PAUSE]


def test_the_jitter_is_full() -> None:
    """Or many clients that failed together would come back together."""
    asked = []
    pause(3, lambda low, high: asked.append((low, high)) or 0.0)
    assert asked == [(0.0, FIRST_PAUSE * 2)]


NOON = 'Wed, 25 Nov 2026 12:00:00 GMT'
NOON_SECONDS = 1795608000.0


@pytest.mark.parametrize(
    ('said', 'date', 'seconds'),
    [
        ('7', None, 7),
        ('0', None, 0),
        ('Wed, 25 Nov 2026 12:00:09 GMT', NOON, 9),
        ('Wed, 25 Nov 2026 12:00:09 GMT', None, 9),  # by our own clock, which says noon
        ('Wed, 25 Nov 2026 12:00:09 GMT', 'nonsense', 9),
        ('Wed, 25 Nov 2026 11:00:00 GMT', NOON, 0),  # in the past
        ('Wednesday, 25-Nov-26 12:00:09 GMT', NOON, 9),  # the obsolete form of RFC 9110, 5.6.7
    ],
)
def test_hcp_says_when_to_come_back(said, date, seconds) -> None:
    """Or a busy HCP would be asked too soon, or by a clock that is not its own."""
    assert busy_pause(1, said, date, 30, NOON_SECONDS, highest) == pytest.approx(seconds + FIRST_PAUSE)


@pytest.mark.parametrize('said', [None, '', 'soon', '-1', '1.5', '\u00b2', '9' * 4301, 'Wed, 99 Nov 2026'])
def test_what_is_no_time_is_no_order(said) -> None:
    """Or a strange header would end a request by an exception that nobody expects."""
    assert busy_pause(1, said, NOON, 30, NOON_SECONDS, highest) == FIRST_PAUSE
    assert busy_pause(2, said, NOON, 30, NOON_SECONDS, highest) == FIRST_PAUSE * 2


@pytest.mark.parametrize('said', ['86400', '999999999', 'Wed, 25 Nov 2099 12:00:00 GMT'])
def test_an_absurd_time_is_capped(said) -> None:
    """Or a mistake of a proxy would stop a program until tomorrow."""
    assert busy_pause(1, said, NOON, 30, NOON_SECONDS, highest) == 30


# --- the budget ------------------------------------------------------------------------------


def test_a_breakdown_uses_up_the_budget_and_success_fills_it() -> None:
    """Or a thousand clients would ask a broken HCP four thousand times; or never repeat anything again."""
    budget = Budget()
    assert sum(budget.spend() for _ in range(200)) == Budget.FULL
    for _ in range(8):
        budget.earn()
    assert [budget.spend(), budget.spend()] == [True, False]


def test_a_budget_has_a_top() -> None:
    """Or a month of success would pay for a storm of repetitions."""
    budget = Budget()
    for _ in range(1000):
        budget.earn()
    assert budget.left == Budget.FULL
