"""The grammar of retention, and what may become of one."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta, timezone

import pytest

from hcpsdk.mock.model import RetentionClass
from hcpsdk.mock.retention import (
    ClassName,
    Kept,
    Moment,
    Offset,
    RetentionError,
    change,
    describe,
    effective,
    initial,
    parse,
    shown_class,
    under_retention,
)

DAY = 86_400
INGEST = 1422736466
NOW = INGEST + 10 * DAY
AT = Moment(NOW, INGEST)
CLASSES = {
    'TAX': RetentionClass('TAX', 'A+10y'),
    'SHORT': RetentionClass('SHORT', 'A+1y'),
    'NEVER': RetentionClass('NEVER', '-1'),
    'OPEN': RetentionClass('OPEN', '-2'),
}
SHORT_END, TAX_END = 1454272466, 1738355666  # the ingest's day in 2016 and in 2025
PROHIBITED, UNSPECIFIED, ALLOWED = Kept(-1), Kept(-2), Kept(0)
LATER, EXPIRED = Kept(NOW + DAY), Kept(NOW - DAY)


@pytest.mark.parametrize(
    ('text', 'setting'),
    [
        ('0', 0),
        ('-0', 0),
        ('Deletion Allowed', 0),
        ('deletion PROHIBITED', -1),
        ('-1', -1),
        ('Initial Unspecified', -2),
        ('-2', -2),
        ('1422736466', 1422736466),
        ('2015-01-31T21:34:26+0100', 1422736466),
        ('2015-01-31T19:04:26-0130', 1422736466),
        ('2015-11-33T00:00:00+0000', 1449100800),  # rolls over to December 3
        ('2015-13-01T00:00:00+0000', 1451606400),  # to January 2016
        ('1901-01-01T00:00:00+0000', 1),
        ('0000-01-01T00:00:00+0000', 1),
        ('A+100y', Offset('A', 1200, 0)),
        ('N+20d-5h', Offset('N', 0, 20 * DAY - 5 * 3600)),
        ('R+2y+1d', Offset('R', 24, DAY)),
        ('+1M+1m', Offset('R', 1, 60)),
        ('A+1w+1s', Offset('A', 0, 7 * DAY + 1)),
        ('C+TAX-data_1', ClassName('TAX-data_1')),
    ],
)
def test_values_of_the_grammar_are_understood(text, setting):
    """A documented way to write a retention would be refused, or mean something else."""
    assert parse(text) == setting


@pytest.mark.parametrize(
    'text',
    ['', 'A', 'R', '-3', 'A+10000y', 'A+1d+1y', 'A+1Y', 'B+1y', 'C+', 'C+a b', 'forever', '1.5', '2015-01-31',
     '2015-01-31T21:34:26Z', 'A10y', 'a+1y'],
)  # fmt: skip
def test_what_is_outside_the_grammar_is_refused(text):
    """A typing error would silently set some retention on a write-once store."""
    with pytest.raises(RetentionError):
        parse(text)


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('A+1y', SHORT_END),
        ('N+1d', NOW + DAY),
        ('R+1d', INGEST + DAY),
        ('A+1M', INGEST + 28 * DAY),  # January 31 and a month: the last of February
        ('A+9999y', 316960720466),  # beyond what datetime can show
        ('C+tax', TAX_END),
    ],
)
def test_a_new_objects_retention_is_computed_from_its_base(text, value):
    """Offsets would count from the wrong moment, or fail in the far future."""
    kept = initial(text, CLASSES, AT)
    assert effective(kept, CLASSES, INGEST) == value


@pytest.mark.parametrize('months', [*range(1, 25), 48, 1021, 1200, 4621, 4813])
def test_months_have_their_own_lengths(months):
    """A retention by months would end some days early or late."""
    years, month = divmod(months, 12)
    year = 2015 + years
    last = monthrange(year, month + 1)[1]
    expected = datetime(year, month + 1, min(31, last), 20, 34, 26, tzinfo=timezone.utc).timestamp()
    years, rest = divmod(months, 12)
    assert initial(f'A+{years}y+{rest}M', CLASSES, AT).value == expected


def test_the_base_of_r_is_the_default_where_that_is_a_date():
    """An offset to the namespace's default would shorten it."""
    assert initial('+1d', CLASSES, AT, LATER) == Kept(NOW + 2 * DAY)


