"""One request to the management API, for all that stands on it: paths, formats, refusals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Union
from urllib.parse import quote, unquote

from .._ask import Asker, read_document, refusal, said
from .._check import kind
from .._request import HeaderLines, Params
from .._trace import redact_target
from ..connection import Connection
from ..errors import HcpsdkError
from ..target import P_HTTP, P_HTTPS, P_MAPI, P_MGMT, P_SEARCH

PREFIX = '/mapi'

JSON = 'application/json'
XML = 'application/xml'

QUOTED = 80
"""bytes of an answer that an error shows"""

Path = Union[str, Iterable[str]]
Timeout = Union[float, tuple[float, float], None]
Answer = Union[dict[str, Any], list[Any], bytes]

_NOT_THERE = frozenset({302, 404})
"""what HEAD says of a resource that does not exist: 302 (MAPI reference, 1.8)"""

# The likely cause of a refusal, where HCP seldom says more (MAPI reference, 1.2 to 1.4 and 1.9).
_HINTS = {
    302: 'there is no such resource, or the user may not see it',
    400: 'a name, a property or a parameter is not as HCP wants it',
    403: (
        'user and password may be wrong, a role be missing, the management API be switched off (for all'
        ' or for this tenant) or closed to this address, or the level be the wrong one: admin.<hcp domain> is'
        ' for system-level users, <tenant>.<hcp domain> for those of the tenant, and for others only if'
        ' it lets them in (administrationAllowed)'
    ),
    404: 'there is no such resource; look at the names in the path',
    405: 'the resource does not know this method',
    409: 'the name is taken',
    415: 'HCP does not take this format here',
    503: 'HCP is too busy, or this service is not to be had just now',
}

# Where HCP's own words may hide the cause rather than tell it; else they are enough.
_VAGUE = {403: 'if that does not explain it, '}

_WRONG_PORT = f'the management API has port {P_MAPI}'
_VERSION = 'X-HCP-SoftwareVersion'
_FOREIGN = f'this is not the management API, each answer of which has {_VERSION}'
_PAGES = frozenset({'text/html', 'application/xhtml+xml'})
"""none of the formats in which it answers (1.6)"""

_OTHER_DOORS = frozenset({P_HTTP, P_HTTPS, P_SEARCH, P_MGMT})

_DONE = frozenset({200, 201, 204})
"""HCP says 200 (1.5); what is between may say it in another way"""


class MapiError(HcpsdkError):
    """HCP refused a request to its management API.

    :param reason: what happened, with the likely cause
    :param status: the HTTP status code; None if there was no answer that one could understand
    :param message: HCP's own words (``X-HCP-ErrorMessage``), or empty
    :param resource: the path below ``/mapi``

    .. versionadded:: 0.9.0-5
    """

    def __init__(self, reason: str, status: int | None = None, message: str = '', resource: str = '') -> None:
        super().__init__(reason)
        self.status = status
        """The HTTP status code (int or None)."""
        self.message = message
        """HCP's own words, empty if it had none (str)."""
        self.resource = resource
        """The path of the resource, below ``/mapi`` (str)."""


