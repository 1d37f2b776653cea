"""The engine of the management API: what is sent, what comes back, what a refusal says."""

from __future__ import annotations

import json
import logging
import pickle

import pytest

import hcpsdk
from hcpsdk.mapi import ContentClasses, Mapi, MapiError, Namespaces, Tenants, Users, listtenants
from hcpsdk.mapi._engine import url_of

JSON = 'Content-Type: application/json\r\n'
HTML = 'Content-Type: text/html; charset=UTF-8\r\n'
VERSION = 'X-HCP-SoftwareVersion: 9.0.0.2\r\n'


@pytest.fixture
def mapi(target, network) -> Mapi:
    return Mapi(target)


def answer(body: bytes = b'', status: str = '200 OK', lines: str = JSON) -> bytes:
    return f'HTTP/1.1 {status}\r\n{lines}Content-Length: {len(body)}\r\n\r\n'.encode() + body


@pytest.mark.parametrize(
    ('path', 'url'),
    [
        ('tenants', '/mapi/tenants'),
        ('/tenants/lab/', '/mapi/tenants/lab'),
        ('/mapi/tenants/lab', '/mapi/tenants/lab'),
        ('mapistuff', '/mapi/mapistuff'),
        (('tenants', 'a/b', 'c d?#%'), '/mapi/tenants/a%2Fb/c%20d%3F%23%25'),
        (['services', 'Größe'], '/mapi/services/Gr%C3%B6%C3%9Fe'),
        (['services', 'a\udcff'], '/mapi/services/a%FF'),
    ],
)
def test_a_path_becomes_a_url(path: object, url: str) -> None:
    """Or a link with a blank or a slash in its name could not be managed."""
    assert url_of(path) == url


NOWHERE = [
    '', '/', 'mapi', '/mapi/', (), ('',), ('tenants', ''), ('..', 'x'), ('.',),
    'tenants/lab/..', 'tenants//x', 'tenants/%2e%2E/x', './x',
]  # fmt: skip


@pytest.mark.parametrize('path', NOWHERE)
def test_a_path_that_leads_nowhere_is_refused(mapi, network, path: object) -> None:
    """Or a name that is missing by mistake would delete what is above it."""
    with pytest.raises(ValueError, match='must not be empty'):
        mapi.delete(path)
    assert network.dialled == []


@pytest.mark.parametrize('path', ['userAccounts/ann?password=Secret-1', 'tenants?verbose=true'])
def test_a_query_in_a_path_is_refused(mapi, network, caplog, path: str) -> None:
    """Or a password in a line pasted from curl would be part of a name, in log files and errors."""
    with caplog.at_level(logging.DEBUG), pytest.raises(ValueError, match='params') as caught:
        mapi.post(path, body={})
    assert 'Secret' not in caplog.text + str(caught.value)
    assert network.dialled == []


def test_a_name_that_cannot_be_sent_is_refused(mapi, network) -> None:
    """Or it would be an error about an encoding, from deep inside."""
    with pytest.raises(ValueError, match='no UTF-8 form'):
        mapi.get(('tenants', '\ud800'))
    assert network.dialled == []


@pytest.mark.parametrize('path', [(1,), ('tenants', None), 7])
def test_a_path_of_something_else_is_refused(mapi, network, path: object) -> None:
    """Or it would be asked for a tenant called None."""
    with pytest.raises(TypeError):
        mapi.get(path)
    assert network.dialled == []


def test_get_returns_what_came(mapi, network) -> None:
    """Or there would be no way to a resource that has no class."""
    wire = network.answers(answer(b'{"name": ["lab"]}'))
    assert mapi.get('tenants', {'verbose': True}) == {'name': ['lab']}
    assert wire.lines[0] == 'GET /mapi/tenants?verbose=true HTTP/1.1'
    assert 'Accept: application/json' in wire.lines
    assert wire.closed


def test_a_path_may_be_an_iterator(mapi, network) -> None:
    """Or names that are made on the way would be gone when the answer comes, and the answer with them."""
    network.answers(answer(b'{"a": 1}'))
    assert mapi.get(iter(['tenants', 'lab'])) == {'a': 1}


