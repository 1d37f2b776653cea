"""What is told of a request: its times, and none of its secrets."""

from __future__ import annotations

import time

import pytest

from hcpsdk._trace import HIDDEN, LEAST, SYSTEM_CLOCK, Clock, redact_head, redact_header, redact_target


@pytest.mark.parametrize(
    'name',
    [
        'Authorization',
        'AUTHORIZATION',
        'authorization',
        'Cookie',
        'Set-Cookie',
        'X-Auth-Token',
        'x-auth-token',
        'Proxy-Authorization',
        'X-Amz-Security-Token',
    ],
)
def test_headers_with_credentials_are_hidden(name: str) -> None:
    """Or a log would give the account away."""
    assert redact_header(name, 'secret') == HIDDEN


@pytest.mark.parametrize('name', ['Host', 'ETag', 'X-HCP-Hash', 'X-HCP-Retention'])
def test_other_headers_are_shown(name: str) -> None:
    """Or a log would be of no use."""
    assert redact_header(name, 'value') == 'value'


@pytest.mark.parametrize(
    ('target', 'shown'),
    [
        ('/mapi/userAccounts?username=x&password=y', '/mapi/userAccounts?username=x&password=***'),
        ('/mapi/userAccounts?password=y&username=x', '/mapi/userAccounts?password=***&username=x'),
        ('/mapi/x?newPassword=y', '/mapi/x?newPassword=***'),
        ('/mapi/x?PASSWORD=y', '/mapi/x?PASSWORD=***'),
        ('/mapi/x?password=', '/mapi/x?password=***'),
        ('/mapi/x?oldPassword=a&newPassword=b', '/mapi/x?oldPassword=***&newPassword=***'),
        ('/rest/password=x', '/rest/password=x'),
        ('/rest/a?retention=0', '/rest/a?retention=0'),
        ('/rest/a', '/rest/a'),
    ],
)
def test_passwords_in_a_query_are_hidden(target: str, shown: str) -> None:
    """Or a new password given to MAPI would stand in a log."""
    assert redact_target(target) == shown


def test_a_whole_head() -> None:
    """Or ``debuglevel`` would print what the log hides."""
    head = 'PUT /x?password=s3 HTTP/1.1\r\nHost: h\r\nauthorization: HCP s1\r\nCookie: s2\r\nodd line\r\n\r\n'
    assert redact_head(head) == (
        'PUT /x?password=*** HTTP/1.1\r\nHost: h\r\nauthorization: ***\r\nCookie: ***\r\nodd line\r\n\r\n'
    )


def test_the_clock_is_monotonic() -> None:
    """Or a wall clock that is set would end connections, or make times negative."""
    assert (SYSTEM_CLOCK.now, SYSTEM_CLOCK.precise) == (time.monotonic, time.perf_counter)
    assert SYSTEM_CLOCK.sleep is time.sleep


@pytest.mark.parametrize(('start', 'seconds'), [(10.0, LEAST), (11.0, LEAST), (9.5, 0.5)])
def test_no_time_is_zero_or_less(start: float, seconds: float) -> None:
    """Or a program that divides by a time would fail."""
    assert Clock(precise=lambda: 10.0).since(start) == seconds
