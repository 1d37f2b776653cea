"""Arguments are checked at the call, before any I/O, and refused in one wording."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar('T')


def kind(what: str, value: Any, wanted: type[T], name: str = '') -> T:
    """The value, if it is of the wanted type; a truth value passes for no number.

    :raises TypeError: if it is not

    >>> kind('port', '443', int)
    Traceback (most recent call last):
    TypeError: port must be an int, not str
    """
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        article = 'an' if wanted.__name__[0] in 'aeiou' else 'a'
        raise TypeError(
            f'{what} must be {name or f"{article} {wanted.__name__}"}, not {type(value).__name__}'
        )
    return value


def number(what: str, value: Any, least: int, most: int | None = None) -> int:
    """The value, if it is a whole number from ``least`` to ``most``.

    :raises TypeError: if it is no int
    :raises ValueError: if it is out of that range

    >>> number('port', 0, 1, 65535)
    Traceback (most recent call last):
    ValueError: port must be between 1 and 65535, not 0
    """
    if kind(what, value, int) < least or (most is not None and value > most):
        limits = f'at least {least}' if most is None else f'between {least} and {most}'
        raise ValueError(f'{what} must be {limits}, not {value}')
    return int(value)
