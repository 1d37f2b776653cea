"""Unique names, their folders, and the way back from the name."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcpsdk.pathbuilder import PathBuilder, PathBuilderError

NAME = '8ac8ecb4-9f1e-11e4-a524-98fe94437d8c'


def test_the_manuals_path() -> None:
    """Or objects stored by the documented release would not be found again."""
    assert PathBuilder('/rest/mypath').getpath(NAME) == f'/rest/mypath/b4/ec/{NAME}'


def test_the_default_path() -> None:
    """Or a program that gave none would look elsewhere than it stored."""
    assert PathBuilder().getpath(NAME) == f'/rest/hcpsdk/b4/ec/{NAME}'


@pytest.mark.parametrize(
    ('initial', 'start'), [('/rest/a/', '/rest/a/b4'), ('/rest/a///', '/rest/a/b4'), ('/', '/b4')]
)
def test_a_slash_at_the_end_makes_no_empty_folder(initial: str, start: str) -> None:
    """Or two spellings of one path would be two places."""
    assert PathBuilder(initial).getpath(NAME).startswith(start + '/ec/')


def test_a_name_leads_back_to_its_path() -> None:
    """Or an object would be lost as soon as its path is forgotten."""
    builder = PathBuilder()
    for _ in range(100):
        path, name = builder.getunique('file')
        assert builder.getpath(name) == f'{path}/{name}'
        assert uuid.UUID(name).version == 1


def test_names_are_unique() -> None:
    """Or one file would be refused as another one's copy (409)."""
    builder = PathBuilder()
    assert len({builder.getunique('file')[1] for _ in range(10_000)}) == 10_000


def test_the_folders_spread() -> None:
    """Or parallel writers would wait for each other in one folder."""
    paths = {
        PathBuilder().getpath(str(uuid.UUID(fields=(i, 0, 0, 0, 0, 0)))).rpartition('/')[0]
        for i in range(65536)
    }
    assert len(paths) == 65536


def test_the_annotation_holds_the_files_name() -> None:
    """Or nobody could tell what the object with the unique name once was."""
    path, name, annotation = PathBuilder(annotation=True).getunique('a <b> & c.txt')
    root = ET.fromstring(annotation.encode())
    assert root.findtext('filename') == 'a <b> & c.txt'
    assert root.findtext('object') == name


@given(
    st.one_of(
        st.text(min_size=1), st.text(st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF), min_size=1)
    )
)
def test_every_file_name_can_be_read_back_from_its_annotation(filename: str) -> None:
    """Or some name would make a malformed annotation, and HCP keep an empty object."""
    try:
        raw = filename.encode('utf-8', 'surrogateescape')
    except UnicodeEncodeError:
        return
    element = ET.fromstring(PathBuilder(annotation=True).getunique(filename)[2].encode()).find('filename')
    found = unquote_to_bytes(element.text) if element.get('encoding') == 'percent' else element.text.encode()
    assert found == raw


def test_a_name_that_no_file_can_have_is_refused() -> None:
    """Or a UnicodeEncodeError would come where PathBuilderError was promised."""
    with pytest.raises(PathBuilderError, match='UTF-8'):
        PathBuilder(annotation=True).getunique('\ud800')


@pytest.mark.parametrize(
    'name',
    [
        '',
        'x',
        '8ac8ecb4',
        NAME + 'x',
        NAME.upper(),
        NAME.replace('-', ''),
        f'{{{NAME}}}',
        f'urn:uuid:{NAME}',
        f'/{NAME}',
        f'{NAME}\n',
        None,
        5,
        NAME.encode(),
        uuid.UUID(NAME),
    ],
)
def test_what_is_no_such_name_is_refused(name: object) -> None:
    """Or a path would be made up where nothing was ever stored."""
    with pytest.raises(PathBuilderError, match=r'getunique'):
        PathBuilder().getpath(name)


@pytest.mark.parametrize(
    ('value', 'error'), [('', PathBuilderError), ('rest/a', PathBuilderError), (None, TypeError)]
)
def test_a_bad_initial_path_is_refused(value: object, error: type) -> None:
    """Or the mistake would show only when HCP refuses the first object."""
    with pytest.raises(error, match='initialpath'):
        PathBuilder(value)


def test_a_url_in_place_of_a_path_is_refused_without_its_password() -> None:
    """Or a slip of the caller's would end with a password in the log."""
    with pytest.raises(PathBuilderError, match='https://[*]{3}@h/rest') as caught:
        PathBuilder('https://clark:geheim@h/rest')
    assert 'geheim' not in repr(caught.value)


@pytest.mark.parametrize(('value', 'error'), [('', PathBuilderError), (None, TypeError), (b'x', TypeError)])
def test_a_bad_file_name_is_refused(value: object, error: type) -> None:
    """Or an annotation would say nothing."""
    with pytest.raises(error, match='filename'):
        PathBuilder().getunique(value)


def test_it_shows_itself() -> None:
    """Or the interactive prompt would show a bare address in memory."""
    assert repr(PathBuilder('/rest/a/')) == '<PathBuilder from /rest/a>'
