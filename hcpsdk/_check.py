"""Arguments are checked at the call, before any I/O, and refused in one wording."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar('T')

LONGEST_WAIT = 2_147_483.0
"""seconds; ``poll(2)`` counts its wait in milliseconds of 31 bits, so a socket takes no more (24 days)"""


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


def seconds(what: str, value: Any, zero: bool = False) -> float:
    """The value, if it is a number of seconds that can be waited.

    :param zero: none at all is a number, too
    :raises TypeError: if it is no number
    :raises ValueError: if it is out of its range
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f'{what} must be a number of seconds, not {type(value).__name__}')
    if not (0 < value <= LONGEST_WAIT or (zero and value == 0)):
        least = 'at least 0' if zero else 'above 0'
        raise ValueError(
            f'{what} must be a number of seconds, {least} and at most {LONGEST_WAIT:,.0f}, not {value}'
        )
    return float(value)
