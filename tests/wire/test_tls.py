"""TLS: the name is checked although an address is dialled, and there is no way round it but a loud one."""

from __future__ import annotations

import datetime
import functools
import logging
import os
import socket
import ssl
from pathlib import Path

import pytest

import hcpsdk
from hcpsdk import _tls

NAME = 'ns.tenant.villain.test'


def test_the_name_is_checked_although_an_address_is_dialled(villain, server_context, client_context):
    """Node addresses are in no certificate, so everybody switches the checks off."""
    asked = []
    context = server_context(NAME)
    context.sni_callback = lambda sock, name, _: asked.append(name)
    villain.listen('127.0.0.2', tls=context).plays(villain.answer())
    con = villain.connection(villain.target(sslcontext=client_context))
    con.HEAD('/rest/object')
    assert con.response_status == 200
    assert con.address == '127.0.0.2'
    assert asked == [NAME]
    assert villain.requests[0].headers['host'] == f'{NAME}:{villain.port}'


def test_a_wildcard_serves_all_namespaces(villain, server_context, client_context):
    """HCP's own certificates have wildcards."""
    villain.listen(tls=server_context('*.tenant.villain.test')).plays(villain.answer())
    con = villain.connection(villain.target(sslcontext=client_context))
    con.HEAD('/rest/object')
    assert con.response_status == 200


def test_the_system_wide_setting_is_honoured(villain, server_context, ca, tmp_path, monkeypatch):
    """A site that keeps its own authority in SSL_CERT_FILE has to change every program."""
    ca.cert_pem.write_to_path(str(tmp_path / 'ca.pem'))
    monkeypatch.setenv('SSL_CERT_FILE', str(tmp_path / 'ca.pem'))
    villain.listen(tls=server_context()).plays(villain.answer())
    con = villain.connection()
    con.HEAD('/rest/object')
    assert con.response_status == 200


def _wrong_name(villain, server_context, client_context, ca):
    villain.listen(tls=server_context('other.tenant.villain.test'))
    return villain.target(sslcontext=client_context)


def _address_only(villain, server_context, client_context, ca):
    villain.listen(tls=server_context('127.0.0.1'))
    return villain.target(sslcontext=client_context)


def _dialled_by_address(villain, server_context, client_context, ca):
    villain.listen(tls=server_context())
    return villain.target('127.0.0.1', sslcontext=client_context)


def _unknown_authority(villain, server_context, client_context, ca):
    villain.listen(tls=server_context())
    return villain.target()


def _expired(villain, server_context, client_context, ca):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime.datetime(2020, 1, 1)
    ca.issue_cert(NAME, not_before=past, not_after=past + datetime.timedelta(days=1)).configure_cert(context)
    villain.listen(tls=context)
    return villain.target(sslcontext=client_context)


@pytest.mark.parametrize(
    'case', [_wrong_name, _address_only, _dialled_by_address, _unknown_authority, _expired]
)
def test_a_certificate_that_does_not_verify(villain, server_context, client_context, ca, case):
    """Credentials and objects go to whoever answers; or nobody says how to go on."""
    villain.plays().plays()
    con = villain.connection(case(villain, server_context, client_context, ca), retries=3)
    with pytest.raises(hcpsdk.HcpsdkCertificateError, match='three ways out') as caught:
        con.PUT('/rest/object', b'secret')
    assert 'cafile=' in str(caught.value)
    assert 'check_hostname = False' in str(caught.value)
    assert 'SSL_NOVERIFY' in str(caught.value)
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
    assert [villain.requests, villain.naps, len(villain.wires)] == [[], [], 1]


def test_the_laboratory_context_trusts_everybody_and_says_so_once(villain, server_context, caplog):
    """A fresh HCP in a laboratory cannot be used; or nobody notices that production is a laboratory, too."""
    _tls.warn_noverify.cache_clear()
    villain.listen(tls=server_context('other.test')).plays(villain.answer()).plays(villain.answer())
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            con = villain.connection(villain.target(sslcontext=hcpsdk.SSL_NOVERIFY))
            con.HEAD('/rest/object')
            assert con.response_status == 200
    assert [record.name for record in caplog.records] == ['hcpsdk._tls']


@pytest.fixture
def working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fresh(villain, fresh_certificate, working_directory):
    """A villain like a fresh HCP; what it presents was saved as ``hcp.pem``."""
    return villain.listen(tls=fresh_certificate('villain.test', working_directory))


