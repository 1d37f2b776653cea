"""XML from the network is read with care, XML of our own written with care."""

from __future__ import annotations

import tracemalloc
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcpsdk import HcpsdkError, _xml
from hcpsdk._xml import MAX_DEPTH, fits, nested, parse, text

LAUGHS = (
    '<!DOCTYPE links [<!ENTITY a "haha">'
    + ''.join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip('abcdefgh', 'bcdefghi'))
    + ']><links>&i;</links>'
)
REFUSED = {
    'bomb': LAUGHS.encode(),
    'bomb in UTF-16': f'<?xml version="1.0" encoding="UTF-16"?>{LAUGHS}'.encode('utf-16'),
    'external entity': b'<!DOCTYPE links [<!ENTITY x SYSTEM "file:///etc/passwd">]><links>&x;</links>',
    'parameter entity': b'<!DOCTYPE links [<!ENTITY % x SYSTEM "http://192.0.2.1/x"> %x;]><links/>',
    'external DTD': b'<!DOCTYPE links SYSTEM "http://192.0.2.1/links.dtd"><links/>',
    'public DTD': b'<!DOCTYPE links PUBLIC "-//X//Y" "http://192.0.2.1/links.dtd"><links/>',
    'HTML 5': b'<!DOCTYPE html><html><body>Bad gateway</body></html>',
}


@pytest.mark.parametrize('document', REFUSED.values(), ids=REFUSED)
def test_a_document_type_is_refused(document: bytes) -> None:
    """Or a few bytes from the network would fill the memory, or read our files."""
    with pytest.raises(HcpsdkError, match='document type'):
        parse(document, 'links')


def test_a_bomb_costs_no_memory() -> None:
    """Or it would be refused only after it had gone off."""
    tracemalloc.start()
    with pytest.raises(HcpsdkError):
        parse(LAUGHS.encode(), 'links')
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


NO_XML = {
    'nothing': b'',
    'text': b'503 Service Unavailable',
    'HTML of old': b'<html><body><br></body></html>',
    'half a document': b'<links><name>a',
    'two documents': b'<links/><links/>',
    'unknown entity': b'<links>&nbsp;</links>',
    'unknown encoding': b'<?xml version="1.0" encoding="klingon"?><links/>',
    'encoding of several bytes': b'<?xml version="1.0" encoding="shift_jis"?><links/>',
    'wrong encoding': b'<links>\xff</links>',
    'NUL': b'<links>\0</links>',
}


@pytest.mark.parametrize('document', NO_XML.values(), ids=NO_XML)
def test_what_is_no_xml_is_told(document: bytes) -> None:
    """Or a ParseError would come where HcpsdkError was promised, and nobody would know of what."""
    with pytest.raises(HcpsdkError, match='expected a <links> document, got what is no XML'):
        parse(document, 'links')


@pytest.mark.parametrize(
    'document', [b'<html><body>Login</body></html>', b'<link/>', b'<x:links xmlns:x="y"/>']
)
def test_another_document_is_told(document: bytes) -> None:
    """Or an error page of something in between would be read as an empty list."""
    with pytest.raises(HcpsdkError, match=r'expected a <links> document, got <.*link|html'):
        parse(document, 'links')


def test_the_depth_is_bounded() -> None:
    """Or a deep document would end in a RecursionError, or worse."""
    deep = b'<links>' + b'<a>' * (MAX_DEPTH - 1) + b'</a>' * (MAX_DEPTH - 1) + b'</links>'
    assert len(list(parse(deep, 'links').iter())) == MAX_DEPTH
    with pytest.raises(HcpsdkError, match='deeper than 100'):
        parse(b'<links>' + b'<a>' * 100_000, 'links')


def test_the_depth_is_not_the_count() -> None:
    """Or a long list would be refused."""
    assert len(parse(b'<links>' + b'<name>a</name>' * 1000 + b'</links>', 'links')) == 1000


def test_the_count_is_bounded(monkeypatch) -> None:
    """Or empty elements would take twenty times their size."""
    monkeypatch.setattr(_xml, 'MAX_ELEMENTS', 3)
    assert len(parse(b'<links><a/><a/></links>', 'links')) == 2
    with pytest.raises(HcpsdkError, match='more than 3 elements'):
        parse(b'<links><a/><a/><a/></links>', 'links')


