"""Credentials become headers."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from typing import Any

from ._check import kind

logger = logging.getLogger(__name__)

_SURROGATE = re.compile('[\ud800-\udfff]')
_CONTROL = re.compile('[\x00-\x1f\x7f]')


class BaseAuthorization:
    """What a Target asks for its authorization headers; to be subclassed per scheme.

    .. versionadded:: 0.9.0-5
    """

    def headers(self) -> dict[str, str]:
        """The headers that carry the credentials.

        :returns: a fresh dictionary of header names and values
        """
        return {}


class DummyAuthorization(BaseAuthorization):
    """No credentials at all, for the default namespace.

    .. versionadded:: 0.9.0-5
    """

    def __repr__(self) -> str:
        return f'<{type(self).__name__}>'


class _UserAuthorization(BaseAuthorization):
    """Credentials that are a user's name and password.

    What is made of them is as good as the password, so it is shown nowhere, not even by ``repr()``.
    """

    _scheme = ''
    """what it is, for the log"""

    def __init__(self, user: str, password: str) -> None:
        for what, value in (('user', user), ('password', password)):
            if _SURROGATE.search(kind(what, value, str)):  # a UnicodeEncodeError would hold the whole of it
                raise ValueError(f'{what} holds a character that has no UTF-8 form')
        if not user:
            raise ValueError('user must not be empty')
        self.user = user
        self._token = self._made(user, password)
        logger.debug('%s made for user %r', self._scheme, user)

    def __repr__(self) -> str:
        return f'<{type(self).__name__} for user {self.user!r}>'

    def __getstate__(self) -> dict[str, Any]:
        """A pickle may lie where others look: this keeps the token from the eye, though from no more."""
        return {**self.__dict__, '_token': base64.b85encode(self._token.encode())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _token=base64.b85decode(state['_token']).decode())

    def _made(self, user: str, password: str) -> str:
        """MD5 is HCP's choice, not ours; ``usedforsecurity`` lets it pass on FIPS systems."""
        name = base64.b64encode(user.encode()).decode('ascii')
        digest = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()
        return f'{name}:{digest}'


class NativeAuthorization(_UserAuthorization):
    """Authorization for HCP's native http/REST interface and for its management API.

    :param user: the name of a data access user (or of a system or tenant user, for MAPI)
    :param password: the user's password
    :raises TypeError: if one of them is not a str
    :raises ValueError: if the user is empty, or one of them has no UTF-8 form

    HCP wants the base64 of the user and the MD5 of the password, both of their UTF-8 form. That
    token is as good as the password, so it is shown nowhere, not even by ``repr()``:

    >>> NativeAuthorization('n', 'n01')
    <NativeAuthorization for user 'n'>

    .. versionadded:: 0.9.0-5
    """

    _scheme = 'native authorization'

    def headers(self) -> dict[str, str]:
        """``Authorization`` as HCP 6 and newer know it, and the cookie that was used before.

        :returns: a fresh dictionary of header names and values
        """
        return {'Authorization': f'HCP {self._token}', 'Cookie': f'hcp-ns-auth={self._token}'}


class NativeADAuthorization(_UserAuthorization):
    """Authorization for the same interfaces, for a user of the Active Directory. HCP 7.2 and newer.

    :param user: the name of the user, with the domain: ``user@domain``
    :param password: the user's password
    :raises TypeError: if one of them is not a str
    :raises ValueError: if the user is empty or holds a colon, or one of them cannot be sent

    The password goes out as it is, so use TLS.

    .. versionadded:: 0.9.0-5
    """

    _scheme = 'authorization by Active Directory'

    def headers(self) -> dict[str, str]:
        """``Authorization`` with the user and the password in clear text.

        :returns: a fresh dictionary of header names and values
        """
        return {'Authorization': f'AD {self._token}'}

    def _made(self, user: str, password: str) -> str:
        """As the bytes of its UTF-8 form, of which a header holds one for each character."""
        if ':' in user:
            raise ValueError('user must not hold a colon: it ends the name')
        if _CONTROL.search(user + password):
            raise ValueError('user and password must not hold a control character, as a header cannot')
        return f'{user}:{password}'.encode().decode('latin-1')


class LocalSwiftAuthorization(_UserAuthorization):
    """Authorization for HCP's HSwift interface, for a user that HCP knows itself.

    :param user: the name of a data access user
    :param password: the user's password
    :raises TypeError: if one of them is not a str
    :raises ValueError: if the user is empty, or one of them has no UTF-8 form

    .. versionadded:: 0.9.0-5
    """

    _scheme = 'local HSwift authorization'

    def headers(self) -> dict[str, str]:
        """``X-Auth-Token`` with the same token as :class:`NativeAuthorization` has.

        :returns: a fresh dictionary of header names and values
        """
        return {'X-Auth-Token': f'HCP {self._token}'}