def test_other_formats_come_as_bytes(mapi, network) -> None:
    """Or a certificate could not be read."""
    wire = network.answers(answer(b'<x/>', lines='Content-Type: application/xml\r\n'))
    assert mapi.get('x', accept='application/xml') == b'<x/>'
    assert 'Accept: application/xml' in wire.lines


@pytest.mark.parametrize('verb', ['put', 'post'])
def test_a_dictionary_goes_out_as_json(mapi, network, verb: str) -> None:
    """Or HCP would answer 415, as a body needs its type."""
    wire = network.answers(answer())
    assert getattr(mapi, verb)('tenants', {'password': 'x'}, {'name': 'lab'}) == {}
    assert 'Content-Type: application/json' in wire.lines
    assert wire.body == b'{"name": "lab"}'


@pytest.mark.parametrize(('body', 'sent'), [('PEM', b'PEM'), (b'key', b'key')])
def test_other_bodies_say_what_they_are(mapi, network, body: object, sent: bytes) -> None:
    """Or a licence could not be uploaded."""
    wire = network.answers(answer())
    mapi.put('storage/licenses', body=body, form='text/html')
    assert 'Content-Type: text/html' in wire.lines
    assert wire.body == sent


def test_no_body_has_no_type(mapi, network) -> None:
    """Or replication would refuse its actions, which want neither (1.7)."""
    wire = network.answers(answer())
    mapi.post('services/replication/links/a', {'suspend': ''})
    assert not [line for line in wire.lines if line.startswith('Content-Type')]
    assert wire.body == b''


@pytest.mark.parametrize('body', [[1], 3, ('a', 'b')])
def test_a_body_of_something_else_is_refused(mapi, network, body: object) -> None:
    """Or HCP would get what Python calls it."""
    with pytest.raises(TypeError, match='body must be'):
        mapi.post('tenants/lab', body=body)
    assert network.dialled == []


@pytest.mark.parametrize('verb', ['put', 'post', 'delete'])
def test_what_may_have_run_is_not_repeated(mapi, network, verb: str) -> None:
    """Or a link would be failed over twice, and a tenant that was created be reported as taken."""
    network.answers(ConnectionResetError('gone'))
    with pytest.raises(hcpsdk.HcpsdkError):
        getattr(mapi, verb)('tenants/lab')
    assert len(network.dialled) == 1


def test_a_question_is_repeated(mapi, network) -> None:
    """Or each hiccup of a node would be an error."""
    network.answers(ConnectionResetError('gone'))
    network.answers(answer(b'{}'), at='192.0.2.2')
    assert mapi.get('tenants') == {}


def test_what_changes_something_never_goes_by_a_kept_connection(mapi, network) -> None:
    """Or a connection that HCP has closed in the meantime would leave it in doubt whether it was done."""
    network.answers(answer(b'{}'))
    wire = network.answers(answer(), at='192.0.2.2')
    with mapi:
        mapi.get('tenants')
        mapi.post('tenants/lab', body={})
        assert wire.closed
    assert network.dialled == ['192.0.2.1', '192.0.2.2']


def test_something_else_may_be_done_while_an_answer_is_read(mapi, network) -> None:
    """Or half a package of logs would pass for the whole, when a hook says something to HCP meanwhile."""
    network.answers(answer(b'{"a": "' + b'x' * 500_000 + b'"}'))
    network.answers(answer(b'{}'), at='192.0.2.2')
    network.answers(answer(b'y' * 500_000), at='192.0.2.3')
    network.answers(answer(), at='192.0.2.4')
    with mapi:
        with mapi.open('GET', 'large') as reading:
            first = reading.read(10)
            assert mapi.get('small') == {}
            assert len(first + reading.read()) == 500_009
        with mapi.open('POST', 'logs/download') as reading:
            first = reading.read(10)
            mapi.post('logs', {'cancel': ''})
            assert len(first + reading.read()) == 500_000
    assert all(sock.closed for sock in network.sockets)


def test_in_a_with_block_questions_share_a_connection(mapi, network) -> None:
    """Or a thousand tenants would cost a thousand handshakes."""
    wire = network.answers(answer(b'{}'), answer(b'{"a": 1}'))
    with mapi:
        mapi.get('tenants')
        assert mapi.get('tenants') == {'a': 1}
        assert not wire.closed
    assert wire.closed
    assert len(network.dialled) == 1


