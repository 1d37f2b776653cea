"""Documents that come in place of HCP's, through the classes that read them: refused, cheaply, in words."""

from __future__ import annotations

import contextlib
import gzip
import time
import tracemalloc

import pytest

from hcpsdk import HcpsdkError, HcpsdkTruncatedError
from hcpsdk.mapi import Replication
from hcpsdk.namespace import Info

MB = 1_000_000
LIMIT = 64 * 1024 * 1024
"""the largest document that is read"""

ASK = {
    'statistics': lambda target: Info(target).nsstatistics(),
    'namespaces': lambda target: Info(target).listaccessiblens(all=True),
    'retentionClasses': lambda target: Info(target).listretentionclasses(),
    'permissions': lambda target: Info(target).listpermissions(),
    'replicationService': lambda target: Replication(target).getreplicationsettings(),
    'links': lambda target: Replication(target).getlinklist(),
    'link': lambda target: Replication(target).getlinkdetails('a link'),
}
each_question = pytest.mark.parametrize('root', ASK)


def _bomb(root, encoding='UTF-8'):
    """The billion laughs: a kilobyte that becomes three gigabytes."""
    entities = ''.join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip('abcdefgh', 'bcdefghi'))
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE {root} [<!ENTITY a "haha">{entities}]>'
    return f'{text}<{root}>&i;</{root}>'.encode(encoding)


def _quadratic(root):
    """One long entity, used often: within every limit on the depth of entities."""
    return b'<!DOCTYPE x [<!ENTITY a "%b">]><%b>%b</%b>' % (b'a' * 50_000, root, b'&a;' * 50_000, root)


def _outer(root, kind, encoding='UTF-8'):
    return f'<?xml version="1.0" encoding="{encoding}"?>{kind.format(root)}'.encode(encoding)


DTD = '<!DOCTYPE {0} SYSTEM "http://127.0.0.1:{{port}}/x.dtd"><{0}/>'
FILE = '<!DOCTYPE {0} [<!ENTITY x SYSTEM "file:///etc/passwd">]><{0} name="a">&x;</{0}>'
PARAMETER = '<!DOCTYPE {0} [<!ENTITY % x SYSTEM "http://127.0.0.1:{{port}}/x"> %x;]><{0}/>'

REFUSED = {
    'bomb': lambda root: _bomb(root),
    'bomb in UTF-16': lambda root: _bomb(root, 'UTF-16'),
    'quadratic bomb': lambda root: _quadratic(root.encode()),
    'external DTD': lambda root: _outer(root, DTD),
    'external DTD in UTF-16': lambda root: _outer(root, DTD, 'UTF-16'),
    'external entity': lambda root: _outer(root, FILE),
    'external entity in UTF-16': lambda root: _outer(root, FILE, 'UTF-16'),
    'parameter entity': lambda root: _outer(root, PARAMETER),
    'HTML 5': lambda root: b'<!DOCTYPE html><html><body>Bad gateway</body></html>',
}


@contextlib.contextmanager
def _cheap(most, seconds=10.0):
    """In bytes of memory at the peak, and in time (generous, as tracing costs some)."""
    tracemalloc.start()
    began = time.monotonic()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most
    assert time.monotonic() - began < seconds


@each_question
@pytest.mark.parametrize('make', REFUSED.values(), ids=REFUSED)
def test_what_declares_entities_is_refused_before_it_goes_off(villain, root, make):
    """A kilobyte fills the memory, or sends our files and our address to a stranger."""
    target = villain.target()
    villain.plays(villain.answer(make(root).replace(b'{port}', b'%d' % villain.port)))
    with _cheap(3 * MB), pytest.raises(HcpsdkError, match='document type'):
        ASK[root](target)
    assert len(villain.wires) == 1  # nobody asked for the DTD


