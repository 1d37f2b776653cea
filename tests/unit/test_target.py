"""One HCP: names, addresses, credentials and trust; and every way to ask for one that cannot be."""

from __future__ import annotations

import logging
import pickle
import ssl

import dns.resolver
import pytest

import hcpsdk
from hcpsdk import HcpsdkError, HcpsdkReplicaInitError, Target, _tls
from hcpsdk.auth import BaseAuthorization
from hcpsdk.ips import Circle, IpsError

FQDN = 'n1.m.hcp1.example.com'
REPLICA = 'n1.m.hcp2.example.com'
TOKEN = 'bg==:1dc7fed37e11b35093d311ef66928ad9'


@pytest.fixture
def make(names, authorization):
    """Makes a Target by the fake name servers."""

    def make(fqdn: object = FQDN, auth: object = authorization, *args: object, **more: object) -> Target:
        return Target(fqdn, auth, *args, **{'resolver': names, **more})

    return make


def test_what_can_be_read(make) -> None:
    """Or a program could not tell where it is connected to."""
    target = make(FQDN)
    assert (target.fqdn, target.port, target.ssl, target.replica) == (FQDN, 443, True, None)
    assert target.addresses == ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']
    assert [target.getaddr() for _ in range(5)][::4] == ['192.0.2.1', '192.0.2.1']
    assert repr(target) == f'<Target {FQDN} port 443, TLS>'


def test_what_it_was_made_with_can_be_read(make, names) -> None:
    """Or a program for release 0.9.5 could not ask its Target."""
    names[REPLICA, 'A'] = ['192.0.2.11']
    context = ssl.create_default_context()
    plain = make(port=80)
    assert (plain.interface, plain.sslcontext, plain.replica_strategy) == (Target.I_NATIVE, None, None)
    assert make(sslcontext=context).sslcontext is context
    usual = make()
    assert usual.sslcontext.verify_mode is ssl.CERT_REQUIRED
    assert usual.sslcontext is usual._endpoint.context
    strategy = Target.RS_READ_ALLOWED | Target.RS_READ_ON_FAILOVER
    paired = make(interface=Target.I_DUMMY, replica_fqdn=REPLICA, replica_strategy=strategy)
    twin = pickle.loads(
        pickle.dumps(make(interface=Target.I_DUMMY, resolver=None, port=80, fqdn='127.0.0.1'))
    )
    assert (paired.interface, paired.replica_strategy, twin.interface) == ('I_DUMMY', strategy, 'I_DUMMY')


def test_the_port_can_be_insisted_on(make) -> None:
    """Or a program could not tell early that its Target is for something else."""
    target = make(port=9090)
    assert hcpsdk.checkport(target, hcpsdk.P_MAPI) is None
    with pytest.raises(hcpsdk.HcpsdkPortError, match='port 9090, not 443'):
        hcpsdk.checkport(target, hcpsdk.P_HTTPS)
    with pytest.raises(TypeError, match=r'hcpsdk\.Target'):
        hcpsdk.checkport(FQDN, 443)
    with pytest.raises(TypeError, match='port'):
        hcpsdk.checkport(target, '9090')


@pytest.mark.parametrize(
    'name',
    ['fqdn', 'port', 'ssl', 'addresses', 'headers', 'replica', 'interface', 'sslcontext', 'replica_strategy'],
)
def test_what_can_be_read_cannot_be_set(make, name: str) -> None:
    """Or a Target shared by threads could be changed under them."""
    with pytest.raises(AttributeError):
        setattr(make(), name, 1)


def test_the_addresses_are_a_copy(make) -> None:
    """Or a caller who sorts them would change the turns of all Connections."""
    target = make()
    target.addresses.clear()
    assert len(target.addresses) == 4


@pytest.mark.parametrize(
    ('port', 'override', 'tls'),
    [
        (443, None, True),
        (8000, None, True),
        (9090, None, True),
        (80, None, False),
        (8443, None, False),
        (8443, True, True),
        (443, False, False),
    ],
)
def test_tls_goes_by_the_port_unless_told_otherwise(
    make, port: int, override: bool | None, tls: bool
) -> None:
    """Or credentials would go out in the clear, or a gateway could not be reached."""
    target = make(port=port, ssl=override)
    assert target.ssl is tls
    assert (target._endpoint.context is not None) is tls
    assert (target._endpoint.host, target._endpoint.port) == (FQDN, port)


def test_the_prepared_headers(make) -> None:
    """Or HCP would not know the namespace and the user, or would compress what nobody unpacks."""
    assert make().headers == {
        'Host': FQDN,
        'Accept-Encoding': 'identity',
        'User-Agent': 'hcpsdk/0.9.0-5',
        'Authorization': f'HCP {TOKEN}',
        'Cookie': f'hcp-ns-auth={TOKEN}',
    }


def test_the_headers_are_a_fresh_copy(make) -> None:
    """Or one caller's change would go out with the requests of all."""
    target = make()
    target.headers['Host'] = 'other'
    assert target.headers['Host'] == FQDN


