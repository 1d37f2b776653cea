"""Credentials are shown nowhere, and what a caller says can not become another request."""

from __future__ import annotations

import base64
import hashlib
import logging
import pickle
import ssl
import traceback
import urllib.parse

import dns.resolver
import pytest

import hcpsdk
from hcpsdk.mapi import Replication
from hcpsdk.namespace import Info

PASSWORD = 'k2ryptonite'  # the user's, see the villain
USER = base64.b64encode(b'clark').decode()
DIGEST = hashlib.md5(PASSWORD.encode()).hexdigest()
GIVEN = 'kal-el'  # by the caller, beside the credentials of the Target
ODD = 'gr\xfcn &=%\u20ac'  # also by the caller; the euro sign has no place in a header
SECRETS = [PASSWORD, USER, DIGEST, 'crumb', GIVEN, ODD, urllib.parse.quote(ODD, safe='')]
SECRETS += [base64.b64encode(secret.encode()).decode() for secret in (PASSWORD, GIVEN, ODD)]
SECRETS += [hashlib.md5(secret.encode()).hexdigest() for secret in (GIVEN, ODD)]


@pytest.fixture
def everything(caplog, capsys):
    """All that was logged and printed, and what the test adds: errors, say."""
    caplog.set_level(logging.DEBUG)
    shown = []
    yield shown
    printed = capsys.readouterr()
    logged = [text for record in caplog.get_records('call') for text in _texts(record)]
    assert logged
    text = '\n'.join([*shown, *logged, printed.out, printed.err])
    assert [secret for secret in SECRETS if secret in text] == []


def _texts(record):
    """What a log shows of a record, and what a collector of logs takes along with it."""
    return [logging.Formatter().format(record), repr(record.__dict__)]


def _add(everything, error):
    """All that people, tools for reports and other processes get to see of an error and its causes."""
    while error is not None:
        trace = ''.join(traceback.format_exception(type(error), error, error.__traceback__))
        everything += [str(error), repr(error), repr(error.args), repr(vars(error)), trace]
        if isinstance(error, hcpsdk.HcpsdkError):
            everything += [error.reason, *map(repr, _pickles(error))]
        error = error.__cause__ or error.__context__


def _pickles(what):
    return [pickle.dumps(what, protocol) for protocol in (0, pickle.HIGHEST_PROTOCOL)]


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


def _fails(everything, kind, act, *args, **options):
    """The act fails with an error of this kind, which is then looked at."""
    with pytest.raises(kind) as caught:
        act(*args, **options)
    _add(everything, caught.value)


SECRETIVE = {
    'params': {'password': GIVEN, 'newPassword': ODD},
    'headers': {'Cookie': GIVEN, 'X-Auth-Token': GIVEN},
}


def test_no_node_that_refuses_brings_a_secret_to_light(villain, everything):
    """As above, for an HCP that is down."""
    villain.listen('127.0.0.1', '127.0.0.2', dead=('127.0.0.1', '127.0.0.2'))
    con = villain.connection(debuglevel=9, retries=1)
    _fails(everything, hcpsdk.HcpsdkCantConnectError, con.GET, '/mapi/x', **SECRETIVE)
    everything.append(repr(con))


def test_no_node_that_is_mute_brings_a_secret_to_light(villain, everything):
    """As above, for an HCP behind a firewall that swallows everything."""
    villain.listen('127.0.0.1', mute=('127.0.0.1',))
    con = villain.connection(debuglevel=9, timeout=0.05, retries=1)
    _fails(everything, hcpsdk.HcpsdkTimeoutError, con.GET, '/mapi/x', **SECRETIVE)


@pytest.mark.parametrize('method', ['PUT', 'POST'])
def test_no_tls_trouble_brings_a_secret_to_light(villain, everything, method):
    """As above, for plain HTTP where TLS was expected, the other way to mistake a port."""
    villain.plays(villain.say(b'HTTP/1.1 400 Bad Request\r\n\r\n'), villain.hang_up)
    con = villain.connection(villain.target(ssl=True), debuglevel=9, retries=0)
    _fails(everything, hcpsdk.HcpsdkCantConnectError, con.request, method, '/mapi/x', b'x', **SECRETIVE)


