"""The management API's two formats: XML (compact, unless asked otherwise) and JSON.

A resource is a tree of dictionaries, lists and scalars; its root element has a name in XML only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping, Sequence
from typing import Any, Union
from xml.etree.ElementTree import Element

from .call import media_type
from .messages import Headers
from .replies import Refusal
from .xmldoc import PROLOG, BadXML, cdata, element, parse


class Text(dict[str, Any]):
    """A resource that is one text: in XML as CDATA in its root element, in JSON under the root's name."""

    def __init__(self, root: str, text: str) -> None:
        super().__init__({root: text})
        self.text = text


Tree = Mapping[str, Any]

XML, JSON = 'application/xml', 'application/json'
_EXISTING = re.compile(r'(application|audio|font|image|message|model|multipart|text|video)/[\w.+*-]+|\*/\*')

TRUE = ('true', 't', '1')
"""how MAPI spells true, in queries and in bodies; all else is false"""


def requested(
    headers: Headers, *, with_body: bool, takes: Container[str] = (), gives: Container[str] = ()
) -> tuple[str, str]:
    """The formats of the request's body and of the answer.

    :param takes: media types that are taken besides XML and JSON
    :param gives: media types that are given besides XML and JSON
    :raises Refusal: 400 for a media type that does not exist, 415 for one that is not supported
    """
    body = XML
    if with_body:
        body = media_type(headers.get('Content-Type', ''))
        if not body:
            raise Refusal(415, 'a body needs a Content-Type')
        if body not in (XML, JSON) and body not in takes:
            raise _unsupported(body)
    return body, _answer_format(headers.get('Accept', ''), gives)


def _answer_format(accept: str, gives: Container[str]) -> str:
    wanted = [media_type(part) for part in accept.split(',') if part.strip()]
    if not wanted:
        return XML
    for one in wanted:
        if one in (XML, JSON) or one in gives:
            return one
        if one in ('*/*', 'application/*'):
            return XML
    raise _unsupported(wanted[0])


def _unsupported(one: str) -> Refusal:
    if _EXISTING.fullmatch(one) is None:
        return Refusal(400, f'there is no media type {one}')
    return Refusal(415, f'the media type {one} is not supported')


def write(form: str, root: str, tree: Tree, *, pretty: bool) -> bytes:
    """A resource in one of the two formats."""
    if form == JSON:
        return json.dumps(tree, indent=2 if pretty else None).encode()
    if isinstance(tree, Text):
        return f'{PROLOG}<{root}>{cdata(tree.text)}</{root}>'.encode()
    if not pretty:
        return (PROLOG + _element(root, tree)).encode()
    standalone = PROLOG.replace('?>', ' standalone="yes"?>')
    return (standalone + _element(root, tree, '\n') + '\n').encode()


def _element(name: str, value: Any, indent: str = '') -> str:
    """An element with everything in it. ``indent`` is what stands before it: nothing if compact."""
    if isinstance(value, list):
        return ''.join(_element(name, one, indent) for one in value)
    if not isinstance(value, Mapping):
        return indent + element(name, _scalar(value))
    inner = indent + '    ' if indent else ''
    children = ''.join(_element(key, child, inner) for key, child in value.items())
    return f'{indent}<{name}>{children}{indent}</{name}>' if children else f'{indent}<{name}/>'


def _scalar(value: Union[str, bool, int, float]) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def read(form: str, roots: Sequence[str], data: bytes) -> Tree:
    """The body of a request.

    :param roots: the names that its root element may have in XML
    :raises Refusal: 400 if it is not well-formed, or something else
    """
    tree = _read_json(data) if form == JSON else _read_xml(roots, data)
    if not isinstance(tree, dict):
        raise Refusal(400, f'the body is no {roots[0]}')
    return tree


def _read_json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        raise Refusal(400, f'the body is not JSON: {error}') from error


def _read_xml(roots: Sequence[str], data: bytes) -> Any:
    try:
        top = parse(data)
    except BadXML as error:
        raise Refusal(400, str(error)) from error
    # HCP's own samples spell some of them with other capitals (10)
    if top.tag.lower() not in {root.lower() for root in roots}:
        raise Refusal(400, f'the body is no {roots[0]}')
    return _tree(top) or {}


def _tree(node: Element) -> Any:
    """Text, or a dictionary; elements that repeat become a list."""
    if not len(node):
        return (node.text or '').strip()
    found: dict[str, Any] = {}
    for child in node:
        value = _tree(child)
        if child.tag in found:
            before = found[child.tag]
            found[child.tag] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            found[child.tag] = value
    return found


def boolean(value: Any) -> bool:
    """A truth value as MAPI takes it, from XML or JSON; anything unknown is false.

    >>> boolean('t'), boolean(True), boolean('yes')
    (True, True, False)
    """
    return value is True or value in TRUE