@pytest.mark.parametrize(
    ('status', 'there'), [('200 OK', True), ('302 Found', False), ('404 Not Found', False)]
)
def test_whether_something_exists(mapi, network, status: str, there: bool) -> None:
    """Or a tenant that is not there would be an error, as HCP says 302 to that (1.8)."""
    network.answers(answer(status=status, lines=f'Location: /\r\n{VERSION}'))
    assert mapi.exists('tenants/lab') is there


@pytest.mark.parametrize(
    ('method', 'call'),
    [
        ('HEAD', lambda tenants: tenants.exists('lab')),
        ('GET', lambda tenants: tenants.read('lab')),
        ('PUT', lambda tenants: tenants.create('lab')),
        ('DELETE', lambda tenants: tenants.delete('lab')),
    ],
)
def test_a_page_is_no_answer(target, network, method: str, call) -> None:
    """Or the login page of a console would pass for a tenant that is there, or that was made or deleted."""
    network.answers(answer(b'' if method == 'HEAD' else b'<html>', lines=HTML))
    with pytest.raises(MapiError, match='port 9090, and this Target has 80') as caught:
        call(Tenants(target))
    assert (caught.value.status, caught.value.resource) == (
        200,
        '/tenants/lab' if method != 'PUT' else '/tenants',
    )


def test_a_redirection_of_something_else_is_no_answer(mapi, network) -> None:
    """Or a console, which sends everybody to its login, would say of each tenant that it is not there."""
    network.answers(answer(status='302 Found', lines='Location: /login\r\n'))
    with pytest.raises(MapiError, match='302 Found.*port 9090, and this Target has 80'):
        mapi.exists('tenants/lab')


@pytest.mark.parametrize('status', ['302 Found', '404 Not Found'])
def test_a_page_says_nothing_of_a_resource(names, network, status: str) -> None:
    """Or a web server behind a wrong tunnel would say of each tenant that it is not there."""
    target = hcpsdk.Target('n1.m.hcp1.example.com', hcpsdk.DummyAuthorization(), 8080, resolver=names)
    network.answers(answer(status=status, lines=HTML))
    with pytest.raises(MapiError, match='port 9090, and this Target has 8080'):
        Mapi(target).exists('tenants/lab')


def test_a_test_server_may_say_little(names, network) -> None:
    """Or nobody could write one without knowing each header of HCP."""
    target = hcpsdk.Target('n1.m.hcp1.example.com', hcpsdk.DummyAuthorization(), 8080, resolver=names)
    network.answers(answer(b'PEM', lines='Content-Type: text/plain\r\n'))
    network.answers(answer(status='302 Found', lines='Location: /\r\n'), at='192.0.2.2')
    assert Mapi(target).get('x') == b'PEM'
    assert not Mapi(target).exists('tenants/lab')


def test_on_its_own_port_hcp_need_not_say_its_release(names, network) -> None:
    """Or one header that is left out of an answer would be an error where there is none."""
    target = hcpsdk.Target(
        'n1.m.hcp1.example.com', hcpsdk.DummyAuthorization(), 9090, ssl=False, resolver=names
    )
    network.answers(answer(status='302 Found'))
    assert not Mapi(target).exists('tenants/lab')
    network.answers(answer(b'<html>', lines=HTML), at='192.0.2.2')
    with pytest.raises(MapiError, match='this is not the management API') as caught:
        Mapi(target).get('tenants')
    assert 'port' not in str(caught.value)


def test_whether_something_exists_may_not_be_told(mapi, network) -> None:
    """Or a missing role would look like a missing tenant."""
    network.answers(answer(status='403 Forbidden'))
    with pytest.raises(MapiError, match='403 Forbidden'):
        mapi.exists('tenants/lab')


CAUSES = {
    400: 'as HCP wants it',
    403: 'role',
    404: 'no such resource',
    405: 'method',
    409: 'taken',
    415: 'format',
    503: 'busy',
    500: '500',
}


