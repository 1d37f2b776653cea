"""XML in and out: what comes in is checked before it is parsed, what goes out is written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Optional
from urllib.parse import quote
from xml.etree import ElementTree
from xml.parsers import expat
from xml.sax.saxutils import escape

# HCP's limits for annotations that it checks
MAX_DEPTH = 100
MAX_ELEMENTS = 10_000

PROLOG = '<?xml version="1.0" encoding="UTF-8"?>'
XSI = 'http://www.w3.org/2001/XMLSchema-instance'

# not allowed in XML 1.0, however escaped; and the surrogates that stand for undecodable bytes
_UNPRINTABLE = re.compile('[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]')


class BadXML(ValueError):
    """Not well-formed, too complex, or with a document type definition."""


class _Checker:
    """Counts elements and their depth while expat parses."""

    def __init__(self) -> None:
        self.depth = 0
        self.elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth > MAX_DEPTH or self.elements > MAX_ELEMENTS:
            raise BadXML('the XML is too complex')

    def end(self, name: str) -> None:
        self.depth -= 1

    def doctype(self, name: str, system: Optional[str], public: Optional[str], internal: bool) -> None:
        raise BadXML('document type definitions are not accepted')


def check(data: bytes) -> None:
    """Look whether the data are XML that HCP takes.

    :raises BadXML: if not
    """
    checker = _Checker()
    parser = expat.ParserCreate()
    parser.StartElementHandler = checker.start
    parser.EndElementHandler = checker.end
    parser.StartDoctypeDeclHandler = checker.doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadXML(f'not well-formed XML: {error}') from error


def parse(data: bytes) -> ElementTree.Element:
    """The root element of a checked document.

    :raises BadXML: see :func:`check`
    """
    check(data)
    return ElementTree.fromstring(data)


def attributes(pairs: Iterable[tuple[str, str]]) -> str:
    """Attributes as they stand in a tag, with a leading blank.

    >>> attributes([('a', '1'), ('b', '"<')])
    ' a="1" b="&quot;&lt;"'
    """
    return ''.join(f' {name}="{escape(value, _QUOTES)}"' for name, value in pairs)


_QUOTES = {'"': '&quot;'}


def element(name: str, text: str) -> str:
    """An element that holds text only."""
    return f'<{name}>{escape(text)}</{name}>'


def cdata(text: str) -> str:
    """Text as CDATA; its end mark may occur in it."""
    return '<![CDATA[' + text.replace(']]>', ']]]]><![CDATA[>') + ']]>'


def document(root: str, *, style: str = '') -> bytes:
    """A whole document, with HCP's style sheet instruction if one is named."""
    sheet = f'<?xml-stylesheet type="text/xsl" href="/static/xsl/{style}.xsl"?>\n' if style else ''
    return f'{PROLOG}\n{sheet}{root}\n'.encode()


def schema(name: str) -> list[tuple[str, str]]:
    """The attributes by which a root element names its schema."""
    return [('xmlns:xsi', XSI), ('xsi:noNamespaceSchemaLocation', f'/static/xsd/{name}.xsd')]


def shown(name: bytes) -> str:
    """A name or path as text; what cannot be printed is percent-encoded.

    >>> shown('x y\\n'.encode()), shown(b'\\xff')
    ('x y%0A', '%FF')
    """
    text = name.decode('utf-8', 'surrogateescape')
    return _UNPRINTABLE.sub(lambda match: quote(match[0].encode('utf-8', 'surrogateescape'), safe=''), text)
