"""Replication links are made, filled, scheduled and deleted on mock HCPs."""

from __future__ import annotations

from typing import Callable

import pytest
import trustme

import hcpsdk
from hcpsdk.mapi import MapiError, Replication
from hcpsdk.mock import MockHCP

Pair = tuple[MockHCP, MockHCP]


@pytest.fixture
def aim() -> Callable[[MockHCP], Replication]:
    def make(hcp: MockHCP) -> Replication:
        auth = hcpsdk.NativeAuthorization('service', 'service01')
        target = hcpsdk.Target(f'admin.{hcp.domain}', auth, hcp.mapi_port, resolver=hcp.resolver())
        return Replication(target)

    return make


@pytest.fixture
def replication(mock_hcp: MockHCP, aim: Callable[[MockHCP], Replication]) -> Replication:
    mock_hcp.system.links.clear()
    return aim(mock_hcp)


def make(replication: Replication, name: str = 'a to b/c') -> str:
    replication.createlink(
        name, replication.R_OUTBOUND, 'replication.admin.hcp2.example.com', description='lab pair'
    )
    return name


def test_the_life_of_a_link(replication: Replication) -> None:
    """Or links would be made in the console only."""
    name = make(replication)
    assert replication.getlinklist() == [name]
    details = replication.getlinkdetails(name)
    assert (details['type'], details['description']) == ('OUTBOUND', 'lab pair')
    assert details['connection']['remoteHost'] == 'replication.admin.hcp2.example.com'
    replication.modifylink(name, description='', priority='FAIR')
    assert replication.getlinkdetails(name)['priority'] == 'FAIR'
    with pytest.raises(MapiError, match='403'):  # not before it is suspended
        replication.deletelink(name)
    replication.setreplicationlinkstate(name, replication.R_SUSPEND)
    replication.deletelink(name)
    assert replication.getlinklist() == []


def test_what_a_link_replicates(mock_hcp: MockHCP, replication: Replication) -> None:
    """Or a tenant could not be added to a link, nor held for a while."""
    name = make(replication)
    assert 'm' in replication.candidates(name)['tenants']
    replication.addcontent(name, 'm')
    assert replication.linkcontent(name)['tenants'] == ['m']
    assert replication.tenantstate(name, 'm')['status'] == 'REPLICATING'
    replication.pausetenant(name, 'm')
    assert replication.tenantstate(name, 'm')['status'] == 'PAUSED'
    replication.resumetenant(name, 'm')
    replication.removecontent(name, 'm')
    assert replication.linkcontent(name)['tenants'] == []


def test_when_a_link_works(replication: Replication) -> None:
    """Or a link would take the whole line by day."""
    name = make(replication)
    side = {'scheduleOverride': 'NONE', 'transition': [{'time': 'Mon:06', 'performanceLevel': 'LOW'}]}
    replication.setschedule(name, local=side)
    assert replication.schedule(name)['local']['transition'] == side['transition']


def test_the_service(replication: Replication) -> None:
    """Or DNS failover could not be switched, nor all links be stopped in an emergency."""
    replication.setreplicationsettings(enableDNSFailover=False)
    assert replication.getreplicationsettings()['enableDNSFailover'] == 'false'
    replication.shutdownalllinks('fire in the cellar')
    assert replication.get('services/replication', {'verbose': True})['status'] == 'SHUTDOWN'
    replication.reestablishalllinks()
    assert replication.get('services/replication', {'verbose': True})['status'] == 'ENABLED'


def test_certificates(replication: Replication) -> None:
    """Or two systems could not be made to trust each other by a program."""
    own = replication.certificate()
    assert own.startswith('-----BEGIN CERTIFICATE-----')
    assert [one['id'] for one in replication.certificates()] == ['server']
    other = trustme.CA().issue_cert('replication.hcp2.example.com').cert_chain_pems[0].bytes().decode()
    replication.uploadcertificate(other)
    ids = [one['id'] for one in replication.certificates() if one['id'] != 'server']
    assert len(ids) == 1
    replication.deletecertificate(ids[0])
    assert [one['id'] for one in replication.certificates()] == ['server']


def test_a_failover_of_two_systems(mock_hcp_pair: Pair, aim: Callable[[MockHCP], Replication]) -> None:
    """Or an active/passive pair could not be failed over, and brought back, by a program."""
    hcp1, hcp2 = mock_hcp_pair
    link = hcp1.replicate_to(hcp2, 'ACTIVE_PASSIVE')
    primary, replica = aim(hcp1), aim(hcp2)
    for action in (Replication.R_FAILOVER, Replication.R_BEGINRECOVERY):
        replica.setreplicationlinkstate(link.name, action, Replication.R_INBOUND)
    assert primary.getlinkdetails(link.name)['statusMessage'] == 'Receiving data'
    replica.setreplicationlinkstate(link.name, Replication.R_COMPLETERECOVERY, Replication.R_INBOUND)
    states = [replica.getlinkdetails(link.name)['statusMessage'] for _ in range(3)]
    assert states[-1] == 'Receiving data'


BAD = [
    (lambda r: r.createlink('a', 'BOTH', 'b'), ValueError, 'type must be'),
    (lambda r: r.createlink('', 'OUTBOUND', 'b'), ValueError, 'name of a link'),
    (lambda r: r.createlink('a', 'OUTBOUND', ''), ValueError, 'remoteHost'),
    (lambda r: r.uploadcertificate(None), TypeError, 'text must be'),
    (lambda r: r.uploadcertificate(' '), ValueError, 'text must not be empty'),
    (lambda r: r.addcontent('a', 'm', 'users'), ValueError, 'what must be'),
    (lambda r: r.addcontent('a', ''), ValueError, 'must not be empty'),
    (lambda r: r.shutdownalllinks(''), ValueError, 'reason'),
    (lambda r: r.shutdownalllinks('x' * 1025), ValueError, 'reason'),
    (lambda r: r.deletelink(''), ValueError, 'name of a link'),
    (lambda r: r.certificate('..'), ValueError, 'certificate'),
]


@pytest.mark.parametrize(('call', 'kind', 'why'), BAD, ids=[why for *_, why in BAD])
def test_bad_arguments_fail_before_hcp_is_asked(mock_hcp: MockHCP, replication: Replication, call, kind, why):
    """Or a typing error would be HCP's to explain, or delete the list instead of a link."""
    with pytest.raises(kind, match=why):
        call(replication)
    assert mock_hcp.log == []