@pytest.mark.parametrize('moves', ['read hang_up', 'read reset', 'read'])
def test_no_stream_lost_brings_a_secret_to_light(villain, everything, moves):
    """As above, for a generator that cannot be sent again."""
    villain.plays(*[getattr(villain, move) for move in moves.split()])
    con = villain.connection(debuglevel=9, timeout=0.1)
    body = (GIVEN.encode() for _ in range(3))
    _fails(everything, hcpsdk.HcpsdkError, con.PUT, '/mapi/x', body, **SECRETIVE)
    assert [seen.body for seen in villain.requests] == [GIVEN.encode() * 3]


def test_no_peer_that_stops_reading_brings_a_secret_to_light(villain, everything):
    """As above, for an upload that gets stuck."""
    villain.plays(villain.read_head, villain.wait(villain.tested))
    con = villain.connection(debuglevel=9, timeout=(5, 0.1), retries=0)
    body = GIVEN.encode() * 3_000_000
    _fails(everything, hcpsdk.HcpsdkTimeoutError, con.PUT, '/mapi/x', body, **SECRETIVE)
    villain.tested.set()


@pytest.mark.parametrize('change', [-1, 1])
def test_no_body_of_another_length_brings_a_secret_to_light(villain, everything, change):
    """As above, where the body itself is what must not be shown."""
    villain.plays()
    con = villain.connection(debuglevel=9)
    headers = {'Content-Length': len(GIVEN) + change, 'Cookie': GIVEN}
    _fails(everything, hcpsdk.HcpsdkError, con.PUT, '/rest/a', iter([GIVEN.encode()]), None, headers)
    _fails(everything, hcpsdk.HcpsdkError, con.PUT, '/rest/a', GIVEN, None, headers)
    _fails(everything, TypeError, con.PUT, '/rest/a', [GIVEN])
    _fails(everything, TypeError, con.PUT, '/rest/a', {GIVEN: GIVEN})


class NoNames:
    """A resolver to which every name is unknown, but for those it is told."""

    def __init__(self, **known):
        self.known = known

    def resolve(self, name, kind, **options):
        if name not in self.known:
            raise dns.resolver.NXDOMAIN
        return self.known[name].resolve(name, kind, **options)


def test_no_unknown_name_brings_a_secret_to_light(villain, everything):
    """As above, for Targets that cannot be made."""
    _fails(everything, hcpsdk.ips.IpsError, villain.target, 'nowhere', resolver=NoNames())
    replica = {'replica_fqdn': 'nowhere', 'resolver': NoNames(here=villain.resolver('127.0.0.1'))}
    _fails(everything, hcpsdk.HcpsdkReplicaInitError, villain.target, 'here', **replica)


def test_no_wrong_target_brings_a_secret_to_light(villain, everything):
    """As above, for credentials that were given in the wrong way."""
    logging.getLogger('test').debug('nothing is logged by this one')
    _fails(everything, TypeError, hcpsdk.Target, '127.0.0.1', (USER, PASSWORD))
    _fails(everything, TypeError, hcpsdk.Target, '127.0.0.1', f'{USER}:{PASSWORD}')
    _fails(everything, TypeError, hcpsdk.NativeAuthorization, 'clark', PASSWORD.encode())
    _fails(everything, TypeError, hcpsdk.NativeAuthorization, 'clark', [PASSWORD])
    _fails(everything, ValueError, hcpsdk.NativeAuthorization, 'clark', PASSWORD + '\ud800')
    _fails(everything, ValueError, hcpsdk.NativeAuthorization, '', PASSWORD)
    _fails(everything, TypeError, hcpsdk.Connection, (USER, PASSWORD))
    context = hcpsdk.Target('127.0.0.1', _authorization(), sslcontext=ssl.create_default_context())
    _fails(everything, hcpsdk.HcpsdkError, pickle.dumps, context)


def _authorization():
    return hcpsdk.NativeAuthorization('clark', PASSWORD)