OTHER = {
    'nothing': (b'', 'no XML'),
    'text': (b'503 Service Unavailable', 'no XML'),
    'HTML of old': (b'<html><head><title>Login</title><body><br></body></html>', 'no XML'),
    'XHTML': (b'<html xmlns="http://www.w3.org/1999/xhtml"><body>Login</body></html>', 'html'),
    'JSON': (b'{"statistics": {}}', 'no XML'),
    'gzip, unasked': (gzip.compress(b'<statistics/>'), 'no XML'),
    'another root': (b'<error><message>no</message></error>', '<error>'),
    'two roots': (b'<a/><a/>', 'no XML'),
    'half of it': (b'<statistics><', 'no XML'),
    'an entity of HTML': (b'<statistics>&nbsp;</statistics>', 'no XML'),
    'an encoding nobody knows': (b'<?xml version="1.0" encoding="klingon"?><statistics/>', 'no XML'),
    'an encoding that is none': (b'<?xml version="1.0" encoding="zlib"?><statistics/>', 'no XML'),
    'UTF-16 that is none': (b'<?xml version="1.0" encoding="UTF-16"?><statistics/>', 'no XML'),
    'UTF-7': (b'<?xml version="1.0" encoding="UTF-7"?>+ADw-statistics/+AD4-', 'no XML'),
}


@each_question
@pytest.mark.parametrize(('document', 'said'), OTHER.values(), ids=OTHER)
def test_what_is_no_such_document_is_told(villain, root, document, said):
    """The error page of something in between is taken for a namespace without anything in it."""
    villain.plays(villain.answer(document, head='Content-Type: text/xml\r\n'))
    with pytest.raises(HcpsdkError, match=f'expected a <{root}> document, got .*{said}'):
        ASK[root](villain.target())
    assert villain.clients_gone()


@each_question
def test_the_right_document_with_the_wrong_name_space_is_told(villain, root):
    """Elements of another vocabulary are read as if they were HCP's, and found to be empty."""
    villain.plays(villain.answer(f'<x:{root} xmlns:x="urn:other"/>'.encode()))
    with pytest.raises(HcpsdkError, match='urn:other'):
        ASK[root](villain.target())


@each_question
def test_a_document_that_was_cut_is_told(villain, root):
    """Half of a list passes for the whole."""
    document = f'<{root}></{root}>'.encode()
    villain.plays(villain.answer(document, length=len(document) + 1), villain.hang_up)
    with pytest.raises(HcpsdkTruncatedError):
        ASK[root](villain.target())


@pytest.mark.parametrize('depth', [100, 101, 300_000])
@pytest.mark.parametrize('closed', [True, False])
def test_depth_is_bounded(villain, depth, closed):
    """A document as deep as it is long ends in a RecursionError, or kills the interpreter."""
    inner = b'<a>' * (depth - 1) + b'</a>' * (depth - 1) * closed
    villain.plays(villain.answer(b'<link>' + inner + b'</link>' * closed))
    if depth == 100 and closed:
        found, levels = ASK['link'](villain.target()), 1
        while found := found['a']:
            levels += 1
        assert levels == 99
        return
    with pytest.raises(HcpsdkError, match='no XML' if depth == 100 else 'deeper than 100'):
        ASK['link'](villain.target())


@pytest.mark.parametrize('encoding', ['UTF-8', 'UTF-16'])
def test_a_bomb_in_an_attribute_does_not_go_off(villain, encoding):
    """It would, before it is refused: only the guard of a new expat ends it, at 8 MB."""
    document = _bomb('statistics', encoding).decode(encoding).replace('>&i;<', ' a="&i;"><')
    villain.plays(villain.answer(document.encode(encoding)))
    with _cheap(3 * MB), pytest.raises(HcpsdkError, match='document type'):
        ASK['statistics'](villain.target())


