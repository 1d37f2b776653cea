"""What becomes of an object that was changed on two systems (section 2.10 of the reference); no I/O.

Both systems come to the same result, whichever of the two changes is theirs.
"""

from __future__ import annotations

import functools
from dataclasses import replace

from .retention import longer
from .store import SYSTEMS, File, Settings, Stamp, Version


def join(new: File, old: File, *, versioning: bool) -> File:
    """Two objects that were written under one name, on two systems.

    With versioning all versions of both remain, the newer object's last one on top. Without, the
    newer object remains; one of the same content is no collision [inferred].
    """
    others = {key(version): version for version in old.versions}
    versions = [_united(version, others.pop(key(version), version)) for version in new.versions]
    top = versions.pop()
    if versioning and others:  # else the order is that of the newer one, where IDs need not grow
        versions = sorted([*versions, *others.values()], key=lambda version: version.id)
    elif not versioning and same_content(new, old):
        top = _united(top, old.newest)
    one_object = versioning or same_content(new, old)
    later = old if one_object and old.acl_at > new.acl_at else new
    return File([*versions, top], later.acl, later.acl_at)


def _united(new: Version, old: Version) -> Version:
    """Two states of one version, or two versions of the same content, as one.

    Annotations are a unit of their own: those that were changed last count.
    """
    written = _written(new, old)
    annotated = old if old.annotations_at > new.annotations_at else new
    return replace(
        new,
        change_ms=max(new.change_ms, old.change_ms),
        settings=_strictest([settings for _, settings in written]) if written else new.settings,
        written=written,
        annotations=annotated.annotations,
        annotations_at=annotated.annotations_at,
    )


def _written(*versions: Version) -> tuple[tuple[Stamp, Settings], ...]:
    """The last change of the settings that each system has made."""
    changes = [change for version in versions for change in version.written]
    if versions[0].id != versions[1].id:  # then making it was a change, too
        changes += [
            (Stamp(one.ingest_ms, one.id % SYSTEMS, 0), one.settings) for one in versions if not one.written
        ]
    last = {stamp.mark: (stamp, settings) for stamp, settings in sorted(changes, key=_stamp)}
    return tuple(sorted(last.values(), key=_stamp))


def _stamp(change: tuple[Stamp, Settings]) -> Stamp:
    return change[0]


def _strictest(changes: list[Settings]) -> Settings:
    """The last change of system metadata counts, but for a hold, and for the longest retention (2.10).

    So a hold that one system has taken off, without the other's knowing, stays [inferred].
    """
    kept = functools.reduce(longer, [settings.kept for settings in changes])
    return replace(changes[-1], kept=kept, hold=any(settings.hold for settings in changes))


def same_content(one: File, other: File) -> bool:
    """Whether two objects have the same data, and neither is deleted."""
    return not (one.deleted or other.deleted) and one.newest.sums.hash == other.newest.sums.hash


def key(version: Version) -> tuple[int, str]:
    """What tells versions apart; systems that were not yet a pair may have given the same ID twice."""
    return version.id, version.sums.hash