@pytest.mark.parametrize(('status', 'cause'), CAUSES.items())
def test_a_refusal_says_what_and_why(mapi, network, status: int, cause: str) -> None:
    """Or an administrator would have to guess what is wrong, as HCP seldom says it."""
    network.answers(answer(status=f'{status} Nope'))
    with pytest.raises(MapiError, match=cause) as caught:
        mapi.put('tenants', {'password': 'Secret-1'}, {'name': 'lab'})
    error = caught.value
    assert (error.status, error.message, error.resource) == (status, '', '/tenants')
    assert f'PUT /mapi/tenants at 192.0.2.1: {status} Nope' in error.reason
    assert 'Secret' not in str(error)


@pytest.mark.parametrize('status', [400, 404, 409])
def test_the_words_of_hcp_are_enough(mapi, network, status: int) -> None:
    """Or what HCP says would be buried under what may be, and contradicted by it."""
    words = f'X-HCP-ErrorMessage: because\r\n of that\r\n{VERSION}'
    network.answers(answer(status=f'{status} Nope', lines=words))
    with pytest.raises(MapiError) as caught:
        mapi.put('tenants', body={'name': 'lab'})
    assert caught.value.message == 'because of that'
    assert str(caught.value) == f'PUT /mapi/tenants at 192.0.2.1: {status} Nope - because of that'


def test_a_403_may_need_more_words(mapi, network) -> None:
    """Or one would look for a role where the whole of MAPI is switched off."""
    network.answers(answer(status='403 Forbidden', lines='X-HCP-ErrorMessage: not you\r\n'))
    with pytest.raises(MapiError, match='403 Forbidden - not you; if that does not explain it, .* role'):
        mapi.get('tenants')


def test_a_redirection_is_not_followed(mapi, network) -> None:
    """Or credentials would go to whoever is named there."""
    network.answers(answer(status='302 Found', lines='Location: https://elsewhere.example.com/\r\n'))
    with pytest.raises(MapiError, match='302'):
        mapi.get('tenants')
    assert len(network.dialled) == 1


def test_a_wrong_port_is_a_hint(mapi, network) -> None:
    """Or one who forgot the port would look for the fault in the password."""
    network.answers(answer(status='403 Forbidden'))
    with pytest.raises(MapiError, match='has port 9090, and this Target has 80'):
        mapi.get('tenants')


def test_a_403_is_where_another_port_may_be_meant(names, network) -> None:
    """Or a door of HCP that says its release as well, as that for objects does, would not be suspected."""
    target = hcpsdk.Target('n1.m.hcp1.example.com', hcpsdk.DummyAuthorization(), 8080, resolver=names)
    network.answers(answer(status='403 Forbidden', lines=VERSION))
    with pytest.raises(MapiError, match='has port 9090, and this Target has 8080'):
        Mapi(target).get('tenants')


def test_who_says_its_release_is_no_wrong_port(mapi, network) -> None:
    """Or one whose test server has another port would look for the fault there."""
    network.answers(answer(status='404 Not Found', lines=VERSION))
    with pytest.raises(MapiError) as caught:
        mapi.get('tenants')
    assert 'port' not in str(caught.value)


def test_an_answer_without_content_is_an_error(target, network) -> None:
    """Or a tenant without any properties would be taken for what HCP said."""
    network.answers(answer())
    with pytest.raises(MapiError, match='empty') as caught:
        Tenants(target).read('lab')
    assert caught.value.resource == '/tenants/lab'


@pytest.mark.parametrize(
    ('version', 'told'), [('6.1.2', True), ('7.0.0.1', False), ('7.1', False), ('', False)]
)
def test_an_old_release_is_told(target, network, version: str, told: bool) -> None:
    """Or one would look for a typing error where HCP just does not know the resource yet."""
    replication = hcpsdk.mapi.Replication(target)
    lines = f'X-HCP-SoftwareVersion: {version}\r\n' if version else ''
    network.answers(answer(status='404 Not Found', lines=lines))
    with pytest.raises(MapiError) as caught:
        replication.post('services/replication')
    assert ('since release 7.0' in str(caught.value)) is told
    assert replication.software_version == version


@pytest.mark.parametrize('body', [b'{', b'3', b'"text"', b'\xff', b'[' * 100_000])
def test_what_is_no_json_is_an_error(mapi, network, body: bytes) -> None:
    """Or a page of something in between would be taken for settings."""
    network.answers(answer(body))
    with pytest.raises(MapiError, match='expected') as caught:
        mapi.get('tenants')
    assert caught.value.resource == '/tenants'


