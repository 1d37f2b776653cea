"""Replication links: what is read of them, and which action fits which."""

from __future__ import annotations

import pytest

from hcpsdk import HcpsdkError, mapi
from hcpsdk.mapi import Replication, ReplicationSettingsError
from hcpsdk.mapi.replication import _FITTING

LINKS = '/mapi/services/replication/links'
A_A, OUT, IN = Replication.R_ACTIVE_ACTIVE, Replication.R_OUTBOUND, Replication.R_INBOUND
EVERY_TYPE = (None, A_A, OUT, IN)

DETAILS = b"""<link><compression>false</compression><connection><localHost>192.0.2.1, 192.0.2.2</localHost>
<localPort>5748</localPort></connection><description/><failoverSettings><local>
<autoFailover>false</autoFailover></local></failoverSettings><name>a-to-b</name></link>"""

ALLOWED = {
    'suspend': EVERY_TYPE,
    'resume': EVERY_TYPE,
    'restore': EVERY_TYPE,
    'failOver': (A_A, OUT, IN),
    'failBack': (A_A,),
    'beginRecovery': (OUT, IN),
    'completeRecovery': (OUT, IN),
}
CASES = [
    (action, linktype, linktype in fitting) for action, fitting in ALLOWED.items() for linktype in EVERY_TYPE
]


@pytest.fixture
def replication(target, network) -> Replication:
    return Replication(target)


@pytest.mark.parametrize(('action', 'linktype', 'fits'), CASES)
def test_which_action_fits_which_link(
    replication, network, respond, action: str, linktype: object, fits: bool
) -> None:
    """Or a failback would be sent to a link that knows none; or a good action be refused."""
    wire = network.answers(respond())
    if fits:
        assert replication.setreplicationlinkstate('a-to-b', action, linktype) is None
        assert wire.lines[0] == f'POST {LINKS}/a-to-b?{action}= HTTP/1.1'
        assert 'Content-Length: 0' in wire.lines
        assert wire.closed
    else:
        with pytest.raises(ReplicationSettingsError, match=action):
            replication.setreplicationlinkstate('a-to-b', action, linktype)
        assert network.dialled == []


def test_each_constant_is_in_the_table() -> None:
    """Or a documented action would be refused as unknown."""
    constants = {value for name, value in vars(Replication).items() if name.startswith('R_')}
    assert constants == set(_FITTING) | {A_A, OUT, IN}


def test_the_error_is_one_of_ours() -> None:
    """Or ``except hcpsdk.HcpsdkError`` would not catch it."""
    assert issubclass(ReplicationSettingsError, HcpsdkError)
    assert mapi.__all__ == sorted(mapi.__all__)


def test_settings(replication, network, respond) -> None:
    """Or the settings of the service could not be read."""
    wire = network.answers(
        respond(body=b'<replicationService><network>[hcp_system]</network></replicationService>')
    )
    assert replication.getreplicationsettings() == {'network': '[hcp_system]'}
    assert wire.lines[0] == 'GET /mapi/services/replication HTTP/1.1'


@pytest.mark.parametrize(
    ('body', 'found'), [(b'<links/>', []), (b'<links><name>a</name><name>b</name></links>', ['a', 'b'])]
)
def test_the_list_of_links(replication, network, respond, body: bytes, found: list[str]) -> None:
    """Or a program would not know which links there are."""
    wire = network.answers(respond(body=body))
    assert replication.getlinklist() == found
    assert wire.lines[0] == f'GET {LINKS} HTTP/1.1'


def test_the_details_of_a_link(replication, network, respond) -> None:
    """Or the state of a link could not be read by the names that HCP gives."""
    wire = network.answers(respond(body=DETAILS))
    assert replication.getlinkdetails('a-to-b') == {
        'compression': 'false',
        'connection': {'localHost': '192.0.2.1, 192.0.2.2', 'localPort': '5748'},
        'description': '',
        'failoverSettings': {'local': {'autoFailover': 'false'}},
        'name': 'a-to-b',
    }
    assert wire.lines[0] == f'GET {LINKS}/a-to-b?verbose=true HTTP/1.1'


