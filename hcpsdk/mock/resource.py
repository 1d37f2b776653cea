"""The parts of which the management API is put together: questions and routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Callable, Optional, Union

from .formats import TRUE, XML, Tree, read
from .messages import Answer
from .model import System
from .running import Running

READERS = frozenset({'MONITOR', 'ADMINISTRATOR'})
WRITERS = frozenset({'ADMINISTRATOR'})

SYSTEM, TENANT = 'system', 'tenant'


@dataclass(frozen=True)
class Ask:
    """One request to the management API, understood.

    :param names: the variable parts of the path
    :param query: the parameters; without ``=`` the value is None
    :param running: what the system does, and holds
    :param form: the format of the body
    :param accept: the format of the answer
    :param level: of the caller
    :param home: the name of the tenant to whose host a tenant-level caller came
    """

    system: System
    names: Mapping[str, str]
    query: Mapping[str, Optional[str]]
    running: Running
    form: str = ''
    body: bytes = b''
    accept: str = XML
    level: str = SYSTEM
    home: str = ''

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


Act = Callable[[Ask], Union[Tree, Answer, None]]


@dataclass(frozen=True)
class Method:
    """What one HTTP method does with a resource, and which roles may do it.

    :param act: returns the tree to answer with, or None for an empty 200; an answer in another format lacks
        the general headers only
    :param takes: media types of a body that ``act`` reads itself
    :param gives: media types in which ``act`` can answer, besides XML and JSON
    """

    act: Act
    roles: frozenset[str] = READERS
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()


def _always(ask: Ask) -> object:
    return None


@dataclass(frozen=True)
class Route:
    """One kind of resource.

    :param path: its path below ``/mapi``; a part in braces is a name
    :param root: the name of its root element
    :param methods: GET also serves HEAD
    :param find: looks for the resource, and raises a refusal with 404 if there is none
    :param level: which accounts may ask for it, system's or tenant's
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
