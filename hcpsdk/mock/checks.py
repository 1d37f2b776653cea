"""Checks of the properties in a body: a table per resource, one function for all of them (1.6, 1.9)."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from .formats import Tree
from .kinds import Kind
from .replies import Refusal


def checked(
    tree: Tree, root: str, known: Mapping[str, Kind], read_only: Container[str] = ()
) -> dict[str, Any]:
    """The properties of a body.

    :param root: what the body is, for messages
    :param read_only: properties that exist but cannot be set with this request
    :raises Refusal: 400 for one that is unknown, or a bad value; 403 for one that cannot be set
    """
    for name in sorted(tree):
        if name not in known and name not in read_only:
            raise Refusal(400, f'{name} is no property of {root}')
    for name in sorted(tree):
        if name in read_only:
            raise Refusal(403, f'{name} cannot be set')
    return {name: _value(name, known[name], value) for name, value in tree.items()}


def _value(name: str, kind: Kind, value: Any) -> Any:
    try:
        return kind.read(value)
    except (ValueError, TypeError) as error:
        raise Refusal(400, f'{name}: {error}') from error


def required(values: Mapping[str, Any], *names: str) -> None:
    """See to that these properties are there, and not empty.

    :raises Refusal: 400
    """
    for name in names:
        if not values.get(name):
            raise Refusal(400, f'{name} is required')
