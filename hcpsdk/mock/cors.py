"""``cors``: a document about cross-origin requests (3.10); the mock keeps it, but no browser asks it."""

from __future__ import annotations

from typing import Callable, Union

from .formats import JSON, Text, Tree
from .model import Namespace, Tenant
from .replies import Refusal
from .resource import BOTH_LEVELS, WRITERS, Ask, Method, Route
from .xmldoc import BadXML, check, parse

ROOT, CONTENT = 'cors', 'CORSConfiguration'

Shared = Union[Tenant, Namespace]


def cors(path: str, thing: Callable[[Ask], Shared]) -> Route:
    """The resource of a tenant, or of a namespace."""

    def get(ask: Ask) -> Tree:
        return Text(ROOT, _set(thing(ask)))

    def put(ask: Ask) -> None:
        thing(ask).cors = _read(ask)

    def delete(ask: Ask) -> None:
        _set(thing(ask))
        thing(ask).cors = None

    methods = {'GET': Method(get), 'PUT': Method(put, WRITERS), 'DELETE': Method(delete, WRITERS)}
    return Route(path, ROOT, methods, thing, BOTH_LEVELS)


def _set(thing: Shared) -> str:
    """The document, if there is one.

    :raises Refusal: 404; that GET says so, too, is [inferred]
    """
    if thing.cors is None:
        raise Refusal(404, 'there is no CORS configuration')
    return thing.cors


def _read(ask: Ask) -> str:
    """The document in a request, looked at from outside only."""
    text = ask.tree(ROOT).get(ROOT) if ask.form == JSON else _text(ask.body)
    try:
        check(str(text).encode())
    except BadXML as error:
        raise Refusal(400, f'the CORS configuration is {error}') from error
    if CONTENT not in str(text):
        raise Refusal(400, f'a {CONTENT} is required')
    return str(text).strip()


def _text(body: bytes) -> str:
    try:
        root = parse(body)
    except BadXML as error:
        raise Refusal(400, str(error)) from error
    if root.tag != ROOT:
        raise Refusal(400, f'the body is no {ROOT}')
    return root.text or ''
