"""Resources as tables of properties: who may see and set them, when, with which values (1.4, 1.6, 1.9, 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable, Optional

from .callers import SYSTEM, TENANT
from .formats import Tree
from .kinds import TEXT, BadValue, Kind
from .replies import Refusal
from .resource import READERS, WRITERS, Ask, Method, Route

Who = frozenset[str]
"""levels and roles, one of which suffices; see :attr:`hcpsdk.mock.callers.Caller.words`"""

S, T = frozenset({SYSTEM}), frozenset({TENANT})
ALL, NOBODY = S | T, frozenset[str]()

Values = dict[str, Any]
"""name of a property -> what is to be kept"""


@dataclass(frozen=True)
class Property:
    """One property.

    :param attribute: where the model keeps it; empty: among the further settings
    :param default: if it is one of these, and was never set
    :param put: who may give it on creation
    :param post: who may change it
    :param get: who sees it
    :param verbose: who sees it besides, when asking to be verbose
    :param required: on creation
    :param ignored: requests may have it, but nothing comes of it
    :param when: whether it is shown at all
    :param also: another spelling, that HCP's own texts use (10)
    """

    name: str
    kind: Kind = TEXT
    attribute: str = ''
    default: Any = ''
    put: Who = ALL
    post: Who = ALL
    get: Who = ALL
    verbose: Who = NOBODY
    required: bool = False
    ignored: bool = False
    when: Optional[Callable[[Any], bool]] = None
    also: str = ''

    def seen(self, thing: Any, words: Who, *, verbose: bool) -> bool:
        """Whether somebody sees it."""
        who = self.get | self.verbose if verbose else self.get
        return bool(who & words) and (self.when is None or self.when(thing))


def shown_only(
    name: str, kind: Kind, attribute: str = '', *, get: Who = NOBODY, verbose: Who = NOBODY
) -> Property:
    """A property that no request may set."""
    return Property(name, kind, attribute, put=NOBODY, post=NOBODY, get=get, verbose=verbose)


class Properties:
    """Some properties, and how to understand a tree of them.

    :param what: what has them, for messages
    """

    def __init__(self, *properties: Property, what: str = 'this') -> None:
        self.all = properties
        self._what = what
        self._by_name = {name: one for one in properties for name in (one.name, one.also) if name}

    def understood(self, tree: Tree, *, creating: bool) -> Values:
        """What is to be kept, by the names of the properties.

        :raises BadValue: naming the property
        """
        unknown = set(tree) - set(self._by_name)
        if unknown:
            raise BadValue(f'{min(unknown)} is no property of {self._what}')
        given = {self._by_name[name].name: value for name, value in tree.items()}
        missing = [
            one.name for one in self.all if creating and one.required and given.get(one.name, '') == ''
        ]
        if missing:
            raise BadValue(f'{missing[0]} is required')
        return {name: self._read(self._by_name[name], value) for name, value in given.items()}

    def checked(self, tree: Tree, *, creating: bool = False) -> Values:
        """See :meth:`understood`.

        :raises Refusal: 400, naming the property
        """
        try:
            return self.understood(tree, creating=creating)
        except BadValue as error:
            raise Refusal(400, str(error)) from error

    def _read(self, wanted: Property, value: Any) -> Any:
        try:
            return wanted.kind.read(value)
        except BadValue as error:
            raise BadValue(f'{wanted.name}: {error}') from error

    def forbidden(self, names: set[str], words: Who, *, creating: bool) -> list[str]:
        """Those of the properties that somebody may not set."""
        return [
            one.name
            for one in self.all
            if one.name in names and not (one.ignored or words & (one.put if creating else one.post))
        ]

    def of(self, thing: Any) -> Tree:
        """What a thing has of them in its attributes."""
        return _shown({one.name: one.kind.show(getattr(thing, one.attribute)) for one in self.all})


def record(*properties: Property) -> Kind:
    """A property that has properties; kept as a dictionary of those that were set."""
    table = Properties(*properties)

    def read(value: Any) -> Values:
        if value in (None, ''):
            return {}
        return table.understood(inner(value), creating=True)

    def show(kept: Values) -> Any:
        return _shown({one.name: one.kind.show(kept.get(one.name, one.default)) for one in table.all})

    return Kind(read, show)


def part(*properties: Property) -> Kind:
    """A property that has properties, which a thing has in its attributes; read as attribute -> value."""
    known = Properties(*properties)

    def read(value: Any) -> Values:
        values = known.understood(inner(value), creating=False)
        return {one.attribute: values[one.name] for one in known.all if one.name in values}

    return Kind(read, known.of)


def inner(value: Any) -> Mapping[str, Any]:
    """An inner object; in XML an empty one looks like an empty text.

    :raises BadValue: for what is none
    """
    if value == '':
        return {}
    if not isinstance(value, Mapping):
        raise BadValue('an object is required')
    return value


def _shown(values: Values) -> Values:
    return {name: value for name, value in values.items() if value is not None}


class Table:
    """The properties of one kind of resource.

    :param root: its name
    """

    def __init__(self, root: str, *properties: Property) -> None:
        self.root = root
        self.names = [one.name for one in properties]
        self._properties = Properties(*properties, what=root)

    def read(self, ask: Ask, *, creating: bool = False) -> Values:
        """What the body of a request wants to be kept.

        :raises Refusal: 400 for what is no such resource, 403 for properties that the caller may not set
        """
        values = self._properties.checked(ask.tree(self.root), creating=creating)
        forbidden = self._properties.forbidden(set(values), ask.caller.words, creating=creating)
        if forbidden:
            raise Refusal(403, f'{forbidden[0]} may not be set by this request or account')
        return values

    def show(self, ask: Ask, thing: Any, computed: Optional[Mapping[str, Any]] = None) -> Tree:
        """The resource as the caller may see it.

        :param computed: values that are kept nowhere
        """
        verbose, tree = ask.true('verbose'), {}
        for one in self._properties.all:
            if one.seen(thing, ask.caller.words, verbose=verbose):
                kept = (computed or {}).get(one.name)
                value = one.kind.show(self._kept(thing, one) if kept is None else kept)
                if value is not None:
                    tree[one.name] = value
        return tree

    def kept(self, thing: Any, name: str) -> Any:
        """The present value of a property."""
        return self._kept(thing, next(one for one in self._properties.all if one.name == name))

    def _kept(self, thing: Any, one: Property) -> Any:
        if one.attribute:
            return getattr(thing, one.attribute)
        return thing.further.get(self.root, {}).get(one.name, one.default)

    def apply(self, thing: Any, values: Values) -> None:
        """Keep what was read."""
        for one in self._properties.all:
            if one.name not in values or one.ignored:
                continue
            value = _merged(self._kept(thing, one), values[one.name])
            if one.attribute:
                setattr(thing, one.attribute, value)
            else:
                thing.further.setdefault(self.root, {})[one.name] = value

    def reset(self, thing: Any) -> None:
        """Give everything its default that is among the further settings."""
        thing.further.pop(self.root, None)


def _merged(old: Any, new: Any) -> Any:
    """What is left out in an inner object stays; an empty one is set back (3.5)."""
    return {**old, **new} if new and isinstance(new, dict) and isinstance(old, dict) else new


Check = Callable[[Ask, Any, Values], None]


def no_check(ask: Ask, thing: Any, values: Values) -> None:
    """Nothing to be said about the values together."""


def settings(
    path: str,
    table: Table,
    thing: Callable[[Ask], Any],
    *,
    readers: frozenset[str] = READERS,
    writers: frozenset[str] = WRITERS,
    level: frozenset[str] = T,
    check: Check = no_check,
) -> Route:
    """A resource that can be read and changed, but not made or deleted.

    :param thing: gives what the properties belong to
    :param check: refuses values that do not go together, or with what is there
    """

    def get(ask: Ask) -> Tree:
        return table.show(ask, thing(ask))

    def post(ask: Ask) -> None:
        values = table.read(ask)
        check(ask, thing(ask), values)
        table.apply(thing(ask), values)

    methods = {'GET': Method(get, readers), 'POST': Method(post, writers)}
    return Route(path, table.root, methods, thing, level)
