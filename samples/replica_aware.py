"""Two HCPs that replicate: the primary is lost, the program goes on with the replica, and comes back.

Hardly anybody has two HCPs on the desk, so it starts two mocks, and switches one of them off and on.
"""

import time

from settings import insist, number, run, secret, text

import hcpsdk
from hcpsdk.mock import MockHCP

# The namespace on both systems, and who may write to it.
FQDN = text('HCP_FQDN', 'n1.m.hcp1.example.com', 'the namespace, as namespace.tenant.domain of HCP')
REPLICA_FQDN = text('HCP_REPLICA_FQDN', 'n1.m.hcp2.example.com', 'the same namespace on the replica')
USER = text('HCP_USER', 'n', 'a data access user')
PASSWORD = secret('HCP_PASSWORD', 'n01', "that user's password")

# How long to wait. With real HCPs, the default for the probes would do: half a minute.
TIMEOUT = number('HCP_TIMEOUT', 2.0, 'seconds to wait for HCP at each step')
PROBE_INTERVAL = number('HCP_PROBE_INTERVAL', 0.2, 'seconds between two looks whether the primary is back')

# Where the objects are.
FOLDER = text('HCP_FOLDER', '/rest/hcpsdk/replica_aware', 'the directory of the objects')

# The link is active/active: whatever the primary cannot do, the replica may.
STRATEGY = hcpsdk.RS_READ_ALLOWED | hcpsdk.RS_WRITE_ALLOWED


def main() -> None:
    with MockHCP('hcp1.example.com') as hcp1, MockHCP('hcp2.example.com', first=11, port=hcp1.port) as hcp2:
        hcp1.replicate_to(hcp2, kind='ACTIVE_ACTIVE')
        hcp2.dns.zones[hcp1.domain] = hcp1.addresses  # one name server for both, which is not switched off

        # From here on it is as with real HCPs: one Target for the two of them.
        target = hcpsdk.Target(
            FQDN,
            hcpsdk.NativeAuthorization(USER, PASSWORD),
            port=hcp1.port,
            resolver=hcp2.resolver(),
            replica_fqdn=REPLICA_FQDN,
            replica_strategy=STRATEGY,
            probe_interval=PROBE_INTERVAL,
        )
        with hcpsdk.Connection(target, timeout=TIMEOUT) as c:
            print('both systems are up')
            store(c, 'first')
            read(c, 'first')

            hcp1.stop()
            print('the primary is gone')
            read(c, 'first')
            store(c, 'second')
            tell(target.state)

            hcp1.start()
            print('the primary is there again')
            time.sleep(PROBE_INTERVAL)  # the next request looks for it
            read(c, 'second')
            tell(target.state)


def store(c: hcpsdk.Connection, name: str) -> None:
    c.PUT(f'{FOLDER}/{name}', body=f'the {name} object')
    insist(c, 'PUT', 201)
    print(f'    stored {name} on {c.served_by}')


def read(c: hcpsdk.Connection, name: str) -> None:
    c.GET(f'{FOLDER}/{name}')
    content = c.read()
    insist(c, 'GET', 200)
    print(f'    read {name} from {c.served_by}: {content.decode()}')


def tell(state: hcpsdk.FailoverState) -> None:
    print(f'    {state.name} since {time.strftime("%H:%M:%S", time.localtime(state.since))}: {state.reason}')


if __name__ == '__main__':
    run(main, __doc__)