@pytest.mark.parametrize('text', ['A-1y', 'A+1d-24h', 'C+unknown'])
def test_offsets_that_do_not_lengthen_and_unknown_classes_are_refused(text):
    """An object would get a retention that has already ended."""
    with pytest.raises(RetentionError):
        initial(text, CLASSES, AT)


@pytest.mark.parametrize(
    ('before', 'text', 'after'),
    [
        (UNSPECIFIED, '0', ALLOWED),
        (UNSPECIFIED, '-1', PROHIBITED),
        (UNSPECIFIED, '1', Kept(1)),
        (UNSPECIFIED, 'C+SHORT', Kept(SHORT_END, 'SHORT')),
        (ALLOWED, '0', ALLOWED),
        (ALLOWED, '1', Kept(1)),
        (ALLOWED, '-1', PROHIBITED),
        (ALLOWED, '-2', UNSPECIFIED),
        (LATER, 'R+1d', Kept(NOW + 2 * DAY)),
        (LATER, '+1y', Kept(1455136466 + DAY)),
        (LATER, '-1', PROHIBITED),
        (LATER, 'C+NEVER', Kept(-1, 'NEVER')),
        (EXPIRED, '1', Kept(1)),
        (PROHIBITED, '-1', PROHIBITED),
        (Kept(SHORT_END, 'SHORT'), 'C+TAX', Kept(TAX_END, 'TAX')),
        (Kept(-2, 'OPEN'), '1', Kept(1)),
    ],
)
def test_retention_may_grow(before, text, after):
    """A change that HCP allows would be refused."""
    assert change(before, text, CLASSES, AT) == after


@pytest.mark.parametrize(
    ('before', 'text'),
    [
        (PROHIBITED, '0'),
        (PROHIBITED, '-2'),
        (PROHIBITED, 'R+1y'),
        (PROHIBITED, str(NOW + DAY)),
        (LATER, '0'),
        (LATER, '-2'),
        (LATER, str(NOW)),
        (LATER, 'A+1d'),
        (EXPIRED, '0'),
        (Kept(TAX_END, 'TAX'), 'C+SHORT'),
        (Kept(TAX_END, 'TAX'), str(TAX_END + DAY)),
        (LATER, 'nonsense'),
        (LATER, 'C+unknown'),
    ],
)
def test_retention_may_not_shrink(before, text):
    """Records could be deleted before their time."""
    with pytest.raises(RetentionError):
        change(before, text, CLASSES, AT)


def test_a_class_counts_with_its_present_value():
    """Lengthening a class would leave the objects that are in it behind."""
    kept, classes = Kept(SHORT_END, 'SHORT'), dict(CLASSES)
    classes['SHORT'] = RetentionClass('SHORT', 'A+10y')
    assert effective(kept, classes, INGEST) == TAX_END
    assert shown_class(kept, classes) == 'SHORT'


def test_a_deleted_class_prohibits_deletion():
    """Deleting a class would free the objects that are in it."""
    assert effective(Kept(SHORT_END, 'SHORT'), {}, INGEST) == -1
    assert shown_class(Kept(SHORT_END, 'SHORT'), {}) == 'undefined'


def test_a_class_does_not_refer_to_another_class():
    """A wrongly set up mock would give nonsense instead of an error."""
    with pytest.raises(RetentionError, match='another class'):
        effective(Kept(class_name='X'), {'X': RetentionClass('X', 'C+X')}, INGEST)


@pytest.mark.parametrize(
    ('value', 'kept'), [(0, False), (-1, True), (-2, True), (NOW + 1, True), (NOW, False), (1, False)]
)
def test_what_must_not_be_deleted_now(value, kept):
    """Objects could be deleted too early, or never."""
    assert under_retention(value, NOW) is kept


@pytest.mark.parametrize(
    ('value', 'text'),
    [
        (0, 'Deletion Allowed'),
        (-1, 'Deletion Prohibited'),
        (-2, 'Initial Unspecified'),
        (1422736466, '2015-01-31T21:34:26+0100'),
        (316960720466, '12014-01-31T21:34:26+0100'),
    ],
)
def test_retention_is_described_in_hcps_words(value, text):
    """X-HCP-RetentionString would not read as on a real HCP."""
    assert describe(value, timezone(timedelta(hours=1))) == text