@pytest.mark.parametrize(
    ('fqdn', 'port', 'override', 'host'),
    [
        (FQDN, 443, None, FQDN),
        (FQDN, 80, None, FQDN),
        (FQDN, 9090, None, f'{FQDN}:9090'),
        (FQDN, 443, False, f'{FQDN}:443'),
        (FQDN, 80, True, f'{FQDN}:80'),
        ('192.0.2.1', 8080, None, '192.0.2.1:8080'),
        ('2001:db8::1', 80, None, '[2001:db8::1]'),
        ('2001:db8::1', 8080, None, '[2001:db8::1]:8080'),
        ('bücher.example.com', 443, None, 'xn--bcher-kva.example.com'),
    ],
)
def test_the_host_header(make, names, fqdn: str, port: int, override: bool | None, host: str) -> None:
    """Or HCP could not find the namespace: it goes by ``Host`` alone."""
    names[fqdn, 'A'] = ['192.0.2.1']
    assert make(fqdn, port=port, ssl=override).headers['Host'] == host


WRONG_TYPE = {
    'fqdn': [None, b'n1.example.com', 5],
    'auth': [None, 'n', ('n', 'n01'), hcpsdk.NativeAuthorization],
    'port': ['443', 443.0, None, True],
    'replica_fqdn': [5, b'n1.example.com'],
    'replica_strategy': ['1', 1.0, True],
    'sslcontext': [True, 'ca.pem'],
}
WRONG_VALUE = {
    'fqdn': [
        '',
        'https://n1.example.com',
        'n1.example.com/rest',
        'n1 .example.com',
        'n1\r\nX: y',
        'n1.example.com:443',
        '[::1]',
        'fe80::1%\r\nX: y',
    ],
    'port': [0, -1, 65536],
    'interface': ['I_S3', None, 1, 'native'],
    'replica_fqdn': ['', 'https://n1.example.com'],
    'replica_strategy': [16, -1, 31],
}
BAD = [
    *((name, value, TypeError) for name, values in WRONG_TYPE.items() for value in values),
    *((name, value, ValueError) for name, values in WRONG_VALUE.items() for value in values),
    ('interface', hcpsdk.I_HS3, HcpsdkError),
    ('interface', hcpsdk.I_HSWIFT, HcpsdkError),
]


@pytest.mark.parametrize(('name', 'value', 'error'), BAD, ids=[f'{name}={value!r}' for name, value, _ in BAD])
def test_bad_input_is_refused_before_anything_is_asked(
    make, names, name: str, value: object, error: type
) -> None:
    """Or a mistake would show late, as something else, or after a question that nobody meant."""
    arguments = {name: value}
    if name == 'replica_strategy':
        arguments['replica_fqdn'] = REPLICA
    with pytest.raises(error) as caught:
        make(**arguments)
    assert {'auth': 'authorization', 'replica_fqdn': 'fqdn'}.get(name, name) in str(caught.value)
    assert names.asked == []


def test_a_strategy_needs_a_replica(make) -> None:
    """Or a caller would believe that his replica is used."""
    with pytest.raises(ValueError, match='needs a replica_fqdn'):
        make(replica_strategy=Target.RS_READ_ALLOWED)


def test_an_unresolvable_name_raises(make) -> None:
    """Or a typing error would show only at the first request."""
    with pytest.raises(IpsError, match='could not be resolved'):
        make('nowhere.example.com')


def test_the_replica_is_a_target_like_its_primary(make, names) -> None:
    """Or the replica would be asked with other credentials, or another trust."""
    names[REPLICA, 'A'] = ['192.0.2.9']
    context = ssl.create_default_context()
    strategy = Target.RS_READ_ALLOWED | Target.RS_WRITE_ON_FAILOVER
    target = make(port=8443, replica_fqdn=REPLICA, replica_strategy=strategy, ssl=True, sslcontext=context)
    replica = target.replica
    assert (replica.fqdn, replica.port, replica.ssl, replica.addresses) == (
        REPLICA,
        8443,
        True,
        ['192.0.2.9'],
    )
    assert replica._endpoint.context is target._endpoint.context is context
    assert replica.headers == {**target.headers, 'Host': f'{REPLICA}:8443'}
    assert replica.replica is None


def test_a_replica_that_cannot_be_resolved_takes_the_primary_with_it(make) -> None:
    """Or a program would run for months with a replica that does not exist."""
    with pytest.raises(HcpsdkReplicaInitError, match=REPLICA) as caught:
        make(replica_fqdn=REPLICA)
    assert isinstance(caught.value.__cause__, IpsError)


def test_a_failure_reaches_the_circle(make) -> None:
    """Or a node that is down would be tried by each new connection."""
    target = make()
    target._circle.failed('192.0.2.1')
    target._circle._refresher.join(10)
    assert target._circle.round()[-1] == '192.0.2.1'


# --- authorization ---------------------------------------------------------------------------