class Careless(hcpsdk.BaseAuthorization):
    """Made by somebody who did not look at what he puts into a header."""

    def __init__(self, value):
        self.value = value

    def headers(self):
        return {'Authorization': self.value}


@pytest.mark.parametrize('value', [f'{GIVEN}\n', f'{GIVEN}\0', ODD, [GIVEN], None])
def test_no_authorization_of_ones_own_brings_a_secret_to_light(everything, value):
    """As above, for a token read from a file with its line end, the most common slip."""
    logging.getLogger('test').debug('nothing is logged by this one')
    kind = hcpsdk.HcpsdkError if isinstance(value, str) else TypeError
    _fails(everything, kind, hcpsdk.Target, '127.0.0.1', Careless(value))


WRONG = {
    'header with a line end': {'headers': {'Cookie': f'{GIVEN}\r\n'}},
    'header beyond Latin-1': {'headers': {'Authorization': ODD}},
    'header of bytes': {'headers': {'Authorization': f'{GIVEN}\n'.encode()}},
    'header of a list': {'headers': {'X-Auth-Token': [GIVEN]}},
    'headers as text': {'headers': f'Authorization: {GIVEN}'},
    'headers as a list of texts': {'headers': [f'Authorization: {GIVEN}']},
    'transfer encoding': {'headers': {'Transfer-Encoding': GIVEN}},
    'parameter with NUL': {'params': {'password': f'{GIVEN}\0'}},
    'parameter without UTF-8 form': {'params': {'password': f'{GIVEN}\ud800'}},
    'parameter of a list': {'params': {'password': [GIVEN]}},
    'params as text': {'params': f'password={GIVEN}'},
    'params as a list of texts': {'params': [f'password={GIVEN}']},
}


@pytest.mark.parametrize('wrong', WRONG.values(), ids=WRONG)
def test_no_wrong_argument_brings_a_secret_to_light(villain, everything, wrong):
    """As above, for what is refused before anything is sent."""
    con = villain.connection(debuglevel=9)
    with pytest.raises((hcpsdk.HcpsdkError, TypeError)) as caught:
        con.GET('/mapi/x', **wrong)
    _add(everything, caught.value)
    assert villain.wires == []


FIND = {
    'nsstatistics': lambda target: Info(target, 9).nsstatistics(),
    'listpermissions': lambda target: Info(target, 9).listpermissions(),
    'getlinklist': lambda target: Replication(target, 9).getlinklist(),
    'getlinkdetails': lambda target: Replication(target, 9).getlinkdetails('a link'),
    'suspend': lambda target: Replication(target, 9).setreplicationlinkstate('a link', Replication.R_SUSPEND),
}
REFUSALS = {
    'told why': ('403 Forbidden', 'X-HCP-ErrorMessage: no permission\r\n', b''),
    'not told why': ('302 Found', '', b''),
    'with cookies': ('401 Unauthorized', 'WWW-Authenticate: HCP\r\n' + COOKIE, b'<html/>'),
    'no XML': ('200 OK', COOKIE, b'<html><body><br></body></html>'),
    'a bomb': ('200 OK', COOKIE, b'<!DOCTYPE x [<!ENTITY a "b">]><statistics/>'),
    'another document': ('200 OK', COOKIE, b'<other/>'),
}


