"""Credentials are shown nowhere, and what a caller says can not become another request."""

from __future__ import annotations

import base64
import hashlib
import logging
import traceback

import pytest

import hcpsdk

USER = base64.b64encode(b'clark').decode()
GIVEN = 'kal-el'  # by the caller, beside the credentials of the Target
SECRETS = ['k2ryptonite', USER, hashlib.md5(b'k2ryptonite').hexdigest(), 'crumb', GIVEN]


@pytest.fixture
def everything(caplog, capsys):
    """All that was logged and printed, and what the test adds: errors, say."""
    caplog.set_level(logging.DEBUG)
    shown = []
    yield shown
    printed = capsys.readouterr()
    logged = [record.getMessage() for record in caplog.get_records('call')]
    assert logged
    text = '\n'.join([*shown, *logged, printed.out, printed.err])
    assert [secret for secret in SECRETS if secret in text] == []


def _add(everything, error):
    trace = ''.join(traceback.format_exception(type(error), error, error.__traceback__))
    everything += [str(error), repr(error), error.reason, trace]


COOKIE = 'Set-Cookie: hcp-ns-auth=crumb; Path=/\r\nX-Auth-Token: crumb\r\n'


def test_a_normal_day_shows_no_secret(villain, everything, capsys):
    """Everybody who reads the log, or a session printed with debuglevel, can read and delete all objects."""
    villain.plays(villain.answer(b'body', head=COOKIE), villain.answer(), villain.answer(), villain.answer())
    target = villain.target()
    con = villain.connection(target, debuglevel=9)
    con.GET('/rest/object')
    con.read()
    con.PUT('/rest/object', b'body', headers={'X-Auth-Token': GIVEN, 'cookie': 'a=crumb'})
    con.HEAD('/rest/object', headers={'AUTHORIZATION': f'HCP {GIVEN}'})
    con.POST('/mapi/userAccounts', params={'username': 'x', 'password': GIVEN, 'newPassword': GIVEN})
    everything += [repr(con), repr(target), repr(con.Response), repr(target._authorization), repr(con._link)]
    out = capsys.readouterr().out
    assert "send: 'GET /rest/object HTTP/1.1" in out
    assert "reply: '200 OK" in out
    assert villain.requests[0].headers['authorization'].startswith(f'HCP {USER}:')
    everything.append(out)


@pytest.mark.parametrize(
    'moves',
    [
        lambda villain: [villain.read, villain.hang_up],
        lambda villain: [villain.read, villain.reset],
        lambda villain: [villain.read],
        lambda villain: [villain.read, villain.say(b'garbage\r\n')],
        lambda villain: [villain.answer(b'half', length=99, head=COOKIE), villain.hang_up],
        lambda villain: [villain.answer(b'half', length=99, head=COOKIE)],
        lambda villain: [villain.answer(status='403 Forbidden', head='X-HCP-ErrorMessage: no\r\n' + COOKIE)],
        lambda villain: [villain.answer(head='Set-Cookie: a;\r\n crumb\r\n')],
    ],
)
@pytest.mark.parametrize('method', ['GET', 'PUT', 'POST'])
def test_no_error_shows_a_secret(villain, everything, moves, method):
    """As above, for the errors that people paste into tickets."""
    villain.plays(*moves(villain), times=2)
    con = villain.connection(debuglevel=9, timeout=0.05, retries=1)
    try:
        con.request(method, '/mapi/x', params={'password': GIVEN}, headers={'Cookie': GIVEN})
        con.read()
    except hcpsdk.HcpsdkError as error:
        _add(everything, error)
    everything.append(repr(con))


def test_no_failed_connect_shows_a_secret(villain, everything, server_context):
    """As above, for HCPs that cannot be reached or are not trusted."""
    villain.listen('127.0.0.1', '127.0.0.2', dead=('127.0.0.1',), tls=server_context()).plays()
    con = villain.connection(debuglevel=9)
    with pytest.raises(hcpsdk.HcpsdkCertificateError) as caught:
        con.GET('/mapi/x', params={'password': GIVEN})
    _add(everything, caught.value)
    everything += [repr(con), repr(con._target)]


HOSTILE_HEADERS = [
    {'X-A': 'a\r\nX-B: b'},
    {'X-A': 'a\nX-B: b'},
    {'X-A': 'a\rb'},
    {'X-A': 'a\x00b'},
    {'X-A': 'a\r\n folded'},
    {'X-A\r\nX-B': 'b'},
    {'X A': 'a'},
    {'X-A:': 'a'},
    {'X-A\x00': 'a'},
    {'': 'a'},
    {'X-A': '\u20ac'},
    [('X-A', 'a'), ('X-B', b'b\r\nX-C: c')],
]


@pytest.mark.parametrize('headers', HOSTILE_HEADERS)
def test_hostile_headers_never_reach_the_socket(villain, headers):
    """Metadata out of a file name add headers, or whole requests, in the name of the program."""
    con = villain.connection()
    with pytest.raises(hcpsdk.HcpsdkError):
        con.PUT('/rest/object', b'body', headers=headers)
    assert villain.wires == []


@pytest.mark.parametrize('method', ['GET /evil HTTP/1.1\r\nX: y\r\n\r\nGET', 'GET ', 'G\x00T', '', 'GÉT'])
def test_hostile_methods_never_reach_the_socket(villain, method):
    """As above, for the method."""
    with pytest.raises(hcpsdk.HcpsdkError):
        villain.connection().request(method, '/rest/object')
    assert villain.wires == []


def test_hostile_names_stay_names(villain):
    """An object's name with a line break in it is a second request to HCP."""
    villain.plays(villain.answer())
    con = villain.connection()
    con.GET('/rest/a HTTP/1.1\r\nX-Evil: yes\r\n\r\nGET /b?c#d', {'e\r\n': 'f\r\nX-Evil: yes', 'g&h': 'i=j'})
    assert villain.requests[0].line == (
        'GET /rest/a%20HTTP/1.1%0D%0AX-Evil%3A%20yes%0D%0A%0D%0AGET%20/b%3Fc%23d'
        '?e%0D%0A=f%0D%0AX-Evil%3A%20yes&g%26h=i%3Dj HTTP/1.1'
    )
    assert 'x-evil' not in villain.requests[0].headers
    assert villain.wires[0].raw.count(b'HTTP/1.1\r\n') == 1


@pytest.mark.parametrize('place', ['url', 'params'])
def test_nul_never_reaches_the_socket(villain, place):
    """A name that ends earlier for HCP than for us."""
    con = villain.connection()
    with pytest.raises(hcpsdk.HcpsdkError, match='NUL'):
        con.GET(*{'url': ('/rest/a\x00b',), 'params': ('/rest/a', {'b': '\x00'})}[place])
    assert villain.wires == []


def test_the_callers_headers_stay_as_they_are(villain):
    """Credentials turn up in a dictionary that the program logs."""
    villain.plays(villain.answer())
    headers = {'X-Mine': '1', 'user-agent': 'mine'}
    villain.connection().GET('/rest/object', headers=headers)
    assert headers == {'X-Mine': '1', 'user-agent': 'mine'}
    assert villain.requests[0].head.lower().count(b'user-agent:') == 1
    assert villain.requests[0].headers['user-agent'] == 'mine'