class Own(BaseAuthorization):
    """What a user of the SDK may write."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers

    def headers(self) -> dict[str, str]:
        return self._headers


def test_an_authorization_of_ones_own(make) -> None:
    """Or a scheme that we do not know could not be added."""
    assert make(auth=Own({'Authorization': 'AD x'})).headers['Authorization'] == 'AD x'


class Old(BaseAuthorization):
    """What a user of release 0.9.5 may have written: there, headers were an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.headers = {'Authorization': 'AD x'}


def test_an_authorization_made_for_the_last_public_release(make) -> None:
    """Or who comes from there would have to write it anew."""
    assert make(auth=Old()).headers['Authorization'] == 'AD x'


@pytest.mark.parametrize(
    'headers', [{'Authorization': 'AD u:geheim\r\nX: y'}, {'A\nB': 'geheim'}, {'A': 'geheim\u20ac'}]
)
def test_headers_that_could_smuggle_are_refused_here_too(make, names, headers: dict[str, str]) -> None:
    """Or a password with a line break in it would become a header of its own."""
    with pytest.raises(HcpsdkError) as caught:
        make(auth=Own(headers))
    assert 'geheim' not in str(caught.value)
    assert names.asked == []


# --- trust -----------------------------------------------------------------------------------


def test_the_usual_context_verifies_and_is_made_once(make) -> None:
    """Or anybody could pose as the HCP, or each connect would read all authorities anew."""
    target = make()
    context = target._endpoint.context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert target._endpoint.context is context


def test_noverify_verifies_nothing_but_keeps_the_floor() -> None:
    """Or the laboratory would be locked out; or an ancient protocol be let in with it."""
    context = hcpsdk.SSL_NOVERIFY
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_noverify_warns_once(make, caplog) -> None:
    """Or nobody would notice that production runs without verification."""
    _tls.warn_noverify.cache_clear()
    with caplog.at_level(logging.WARNING):
        make(sslcontext=hcpsdk.SSL_NOVERIFY)
        make(sslcontext=hcpsdk.SSL_NOVERIFY)
    assert [record.levelname for record in caplog.records] == ['WARNING']
    assert 'SSL_NOVERIFY' in caplog.text


# --- pickling --------------------------------------------------------------------------------


def test_a_target_can_be_pickled(make) -> None:
    """Or it could not be handed to a pool of processes."""
    target = Target('192.0.2.1', hcpsdk.NativeAuthorization('n', 'n01'), replica_fqdn='192.0.2.2')
    assert target._endpoint.context is not None
    twin = pickle.loads(pickle.dumps(target))
    assert twin.headers == target.headers
    assert (twin.fqdn, twin.port, twin.ssl, twin.addresses) == ('192.0.2.1', 443, True, ['192.0.2.1'])
    assert twin.replica.fqdn == '192.0.2.2'
    assert twin._endpoint.context.verify_mode is ssl.CERT_REQUIRED
    assert twin.getaddr() == '192.0.2.1'


def test_a_target_with_a_real_resolver_can_be_pickled(authorization) -> None:
    """Or the extension ``resolver`` would close the way to other processes."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ['192.0.2.53']
    target = Target('192.0.2.1', authorization, resolver=resolver)
    assert pickle.loads(pickle.dumps(target))._circle._resolver.nameservers == ['192.0.2.53']


def test_a_pickled_target_shows_no_credentials(make) -> None:
    """Or whoever sees the pickle, in a queue or a file, would read the token."""
    pickled = pickle.dumps(make(port=80), protocol=0) + pickle.dumps(make(port=80))
    for secret in (TOKEN, TOKEN.partition(':')[2], 'n01'):
        assert secret.encode() not in pickled


def test_noverify_survives_pickling_as_itself() -> None:
    """Or a laboratory could not use processes; or it would end up verifying in half of them."""
    target = Target('192.0.2.1', hcpsdk.NativeAuthorization('n', 'n01'), sslcontext=hcpsdk.SSL_NOVERIFY)
    assert pickle.loads(pickle.dumps(target))._endpoint.context is hcpsdk.SSL_NOVERIFY


def test_a_context_of_ones_own_cannot_be_pickled_and_that_is_said(make) -> None:
    """Or the other side would trust somebody else than this one, or fail without a word."""
    target = make(sslcontext=ssl.create_default_context())
    with pytest.raises(HcpsdkError, match='own SSLContext cannot be pickled'):
        pickle.dumps(target)


@pytest.mark.parametrize('argument', ['resolver', 'ssl', 'dnscache', 'sslcontext'])
def test_an_argument_of_the_wrong_type_is_named_at_once(argument, authorization) -> None:
    """Or a wrong resolver would be reported as a name that nobody knows, after a search."""
    with pytest.raises(TypeError, match=argument):
        hcpsdk.Target('192.0.2.1', authorization, **{argument: 'no'})


def test_a_dot_at_the_end_of_the_name_stays_with_dns(monkeypatch, authorization) -> None:
    """Or a certificate would not fit the very name that it was made for."""
    monkeypatch.setattr(Circle, 'refresh', lambda self: None)
    target = hcpsdk.Target(FQDN + '.', authorization)
    assert (target.headers['Host'], target._endpoint.host) == (FQDN, FQDN)