@pytest.mark.parametrize('refusal', REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize('find', FIND.values(), ids=FIND)
def test_no_refusal_brings_a_secret_to_light(villain, everything, find, refusal):
    """As above, for the classes that raise what HCP refuses."""
    status, head, body = refusal
    villain.plays(villain.answer(body, status, head=head))
    if find is FIND['suspend'] and status == '200 OK':
        find(villain.target())  # which looks at the status only
    else:
        _fails(everything, hcpsdk.HcpsdkError, find, villain.target())


@pytest.mark.parametrize('url', ['/mapi/x?password={}', '/rest/a?b=1&Token={}', '/rest/a%3fsecret%3d{}'])
def test_a_query_in_the_place_of_a_name_is_shown_without_its_secrets(villain, everything, url):
    """A line pasted from curl puts the password into the name, and from there into logs and errors."""
    villain.plays(villain.answer(), villain.read, villain.reset)
    con = villain.connection(retries=0, debuglevel=9)
    con.POST(url.format(GIVEN))
    everything += [repr(con.attempts), str(con.attempts[0])]
    assert '***' in everything[-1]
    with pytest.raises(hcpsdk.HcpsdkError) as caught:
        con.POST(url.format(GIVEN))
    _add(everything, caught.value)
    everything.append(repr(hcpsdk.connection._request.build('GET', url.format(GIVEN))))


def test_no_pickle_brings_a_secret_to_light(villain, everything):
    """As above, for what lies in a queue between processes."""
    target = villain.target(replica_fqdn='replica.villain.test')
    for what in (target, target.replica, _authorization(), [target, {'of': target}]):
        everything += [pickled.decode('latin-1') for pickled in _pickles(what)]
    twin = pickle.loads(pickle.dumps(target))
    assert twin.headers['Authorization'] == f'HCP {USER}:{DIGEST}'
    everything += [repr(twin), str(twin), f'{twin} {twin.replica}']


# --- what was found when the above was written, and mended --------------------------------------


def _leaked(error):
    found = []
    _add(found, error)
    return [secret for secret in SECRETS if secret in '\n'.join(found)]


def _mirror(wire):
    """Says what it hears, as the echo service does, and many a test server."""
    wire.read_request()
    wire.sock.sendall(wire.raw)


@pytest.mark.parametrize(
    'options',
    [{'params': {'password': GIVEN}}, {'headers': {'Accept-Encoding': 'identity', 'User-Agent': 'mine'}}],
    ids=['password', 'token'],
)
def test_what_comes_back_from_a_wrong_port_is_shown_without_secrets(villain, options):
    """An error that quotes what an echoing server said quotes our own credentials."""
    villain.plays(_mirror)
    with pytest.raises(hcpsdk.HcpsdkError, match='not HTTP') as caught:
        villain.connection(villain.target('n.t.test')).GET('/mapi/x', **options)
    assert _leaked(caught.value) == []


def test_a_redirect_is_shown_without_its_password(villain, capsys):
    """A proxy that sends everybody to https repeats the query, and debuglevel prints it."""
    where = f'Location: https://mapi.villain.test:9090/mapi/x?username=y&password={GIVEN}\r\n'
    villain.plays(villain.answer(status='301 Moved Permanently', head=where))
    con = villain.connection(debuglevel=9)
    con.POST('/mapi/x', {'username': 'y', 'password': GIVEN})
    assert con.getheader('Location').endswith(GIVEN)  # the caller gets it
    assert GIVEN not in capsys.readouterr().out


@pytest.mark.parametrize(
    'options',
    [
        {'url': f'https://clark:{PASSWORD}@ns.t.hcp.test/rest/a'},
        {'url': '/rest/a', 'headers': {f'Authorization: HCP {GIVEN}': ''}},
        {'url': '/rest/a', 'params': {f'password={GIVEN}\0': ''}},
    ],
    ids=['user and password in the url', 'a header line as a name', 'a parameter as a name'],
)
def test_what_stands_in_the_wrong_place_is_refused_without_being_shown(villain, options):
    """A slip of the caller's, in the way of other tools (curl), ends with a password in the log."""
    with pytest.raises(hcpsdk.HcpsdkError) as caught:
        villain.connection().GET(**options)
    assert _leaked(caught.value) == []


def test_a_url_in_place_of_a_name_is_refused_without_its_password():
    """As above, for the Target."""
    with pytest.raises(ValueError, match='bare name') as caught:
        hcpsdk.Target(f'https://clark:{PASSWORD}@ns.t.hcp.test', _authorization())
    assert _leaked(caught.value) == []


def test_a_body_without_utf_8_form_is_refused_without_being_shown(villain):
    """The error holds the whole body, and a collector of errors sends it away."""
    with pytest.raises((hcpsdk.HcpsdkError, ValueError)) as caught:
        villain.connection().PUT('/rest/a', f'{GIVEN}\ud800')
    assert _leaked(caught.value) == []


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
