"""`verify=True`: what is read is what HCP stored, by its own hash; and packed answers stay what they are."""

from __future__ import annotations

import gzip
import hashlib
import io
import logging
import shutil
import sys

import pytest

import hcpsdk
from hcpsdk import _response

BODY = bytes(range(256)) * 400

ALGORITHMS = {
    'MD5': 'md5', 'SHA-1': 'sha1', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512',
    'RIPEMD-160': 'ripemd160',
}  # fmt: skip

WAYS = {
    'read()': lambda answer: answer.read(),
    'read(n)': lambda answer: b''.join(iter(lambda: answer.read(10_000), b'')),
    'read(too much)': lambda answer: answer.read(10_000_000) + answer.read(1),
    'read1': lambda answer: b''.join(iter(answer.read1, b'')),
    'readinto': lambda answer: _by_readinto(answer, answer.readinto),
    'readinto1': lambda answer: _by_readinto(answer, answer.readinto1),
    'readline': lambda answer: b''.join(iter(answer.readline, b'')),
    'iteration': lambda answer: b''.join(answer),
    'readlines': lambda answer: b''.join(answer.readlines()),
    'copyfileobj': lambda answer: _by_copyfileobj(answer),
    'BufferedReader': lambda answer: io.BufferedReader(answer).read(),
    'read and readinto': lambda answer: answer.read(1000) + _by_readinto(answer, answer.readinto),
}


def _by_readinto(answer, step):
    whole, buffer = b'', bytearray(10_000)
    while got := step(buffer):
        whole += buffer[:got]
    return whole


def _by_copyfileobj(answer):
    whole = io.BytesIO()
    shutil.copyfileobj(answer, whole)
    return whole.getvalue()


def _hash(content, algorithm='SHA-256'):
    return f'{algorithm} {hashlib.new(ALGORITHMS[algorithm], content).hexdigest().upper()}'


def _framed(body, framing):
    if framing == 'length':
        return b'Content-Length: %d\r\n\r\n%b' % (len(body), body)
    if framing == 'close':
        return b'Connection: close\r\n\r\n' + body
    chunks = b''.join(b'%x\r\n%b\r\n' % (len(part), part) for part in (body[:7], body[7:]) if part)
    return b'Transfer-Encoding: chunked\r\n\r\n' + chunks + b'0\r\n\r\n'


def _object(villain, body=BODY, hashed=None, framing='length', status='200 OK', head=''):
    """The moves of an answer with a body, and a hash that may be another one's."""
    said = f'HTTP/1.1 {status}\r\n{head}' + (f'X-HCP-Hash: {hashed}\r\n' if hashed else '')
    return villain.read, villain.say(said.encode() + _framed(body, framing))


framings = pytest.mark.parametrize('framing', ['length', 'chunked', 'close'])


@framings
@pytest.mark.parametrize('way', WAYS)
def test_what_hcp_stored_is_verified(villain, way, framing):
    """What guards against damage refuses what is whole, or never says that it has looked."""
    end = [villain.hang_up] if framing == 'close' else [villain.answer(status='202 Again')]
    villain.plays(*_object(villain, hashed=_hash(BODY), framing=framing), *end)
    if framing == 'close':
        villain.plays(villain.answer(status='202 Again'))
    con = villain.connection(retries=0)
    answer = con.GET('/rest/object', verify=True)
    assert answer.verified is False
    assert WAYS[way](answer) == BODY
    assert answer.verified is True
    assert con.read() == b''
    con.HEAD('/rest/next')
    assert [con.response_status, answer.verified] == [202, True]
    assert len(villain.wires) == (2 if framing == 'close' else 1)


@framings
@pytest.mark.parametrize('way', WAYS)
def test_what_hcp_did_not_store_raises(villain, way, framing):
    """A byte that was changed on the way, or on the disk, is processed as if it were right."""
    changed = BODY[:5000] + b'?' + BODY[5001:]
    end = [villain.hang_up] if framing == 'close' else []
    villain.plays(*_object(villain, changed, _hash(BODY), framing), *end)
    con = villain.connection()
    answer = con.GET('/rest/object', verify=True)
    with pytest.raises(hcpsdk.HcpsdkHashError) as caught:
        WAYS[way](answer)
    assert answer.verified is False
    assert _hash(BODY) in str(caught.value)
    assert hashlib.sha256(changed).hexdigest().upper() in str(caught.value)
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):  # and it does not look complete afterwards
        con.read()