@pytest.mark.parametrize('before', [b'', b'<!DOCTYPE x>'], ids=['deep', 'deep, with a document type'])
def test_what_is_refused_costs_no_more_than_its_bytes(villain, before):
    """Forty times its size: a deep document of 64 MB would take 2.6 GB before it is refused."""
    document = before + b'<link>' + b'<a>' * 500_000
    villain.plays(villain.answer(document))
    with _cheap(5 * len(document)), pytest.raises(HcpsdkError, match='deeper than 100|document type'):
        ASK['link'](villain.target())


def _endless(wire):
    """A document without an end, in chunks; the client has to be the one who has enough."""
    wire.read_request()
    wire.sock.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    block = b'100000\r\n<statistics>' + b' ' * (0x100000 - 12) + b'\r\n'
    for _ in range(200):
        wire.sock.sendall(block)
    raise AssertionError('the client never had enough')


@pytest.mark.slow
def test_size_is_bounded_though_nobody_announced_it(villain):
    """An answer without an end fills the memory. (Moves 64 MB, so it takes a moment.)"""
    villain.plays(_endless)
    with _cheap(4 * LIMIT), pytest.raises(HcpsdkError, match=f'<statistics> document, got more than {LIMIT}'):
        ASK['statistics'](villain.target())
    assert villain.clients_gone()


@pytest.mark.slow
@pytest.mark.parametrize('surplus', [0, 1])
def test_the_largest_document_is_read_and_no_larger_one(villain, surplus):
    """A limit that is documented and not kept. (Moves 64 MB, so it takes a moment.)"""
    document = b'<statistics objectCount="1"/>'.ljust(LIMIT + surplus)
    villain.plays(villain.answer(document))
    with _cheap(4 * LIMIT):
        if surplus:
            with pytest.raises(HcpsdkError, match='got more than'):
                ASK['statistics'](villain.target())
        else:
            assert ASK['statistics'](villain.target()) == {'objectCount': 1}


def test_what_announces_that_it_is_too_large_is_refused_at_once(villain):
    """Who asks waits for 64 MB, and pays for them, only to be told that they are too many."""
    villain.plays(villain.answer(b'<statistics>', length=LIMIT + 1))
    with _cheap(3 * MB, 2), pytest.raises(HcpsdkError, match=f'<statistics> document, got more than {LIMIT}'):
        ASK['statistics'](villain.target())
    assert villain.clients_gone()


@pytest.mark.slow
def test_a_document_of_50_mb_is_read(villain):
    """The list of a large tenant cannot be read, or not on a small machine. (Moves 50 MB.)"""
    description = b'x' * 5000
    entry = b'<namespace name="n%d" dpl="2"><description>' + description + b'</description></namespace>'
    document = b'<namespaces>' + b''.join(entry % number for number in range(10_000)) + b'</namespaces>'
    assert len(document) > 50 * MB
    villain.plays(villain.answer(document))
    with _cheap(5 * len(document)):
        found = ASK['namespaces'](villain.target())
    assert len(found) == 10_000
    assert found['n9999'] == {'name': 'n9999', 'dpl': 2, 'description': [description.decode()]}


@pytest.mark.slow
@pytest.mark.parametrize('token', [b'<!--%b-->', b'<a b="%b"/>'], ids=['comment', 'attribute'])
def test_what_has_no_end_for_long_costs_little_time(villain, token):
    """The processor is busy for 20 seconds with one document. (Moves 60 MB, so it takes a moment.)"""
    villain.plays(villain.answer(b'<link>' + token % (b'x' * 60 * MB) + b'</link>'))
    with _cheap(6 * LIMIT):
        ASK['link'](villain.target())


def test_a_flood_of_elements_costs_little(villain):
    """Twenty times its size: 64 MB of empty elements would be taken, and take 1.4 GB."""
    document = b'<permissions>' + b'<a/>' * 200_000 + b'</permissions>'
    villain.plays(villain.answer(document))
    with _cheap(10 * len(document)), contextlib.suppress(HcpsdkError):
        ASK['permissions'](villain.target())
