"""What becomes of stored objects: DELETE, and POST of new metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Optional
from urllib.parse import parse_qsl

from . import grants, objects, parameters, retention
from .call import Call, media_type, read_all
from .messages import Answer
from .model import find
from .replies import Refusal
from .store import Directory, File, Settings, Version

FORM = 'application/x-www-form-urlencoded'
MAX_FORM = 64 * 1024
"""bytes of a form that we read [inferred]: a reason has 1,024 characters at most"""


def form(call: Call, names: Mapping[str, parameters.Check]) -> dict[str, str]:
    """Parameters that stand either all in the query or all in a form as body.

    :param names: those that may stand there
    :raises Refusal: 400 if they are mixed, unknown or bad
    """
    in_query = {name: value for name, value in call.query.items() if name in names}
    data = read_all(call.body, MAX_FORM)
    if not data:
        return in_query
    if in_query:
        raise Refusal(400, 'parameters stand either in the query or in the body')
    if media_type(call.headers.get('Content-Type', '')) != FORM:
        raise Refusal(400, f'the body has to be {FORM}')
    pairs = parse_qsl(data.decode('utf-8', 'replace'), keep_blank_values=True)
    return parameters.checked([*pairs], names)


# ---------------------------------------------------------------------------------------- DELETE


def delete(call: Call) -> Answer:
    """DELETE of an object, of one of its old versions, or of an empty directory."""
    how = {**form(call, parameters.DELETE), **{k: v for k, v in call.query.items() if k == 'version'}}
    privileged = _privileged(call, how)
    purge = how.get('purge') == 'true'
    with call.store.lock:
        _forbid_busy(call)
        node = call.store.find(call.names)
        if node is None or (node.deleted and not purge and 'version' not in how):
            raise Refusal(404)
        call.visit.need('purge' if purge else 'delete', also=_granted(call, node, purge))
        if isinstance(node, Directory):
            _delete_directory(call, node)
        elif 'version' in how:
            _delete_version(call, node, int(how['version']), privileged)
        else:
            _delete_object(call, node, purge, privileged)
    return Answer(200)


def _granted(call: Call, node: object, purge: bool) -> frozenset[str]:
    return grants.granted(call.visit, node) if isinstance(node, File) and not purge else frozenset()


def _privileged(call: Call, how: Mapping[str, str]) -> bool:
    """Whether this is a privileged delete, which may remove what is to be kept.

    :raises Refusal: 400 without a reason, 403 where it is not possible
    """
    if how.get('privileged') != 'true':
        if 'reason' in how:
            raise Refusal(400, 'a reason is for privileged deletes only')  # [inferred]
        return False
    if 'reason' not in how:
        raise Refusal(400, 'a privileged delete needs a reason')
    call.visit.need('privileged')
    if call.visit.namespace.retention_mode != 'enterprise':
        raise Refusal(403, 'the namespace is in compliance mode')  # [inferred]
    return True


def _forbid_busy(call: Call) -> None:
    """While an object is open for write [client table]; other names of the path do not matter."""
    if call.store.being_written(call.names):
        raise Refusal(404 if call.visit.namespace.versioning else 409)


def _delete_directory(call: Call, directory: Directory) -> None:
    if not call.names:
        raise Refusal(403, 'the root directory cannot be deleted')
    if not directory.empty:
        raise Refusal(403, 'the directory is not empty')
    if call.visit.namespace.versioning or directory.children:
        call.store.delete_directory(call.names, directory, call.now_ms())
    else:
        call.store.remove(call.names, call.now_ms())


def _delete_object(call: Call, file: File, purge: bool, privileged: bool) -> None:
    going = [version for version in file.versions if not version.marker] if purge else [file.newest]
    if not privileged:
        for version in going:
            objects.forbid_kept(call, version)
    now_ms = call.now_ms()
    if purge:
        call.store.remove(call.names, now_ms)
    elif call.visit.namespace.versioning:
        call.store.bury(call.names, file, now_ms)
    elif len(file.versions) > 1:  # versioning was on once
        call.store.replace_by_marker(call.names, file, now_ms)
    else:
        call.store.remove(call.names, now_ms)


def _delete_version(call: Call, file: File, number: int, privileged: bool) -> None:
    """Remove an old version (a release younger than 7.1 is needed for that)."""
    version = file.version(number)
    if version is None:
        raise Refusal(404)
    if version is file.newest:
        raise Refusal(400, 'only old versions can be deleted by their ID')  # [inferred]
    if not privileged:
        objects.forbid_kept(call, version)
    call.store.remove_version(call.names, file, version, call.now_ms())


# ------------------------------------------------------------------------------------------ POST


def post(call: Call) -> Answer:
    """Change the system metadata of an object's current version.

    The documented place of the parameters is a form as body. Clients whose POST takes no body, as
    the SDK's manual has it, put them into the query: taken as well [inferred].
    """
    changes = form(call, parameters.POST)
    if not changes:
        raise Refusal(400, 'nothing to change is named')
    with call.store.lock:
        file = call.file()
        _need(call, file, changes)
        call.store.update(call.names, file, _changed(call, file.newest, changes), call.now_ms())
    return Answer(200)


def _need(call: Call, file: File, changes: Mapping[str, str]) -> None:
    call.visit.need('write', also=grants.granted(call.visit, file))
    if 'hold' in changes:
        call.visit.need('privileged')
    if 'owner' in changes:
        call.visit.need('changeOwner')


def _changed(call: Call, version: Version, changes: Mapping[str, str]) -> Settings:
    """The settings after the change.

    :raises Refusal: 400 for what HCP does not allow
    """
    settings = version.settings
    if 'retention' in changes and 'hold' in changes:
        raise Refusal(400, 'retention and hold cannot be changed in one request')
    if 'retention' in changes:
        settings = _with_retention(call, version, changes['retention'])
    if changes.get('shred') == 'false' and settings.shred:
        raise Refusal(400, 'shred cannot be changed from true to false')
    if changes.get('domain'):
        raise Refusal(400, 'this HCP does not support Active Directory')
    owner = _owner(call, changes.get('owner'), settings.owner)
    return replace(settings, owner=owner).with_flags(changes)


def _with_retention(call: Call, version: Version, text: str) -> Settings:
    if version.settings.hold:
        raise Refusal(400, 'the retention of an object on hold cannot be changed')
    classes, at = call.visit.namespace.retention_classes, call.moment(version.ingest_ms)
    try:
        return replace(version.settings, kept=retention.change(version.settings.kept, text, classes, at))
    except retention.RetentionError as error:
        raise Refusal(400, str(error)) from error


def _owner(call: Call, wanted: Optional[str], present: str) -> str:
    """An empty name takes the owner away."""
    if wanted is None:
        return present
    user = find(call.visit.tenant.users, wanted)
    if wanted and user is None:
        raise Refusal(400, f'there is no user {wanted}')
    return user.name if user else ''
