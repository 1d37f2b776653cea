"""The rules for passwords (5.1); no message repeats one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .replies import Refusal

LONGEST, SHORTEST = 64, 6


def checked(password: str, console: Mapping[str, Any]) -> str:
    """A password that may be set.

    :param console: the tenant's settings ``consoleSecurity``, as far as they were set
    :raises Refusal: 400
    """
    least = console.get('minimumPasswordLength', SHORTEST)
    if not least <= len(password) <= LONGEST:
        raise Refusal(400, f'a password has {least} to {LONGEST} characters')
    if len({_group(one) for one in password}) < 2:
        raise Refusal(400, 'a password has characters of two of the groups alphabetic, numeric, other')
    return password


def _group(one: str) -> str:
    if one.isalpha():
        return 'alphabetic'
    return 'numeric' if one.isdecimal() else 'other'