class Mapi(Asker):
    """Any resource of the management API, in one line.

    :param target: a :class:`hcpsdk.Target` for ``admin.<hcp domain>`` or ``<tenant>.<hcp domain>``,
        on port 9090
    :param timeout: seconds, as in :class:`hcpsdk.Connection`; None for its default
    :param debuglevel: as in :class:`hcpsdk.Connection`
    :raises TypeError, ValueError: if an argument makes no sense

    A path is what stands behind ``/mapi/``, as one text, or as a sequence of names: these are encoded
    one by one, so a name may hold a slash. Dictionaries go out, and come back, as JSON.

    In a ``with`` block all questions go by one connection.

    .. versionadded:: 0.9.0-5
    """

    _since = ''
    """the release of HCP that has brought the resources"""
    _error: type[MapiError] = MapiError
    """what a refusal is raised as"""

    def __init__(self, target: Any, timeout: Timeout = 60, debuglevel: int = 0) -> None:
        self._timeout = timeout
        super().__init__(target, debuglevel)
        self._software_version = ''

    @property
    def software_version(self) -> str:
        """The release that HCP says it has (``X-HCP-SoftwareVersion``); empty before the first answer."""
        return self._software_version

    def get(self, path: Path, params: Params = None, *, accept: str = JSON) -> Answer:
        """Read a resource.

        :param path: of the resource
        :param params: the query, as in :meth:`hcpsdk.Connection.request`
        :param accept: the format to ask for
        :returns: a dictionary or a list if the answer is JSON, else bytes
        :raises MapiError: if HCP refuses
        """
        return self._do('GET', path, params, None, accept)

    def put(self, path: Path, params: Params = None, body: Any = None, *, form: str = JSON) -> Answer:
        """Create something. It is not repeated, whatever happens on the way.

        :param path: of the list that it belongs to; of itself where HCP wants that
        :param params: the query
        :param body: its properties: a dictionary, or bytes or text of the format ``form``
        :param form: the format of a body that is bytes or text
        :returns: what HCP says, mostly an empty dictionary
        :raises MapiError: if HCP refuses
        """
        return self._do('PUT', path, params, body, JSON, form)

    def post(self, path: Path, params: Params = None, body: Any = None, *, form: str = JSON) -> Answer:
        """Change something, or have something done. It is not repeated, whatever happens on the way.

        For the parameters see :meth:`put`. Where only the query counts, HCP wants an empty dictionary as
        ``body``, but for replication and logs, where it wants none.
        """
        return self._do('POST', path, params, body, JSON, form)

    def delete(self, path: Path, params: Params = None) -> Answer:
        """Delete something. It is not repeated, whatever happens on the way.

        For the parameters see :meth:`put`.
        """
        return self._do('DELETE', path, params, None, JSON)

    def exists(self, path: Path, params: Params = None) -> bool:
        """Whether there is a resource, and the user may see it.

        :raises MapiError: if HCP does not tell
        """
        url = url_of(path)
        with self._answered('HEAD', url, params) as connection:
            if connection.response_status in _NOT_THERE and not self._foreign(connection):
                return False
            self._insist(connection, 'HEAD', url)
            return True

    @contextmanager
    def open(
        self,
        method: str,
        path: Path,
        params: Params = None,
        body: Any = None,
        *,
        accept: str = '*/*',
        form: str = JSON,
    ) -> Iterator[Connection]:
        """An answer that is not to be read at once, such as a package of logs.

        :returns: a context manager, the value of which is a :class:`hcpsdk.Connection` to be read from
        :raises MapiError: if HCP refuses
        """
        with self._open(method, url_of(path), params, body, accept, form) as connection:
            yield connection

    @contextmanager
    def _open(
        self, method: str, url: str, params: Params, body: Any, accept: str, form: str = JSON
    ) -> Iterator[Connection]:
        data, headers = _payload(body, form)
        headers['Accept'] = accept
        with self._answered(method, url, params, data, headers) as connection:
            self._insist(connection, method, url)
            yield connection

    def _do(
        self, method: str, path: Path, params: Params, body: Any, accept: str, form: str = JSON
    ) -> Answer:
        url = url_of(path)
        with self._open(method, url, params, body, accept, form) as connection:
            data = read_document(connection, f'a document of {url}')
            if method == 'GET':
                self._check_content(data, url)
            return self._parsed(data, _kind_of(connection), f'{method} {url}')

    def _text(self, path: Path, params: Params = None, accept: str = '*/*') -> str:
        """A document that is neither a dictionary nor a list."""
        url = url_of(path)
        with self._open('GET', url, params, None, accept) as connection:
            data: bytes = connection.read()
            self._check_content(data, url)
            return data.decode('utf-8', 'replace')

    def _check_content(self, data: bytes, url: str) -> None:
        """Nothing is no answer to a question: settings would seem to be unset, and lists to be empty."""
        if not data.strip():
            raise self._odd(f'GET {url}', 'the answer is empty')

    def _parsed(self, data: bytes, form: str, what: str) -> Answer:
        if not data.strip():
            return {}
        if form != JSON:
            return data
        try:
            found = json.loads(data)
        except (ValueError, RecursionError) as cause:
            raise self._odd(what, f'expected JSON, got {_quoted(data)} ({cause})') from cause
        if not isinstance(found, (dict, list)):
            raise self._odd(what, f'expected an object, got {_quoted(data)}')
        return found

    def _odd(self, what: str, why: str) -> MapiError:
        """The error for an answer that makes no sense."""
        return self._error(f'{what}: {why}', resource=what.partition(' ')[2][len(PREFIX) :])

    @contextmanager
    def _answered(
        self, method: str, url: str, params: Params = None, body: Any = None, headers: HeaderLines = None
    ) -> Iterator[Connection]:
        """As for all who ask; every answer says the release."""
        with super()._answered(method, url, params, body, headers) as connection:
            self._software_version = connection.getheader(_VERSION, self._software_version)
            yield connection

    def _insist(self, connection: Connection, method: str, url: str) -> None:
        if connection.response_status not in _DONE or self._foreign(connection):
            raise self._refusal(connection, f'{method} {url}')

    def _foreign(self, connection: Connection) -> bool:
        """Somebody else answers, such as a console: it sends everybody to its login, whatever the question.

        HCP says its release with each answer of MAPI (1.8). Where it does not, the format tells, or the port,
        if that is known to be another door of HCP; all other ports may lead to MAPI by a tunnel.
        """
        if connection.getheader(_VERSION, ''):
            return False
        page, port = _kind_of(connection) in _PAGES, self._target.port
        if connection.response_status in _DONE:
            return page
        return port in _OTHER_DOORS or (page and port != P_MAPI)

    def _refusal(self, connection: Connection, what: str) -> MapiError:
        status = connection.response_status
        foreign = self._foreign(connection)
        hints = [self._too_old(), _hint(status or 0, said(connection)), _FOREIGN if foreign else '']
        if self._target.port != P_MAPI and (foreign or status == 403):
            hints.append(f'{_WRONG_PORT}, and this Target has {self._target.port}')
        reason = '; '.join([refusal(connection, what), *filter(None, hints)])
        return self._error(reason, status, said(connection), what.partition(' ')[2][len(PREFIX) :])

    def _too_old(self) -> str:
        """Whether HCP is too old for these resources, in words."""
        if not self._since or not self._software_version:
            return ''
        if _numbers(self._software_version) >= _numbers(self._since):
            return ''
        return (
            f'HCP has these resources since release {self._since}, and this one is {self._software_version}'
        )