def test_a_cut_answer_is_an_error(mapi, network) -> None:
    """Or half a list of tenants would pass for the whole."""
    network.answers(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"name": ["a"]}')
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        mapi.get('tenants')


def test_the_log_shows_no_password(mapi, network, caplog) -> None:
    """Or passwords of new users would be kept in log files."""
    network.answers(answer())
    with caplog.at_level(logging.DEBUG):
        mapi.post('tenants/lab/userAccounts/ann', {'password': 'Secret-1'}, {})
        network.answers(ConnectionResetError('gone'), at='192.0.2.2')
        with pytest.raises(hcpsdk.HcpsdkError) as caught:
            mapi.post('tenants/lab/userAccounts', {'resetPasswords': 'Secret-2'}, {})
    assert 'Secret' not in caplog.text + str(caught.value) + repr(mapi)


@pytest.mark.parametrize(
    'said',
    [
        answer(status='400 Bad Request', lines='X-HCP-ErrorMessage: no: /x?password=Secret 1\r\n'),
        answer(status='400 Not /x?password=Secret-1'),
        answer(b'{"you said /x?password=Secret-1'),
        answer(b'"/x?password=Secret-1"'),
    ],
)
def test_what_hcp_repeats_is_not_repeated(mapi, network, said: bytes) -> None:
    """Or the new password would be in the error after all, as HCP has put it there."""
    network.answers(said)
    with pytest.raises(MapiError) as caught:
        mapi.post('userAccounts/ann', {'password': 'Secret-1'}, {})
    assert 'Secret' not in str(caught.value) + caught.value.message


@pytest.mark.parametrize(
    'said',
    [*(answer(status=f'{code} Done', lines=VERSION) for code in (200, 201, 204)), answer(b' \r\n')],
    ids=[200, 201, 204, 'blanks'],
)
def test_what_was_done_is_no_error(mapi, network, said: bytes) -> None:
    """Or what was changed would be reported as refused, and be changed again."""
    network.answers(said)
    assert mapi.post('tenants/lab', body={'softQuota': 70}) == {}


def test_words_about_passwords_are_no_passwords(mapi, network) -> None:
    """Or one could not read what HCP wants of a password."""
    words = 'use letters & digits; the minimum password length = 8'
    network.answers(answer(status='400 Bad Request', lines=f'X-HCP-ErrorMessage: {words}\r\n'))
    with pytest.raises(MapiError) as caught:
        mapi.post('userAccounts/ann', {'password': 'a'}, {})
    assert caught.value.message == words


def test_the_release_is_known_after_any_question(target, network) -> None:
    """Or a program that asks for links first would have to ask once more for the release."""
    network.answers(answer(b'<links/>', lines=VERSION))
    replication = hcpsdk.mapi.Replication(target)
    replication.getlinklist()
    assert replication.software_version == '9.0.0.2'


def test_the_error_survives_pickling() -> None:
    """Or it would not come back from a worker process."""
    error = pickle.loads(pickle.dumps(MapiError('why', 403, 'said', '/tenants')))
    assert (error.reason, error.status, error.message, error.resource) == ('why', 403, 'said', '/tenants')


# --- lists ------------------------------------------------------------------------------------


def test_a_list_is_sorted_and_comes_page_by_page(target, network, monkeypatch) -> None:
    """Or a system with thousands of namespaces would be listed in part, or in an order that changes."""
    monkeypatch.setattr('hcpsdk.mapi._collection.PAGE', 2)
    first = network.answers(answer(b'{"name": ["a", "b"]}'))
    second = network.answers(answer(b'{"name": ["c"]}'), at='192.0.2.2')
    assert list(Tenants(target).list(prefix='x y', descending=True)) == ['a', 'b', 'c']
    asked = 'sortType=name&sortOrder=descending&filterType=name&filterString=x%20y&offset='
    assert first.lines[0] == f'GET /mapi/tenants?{asked}0&count=2 HTTP/1.1'
    assert second.lines[0] == f'GET /mapi/tenants?{asked}2&count=2 HTTP/1.1'


