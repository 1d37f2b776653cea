"""How replication is doing: the settings of the service, each link in detail, and all of them at a glance.

It only looks. MAPI has to be enabled, and the user be one of the system, as a monitor or administrator.
"""

from typing import Any

from settings import nameserver, number, run, secret, switch, text

import hcpsdk
from hcpsdk.mapi import Replication

# The system, and who may look at it.
FQDN = text('HCP_ADMIN_FQDN', 'admin.hcp1.example.com', 'the system, as admin.domain of HCP')
USER = text('HCP_ADMIN_USER', 'service', 'a system-level user')
PASSWORD = secret('HCP_ADMIN_PASSWORD', 'service01', "that user's password")

# The way there. With a real HCP, the defaults will do.
PORT = number('HCP_MAPI_PORT', 9090, 'the port that MAPI listens on')
SSL = switch('HCP_SSL', None, '1 for TLS, 0 for none; if unset, the port tells')
RESOLVER = nameserver('HCP_NAMESERVER', "the name server to ask, as ip:port; if unset, the system's")

# What HCP's word for the status of a link means.
HEALTH = {'GOOD': 'is well', 'WARNING': 'is not replicating as usual', 'BAD': 'is broken'}


def main() -> None:
    authorization = hcpsdk.NativeAuthorization(USER, PASSWORD)
    target = hcpsdk.Target(FQDN, authorization, port=PORT, ssl=SSL, resolver=RESOLVER)
    replication = Replication(target)

    print('replication service')
    show(replication.getreplicationsettings())
    links = {name: replication.getlinkdetails(name) for name in replication.getlinklist()}
    for name, details in links.items():
        print(f'link {name}')
        show(details)

    print('at a glance')
    for name, details in links.items():
        print(f'    {name} {verdict(details)}')
    print(f'    {len(links)} link(s) in all')


def show(details: dict[str, Any], indent: str = '    ') -> None:
    """All texts of MAPI, groups of them indented below their name."""
    for key, value in details.items():
        if isinstance(value, dict):
            print(f'{indent}{key}:')
            show(value, indent + '    ')
        else:
            print(f'{indent}{key}: {value}')


def verdict(link: dict[str, Any]) -> str:
    """Health is more than the status: a link can be good and asleep, or good and far behind."""
    health = HEALTH.get(link['status'], f'has the unknown status {link["status"]}')
    asleep = ', but suspended' if link['suspended'] == 'true' else ''
    figures = link['statistics']
    return (
        f'{health}{asleep}: {link["statusMessage"]}; {figures["objectsPending"]} objects to be sent,'
        f' {figures["errors"]} errors, up to date as of {figures["upToDateAsOfString"]}'
    )


if __name__ == '__main__':
    run(main, __doc__)