def _hint(status: int, words: str) -> str:
    """The likely cause of a refusal, unless HCP's own words are enough."""
    hint = _HINTS.get(status, '')
    if not (hint and words):
        return hint
    return f'{_VAGUE[status]}{hint}' if status in _VAGUE else ''


def url_of(path: Path) -> str:
    """The url of a resource; names in a sequence are encoded one by one.

    >>> url_of('tenants/lab'), url_of(('tenants', 'a/b'))
    ('/mapi/tenants/lab', '/mapi/tenants/a%2Fb')

    :raises TypeError, ValueError: if it leads nowhere, or has a query, which may hold a password
    """
    if isinstance(path, str):
        if '?' in path:
            raise ValueError('the path of a resource has no query: give that as params')
        inner = path.strip('/')
        inner = inner[len(PREFIX) :] if f'/{inner}/'.startswith(f'{PREFIX}/') else inner
        names = inner.strip('/').split('/')
        for name in names:
            name_of(unquote(name))  # what is on the way may resolve dots, and make another path of it
        return '/'.join([PREFIX, *names])
    names = [name_of(name) for name in path]
    if not names:
        raise ValueError('the path of a resource must not be empty')
    return '/'.join([PREFIX, *map(_encoded, names)])


def _encoded(name: str) -> str:
    """A name as one segment; bytes that :func:`os.listdir` could not decode go out as they were."""
    try:
        return quote(name.encode('utf-8', 'surrogateescape'), safe='')
    except UnicodeEncodeError as cause:
        raise ValueError(f'a name holds a character that has no UTF-8 form: {name!r}') from cause


def name_of(name: str, what: str = 'a name') -> str:
    """A name that can stand in a path.

    :param what: it is, for messages
    :raises TypeError, ValueError: if it cannot
    """
    if not kind(what, name, str) or name in ('.', '..'):
        raise ValueError(f'{what} must not be empty, nor be a dot or two: {name!r}')
    return name


def content_of(what: str, content: Any) -> Union[str, bytes]:
    """What is uploaded.

    :raises TypeError, ValueError: if that is nothing
    """
    if not isinstance(content, (str, bytes)):
        raise TypeError(f'{what} must be bytes or text, not {type(content).__name__}')
    if not content.strip():
        raise ValueError(f'{what} must not be empty')
    return content


def _payload(body: Any, form: str) -> tuple[Any, dict[str, str]]:
    """The body as it is sent, and the header that says what it is: HCP insists on it (1.6)."""
    if body is None:
        return None, {}
    if isinstance(body, Mapping):
        return json.dumps(dict(body)).encode(), {'Content-Type': JSON}
    if not isinstance(body, (bytes, str)):
        raise TypeError(f'body must be a dictionary, bytes or text, not {type(body).__name__}')
    return body, {'Content-Type': form}


def _kind_of(connection: Connection) -> str:
    """The format of an answer."""
    form: str = connection.getheader('Content-Type', '')
    return form.partition(';')[0].strip().lower()


def _quoted(data: bytes) -> str:
    """The beginning of a body, for an error; it may repeat a query with a password in it."""
    return repr(redact_target(data[:QUOTED].decode('utf-8', 'replace')))


def _numbers(release: str) -> tuple[int, ...]:
    """``7.1.0.10`` as something that can be compared."""
    return tuple(int(part) for part in release.split('.') if part.isdecimal())


def as_dict(answer: Answer, what: str) -> dict[str, Any]:
    """An answer that has to be a dictionary.

    :raises MapiError: if it is not
    """
    if not isinstance(answer, dict):
        raise MapiError(f'{what}: expected an object, got {type(answer).__name__}')
    return answer


def listed(found: Any, *keys: str) -> list[Any]:
    """A list below some keys, as HCP nests them (1.6). JSON made of XML may lack a list of one, or none.

    >>> listed({'roles': {'role': ['MONITOR']}}, 'roles', 'role'), listed({'role': 'MONITOR'}, 'role')
    (['MONITOR'], ['MONITOR'])
    """
    for key in keys:
        if isinstance(found, Mapping):
            found = found.get(key)
    if isinstance(found, list):
        return found
    return [] if found in (None, '') else [found]