@pytest.mark.parametrize(
    ('name', 'encoded'),
    [
        ('hcp1--<-->--hcp2', 'hcp1--%3C--%3E--hcp2'),
        ('a b', 'a%20b'),
        ('a/b', 'a%2Fb'),
        ('a%20b', 'a%2520b'),
        ('a?suspend', 'a%3Fsuspend'),
        ('Köln', 'K%C3%B6ln'),
    ],
)
def test_the_name_of_a_link_is_only_a_name(replication, network, respond, name: str, encoded: str) -> None:
    """Or a name could ask for another link, or for another action."""
    wire = network.answers(respond(body=DETAILS))
    replication.getlinkdetails(name)
    assert wire.lines[0] == f'GET {LINKS}/{encoded}?verbose=true HTTP/1.1'


ASK = {
    'getreplicationsettings': lambda r: r.getreplicationsettings(),
    'getlinklist': lambda r: r.getlinklist(),
    'getlinkdetails': lambda r: r.getlinkdetails('a'),
    'setreplicationlinkstate': lambda r: r.setreplicationlinkstate('a', Replication.R_SUSPEND),
}


@pytest.mark.parametrize('ask', ASK.values(), ids=ASK)
def test_a_refusal_quotes_hcp(replication, network, respond, ask) -> None:
    """Or a caller would be told that it failed, and not why."""
    wire = network.answers(respond('400 Bad Request', X_HCP_ErrorMessage='No such link'))
    with pytest.raises(HcpsdkError, match='400 Bad Request - No such link'):
        ask(replication)
    assert wire.closed


@pytest.mark.parametrize('ask', list(ASK.values())[:3], ids=list(ASK)[:3])
def test_another_document_is_an_error(replication, network, respond, ask) -> None:
    """Or a login page would be read as a system without links."""
    network.answers(respond(body=b'<html/>'))
    with pytest.raises(HcpsdkError, match='expected a <'):
        ask(replication)


def test_an_action_is_not_sent_twice(replication, network) -> None:
    """Or a failover whose answer was lost would be done again."""
    network.answers(TimeoutError('timed out'))
    with pytest.raises(HcpsdkError):
        replication.setreplicationlinkstate('a', Replication.R_FAILOVER, A_A)
    assert len(network.dialled) == 1


BAD = [
    (('a', 'explode'), ValueError, 'action must be one of suspend'),
    (('a', None), ValueError, 'action'),
    (('a', 'SUSPEND'), ValueError, 'action'),
    (('a', 'failOver', 'SIDEWAYS'), ValueError, 'linktype must be one of ACTIVE_ACTIVE'),
    (('a', 'suspend', 'outbound'), ValueError, 'linktype'),
    (('', 'suspend'), ValueError, 'name of a link'),
    ((None, 'suspend'), TypeError, 'name of a link'),
    ((b'a', 'suspend'), TypeError, 'name of a link'),
]


@pytest.mark.parametrize(('arguments', 'error', 'said'), BAD)
def test_bad_input_is_refused_before_anything_is_sent(
    replication, network, arguments, error: type, said: str
) -> None:
    """Or a typing error would be sent to a production link."""
    with pytest.raises(error, match=said):
        replication.setreplicationlinkstate(*arguments)
    assert network.dialled == []


@pytest.mark.parametrize(('name', 'error'), [('', ValueError), (None, TypeError), ('a\0', HcpsdkError)])
def test_details_of_nothing_are_refused(replication, network, name: object, error: type) -> None:
    """Or the list of links would be taken for the details of one."""
    with pytest.raises(error):
        replication.getlinkdetails(name)
    assert network.dialled == []


def test_what_is_no_target_is_refused() -> None:
    """Or the mistake would show only at the first question."""
    with pytest.raises(TypeError, match=r'hcpsdk\.Target'):
        Replication('admin.hcp1.example.com')


def test_it_shows_itself(replication) -> None:
    """Or the interactive prompt would show a bare address in memory."""
    assert repr(replication) == '<Replication of n1.m.hcp1.example.com>'
