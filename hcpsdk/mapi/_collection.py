"""What lists of resources have in common: tenants, namespaces, accounts, classes.

All that differs is in class attributes: where the list is, what its members are called by, and which
further resources each member has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .._check import kind, number
from ..target import Target
from ._engine import QUOTED, Mapi, Timeout, as_dict, listed, name_of, url_of

PAGE = 500
"""names asked for at once: a list of 10,000 namespaces comes in twenty answers, each a quick one"""

Names = list[str]  # a Collection has a list() of its own


class Part(NamedTuple):
    """A further resource of a member."""

    path: tuple[str, ...]
    """below the member"""
    change: str = 'POST'
    """the method that changes it: PUT where HCP wants it as a whole, empty if it is read only"""
    erasable: bool = False
    """it can be deleted"""


_ITSELF = Part(())

CORS = Part(('cors',), 'PUT', erasable=True)
"""rules for scripts from other origins, a document of their own (MAPI reference, 3.10)"""


def parts_called(*names: str, change: str = 'POST') -> dict[str, Part]:
    """Parts that are called here as in the path."""
    return {name: Part((name,), change) for name in names}


class Collection(Mapi):
    """The members of a list: to be listed, made, looked at, changed and deleted.

    :param target: as for :class:`hcpsdk.mapi.Mapi`
    :param where: the path of the list
    """

    _what = 'resource'
    """what a member is, for messages"""
    _key = 'name'
    """the property that a member is called by; also what a list of them holds"""
    _pages = False
    """HCP sorts, filters and pages the list (MAPI reference, 1.7)"""
    _sorts = frozenset({'name'})
    """what it may be sorted by"""
    _parts: Mapping[str, Part] = {}
    """further resources of a member, by what they are called here"""

    def __init__(self, target: Target, *where: str, timeout: Timeout = 60, debuglevel: int = 0) -> None:
        super().__init__(target, timeout, debuglevel)
        self._where = where

    def list(
        self,
        *,
        prefix: str | None = None,
        tag: str | None = None,
        sort: str | None = None,
        descending: bool = False,
    ) -> Iterator[str]:
        """The names of all members, sorted; they come page by page.

        :param prefix: only those whose names begin with it, whatever the case
        :param tag: only those with a tag that begins with it; not both
        :param sort: a property to sort by, the name by default
        :param descending: the other way round
        :returns: an iterator of str. Members that come and go meanwhile may be missing, or come twice: to
            delete all of them, take ``list(members.list())`` first
        :raises MapiError: if HCP refuses
        :raises ValueError: if the list cannot be sorted, or filtered, like that
        """
        params = self._selection(prefix, tag, sort, descending)
        return self._paged(params) if self._pages else iter(sorted(self._names(None), key=str.lower))

    def exists(self, name: Any, params: Any = None) -> bool:
        """Whether there is a member of this name, and the user may see it.

        :raises MapiError: if HCP does not tell
        """
        return super().exists(self._path(name), params)

    def read(self, name: str, part: str | None = None, *, verbose: bool = True) -> dict[str, Any]:
        """The properties of a member, or of one of its further resources.

        :param name: the member's
        :param part: one of :meth:`parts`
        :param verbose: False for those only that could be changed
        :returns: a dictionary as HCP spells it
        :raises MapiError: if HCP refuses
        """
        params = {'verbose': True} if verbose else None
        return as_dict(self.get(self._path(name, self._part(part)), params), f'{self._what} {name}')

    def create(self, name: str, **properties: Any) -> None:
        """Make a member. It is not repeated, whatever happens on the way.

        :param name: of the new member
        :param properties: more properties, as HCP spells them
        :raises MapiError: if HCP refuses
        """
        self._create({self._key: self._named(name), **properties})

    def modify(self, name: str, /, part: str | None = None, **properties: Any) -> None:
        """Change properties of a member, or of one of its further resources; the others stay as they are.

        :param name: the member's; ``name=...`` as a property gives it another one, where HCP knows that
        :param part: one of :meth:`parts`. ``cors`` is replaced as a whole
        :param properties: as HCP spells them. A list replaces the one that is there. HCP wraps roles and tags
            in a dictionary, such as ``{'role': [...]}``; a mere list will do as well
        :raises MapiError: if HCP refuses
        :raises ValueError: if the part is read only
        """
        resource = self._part(part)
        if not resource.change:
            raise ValueError(f'{part} of a {self._what} is read only')
        change = self.put if resource.change == 'PUT' else self.post
        change(self._path(name, resource), body=_wrapped(properties))

    def delete(self, name: Any, params: Any = None) -> Any:
        """Delete a member.

        :param name: the member's
        :raises MapiError: if HCP refuses, as it does while something is in it
        """
        super().delete(self._path(name), params)

    def deletepart(self, name: str, part: str) -> None:
        """Delete one of the further resources of a member: its own settings, so that HCP's defaults count.

        :param name: the member's
        :param part: one of :meth:`parts`
        :raises MapiError: if HCP refuses; so it does if there are none
        :raises ValueError: if it cannot be deleted
        """
        resource = self._part(part)
        if not resource.erasable:
            raise ValueError(f'{part} of a {self._what} cannot be deleted')
        super().delete(self._path(name, resource))

    @classmethod
    def parts(cls) -> Names:
        """What the further resources of a member are called, for :meth:`read` and :meth:`modify`."""
        return sorted(cls._parts)

    def _create(self, properties: Mapping[str, Any], params: Any = None) -> None:
        self.put(self._where, params, _wrapped(properties))

    def _path(self, name: Any, part: Part = _ITSELF) -> tuple[str, ...]:
        return (*self._where, self._named(name), *part.path)

    def _part(self, part: str | None) -> Part:
        if part is None:
            return _ITSELF
        if part not in self._parts:
            raise ValueError(f'a {self._what} has no part {part!r}; it has {", ".join(self.parts())}')
        return self._parts[part]

    def _named(self, name: Any) -> str:
        return name_of(name, f'the name of a {self._what}')

    def _names(self, params: Any) -> Names:
        what = f'the list of {self._where[-1]}'
        found = as_dict(self.get(self._where, params), what)
        names = listed(found, self._key)
        if (found and self._key not in found) or not all(isinstance(name, (str, int)) for name in names):
            raise self._odd(f'GET {url_of(self._where)}', f'expected {what}, got {found!r:.{QUOTED}}')
        return [str(name) for name in names]

    def _paged(self, params: dict[str, Any]) -> Iterator[str]:
        """It ends, too, if something on the way leaves ``count`` or ``offset`` out."""
        offset = 0
        last: Names = []
        while True:
            page = self._names({**params, 'offset': offset, 'count': PAGE})
            if page == last:
                return
            yield from page
            if len(page) != PAGE:
                return
            offset, last = offset + PAGE, page

    def _selection(
        self, prefix: str | None, tag: str | None, sort: str | None, descending: bool
    ) -> dict[str, Any]:
        """The query for a list. It is always sorted: an unsorted one may change from page to page (1.7).

        :raises ValueError: if HCP has no such query for it
        """
        if not self._pages and (prefix or tag or sort or descending):
            raise ValueError(f'HCP neither sorts nor filters the list of {self._where[-1]}')
        if sort not in (None, *self._sorts):
            raise ValueError(
                f'{self._where[-1]} can be sorted by {", ".join(sorted(self._sorts))}, not by {sort!r}'
            )
        params: dict[str, Any] = {'sortType': sort or self._key}
        params['sortOrder'] = 'descending' if kind('descending', descending, bool) else 'ascending'
        return {**params, **self._filter(prefix, tag)}

    def _filter(self, prefix: str | None, tag: str | None) -> dict[str, str]:
        given = {what: text for what, text in ((self._key, prefix), ('tag', tag)) if text is not None}
        if len(given) > 1:
            raise ValueError('prefix and tag exclude each other')
        if tag is not None and self._key != 'name':
            raise ValueError(f'{self._where[-1]} have no tags')
        return {
            key: value
            for what, text in given.items()
            for key, value in (('filterType', what), ('filterString', _filterable(text)))
        }


# Lists that HCP wraps (MAPI reference, 1.6).
_WRAPPERS = {'authenticationTypes': 'authenticationType', 'roles': 'role', 'tags': 'tag'}


def _wrapped(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties with lists as HCP wants them."""
    return {key: _wrapped_as(_WRAPPERS.get(key), value) for key, value in properties.items()}


def _wrapped_as(wrapper: str | None, value: Any) -> Any:
    if wrapper is None or value in (None, '') or isinstance(value, Mapping):  # empty clears it, too
        return value
    return {wrapper: names_in(value)}


def names_in(names: Iterable[str]) -> Names:
    """A list of names; a single text is no list of its letters.

    :raises TypeError: if it is one
    """
    if isinstance(names, str):
        raise TypeError(f'a list of names is needed, not the text {names!r}')
    return [kind('a name', name, str) for name in names]


MAX_FILTER = 64
"""characters of a filter (MAPI reference, 1.7)"""


def _filterable(text: str) -> str:
    number('the length of a filter', len(kind('a filter', text, str)), 1, MAX_FILTER)
    if ',' in text:
        raise ValueError(f'HCP takes no comma in a filter: {text!r}')
    return text
