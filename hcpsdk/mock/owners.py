"""Namespaces of callers who may manage but their own (1.4)."""

from __future__ import annotations

from .callers import MANAGER
from .model import Namespace
from .resource import READERS, Ask, Hidden

MANAGERS = frozenset({MANAGER})
ANY_READER = READERS | {'COMPLIANCE'}


def only_own(ask: Ask) -> bool:
    """Whether the caller has none of the roles that are for all namespaces."""
    return not ask.caller.roles & ANY_READER


def owns(ask: Ask, namespace: Namespace) -> bool:
    """Whether the caller owns a namespace."""
    return namespace.owner.lower() == ask.caller.user.name.lower()


def namespace_seen(ask: Ask) -> Namespace:
    """The namespace that the path names, if the caller may see it.

    :raises Refusal: 404, 403
    """
    namespace = ask.namespace
    if only_own(ask) and not owns(ask, namespace):
        raise Hidden('the namespace belongs to somebody else')
    return namespace
