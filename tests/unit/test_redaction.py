"""What is told of a request: its times, and none of its secrets."""

from __future__ import annotations

import time

import pytest

from hcpsdk._trace import (
    HIDDEN,
    LEAST,
    SYSTEM_CLOCK,
    Clock,
    redact_head,
    redact_header,
    redact_target,
    redact_url,
)


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


@pytest.mark.parametrize(
    ('head', 'shown'),
    [
        (
            '200 OK\r\nLocation: /mapi/x?a=b&password=c\r\n',
            '200 OK\r\nLocation: /mapi/x?a=b&password=***\r\n',
        ),
        (
            '200 OK\r\nContent-Location: /x?password=b\r\n c\r\nSet-Cookie: d\n\te\r\n',
            '200 OK\r\nContent-Location: /x?password=***\r\nSet-Cookie: ***\r\n',
        ),
        ('GET /a HTTP/1.1\nCookie: b\nHost: h\n', 'GET /a HTTP/1.1\nCookie: ***\nHost: h\n'),
        ('GET /a HTTP/1.1\r\nCookie:b\rc\r\n', 'GET /a HTTP/1.1\r\nCookie:***\r\n'),
        ('Authorization: HCP a\r\n', 'Authorization: ***\r\n'),
        ('GET /rest/author: b HTTP/1.1\r\n', 'GET /rest/author: b HTTP/1.1\r\n'),
    ],
    ids=[
        'redirect',
        'folded',
        'without CR',
        'without a blank',
        'only a header',
        'a name that looks like a header',
    ],
)
def test_a_head_that_is_not_by_the_book(head: str, shown: str) -> None:
    """Or an error that quotes an echo, and ``debuglevel``, would print credentials."""
    assert redact_head(head) == shown


@pytest.mark.parametrize(
    ('url', 'shown'),
    [
        ('https://u:p@h/rest/a', 'https://***@h/rest/a'),
        ('//u:p@h', '//***@h'),
        ('u:p@h', '***@h'),
        (' https://u:p@h', '***@h'),
        ('https://u:p/q@r\n@h', 'https://***@h'),
        ('https://h/mapi/x?password=p', 'https://h/mapi/x?password=***'),
        ('/rest/a@b', '/rest/a@b'),
        ('https://h:8000/rest', 'https://h:8000/rest'),
        ('rest/a', 'rest/a'),
    ],
)
def test_user_and_password_in_a_url_are_hidden(url: str, shown: str) -> None:
    """Or who gives a url as curl takes it would find the password in the error, and in the log."""
    assert redact_url(url) == shown


def test_the_clock_is_monotonic() -> None:
    """Or a wall clock that is set would end connections, or make times negative."""
    assert (SYSTEM_CLOCK.now, SYSTEM_CLOCK.precise) == (time.monotonic, time.perf_counter)
    assert SYSTEM_CLOCK.sleep is time.sleep


@pytest.mark.parametrize(('start', 'seconds'), [(10.0, LEAST), (11.0, LEAST), (9.5, 0.5)])
def test_no_time_is_zero_or_less(start: float, seconds: float) -> None:
    """Or a program that divides by a time would fail."""
    assert Clock(precise=lambda: 10.0).since(start) == seconds


@pytest.mark.parametrize(
    ('target', 'shown'),
    [
        ('/x?password=a?b', '/x?password=***'),
        ('/x?password=a%26b&c=1', '/x?password=***&c=1'),
        ('/x?my password =a b', '/x?my password =***'),
        ('/x?password=', '/x?password=***'),
        ('/x%3FnewPassword%3Da%26b', '/x%3FnewPassword%3D***'),
        ('/x?password=a /y?token=b', '/x?password=***'),
        ('GET /x?password=a b&c HTTP/1.1\r', 'GET /x?password=***&c HTTP/1.1\r'),
        ('GET /x?password=a b HTTP/1.1\r', 'GET /x?password=*** HTTP/1.1\r'),
        ('/x%253Fpassword%253Da', '/x%253Fpassword%253D***'),
        ('/x%26password%3Da', '/x%26password%3D***'),
        ('/rest/my-token=5', '/rest/my-token=5'),
        ('/rest/50%3F', '/rest/50%3F'),
    ],
)
def test_a_secret_parameter_is_hidden_to_its_end(target: str, shown: str) -> None:
    """Or the rest of a password with a ``&`` or ``?`` in it would be shown."""
    assert redact_target(target) == shown


@pytest.mark.parametrize('part', ['password', '%3F', '?a&', '?token='])
def test_a_long_target_is_looked_through_once(part: str) -> None:
    """Or a name of a few thousand letters would hold a program up for minutes, when it is logged."""
    started = time.process_time()
    redact_target('?' + part * 50_000)
    assert time.process_time() - started < 2