BAD_LISTS = [
    ({'sort': 'colour'}, ValueError, 'sorted by'),
    ({'prefix': 'a', 'tag': 'b'}, ValueError, 'exclude'),
    ({'prefix': 'a,b'}, ValueError, 'comma'),
    ({'prefix': ''}, ValueError, 'filter'),
    ({'prefix': 'a' * 65}, ValueError, 'filter'),
    ({'tag': 3}, TypeError, 'filter'),
    ({'descending': 1}, TypeError, 'descending'),
]


@pytest.mark.parametrize(('options', 'kind', 'why'), BAD_LISTS)
def test_a_list_that_hcp_does_not_have_is_refused(target, network, options, kind, why) -> None:
    """Or HCP would answer 400, or leave the filter out and list everything."""
    with pytest.raises(kind, match=why):
        Tenants(target).list(**options)
    assert network.dialled == []


@pytest.mark.parametrize(('page', 'asked'), [('["a", "b"]', 2), ('["a", "b", "c"]', 1)])
def test_a_list_that_is_not_paged_ends(target, network, monkeypatch, page: str, asked: int) -> None:
    """Or a release, or a gateway, that leaves the paging out would have a program list the same forever."""
    monkeypatch.setattr('hcpsdk.mapi._collection.PAGE', 2)
    for at in ('192.0.2.1', '192.0.2.2', '192.0.2.3'):
        network.answers(answer(f'{{"name": {page}}}'.encode()), at=at)
    assert list(Tenants(target).list()) == json.loads(page)
    assert len(network.dialled) == asked


ODD_LISTS = [
    ('{"name": "lab"}', ['lab']),
    ('{"name": null}', []),
    ('{"name": ""}', []),
    ('{}', []),
    ('{"name": [1]}', ['1']),
]


@pytest.mark.parametrize(('body', 'found'), ODD_LISTS)
def test_lists_of_one_and_of_none(target, network, body: str, found: list[str]) -> None:
    """Or a list would be read letter by letter, as JSON made of XML knows no list of one or of none."""
    network.answers(answer(body.encode()))
    network.answers(answer(body.encode()), at='192.0.2.2')
    assert list(Tenants(target).list()) == found
    assert [tenant.name for tenant in listtenants(target)] == found


@pytest.mark.parametrize(
    'body', ['{"message": "Unauthorized"}', '{"name": [null]}', '{"name": [{"name": "a"}]}']
)
def test_what_is_no_list_of_names_is_an_error(target, network, body: str) -> None:
    """Or there would be no tenants where somebody just said no, or one that is called None."""
    network.answers(answer(body.encode()))
    network.answers(answer(body.encode()), at='192.0.2.2')
    for ask in (lambda: list(Tenants(target).list()), lambda: listtenants(target)):
        with pytest.raises(MapiError, match='the list of tenants'):
            ask()


def test_a_list_that_hcp_does_not_sort_is_sorted(target, network) -> None:
    """Or a list that is promised to be sorted would not be."""
    network.answers(answer(b'{"name": ["b", "C", "a"]}'))
    assert list(ContentClasses(target, 'lab').list()) == ['a', 'b', 'C']


def test_the_users_of_the_system_cannot_be_filtered(target, network) -> None:
    """Or all of them would come, as HCP leaves out what it does not know (1.7)."""
    with pytest.raises(ValueError, match='neither sorts nor filters'):
        Users(target).list(prefix='a')
    assert network.dialled == []


ODD_PERMISSIONS = [
    ('{"namespacePermission": null}', {}),
    ('{}', {}),
    (
        '{"namespacePermission": {"namespaceName": "a", "permissions": {"permission": "READ"}}}',
        {'a': ['READ']},
    ),
    ('{"namespacePermission": [{"namespaceName": "a", "permissions": {}}]}', {'a': []}),
    ('{"namespacePermission": [{"namespaceName": "a"}]}', {'a': []}),
    ('{"namespacePermission": [{"namespaceName": "a", "permissions": ["READ"]}]}', {'a': ['READ']}),
]


@pytest.mark.parametrize(('body', 'found'), ODD_PERMISSIONS)
def test_permissions_of_one_and_of_none(target, network, body: str, found: object) -> None:
    """Or a program would fail by a KeyError, or give an account the permissions R, E, A and D."""
    network.answers(answer(body.encode()))
    assert Users(target, 'lab').permissions('ann') == found