@pytest.mark.parametrize(
    ('cafile', 'reason'), [(None, 'self.signed certificate'), ('hcp.pem', 'Hostname mismatch')]
)
def test_a_fresh_hcp_is_in_need_of_the_second_way(fresh, cafile, reason):
    """Who trusts the certificate and still gets an error is not told that the name is what is wrong."""
    fresh.plays()
    context = ssl.create_default_context(cafile=cafile) if cafile else None
    con = fresh.connection(fresh.target(sslcontext=context))
    with pytest.raises(hcpsdk.HcpsdkCertificateError, match=reason) as caught:
        con.PUT('/rest/object', b'secret')
    assert 'check_hostname = False' in str(caught.value)
    assert fresh.requests == []


def _second_way():
    context = ssl.create_default_context(cafile='hcp.pem')
    context.check_hostname = False
    return context


def test_the_second_way_out(fresh):
    """A fresh HCP, whose certificate fits no namespace's name, can only be used without any verification."""
    fresh.plays(fresh.answer())
    con = fresh.connection(fresh.target(sslcontext=_second_way()))
    con.HEAD('/rest/object')
    assert con.response_status == 200


def test_the_second_way_out_trusts_no_other_certificate(fresh, fresh_certificate, working_directory):
    """As above, but anybody who signs for the same name may pose as the HCP."""
    fresh.plays()
    fresh_certificate('villain.test', working_directory)  # takes the place of what is presented
    con = fresh.connection(fresh.target(sslcontext=_second_way()))
    with pytest.raises(hcpsdk.HcpsdkCertificateError):
        con.HEAD('/rest/object')
    assert fresh.requests == []


@pytest.fixture
def signed(villain, server_context, ca, working_directory):
    """A villain with a certificate from the authority of ``ca.pem``."""
    ca.cert_pem.write_to_path(str(working_directory / 'ca.pem'))
    return villain.listen(tls=server_context())


@pytest.mark.parametrize(('number', 'hcp'), [(1, 'signed'), (2, 'fresh'), (3, 'fresh')])
def test_each_way_out_can_be_pasted(request, monkeypatch, number, hcp):
    """Whoever copies the lines out of the error into a program has the next error."""
    villain = request.getfixturevalue(hcp)
    villain.plays().plays(villain.answer())
    with pytest.raises(hcpsdk.HcpsdkCertificateError) as caught:
        villain.connection().HEAD('/rest/object')
    _, *ways = str(caught.value).split('\n\n')
    assert [way[:5] for way in ways] == ['# 1. ', '# 2. ', '# 3. ']
    here = {'port': villain.port, 'ssl': True, 'resolver': villain.resolver(*villain.nodes)}
    monkeypatch.setattr(hcpsdk, 'Target', functools.partial(hcpsdk.Target, **here))
    program = {'hcpsdk': hcpsdk, 'fqdn': NAME, 'auth': hcpsdk.NativeAuthorization('clark', 'k2ryptonite')}
    exec(ways[number - 1], program)
    con = villain.connection(program['target'])
    con.HEAD('/rest/object')
    assert con.response_status == 200


def _speaks_tls_1_1(server_context):
    """Security level 0, as newer libraries do not even try TLS 1.1 otherwise."""
    context = server_context()
    context.set_ciphers('ALL:@SECLEVEL=0')
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


@pytest.mark.filterwarnings('ignore:ssl.TLSVersion:DeprecationWarning')
@pytest.mark.parametrize('made', ['verifying', 'trusting'])
def test_tls_1_1_is_refused(villain, server_context, ca, made):
    """A man in the middle talks us down to what was broken years ago."""
    context = _tls.verifying_context() if made == 'verifying' else _tls._trusting_context()
    ca.configure_trust(context)
    context.set_ciphers('ALL:@SECLEVEL=0')
    villain.listen(tls=_speaks_tls_1_1(server_context)).plays().plays(villain.answer())
    with pytest.raises(hcpsdk.HcpsdkCantConnectError, match=r'(?i)version|protocol'):
        villain.connection(villain.target(sslcontext=context)).HEAD('/rest/object')
    context.minimum_version = ssl.TLSVersion.TLSv1_1  # to be sure that it was our floor that refused
    con = villain.connection(villain.target(sslcontext=context))
    con.HEAD('/rest/object')
    assert con._link._sock.version() == 'TLSv1.1'


def test_plain_http_behind_a_tls_port_is_said_plainly(villain):
    """The wrong port looks like a broken network."""
    villain.plays(lambda wire: wire.receive(), villain.say(b'HTTP/1.0 400 Bad Request\r\n\r\n'))
    con = villain.connection(villain.target(ssl=True))
    with pytest.raises(hcpsdk.HcpsdkCantConnectError, match='does it speak TLS'):
        con.HEAD('/rest/object')


def test_large_objects_pass_through_tls_unharmed(villain, server_context, client_context):
    """What arrives is not what was sent."""
    content = bytes(range(256)) * 8000
    villain.listen(tls=server_context()).plays(villain.answer(), villain.answer(content))
    con = villain.connection(villain.target(sslcontext=client_context))
    con.PUT('/rest/object', content)
    assert villain.requests[0].body == content
    con.GET('/rest/object')
    assert con.read() == content


