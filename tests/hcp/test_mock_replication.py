"""Two mocks that replicate: what travels, when, what collides, and what failover does to it."""

from __future__ import annotations

import pytest

import hcpsdk
from hcpsdk.mock import LinkState, MockHCP, Replication

Pair = tuple[MockHCP, MockHCP]


def test_smoke(mock_hcp_pair: Pair, dial) -> None:
    hcp1, hcp2 = mock_hcp_pair
    r = hcp1.replicate_to(hcp2)
    a, b = dial(hcp1.port, hcp1.addresses[0]), dial(hcp2.port, hcp2.addresses[0])
    H2 = {'Host': 'n1.m.hcp2.example.com'}
    assert a.ask('PUT', '/rest/d/x', b'hello').status == 201
    assert a.ask('HEAD', '/rest/d/x').headers['x-hcp-replicated'] == 'true'
    got = b.ask('GET', '/rest/d/x', **H2)
    assert (got.status, got.body) == (200, b'hello')
    assert b.ask('PUT', '/rest/d/x?type=custom-metadata&annotation=q', b'<a/>', **H2).status == 201
    assert a.ask('GET', '/rest/d/x?type=custom-metadata&annotation=q').body == b'<a/>'
    assert a.ask('DELETE', '/rest/d/x').status == 200
    assert b.ask('GET', '/rest/d/x', **H2).status == 404
    print(r, r.pending(hcp1))