def test_the_largest_list_of_hcp_is_within_the_count() -> None:
    """Or a tenant with all the namespaces that HCP allows could not be listed."""
    entry = b'<namespace name="a"><description>b</description></namespace>'
    assert len(parse(b'<namespaces>' + entry * 10_000 + b'</namespaces>', 'namespaces')) == 10_000


@pytest.mark.parametrize('filler', [b' ', b'<!---->', b'<?a b?>'])
def test_what_stands_in_front_is_bounded(filler: bytes) -> None:
    """Or step by step through 64 MB of comments would keep the processor busy for hours."""
    front = filler * (_xml.MAX_PROLOG // len(filler) - 10)
    assert parse(front + b'<links/>', 'links').tag == 'links'
    with pytest.raises(HcpsdkError, match='expected a <links> document, got none within 65536 bytes'):
        parse(front + filler * 20 + b'<links/>', 'links')


@pytest.mark.parametrize('length', [0, 1000, 60_000])
def test_a_bomb_behind_a_long_comment_does_not_go_off(length: int) -> None:
    """Or the steps, which are small for the bombs' sake, could be made larger by who sends one."""
    bomb = LAUGHS.replace('>&i;<', ' a="&i;"><')
    tracemalloc.start()
    with pytest.raises(HcpsdkError, match='document type'):
        parse(f'<!--{"x" * length}-->{bomb}'.encode(), 'links')
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_an_expat_that_waits_for_more_is_told_not_to() -> None:
    """Or expat 2.6 would take a bomb in one step all the same."""
    calls: list[object] = []
    parser = SimpleNamespace(feed=calls.append, flush=lambda: calls.append('flush'))
    _xml._feed(parser, b'<links')
    assert calls == [b'<links', 'flush']


def test_the_size_is_bounded(monkeypatch) -> None:
    """Or an endless answer would fill the memory."""
    monkeypatch.setattr(_xml, 'MAX_BYTES', 20)
    assert parse(b'<links>' + b' ' * 5 + b'</links>', 'links').tag == 'links'
    with pytest.raises(HcpsdkError, match='expected a <links> document, got more than 20 bytes'):
        parse(b'<links>' + b' ' * 6 + b'</links>', 'links')


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'iso-8859-1'])
def test_the_encodings_of_xml_are_read(encoding: str) -> None:
    """Or names with other letters than English ones would come back changed."""
    declared = encoding.removesuffix('-sig')
    document = f'<?xml version="1.0" encoding="{declared}"?><links><name>Köln</name></links>'
    assert parse(document.encode(encoding), 'links').findtext('name') == 'Köln'


def test_comments_and_instructions_do_no_harm() -> None:
    """Or a document with a stylesheet, as HCP sends it, could not be read."""
    document = (
        b'<?xml-stylesheet type="text/xsl" href="/x.xsl"?><!-- x --><links><!-- y --><name>a</name></links>'
    )
    assert [child.tag for child in parse(document, 'links')] == ['name']


def test_nested_elements_become_dictionaries() -> None:
    """Or the details of a link would have another shape than the manual's."""
    element = parse(b'<link><a>1</a><b><c><d>2</d></c><e/></b></link>', 'link')
    assert nested(element) == {'a': '1', 'b': {'c': {'d': '2'}, 'e': ''}}


def test_every_text_that_fits_survives() -> None:
    """Or a file name with markup in it would break its annotation."""
    for value in ('<&">', ']]>', 'a\rb\nc\td', '\U0001f600', "'"):
        assert ET.fromstring(f'<a>{text(value)}</a>').text == value


@given(st.text())
def test_what_fits_survives_and_what_does_not_is_known(value: str) -> None:
    """Or some name would make an annotation that HCP refuses, leaving an empty object behind."""
    document = f'<a>{text(value)}</a>'
    if fits(value):
        assert (ET.fromstring(document).text or '') == value
    else:
        with pytest.raises((ET.ParseError, UnicodeEncodeError)):
            ET.fromstring(document)
