"""What a namespace says of itself, as Python's types."""

from __future__ import annotations

import pytest

from hcpsdk import HcpsdkError, HcpsdkTruncatedError
from hcpsdk.namespace import Info

STATISTICS = b"""<?xml version="1.0" encoding="UTF-8"?>
<statistics xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="/x.xsd"
  namespaceName="2024" totalCapacityBytes="53687091200" usedCapacityBytes="0" softQuotaPercent="85"
  objectCount="402403" shredObjectCount="0"/>"""
NAMESPACES = """<namespaces>
<namespace name="n1" nameIDNA="n1" versioningEnabled="false" searchEnabled="true" retentionMode="enterprise"
  defaultShredValue="false" defaultIndexValue="true" defaultRetentionValue="0" hashScheme="SHA-256" dpl="2">
  <description><![CDATA[ replicated \u00b0search\u00b0 \u00b0no versioning]]></description></namespace>
<namespace name="42" nameIDNA="42" defaultRetentionValue="A+10y" dpl="Dynamic"/></namespaces>""".encode()
CLASSES = b"""<retentionClasses>
<retentionClass name="clinical" value="A+21y" autoDelete="true"><description>
  Medical records </description></retentionClass>
<retentionClass name="7" value="-1" autoDelete="false"/></retentionClasses>"""
PERMISSIONS = b"""<permissions><namespacePermissions read="true" write="false"/>
<namespaceEffectivePermissions read="true" write="false"/><userPermissions read="false" write="true"/>
<userEffectivePermissions read="false" write="false"/></permissions>"""


@pytest.fixture
def info(target, network) -> Info:
    return Info(target)


def test_statistics(info, network, respond) -> None:
    """Or a program could not reckon with numbers; a name made of digits stays a name."""
    wire = network.answers(respond(body=STATISTICS))
    assert info.nsstatistics() == {
        'namespaceName': '2024',
        'totalCapacityBytes': 53687091200,
        'usedCapacityBytes': 0,
        'softQuotaPercent': 85,
        'objectCount': 402403,
        'shredObjectCount': 0,
    }
    assert wire.lines[0] == 'GET /proc/statistics HTTP/1.1'
    assert wire.closed


@pytest.mark.parametrize(('every', 'target_line'), [(False, '/proc?single=true'), (True, '/proc')])
def test_namespaces(info, network, respond, every: bool, target_line: str) -> None:
    """Or the settings would have another shape than the manual's, or be those of the wrong namespaces."""
    wire = network.answers(respond(body=NAMESPACES))
    found = info.listaccessiblens(all=every)
    assert wire.lines[0] == f'GET {target_line} HTTP/1.1'
    assert found['n1'] == {
        'name': 'n1',
        'nameIDNA': 'n1',
        'versioningEnabled': False,
        'searchEnabled': True,
        'retentionMode': 'enterprise',
        'defaultShredValue': False,
        'defaultIndexValue': True,
        'defaultRetentionValue': 0,
        'hashScheme': 'SHA-256',
        'dpl': 2,
        'description': ['replicated', 'search', 'no versioning'],
    }
    assert found['42'] == {
        'name': '42',
        'nameIDNA': '42',
        'defaultRetentionValue': 'A+10y',
        'dpl': 'Dynamic',
        'description': [],
    }


def test_retention_classes(info, network, respond) -> None:
    """Or a special value (-1) could not be told from an offset."""
    wire = network.answers(respond(body=CLASSES))
    assert info.listretentionclasses() == {
        'clinical': {
            'name': 'clinical',
            'value': 'A+21y',
            'autoDelete': True,
            'description': 'Medical records',
        },
        '7': {'name': '7', 'value': -1, 'autoDelete': False, 'description': ''},
    }
    assert wire.lines[0] == 'GET /proc/retentionClasses HTTP/1.1'