def test_con_read_verifies(villain):
    """The way that the manual shows is the one that does not look."""
    villain.plays(*_object(villain, BODY[:-1] + b'!', _hash(BODY)), villain.answer(status='202 Again'))
    con = villain.connection()
    con.GET('/rest/object', verify=True)
    parts = [con.read(50_000), con.read(50_000)]
    assert b''.join(parts) == BODY[:100_000]
    with pytest.raises(hcpsdk.HcpsdkHashError):
        con.read(50_000)
    con.HEAD('/rest/next')
    assert con.response_status == 202


@pytest.mark.parametrize('algorithm', ALGORITHMS)
@pytest.mark.parametrize('case', [str.upper, str.lower])
def test_each_algorithm_of_hcp(villain, algorithm, case):
    """In namespaces with another hash algorithm than ours nothing is verified, or everything refused."""
    if ALGORITHMS[algorithm] not in hashlib.algorithms_available:
        pytest.skip('this OpenSSL does not have it')
    hashed = case(_hash(BODY, algorithm))
    villain.plays(*_object(villain, hashed=hashed), *_object(villain, BODY[::-1], hashed))
    con = villain.connection()
    answer = con.GET('/rest/object', verify=True)
    assert [con.read() == BODY, answer.verified] == [True, True]
    con.GET('/rest/object', verify=True)
    with pytest.raises(hcpsdk.HcpsdkHashError):
        con.read()


def test_a_cut_body_is_truncated_first(villain):
    """What is missing is reported as what was changed, and nobody knows how much of it came."""
    said = f'HTTP/1.1 200 OK\r\nX-HCP-Hash: {_hash(BODY)}\r\nContent-Length: {len(BODY)}\r\n\r\n'
    villain.plays(villain.read, villain.say(said.encode() + BODY[:70_000]), villain.hang_up)
    con = villain.connection()
    answer = con.GET('/rest/object', verify=True)
    with pytest.raises(hcpsdk.HcpsdkTruncatedError, match='70000 of 102400'):
        con.read()
    assert answer.verified is False


def test_half_of_it_is_not_verified(villain):
    """Who stops reading is told that he has what HCP stored."""
    villain.plays(*_object(villain, hashed=_hash(BODY)))
    con = villain.connection()
    answer = con.GET('/rest/object', verify=True)
    con.read(100)
    assert answer.verified is False
    answer.close()
    assert answer.verified is False


@pytest.mark.parametrize('framing', ['length', 'chunked'])
def test_an_empty_object(villain, framing):
    """An object without a byte has no last read to be verified by."""
    villain.plays(*_object(villain, b'', _hash(b''), framing), *_object(villain, b'', _hash(b'x'), framing))
    con = villain.connection()
    answer = con.GET('/rest/object', verify=True)
    assert [con.read(), answer.verified] == [b'', True]
    con.GET('/rest/object', verify=True)
    with pytest.raises(hcpsdk.HcpsdkHashError):
        con.read()


NOTHING = {
    'no hash, as it came in parts': {},
    'an algorithm that nobody knows': {'hashed': 'BLAKE3 00'},
    'a hash that is none': {'hashed': 'SHA-256'},
    'a part': {'status': '206 Partial Content', 'hashed': _hash(b'whole')},
    'a part of something': {'status': '206 Part', 'hashed': _hash(b'whole'), 'head': 'X-HCP-Size: 5\r\n'},
    'packed': {'hashed': _hash(b'unpacked'), 'head': 'Content-Encoding: gzip\r\n'},
    'with its annotation': {'hashed': _hash(BODY[:9]), 'head': 'X-HCP-Size: 9\r\n'},
}


@pytest.mark.parametrize('why', NOTHING)
def test_where_there_is_nothing_to_compare_with_that_is_said(villain, why, caplog):
    """A check that nobody could make passes for made; or what is right cannot be read at all."""
    villain.plays(*_object(villain, **NOTHING[why]), villain.answer(status='202 Again'))
    con = villain.connection()
    answer = con.GET('/rest/object', verify=True)
    assert con.read() == BODY
    assert answer.verified is False
    [told] = caplog.records
    assert told.levelno == logging.WARNING
    assert 'nothing to be verified by' in told.getMessage()
    con.HEAD('/rest/next')
    assert con.response_status == 202


def test_an_error_page_is_not_compared(villain, caplog):
    """A refusal is reported as a damaged object."""
    villain.plays(*_object(villain, b'no', _hash(BODY), status='403 Forbidden'))
    con = villain.connection()
    con.GET('/rest/object', verify=True)
    assert [con.read(), con.Response.verified, caplog.records] == [b'no', False, []]


