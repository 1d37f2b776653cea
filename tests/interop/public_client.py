"""Drives the public client of the same name; run by the interpreter of its own environment.

    python public_client.py SETTINGS-AS-JSON

prints what it saw as one JSON document. Written for release 0.9.5.post1; nothing of our package
is imported here, and the mock does not know who is asking.
"""

import json
import ssl
import sys
import time
import zipfile

import dns.resolver

import hcpsdk
import hcpsdk.mapi
import hcpsdk.mapi.chargeback
import hcpsdk.mapi.logs
import hcpsdk.mapi.replication
import hcpsdk.mapi.tenant
import hcpsdk.namespace

PATH = '/rest/interop/from the public client.txt'
CONTENT = b'This is an example'


def target(settings, fqdn, user, password, port):
    context = ssl.create_default_context(cafile=settings['cafile'])
    auth = hcpsdk.NativeAuthorization(user, password)
    return hcpsdk.Target(fqdn, auth, port=port, sslcontext=context)


def objects(hcp):
    """One object's life, step by step: status, and what is interesting of it."""
    seen = {}
    connection = hcpsdk.Connection(hcp)
    connection.PUT(PATH, body=CONTENT, params={'index': 'true'})
    seen['put'] = [connection.response_status, connection.getheader('X-HCP-Hash')]
    connection.PUT(PATH, body=CONTENT)
    seen['put again'] = [connection.response_status]
    connection.HEAD(PATH)
    seen['head'] = [connection.response_status, connection.getheader('X-HCP-Size')]
    connection.GET(PATH)
    seen['get'] = [connection.response_status, connection.read().decode()]
    connection.POST(PATH, body='shred=true', headers={'Content-Type': 'application/x-www-form-urlencoded'})
    seen['post'] = [connection.response_status]
    connection.read()  # that release is not ready for the next request before
    connection.DELETE(PATH)
    seen['delete'] = [connection.response_status]
    connection.HEAD(PATH)
    seen['gone'] = [connection.response_status]
    connection.close()
    return seen


def namespace(hcp):
    info = hcpsdk.namespace.Info(hcp)
    return {
        'statistics': info.nsstatistics(),
        'this': info.listaccessiblens(),
        'all': info.listaccessiblens(all=True),
        'classes': info.listretentionclasses(),
        'permissions': info.listpermissions(),
    }


def replication(hcp):
    link = hcpsdk.mapi.replication.Replication(hcp)
    name = link.getlinklist()[0]
    seen = {
        'settings': link.getreplicationsettings(),
        'links': link.getlinklist(),
        'details': link.getlinkdetails(name),
    }
    link.setreplicationlinkstate(name, link.R_SUSPEND)
    seen['suspended'] = link.getlinkdetails(name)['suspended']
    link.setreplicationlinkstate(name, link.R_RESUME)
    seen['resumed'] = link.getlinkdetails(name)['suspended']
    for action in (link.R_FAILOVER, link.R_FAILBACK):
        link.setreplicationlinkstate(name, action, linktype=link.R_ACTIVE_ACTIVE)
        seen[action] = link.getlinkdetails(name)['status']
    return seen


def chargeback(hcp):
    """A tenant's report in each format and granularity."""
    report = hcpsdk.mapi.chargeback.Chargeback(hcp, timeout=60)
    seen = {fmt: report.request(tenant='m', fmt=fmt).read() for fmt in report.CBM_ALL}
    for granularity in report.CBG_ALL:
        hdl = report.request(tenant='m', granularity=granularity, fmt=report.CBM_JSON)
        seen[granularity] = json.load(hdl)['chargebackData'][-1]
    report.close()
    return seen


def logs(hcp):
    """From a mark to the package that holds it."""
    log = hcpsdk.mapi.logs.Logs(hcp)
    log.mark('a mark with + and ä')
    seen = {'before': list(log.status().items())}
    log.prepare()
    try:
        log.prepare()
    except hcpsdk.mapi.logs.LogsInProgessError as e:
        seen['again'] = str(e)
    while not log.status()['readyForStreaming']:
        time.sleep(0.01)
    hdl, seen['file'] = log.download()
    with zipfile.ZipFile(hdl) as archive:
        seen['files'], text = len(archive.namelist()), archive.read('node101/messages.log').decode()
    seen['mark'] = 'MARK a mark with + and ä' in text
    seen['cancelled'] = log.cancel()
    seen['after'] = list(log.status().items())
    log.close()
    return seen


def tenants(hcp):
    """All tenants and their settings."""
    seen = {}
    for tenant in hcpsdk.mapi.tenant.listtenants(hcp):
        seen[tenant.name] = tenant.info()
        tenant.close()
    return seen


def main():
    settings = json.loads(sys.argv[1])
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [settings['nameserver']], settings['nameserver_port']
    dns.resolver.default_resolver = resolver
    n1 = target(settings, settings['namespace'], 'n', 'n01', settings['port'])
    admin = target(settings, settings['admin'], 'service', 'service01', settings['mapi_port'])
    seen = {'objects': objects(n1), 'namespace': namespace(n1), 'replication': replication(admin)}
    seen.update(chargeback=chargeback(admin), logs=logs(admin), tenants=tenants(admin))
    print(json.dumps(seen))


if __name__ == '__main__':
    main()