def _open_sockets():
    descriptors = Path('/proc/self/fd').iterdir()
    return sum(fd.is_symlink() and os.readlink(fd).startswith('socket:') for fd in descriptors)


@pytest.mark.skipif(not Path('/proc/self/fd').exists(), reason='only Linux shows what is open')
def test_a_node_that_resets_before_the_handshake_leaks_no_socket(villain, client_context, monkeypatch):
    """Each connection that a dying node breaks at once costs a descriptor, until none is left."""
    villain.plays(villain.reset)
    target = villain.target(ssl=True, sslcontext=client_context)
    connect = socket.socket.connect

    def connect_and_wait(sock, where):
        connect(sock, where)
        assert villain.clients_gone()

    monkeypatch.setattr(socket.socket, 'connect', connect_and_wait)
    before = _open_sockets()
    with pytest.raises(hcpsdk.HcpsdkCantConnectError) as caught:
        villain.connection(target).GET('/rest/object')
    assert _open_sockets() == before, caught.value


def _resumed(villain):
    """Of each connection, whether its handshake was the short one."""
    return [wire.sock.session_reused for wire in villain.wires]


@pytest.mark.parametrize('version', [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed_node_by_node(villain, server_context, client_context, version):
    """Each new connection pays for a whole handshake; or a node is shown what another one gave."""
    client_context.maximum_version = client_context.minimum_version = version
    villain.listen('127.0.0.1', '127.0.0.2', tls=server_context()).plays(villain.answer(), times=6)
    target = villain.target(sslcontext=client_context)
    for number in range(6):
        con = villain.connection(target)
        con.HEAD('/rest/object')
        assert con.address == f'127.0.0.{number % 2 + 1}'
    assert _resumed(villain) == [False, False, True, True, True, True]


def test_sessions_are_not_shared_by_targets(villain, server_context, client_context):
    """One tenant's connection tells the server what another one's was; or two contexts are mixed up."""
    villain.listen(tls=server_context()).plays(villain.answer(), times=4)
    for target in [villain.target(sslcontext=client_context) for _ in range(2)]:
        for _ in range(2):
            villain.connection(target).HEAD('/rest/object')
    assert _resumed(villain) == [False, True, False, True]


def test_a_session_that_is_not_taken_costs_a_whole_handshake_only(villain, server_context, client_context):
    """After a restart of HCP no connection comes about any more."""
    villain.listen(tls=server_context()).plays(villain.answer(), times=4)
    target = villain.target(sslcontext=client_context)
    for number in range(4):
        if number == 2:
            villain.tls = server_context()
        con = villain.connection(target, retries=0)
        con.HEAD('/rest/object')
        assert con.response_status == 200
    assert _resumed(villain) == [False, True, False, True]


def _nothing_readable(wire):
    """All that came begins a handshake, and holds no request."""
    return wire.raw[:2] == b'\x16\x03' and not any(word in wire.raw for word in (b'HTTP', b'HCP ', b'/rest'))


@pytest.mark.parametrize('said', [b'', b'HTTP/1.1 400 Plain HTTP!\r\n\r\n', b'\x15\x03\x03\x00\x02\x02\x28'])
@pytest.mark.parametrize('method', ['GET', 'PUT'])
def test_tls_that_fails_is_never_followed_by_plain_http(villain, said, method):
    """Whoever disturbs the handshake gets the credentials as plain text."""
    villain.listen('127.0.0.1', '127.0.0.2')
    villain.plays(lambda wire: wire.receive(), villain.say(said), villain.hang_up, times=2)
    con = villain.connection(villain.target(ssl=True), retries=3)
    with pytest.raises(hcpsdk.HcpsdkCantConnectError, match='nothing was sent'):
        con.request(method, '/rest/object')
    assert [_nothing_readable(wire) for wire in villain.wires] == [True] * 2


def test_tls_that_fails_on_a_retry_is_never_followed_by_plain_http(villain, server_context, client_context):
    """As above, between two tries of one request."""

    def no_more_tls(wire):
        villain.tls = None

    villain.listen(tls=server_context()).plays(villain.read, no_more_tls, villain.hang_up)
    villain.plays(lambda wire: wire.receive(), villain.hang_up, times=3)
    con = villain.connection(villain.target(sslcontext=client_context), retries=3)
    with pytest.raises(hcpsdk.HcpsdkError, match='not sent again'):
        con.GET('/rest/object')
    assert len(villain.requests) == 1
    assert [_nothing_readable(wire) for wire in villain.wires[1:]] == [True]
    villain._scripts.queue.clear()
