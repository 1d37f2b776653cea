"""A tenant and its namespaces, as a file says. It shows what would change; with HCP_APPLY=1 it changes it.

What is as it should be is left alone, so it may be run as often as one likes. It deletes nothing.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Callable, Optional, Union

from settings import nameserver, number, run, secret, switch, text

import hcpsdk
from hcpsdk.mapi import Namespaces, Tenants, Users

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

Change = tuple[str, Callable[[], object]]
"""what changes, in words, and what changes it"""


def main() -> None:
    plan = load(Path(FILE))
    count = 0
    for what, change in changes(plan):
        count += 1
        print(what if APPLY else f'would {what}')
        if APPLY:
            change()
    print(f'{count} change(s) {"made" if APPLY else "to be made"}')


def load(path: Path) -> dict[str, Any]:
    """The plan in a file.

    :raises ValueError: if there is none in it
    """
    content = path.read_text(encoding='utf-8')
    if path.suffix != '.toml':
        plan = json.loads(content)
    elif sys.version_info >= (3, 11):
        plan = tomllib.loads(content)
    else:
        raise ValueError('TOML takes Python 3.11 or newer; write it as JSON')
    if not isinstance(plan, dict) or not {'tenant', 'namespaces'} <= plan.keys():
        raise ValueError(f'{path}: "tenant" and "namespaces" are needed')
    return plan


def changes(plan: Mapping[str, Any]) -> Iterator[Change]:
    """All that is not as it should be. Each is looked for when those before it are made, or shown."""
    name, limits = plan['tenant'], plan.get('limits', {})
    tenants = Tenants(target(FQDN, USER, PASSWORD), TIMEOUT)
    if not tenants.exists(name):
        first = {'username': BOSS, 'password': BOSS_PASSWORD}
        yield f'create tenant {name}', partial(tenants.create, name, **first, **limits)
        if not APPLY:
            yield from ((f'create namespace {one}', print) for one in plan['namespaces'])
            return
    yield from differences(tenants, name, limits)

    own = target(f'{name}.{FQDN.partition(".")[2]}', BOSS, BOSS_PASSWORD)
    yield from differences(Users(own, name, TIMEOUT), BOSS, {'roles': {'role': ROLES}})
    yield from differences(Tenants(own, TIMEOUT), name, plan.get('settings', {}))
    namespaces = Namespaces(own, name, TIMEOUT)
    for one, settings in plan['namespaces'].items():
        properties = settings.get('properties', {})
        if not namespaces.exists(one):
            yield f'create namespace {one}', partial(namespaces.create, one, **properties)
            if not APPLY:
                continue
        for part, wanted in settings.items():
            yield from differences(namespaces, one, wanted, None if part == 'properties' else part)


def differences(
    where: Union[Tenants, Users, Namespaces], name: str, wanted: Mapping[str, Any], part: Optional[str] = None
) -> Iterator[Change]:
    """The properties that are not as they should be, as one change."""
    found = where.read(name, part)
    wrong = {key: value for key, value in wanted.items() if comparable(value) != comparable(found.get(key))}
    if wrong:
        shown = ', '.join(f'{key} {found.get(key)!r} -> {value!r}' for key, value in wrong.items())
        yield (
            f'change {name}{f" {part}" if part else ""}: {shown}',
            partial(where.modify, name, part, **wrong),
        )


def comparable(value: Any) -> Any:
    """A value without what does not matter: the order in a list, and how a quota is written."""
    if isinstance(value, dict):
        return {key: comparable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted(map(str, value))
    quota = re.fullmatch(r'([\d.]+) ([MGT])B', str(value))
    return float(quota[1]) * 1024 ** 'MGT'.index(quota[2]) if quota else value


def target(fqdn: str, user: str, password: str) -> hcpsdk.Target:
    authorization = hcpsdk.NativeAuthorization(user, password)
    return hcpsdk.Target(fqdn, authorization, port=PORT, ssl=SSL, resolver=RESOLVER)


if __name__ == '__main__':
    run(main, __doc__)