def test_permissions(info, network, respond) -> None:
    """Or a program would believe that it may write."""
    wire = network.answers(respond(body=PERMISSIONS))
    assert info.listpermissions() == {
        'namespacePermissions': {'read': True, 'write': False},
        'namespaceEffectivePermissions': {'read': True, 'write': False},
        'userPermissions': {'read': False, 'write': True},
        'userEffectivePermissions': {'read': False, 'write': False},
    }
    assert wire.lines[0] == 'GET /proc/permissions HTTP/1.1'


ASK = {
    'nsstatistics': lambda info: info.nsstatistics(),
    'listaccessiblens': lambda info: info.listaccessiblens(),
    'listretentionclasses': lambda info: info.listretentionclasses(),
    'listpermissions': lambda info: info.listpermissions(),
}
each_question = pytest.mark.parametrize('ask', ASK.values(), ids=ASK)


@each_question
def test_a_refusal_quotes_hcp(info, network, respond, ask) -> None:
    """Or a caller would be told that it failed, and not why."""
    wire = network.answers(respond('403 Forbidden', X_HCP_ErrorMessage='No permission here'))
    with pytest.raises(HcpsdkError, match=r'GET /proc.* at 192\.0\.2\.1: 403 Forbidden - No permission here'):
        ask(info)
    assert wire.closed


def test_a_folded_reason_is_one_line(info, network, respond) -> None:
    """Or HCP's words, or those of something in between, could forge a line of a log."""
    network.answers(respond('403 Forbidden', X_HCP_ErrorMessage='No \r\n\t permission'))
    with pytest.raises(HcpsdkError, match='403 Forbidden - No permission$'):
        info.nsstatistics()


@each_question
def test_a_refusal_without_a_reason(info, network, respond, ask) -> None:
    """Or a refusal would end with a dash and nothing behind it."""
    network.answers(respond('302 Found'))
    with pytest.raises(HcpsdkError, match='302 Found$'):
        ask(info)


@each_question
@pytest.mark.parametrize('body', [b'', b'<html><body>Login</body></html>', b'{"json": true}'])
def test_another_document_is_an_error(info, network, respond, ask, body: bytes) -> None:
    """Or a proxy's page would be read as a namespace without anything in it."""
    network.answers(respond(body=body))
    with pytest.raises(HcpsdkError, match='expected a <'):
        ask(info)


@each_question
def test_a_cut_document_is_an_error(info, network, respond, ask) -> None:
    """Or half of a list would pass for the whole."""
    network.answers(respond(body=b'<namespaces>', Content_Length=100))
    with pytest.raises(HcpsdkTruncatedError):
        ask(info)


@pytest.mark.parametrize(
    ('ask', 'body'),
    [
        (ASK['listaccessiblens'], b'<namespaces><namespace dpl="2"/></namespaces>'),
        (ASK['listretentionclasses'], b'<retentionClasses><retentionClass value="0"/></retentionClasses>'),
    ],
)
def test_an_entry_without_a_name_is_an_error_with_words(info, network, respond, ask, body: bytes) -> None:
    """Or a KeyError would come where HcpsdkError was promised."""
    network.answers(respond(body=body))
    with pytest.raises(HcpsdkError, match='name'):
        ask(info)


def test_the_debuglevel_reaches_the_connection(target, network, respond, capsys) -> None:
    """Or the documented way to look at the traffic would show nothing."""
    network.answers(respond(body=STATISTICS))
    Info(target, debuglevel=1).nsstatistics()
    assert 'GET /proc/statistics' in capsys.readouterr().out


def test_what_is_no_target_is_refused() -> None:
    """Or the mistake would show only at the first question."""
    with pytest.raises(TypeError, match=r'hcpsdk\.Target'):
        Info('n1.m.hcp1.example.com')


def test_it_shows_itself(info) -> None:
    """Or the interactive prompt would show a bare address in memory."""
    assert repr(info) == '<Info of n1.m.hcp1.example.com>'