def test_an_answer_to_head_is_not_compared(villain):
    """A loop over HEAD and GET, with the same arguments for both, finds that all objects are damaged."""
    said = f'HTTP/1.1 200 OK\r\nX-HCP-Hash: {_hash(BODY)}\r\nContent-Length: {len(BODY)}\r\n\r\n'
    villain.plays(villain.read, villain.say(said.encode()))
    con = villain.connection()
    con.request('HEAD', '/rest/object', verify=True)
    assert con.read() == b''


def test_who_does_not_ask_pays_nothing(villain, monkeypatch):
    """Each download costs the processor's time for a hash that nobody looks at."""
    monkeypatch.setattr(_response.Proof, 'of', lambda said: pytest.fail('a hash is computed'))
    villain.plays(*_object(villain, BODY, _hash(b'another')))
    con = villain.connection()
    answer = con.GET('/rest/object')
    assert con.read() == BODY
    assert answer.verified is False


def test_a_repeated_get_is_verified_too(villain):
    """Only the answer that was lost would have been compared."""
    villain.plays(villain.read, villain.hang_up).plays(*_object(villain, BODY[::-1], _hash(BODY)))
    con = villain.connection()
    con.GET('/rest/object', verify=True)
    with pytest.raises(hcpsdk.HcpsdkHashError):
        con.read()


def test_the_next_answer_is_not_verified_unasked(villain):
    """A connection that was asked once verifies for ever."""
    villain.plays(*_object(villain, hashed=_hash(BODY)), *_object(villain, BODY[::-1], _hash(BODY)))
    con = villain.connection()
    con.GET('/rest/object', verify=True)
    con.read()
    con.GET('/rest/object')
    assert con.read() == BODY[::-1]


# --- packed answers ---------------------------------------------------------------------------


@pytest.mark.parametrize('method', ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'])
def test_nobody_is_asked_to_pack(villain, method):
    """HCP packs what it sends, and the program stores garbage under the object's name."""
    villain.plays(villain.answer())
    villain.connection().request(method, '/rest/object')
    assert villain.requests[0].head.lower().count(b'\r\naccept-encoding:') == 1
    assert villain.requests[0].headers['accept-encoding'] == 'identity'


def test_who_wants_it_packed_may_say_so(villain):
    """A slow line cannot be helped; or two headers contradict each other."""
    villain.plays(villain.answer())
    villain.connection().GET('/rest/object', headers={'accept-encoding': 'gzip'})
    assert villain.requests[0].head.lower().count(b'accept-encoding:') == 1
    assert villain.requests[0].headers['accept-encoding'] == 'gzip'


PACKED = gzip.compress(BODY)


@pytest.mark.parametrize('framing', ['length', 'chunked'])
@pytest.mark.parametrize('way', ['read()', 'read(n)', 'readinto', 'iteration'])
def test_a_packed_answer_arrives_as_it_is(villain, way, framing):
    """What a proxy has packed is cut at the length of the other form, or unpacked without being asked."""
    head = f'Content-Encoding: gzip\r\nX-HCP-ContentLength: {len(BODY)}\r\n'
    villain.plays(*_object(villain, PACKED, framing=framing, head=head), villain.answer(status='202 Again'))
    con = villain.connection(retries=0)
    answer = con.GET('/rest/object')
    data = WAYS[way](answer)
    assert data == PACKED
    assert gzip.decompress(data) == BODY
    assert con.getheader('Content-Encoding') == 'gzip'
    assert con.getheader('Content-Length', None) == (str(len(PACKED)) if framing == 'length' else None)
    con.HEAD('/rest/next')
    assert [con.response_status, len(villain.wires)] == [202, 1]


@pytest.mark.parametrize('missing', [1, 100, len(PACKED)])
@pytest.mark.parametrize('verify', [False, True])
def test_a_packed_answer_that_was_cut_raises(villain, missing, verify):
    """A truncated archive is stored as a whole one, and nobody notices before it is needed."""
    said = f'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(PACKED)}\r\n\r\n'.encode()
    villain.plays(villain.read, villain.say(said + PACKED[:-missing]), villain.hang_up)
    con = villain.connection()
    con.GET('/rest/object', verify=verify)
    with pytest.raises(hcpsdk.HcpsdkTruncatedError, match=f'{len(PACKED) - missing} of {len(PACKED)} bytes'):
        con.read()


def test_no_length_but_the_one_on_the_wire_is_believed(villain):
    """X-HCP-ContentLength, the length before packing, is waited for until the timeout."""
    head = f'X-HCP-ContentLength: {sys.maxsize}\r\nX-HCP-Size: {sys.maxsize}\r\n'
    villain.plays(*_object(villain, PACKED, head=head))
    con = villain.connection()
    con.GET('/rest/object')
    assert [len(con.read()), con.attempts[0].received] == [len(PACKED)] * 2
