"""The parts of which the management API is put together: questions and routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Callable, Optional, TypeVar, Union

from .callers import SYSTEM, TENANT, Caller
from .formats import TRUE, Tree, read
from .messages import Answer
from .model import Namespace, System, Tenant, find
from .replies import Refusal
from .running import Running
from .store import Store, Stores

READERS = frozenset({'MONITOR', 'ADMINISTRATOR'})
WRITERS = frozenset({'ADMINISTRATOR'})


class Hidden(Refusal):
    """What an account may not see; HEAD says no more than that it is not there."""

    def __init__(self, why: str) -> None:
        super().__init__(403, why)


BOTH_LEVELS = frozenset({SYSTEM, TENANT})


@dataclass(frozen=True)
class Ask:
    """One request to the management API, understood.

    :param names: the variable parts of the path
    :param query: the parameters; without ``=`` the value is None
    :param running: what the system does, and holds
    :param caller: who asks, as what he counts for the resource
    :param form: the format of the body
    :param accept: the format of the answer
    """

    system: System
    names: Mapping[str, str]
    query: Mapping[str, Optional[str]]
    running: Running
    caller: Caller
    form: str
    body: bytes
    accept: str

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self.running.clock()

    @property
    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return int(self.now * 1000)

    @property
    def stores(self) -> Stores:
        """The content of all namespaces."""
        return self.running.stores

    @property
    def tenant(self) -> Tenant:
        """The tenant that the path names.

        :raises Refusal: 404
        """
        return named(self.system.tenants, self.names['tenant'])

    @property
    def namespace(self) -> Namespace:
        """The namespace that the path names.

        :raises Refusal: 404
        """
        return named(self.tenant.namespaces, self.names['namespace'])

    def store(self, namespace: Namespace) -> Store:
        """What one of the tenant's namespaces holds."""
        return self.stores.of(self.tenant.name, namespace.name, self.now_ms)

    def true(self, name: str) -> bool:
        """Whether a boolean parameter is true; a bad value counts as false."""
        return self.query.get(name) in TRUE

    def flagged(self, name: str) -> bool:
        """Whether a flag is set: ``?flag``, ``?flag=`` and ``?flag=true`` are all one [client]."""
        return name in self.query and self.query[name] in (None, '', *TRUE)

    def tree(self, *roots: str) -> Tree:
        """The body, parsed.

        :param roots: names that its root element may have
        :raises Refusal: 400
        """
        return read(self.form, roots, self.body)


Named = TypeVar('Named')


def named(things: Mapping[str, Named], name: str) -> Named:
    """A thing by its name.

    :raises Refusal: 404 if there is none
    """
    found = find(things, name)
    if found is None:
        raise Refusal(404)
    return found


Act = Callable[[Ask], Union[Tree, Answer, None]]


@dataclass(frozen=True)
class Method:
    """What one HTTP method does with a resource, and which roles may do it.

    :param act: returns the tree to answer with, or None for an empty 200; an answer in another format lacks
        the general headers only
    :param level: which accounts may; None: those that may ask for the resource
    :param takes: media types of a body that ``act`` reads itself
    :param gives: media types in which ``act`` can answer, besides XML and JSON
    """

    act: Act
    roles: frozenset[str] = READERS
    level: Optional[frozenset[str]] = None
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()


def _always(ask: Ask) -> object:
    return None


@dataclass(frozen=True)
class Route:
    """One kind of resource.

    :param path: its path below ``/mapi``; a part in braces is a name
    :param root: the name of its root element
    :param methods: GET also serves HEAD, if there is none
    :param find: looks for the resource, and raises a refusal with 404 if there is none
    :param level: which accounts may ask for it: the system's, the tenant's
    :param since: the first release that has it
    """

    path: str
    root: str
    methods: Mapping[str, Method]
    find: Callable[[Ask], object] = _always
    level: frozenset[str] = field(default_factory=lambda: frozenset({SYSTEM}))
    since: tuple[int, ...] = ()

    def match(self, parts: list[str]) -> Optional[dict[str, str]]:
        """The names in a path, if it is one of this route.

        >>> Route('links/{link}', 'link', {}).match(['links', 'a b'])
        {'link': 'a b'}
        """
        pattern = self.path.split('/')
        if len(parts) != len(pattern):
            return None
        names: dict[str, str] = {}
        for wanted, part in zip(pattern, parts):
            if wanted.startswith('{'):
                names[wanted[1:-1]] = part
            elif wanted != part:
                return None
        return names
