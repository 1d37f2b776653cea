"""Checks of the properties in a body: a table per resource, one function for all of them (1.6, 1.9)."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Callable

from .formats import Tree, boolean
from .replies import Refusal

MAX_TEXT = 1024
"""characters of a description (9)"""

Check = Callable[[Any], Any]
"""makes of what came the value to be stored; raises ValueError, with what is allowed"""


def checked(
    tree: Tree, root: str, known: Mapping[str, Check], read_only: Container[str] = ()
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


def _value(name: str, check: Check, value: Any) -> Any:
    try:
        return check(value)
    except (ValueError, TypeError) as error:
        raise Refusal(400, f'{name}: {error}') from error


def required(values: Mapping[str, Any], *names: str) -> None:
    """See to that these properties are there, and not empty.

    :raises Refusal: 400
    """
    for name in names:
        if not values.get(name):
            raise Refusal(400, f'{name} is required')


def flag(value: Any) -> bool:
    """A truth value; bad ones are false."""
    return boolean(value)


def text(most: int = MAX_TEXT, least: int = 0) -> Check:
    """A text of so many characters."""

    def check(value: Any) -> str:
        if not isinstance(value, (str, int, float)) or not least <= len(str(value)) <= most:
            raise ValueError(f'a text of {least} to {most} characters')
        return str(value)

    return check


def number(least: int, most: int) -> Check:
    """A whole number; a quoted one will do (1.6)."""

    def check(value: Any) -> int:
        if isinstance(value, (bool, float)) or not least <= int(value) <= most:
            raise ValueError(f'a number from {least} to {most}')
        return int(value)

    return check


def one_of(*values: str) -> Check:
    """One of several words in any case; they are kept in upper case (1.6)."""

    def check(value: Any) -> str:
        if str(value).upper() not in values:
            raise ValueError(f'one of {", ".join(values)}')
        return str(value).upper()

    return check


def several(value: Any, key: str) -> list[Any]:
    """The list behind ``{key: [...]}``; one in XML may look like one value, and an empty one like a text.

    >>> several({'name': 'a'}, 'name'), several('', 'name')
    (['a'], [])

    :raises ValueError: if it is something else
    """
    if value in ('', None):
        return []
    if not isinstance(value, Mapping) or set(value) - {key}:
        raise ValueError(f'a list of {key}')
    found = value.get(key, [])
    return list(found) if isinstance(found, list) else [found]
