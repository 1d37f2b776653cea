"""A tenant and its namespaces, as a file says. It shows what would change; with HCP_APPLY=1 it changes it.

What is as it should be is left alone, so it may be run as often as one likes. It deletes nothing.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Union

from settings import nameserver, number, run, secret, switch, text

import hcpsdk
from hcpsdk.mapi import MapiError, Namespaces, Tenants, Users

if sys.version_info >= (3, 11):
    import tomllib

# What should be, and whether to see to it.
FILE = text('HCP_PLAN', str(Path(__file__).with_name('laboratory.json')), 'the file, JSON or TOML')
APPLY = switch('HCP_APPLY', False, '1 to make the changes, 0 to show them')

# The system, and who may make tenants in it.
FQDN = text('HCP_ADMIN_FQDN', 'admin.hcp1.example.com', 'the system, as admin.domain of HCP')
USER = text('HCP_ADMIN_USER', 'service', 'a system-level user')
PASSWORD = secret('HCP_ADMIN_PASSWORD', 'service01', "that user's password")

# Who manages the tenant. A new tenant gets this user as its first one.
BOSS = text('HCP_TENANT_USER', 'boss', 'a user of the tenant')
BOSS_PASSWORD = secret('HCP_TENANT_PASSWORD', 'Secret-1', "that user's password")
ROLES = ['ADMINISTRATOR', 'COMPLIANCE', 'MONITOR', 'SECURITY']

# The way there. With a real HCP, the defaults will do.
PORT = number('HCP_MAPI_PORT', 9090, 'the port that MAPI listens on')
SSL = switch('HCP_SSL', None, '1 for TLS, 0 for none; if unset, the port tells')
RESOLVER = nameserver('HCP_NAMESERVER', "the name server to ask, as ip:port; if unset, the system's")
TIMEOUT = number('HCP_TIMEOUT', 60.0, 'seconds to wait for HCP at each step')

PLAN = {'tenant', 'limits', 'settings', 'namespaces'}
"""what a plan may have: its limits are set by the system, its settings by the tenant itself"""
PARTS = {'properties', *Namespaces.parts()} - {'statistics'}
"""what a namespace of it may have"""
NOT_HERE = {'name', 'part', 'password', 'self', 'username'}
"""no properties: they are said elsewhere"""
LISTS = {'authenticationTypes', 'tags'}
"""properties that are lists; HCP has them as ``{'tag': [...]}``"""


class Change(NamedTuple):
    """Something that is made as it should be."""

    what: str
    """in words"""
    make: Callable[[], object]
    hides: bool = False
    """until it is made, there may be others that cannot be seen"""


def main() -> None:
    plan = load(Path(FILE))
    count, hidden = 0, False
    for what, make, hides in changes(plan):
        count, hidden = count + 1, hidden or hides
        print(what if APPLY else f'would {what}')
        if APPLY:
            make()
    if APPLY:
        print(f'{count} change(s) made')
    elif hidden:
        print(f'at least {count} change(s) to be made; the rest can only be seen then')
    else:
        print(f'{count} change(s) to be made')


def load(path: Path) -> dict[str, Any]:
    """The plan in a file, looked through before HCP is asked for anything.

    :raises ValueError: if there is none in it, or one that makes no sense
    """
    try:
        plan: dict[str, Any] = parsed(path)
        check(plan)
        json.dumps(plan)  # a date in TOML is nothing that HCP could be told
    except (TypeError, ValueError) as error:
        raise ValueError(f'{path}: {error}') from error
    return plan


def parsed(path: Path) -> Any:
    content = path.read_text(encoding='utf-8-sig')
    if path.suffix != '.toml':
        return json.loads(content)
    if sys.version_info >= (3, 11):
        return tomllib.loads(content)
    raise ValueError('TOML takes Python 3.11 or newer; write it as JSON')


def check(plan: Any) -> None:
    """Whether all that a plan has is known, and of the right kind.

    :raises ValueError: if not
    """
    check_keys('the plan', plan, PLAN)
    if not {'tenant', 'namespaces'} <= plan.keys():
        raise ValueError('"tenant" and "namespaces" are needed')
    check_name('tenant', plan['tenant'])
    for what in ('limits', 'settings'):
        check_properties(what, plan.get(what, {}))
    for name, parts in table('namespaces', plan['namespaces']).items():
        check_name('a namespace', name)
        check_keys(f'namespace {name}', parts, PARTS)
        for part, properties in parts.items():
            check_properties(f'{part} of {name}', properties)


def check_name(what: str, name: Any) -> None:
    if not (isinstance(name, str) and re.fullmatch('[A-Za-z0-9-]+', name)):
        raise ValueError(f'{what} has to be letters, digits and hyphens, not {name!r:.40}')


def check_keys(what: str, value: Any, known: set[str]) -> None:
    unknown = table(what, value).keys() - known
    if unknown:
        raise ValueError(f'{what} knows no {min(unknown)!r}, only {", ".join(sorted(known))}')


def check_properties(what: str, value: Any) -> None:
    wrong = table(what, value).keys() & NOT_HERE
    if wrong:
        raise ValueError(f'{what} knows no {min(wrong)!r}')
    for key in value.keys() & LISTS:
        check_list(f'{key} in {what}', value[key])


def check_list(what: str, value: Any) -> None:
    plain_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
    if not plain_list and not isinstance(value, dict):
        raise ValueError(f'{what} has to be a list of texts, not {value!r:.40}')


def table(what: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f'{what} has to hold names and values, not {value!r:.40}')
    return value


def changes(plan: Mapping[str, Any]) -> Iterator[Change]:
    """All that is not as it should be. Each is looked for when those before it are made, or shown."""
    name, limits = plan['tenant'], plan.get('limits', {})
    tenants = Tenants(target(FQDN, USER, PASSWORD), TIMEOUT)
    if not tenants.exists(name):
        create = partial(tenants.create, name, username=BOSS, password=BOSS_PASSWORD, **limits)
        yield Change(f'create tenant {name}', create, hides=True)
        if not APPLY:
            yield from (Change(f'create namespace {one}', print) for one in plan['namespaces'])
            return
    yield from differences(tenants, name, limits)

    own = target(f'{name}.{FQDN.partition(".")[2]}', BOSS, BOSS_PASSWORD)
    for change in differences(Users(own, name, TIMEOUT), BOSS, {'roles': {'role': ROLES}}):
        yield change._replace(hides=True)
        if not APPLY:
            return
    yield from differences(Tenants(own, TIMEOUT), name, plan.get('settings', {}))
    for one, parts in plan['namespaces'].items():
        yield from changes_of_namespace(Namespaces(own, name, TIMEOUT), one, parts)


def changes_of_namespace(namespaces: Namespaces, name: str, parts: Mapping[str, Any]) -> Iterator[Change]:
    if not namespaces.exists(name):
        create = partial(namespaces.create, name, **parts.get('properties', {}))
        yield Change(f'create namespace {name}', create, hides=bool(parts.keys() - {'properties'}))
        if not APPLY:
            return
    for part, wanted in parts.items():
        yield from differences(namespaces, name, wanted, None if part == 'properties' else part)


def differences(
    where: Union[Tenants, Users, Namespaces], name: str, wanted: Mapping[str, Any], part: Optional[str] = None
) -> Iterator[Change]:
    """The properties that are not as they should be, as one change."""
    found = present(where, name, part)
    wrong = {key: value for key, value in wanted.items() if not same(value, found.get(key))}
    if wrong:
        shown = ', '.join(
            f'{key} {found.get(key)!r} -> {visible(key, value)}' for key, value in wrong.items()
        )
        yield Change(
            f'change {name}{f" {part}" if part else ""}: {shown}',
            partial(where.modify, name, part, **wrong),
        )


def visible(key: str, value: Any) -> str:
    return '(not shown)' if 'password' in key.lower() else repr(value)


def present(where: Union[Tenants, Users, Namespaces], name: str, part: Optional[str]) -> Mapping[str, Any]:
    """The properties as they are. Of a part that was never set, such as CORS, HCP says 404."""
    try:
        return where.read(name, part)
    except MapiError as error:
        if part is None or error.status != 404:
            raise
        return {}


def same(wanted: Any, found: Any) -> bool:
    """Whether a value is as it should be: what the plan does not mention may be as it likes."""
    if isinstance(wanted, dict):
        inner = found if isinstance(found, dict) else {}
        return all(same(value, inner.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        return sorted(map(plain, wanted)) == sorted(map(plain, listed(found)))
    return plain(wanted) == plain(found)


def listed(found: Any) -> list[Any]:
    """A list, be it wrapped, as in ``{'tag': [...]}``, or not."""
    if isinstance(found, dict):
        found = next(iter(found.values()), [])
    return found if isinstance(found, list) else []


def plain(value: Any) -> str:
    """A value as a text, the same one however it is written: 7 or '7', '1 GB' or '1024.00 MB'."""
    if isinstance(value, bool):
        return str(value).lower()
    quota = re.fullmatch(r'(\d+(?:\.\d+)?) ([MGT])B', str(value))
    if quota:
        return f'{float(quota[1]) * 1024 ** "MGT".index(quota[2])} MB'
    return '' if value is None else str(value)


def target(fqdn: str, user: str, password: str) -> hcpsdk.Target:
    authorization = hcpsdk.NativeAuthorization(user, password)
    return hcpsdk.Target(fqdn, authorization, port=PORT, ssl=SSL, resolver=RESOLVER)


if __name__ == '__main__':
    run(main, __doc__)
