"""What lists of resources have in common: tenants, namespaces, accounts, classes.

All that differs is in class attributes: where the list is, what its members are called by, and which
further resources each member has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._check import kind, number
from ..target import Target
from ._engine import Mapi, Timeout, as_dict, name_of

PAGE = 500
"""names asked for at once: a list of 10,000 namespaces comes in twenty answers, each a quick one"""


Names = list[str]  # a Collection has a list() of its own


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
    _parts: Mapping[str, tuple[str, ...]] = {}
    """further resources of a member: by what they are called here, their path below it"""

    def __init__(self, target: Target, *where: str, timeout: Timeout = 60) -> None:
        super().__init__(target, timeout)
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
        :returns: an iterator of str. Members that come and go meanwhile may be missing, or come twice
        :raises MapiError: if HCP refuses
        :raises ValueError: if the list cannot be sorted, or filtered, like that
        """
        params = self._selection(prefix, tag, sort, descending)
        return self._paged(params) if self._pages else iter(self._names(None))

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
        return as_dict(self.get(self._path(name, part), params), f'{self._what} {name}')

    def create(self, name: str, **properties: Any) -> None:
        """Make a member. It is not repeated, whatever happens on the way.

        :param name: of the new member
        :param properties: more properties, as HCP spells them
        :raises MapiError: if HCP refuses
        """
        self._create({self._key: self._named(name), **properties})

    def modify(self, name: str, part: str | None = None, **properties: Any) -> None:
        """Change properties of a member, or of one of its further resources; the others stay as they are.

        :param name: the member's
        :param part: one of :meth:`parts`
        :param properties: as HCP spells them. A list replaces the one that is there
        :raises MapiError: if HCP refuses
        """
        self.post(self._path(name, part), body=properties)

    def delete(self, name: Any, params: Any = None) -> Any:
        """Delete a member.

        :param name: the member's
        :raises MapiError: if HCP refuses, as it does while something is in it
        """
        return super().delete(self._path(name), params)

    @classmethod
    def parts(cls) -> Names:
        """What the further resources of a member are called, for :meth:`read` and :meth:`modify`."""
        return sorted(cls._parts)

    def _create(self, properties: Mapping[str, Any], params: Any = None) -> None:
        self.put(self._where, params, properties)

    def _path(self, name: Any, part: str | None = None) -> tuple[str, ...]:
        path = (*self._where, self._named(name))
        if part is None:
            return path
        if part not in self._parts:
            raise ValueError(f'a {self._what} has no part {part!r}; it has {", ".join(self.parts())}')
        return (*path, *self._parts[part])

    def _named(self, name: Any) -> str:
        return name_of(name, f'the name of a {self._what}')

    def _names(self, params: Any) -> Names:
        found = as_dict(self.get(self._where, params), f'the list of {self._what}s').get(self._key, [])
        return [str(name) for name in found]

    def _paged(self, params: dict[str, Any]) -> Iterator[str]:
        offset = 0
        while True:
            page = self._names({**params, 'offset': offset, 'count': PAGE})
            yield from page
            offset += len(page)
            if len(page) < PAGE:
                return

    def _selection(
        self, prefix: str | None, tag: str | None, sort: str | None, descending: bool
    ) -> dict[str, Any]:
        """The query for a list. It is always sorted: an unsorted one may change from page to page (1.7).

        :raises ValueError: if HCP has no such query for it
        """
        if not self._pages and (prefix or tag or sort or descending):
            raise ValueError(f'HCP neither sorts nor filters the list of {self._what}s')
        if sort not in (None, *self._sorts):
            raise ValueError(
                f'{self._what}s can be sorted by {", ".join(sorted(self._sorts))}, not by {sort!r}'
            )
        params: dict[str, Any] = {'sortType': sort or self._key}
        params['sortOrder'] = 'descending' if kind('descending', descending, bool) else 'ascending'
        return {**params, **self._filter(prefix, tag)}

    def _filter(self, prefix: str | None, tag: str | None) -> dict[str, str]:
        given = {what: text for what, text in ((self._key, prefix), ('tag', tag)) if text is not None}
        if len(given) > 1:
            raise ValueError('prefix and tag exclude each other')
        if tag is not None and self._key != 'name':
            raise ValueError(f'{self._what}s have no tags')
        return {
            key: value
            for what, text in given.items()
            for key, value in (('filterType', what), ('filterString', _filterable(text)))
        }


MAX_FILTER = 64
"""characters of a filter (MAPI reference, 1.7)"""


def _filterable(text: str) -> str:
    number('the length of a filter', len(kind('a filter', text, str)), 1, MAX_FILTER)
    if ',' in text:
        raise ValueError(f'HCP takes no comma in a filter: {text!r}')
    return text
