"""XML from the network, read with care; XML of our own, written with care.

Entities and document types are refused: HCP sends none, and they are how a few bytes become
gigabytes. What is too large or too deep is refused as well, and a document of another kind is
reported as what it is, for it is most often the error page of something in between.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

from .errors import HcpsdkError

MAX_BYTES = 64 * 1024 * 1024
"""the largest document read: far above a tenant's 10,000 namespaces, far below memory"""

MAX_DEPTH = 100
"""the deepest nesting: HCP's own limit for annotations (REST reference, 3.11)"""

MAX_ELEMENTS = 50_000
"""in a document; the largest one we ask for lists 10,000 namespaces, each with a description, in 20,001"""

MAX_PROLOG = 64 * 1024
"""bytes up to the end of the first start tag: a declaration, perhaps a stylesheet, and some attributes"""

PROLOG_STEP = 64
"""bytes: room for a document type to begin, and for hardly an entity in it"""

STEP = 64 * 1024
"""bytes; what expat spends on them in vain, forty times as many at most, does not count"""

GROWTH = 16
"""the part of what was read that may be read in one step, for fewer steps in a large document"""

_NO_CHARACTER = re.compile('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')


class _Builder(ET.TreeBuilder):
    """Refuses what has no place in a document of HCP, as early as it shows."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self.elements = 0

    def start(self, tag: str, attrs: dict[str, str]) -> ET.Element:
        self._depth += 1
        self.elements += 1
        if self._depth > MAX_DEPTH:
            raise HcpsdkError(f'XML nested deeper than {MAX_DEPTH} levels is refused')
        if self.elements > MAX_ELEMENTS:
            raise HcpsdkError(f'XML with more than {MAX_ELEMENTS} elements is refused')
        return super().start(tag, attrs)

    def end(self, tag: str) -> ET.Element:
        self._depth -= 1
        return super().end(tag)

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Called before any entity could be declared, let alone used."""
        raise HcpsdkError('XML with a document type is refused, it could declare entities')


def parse(data: bytes, root: str) -> ET.Element:
    """The root element of a document.

    :param data: the document
    :param root: the name that the root element must have
    :raises HcpsdkError: if it is anything else

    >>> parse(b'<links><name>a-to-b</name></links>', 'links').findtext('name')
    'a-to-b'
    """
    check_size(len(data), f'a <{root}> document')
    try:
        element = _built(data, root)
    except (ET.ParseError, LookupError, ValueError) as cause:
        raise HcpsdkError(
            f'expected a <{root}> document, got what is no XML: {data[:80]!r} ({cause})'
        ) from cause
    if element.tag != root:
        raise HcpsdkError(f'expected a <{root}> document, got <{element.tag}>: {data[:80]!r}')
    return element


def check_size(size: int, what: str) -> None:
    """Refuse a document for its size alone, which may be known before its first byte has come."""
    if size > MAX_BYTES:
        raise HcpsdkError(f'expected {what}, got more than {MAX_BYTES} bytes')


def _built(data: bytes, root: str) -> ET.Element:
    """Feed the parser step by step.

    What the builder refuses is raised only when expat has gone through all that it was fed: by then an
    entity in an attribute has gone off, and open elements have taken forty times their size. So there is
    little to go through behind a document type, which can only stand in front of the first start tag.

    What has no end yet, a comment for example, is scanned anew with each step. Hence the bound on what
    stands in front, and the growth of the steps behind it: else one tag of 64 MB would cost 20 seconds.
    """
    builder = _Builder()
    parser = ET.XMLParser(target=builder)
    fed = 0
    while fed < len(data):
        if not builder.elements and fed >= MAX_PROLOG:
            raise HcpsdkError(f'expected a <{root}> document, got none within {MAX_PROLOG} bytes')
        step = max(STEP, fed // GROWTH) if builder.elements else PROLOG_STEP
        _feed(parser, data[fed : fed + step])
        fed += step
    element: ET.Element = parser.close()
    return element


def _feed(parser: ET.XMLParser, part: bytes) -> None:
    """Since 2.6 expat lets come together what it has not finished, and would then take it in one step."""
    parser.feed(part)
    flush = getattr(parser, 'flush', None)  # Pythons that know such an expat have it
    if flush is not None:
        flush()


def nested(element: ET.Element) -> dict[str, object]:
    """An element's children as a dictionary, to any depth; what has no children is its text.

    >>> nested(parse(b'<link><a>1</a><b><c/></b></link>', 'link'))
    {'a': '1', 'b': {'c': ''}}
    """
    return {child.tag: nested(child) if len(child) else (child.text or '') for child in element}


def text(value: str) -> str:
    """A string as the text of an element; a carriage return survives the way back, too."""
    return escape(value, {'\r': '&#13;'})


def fits(value: str) -> bool:
    """Whether XML 1.0 (2.2) has every character of a string; it lacks most control characters."""
    return not _NO_CHARACTER.search(value)