@pytest.mark.parametrize('body', [b'{"namespacePermission": [{}]}', b'{"namespacePermission": ["a"]}'])
def test_permissions_of_no_namespace_are_an_error(target, network, body: bytes) -> None:
    """Or a program would take them for those of a namespace without a name."""
    network.answers(answer(body))
    with pytest.raises(MapiError, match='a permission'):
        Users(target, 'lab').permissions('ann')


def test_a_member_can_be_renamed(target, network) -> None:
    """Or what HCP calls name could not be changed, as the member's own name is called so here, too."""
    wire = network.answers(answer())
    Tenants(target).modify('lab', name='laboratory')
    assert wire.lines[0] == 'POST /mapi/tenants/lab HTTP/1.1'
    assert wire.body == b'{"name": "laboratory"}'


@pytest.mark.parametrize('roles', [['MONITOR'], ('MONITOR',), {'role': ['MONITOR']}])
def test_a_list_is_wrapped_as_hcp_wants_it(target, network, roles: object) -> None:
    """Or roles would have to be given in one way to make a user, and in another one to change it."""
    wire = network.answers(answer())
    Users(target, 'lab').modify('ann', roles=roles)
    assert wire.body == b'{"roles": {"role": ["MONITOR"]}}'


@pytest.mark.parametrize('nothing', ['', None])
def test_what_is_empty_clears_a_list(target, network, nothing: object) -> None:
    """Or the way that HCP documents for that would be closed (1.6)."""
    wire = network.answers(answer())
    Tenants(target).modify('lab', tags=nothing)
    assert json.loads(wire.body) == {'tags': nothing}


def test_a_user_whom_another_system_knows_needs_no_password(target, network) -> None:
    """Or users of RADIUS could not be made."""
    wire = network.answers(answer())
    Users(target, 'lab').create('ann', localAuthentication=False)
    assert wire.lines[0] == 'PUT /mapi/tenants/lab/userAccounts HTTP/1.1'


def test_the_classes_of_a_namespace_show_what_goes_on_too(target, network, capsys) -> None:
    """Or one who looks for the fault in there would see nothing."""
    network.answers(answer(b'{"name": []}'))
    list(Namespaces(target, 'lab', debuglevel=1).retentionclasses('scans').list())
    assert 'GET /mapi/tenants/lab/namespaces/scans/retentionClasses' in capsys.readouterr().out


def test_a_text_is_no_list(target, network) -> None:
    """Or a user would get the roles M, O, N and so on."""
    with pytest.raises(TypeError, match='list of names'):
        Users(target, 'lab').modify('ann', roles='MONITOR')
    assert network.dialled == []


def test_what_hcp_wants_as_a_whole_is_sent_so(target, network) -> None:
    """Or HCP would answer 405: the rules for other origins are put and deleted, not posted (3.10)."""
    wires = [network.answers(answer(), at=at) for at in ('192.0.2.1', '192.0.2.2')]
    Tenants(target).modify('lab', 'cors', cors='<CORSConfiguration/>')
    Tenants(target).deletepart('lab', 'cors')
    assert [wire.lines[0] for wire in wires] == [
        f'{verb} /mapi/tenants/lab/cors HTTP/1.1' for verb in ('PUT', 'DELETE')
    ]


@pytest.mark.parametrize(
    ('call', 'said'),
    [
        (lambda tenants: tenants.modify('lab', 'statistics', objectCount=0), 'statistics.*read only'),
        (lambda tenants: tenants.deletepart('lab', 'contactInfo'), 'contactInfo.*deleted'),
        (lambda tenants: tenants.deletepart('lab', 'nope'), 'no part'),
    ],
)
def test_what_a_part_does_not_know_is_refused_at_the_call(target, network, call, said: str) -> None:
    """Or one would have to make something of the answer 405."""
    with pytest.raises(ValueError, match=said):
        call(Tenants(target))
    assert network.dialled == []


def test_an_unknown_part_names_those_there_are(target, network) -> None:
    """Or one would have to look up how HCP spells it."""
    with pytest.raises(ValueError, match='consoleSecurity, contactInfo'):
        Tenants(target).read('lab', 'console')
    assert network.dialled == []
