"""What belongs to a tenant and is read and changed only (3.3 to 3.6, 3.10), and its service plans."""

from __future__ import annotations

import re
from typing import Any

from .accounts import SECURITY
from .addresses import FULL
from .cors import cors
from .formats import Tree
from .kinds import BOOLEAN, BadValue, Kind, choice, integer, listed, scalar, text
from .model import Tenant
from .properties import Property, T, Table, Values, record, settings
from .replies import Refusal
from .resource import Ask, Method, Route
from .rights import mask

_PATH = 'tenants/{tenant}'
_UP_TO_999 = integer(0, 999)
_COUNT = integer(0, 64)


def _tenant(ask: Ask) -> Tenant:
    return ask.tenant


def _flag(name: str, **more: Any) -> Property:
    return Property(name, BOOLEAN, default=False, **more)


_MISSPELLED = 'automaticUserAccoutUnlockDuration'

CONSOLE = Table(
    'consoleSecurity',
    Property(
        'automaticUserAccoutUnlockDuration', _UP_TO_999, default=5, also='automaticUserAccountUnlockDuration'
    ),
    _flag('automaticUserAccountUnlockSetting'),
    _flag('blockCommonPassword'),
    _flag('blockPasswordReUse'),
    Property('coolDownPeriodDuration', _UP_TO_999, default=5),
    _flag('coolDownPeriodSettings'),
    Property('disableAfterAttempts', _UP_TO_999, default=5),
    Property('disableAfterInactiveDays', _UP_TO_999, default=180),
    Property('forcePasswordChangeDays', integer(0, 999_999), default=180),
    FULL,
    Property('loginMessage', text(1024)),
    Property('logoutOnInactive', _UP_TO_999, default=10),
    Property('lowerCaseLetterCount', _COUNT, default=1),
    Property('minimumPasswordLength', integer(2, 64), default=6),
    Property('numericCharacterCount', _COUNT, default=1),
    _flag('passwordCombination', also='passwordcombination'),
    _flag('passwordContainsUsername'),
    Property('passwordReuseDepth', _COUNT, default=5),
    Property('specialCharacterCount', _COUNT, default=1),
    Property('upperCaseLetterCount', _COUNT, default=1),
)

_SHORT = text(64)
CONTACT = Table(
    'contactInfo',
    Property('address1', text()),
    Property('address2', text()),
    Property('city', text()),
    Property('countryOrRegion', text()),
    Property('emailAddress', text(254)),
    Property('extension', text()),
    Property('firstName', _SHORT),
    Property('lastName', _SHORT),
    Property('primaryPhone', text(24, pattern=re.compile(r'[0-9().+ -]*'))),
    Property('state', text()),
    Property('zipOrPostalCode', text()),
)

_KINDS_OF_MESSAGES = choice('GENERAL', 'SECURITY', 'COMPLIANCE')


def _read_types(value: Any) -> str:
    return ','.join(_KINDS_OF_MESSAGES.read(one.strip()) for one in scalar(value).split(','))


def _read_template(value: Any) -> Values:
    found: Values = _TEMPLATE.read(value)
    if bool(found.get('from')) != bool(found.get('subject')):
        raise BadValue('from and subject go together')
    return found


_TEMPLATE = record(Property('body'), Property('from'), Property('subject'))
_RECIPIENT = record(
    Property('address', required=True),
    Property('importance', choice('MAJOR', 'ALL'), default='MAJOR'),
    Property('severity', choice('NOTICE', 'WARNING', 'ERROR'), default='ERROR'),
    Property('type', Kind(_read_types), default='GENERAL'),
)
EMAIL = Table(
    'emailNotification',
    Property('emailTemplate', Kind(_read_template, _TEMPLATE.show), default={}),
    _flag('enabled'),
    Property('recipients', listed('recipient', _RECIPIENT, 25), default=[]),
)
SEARCH = Table('searchSecurity', FULL)


def get_plans(ask: Ask) -> Tree:
    """The names of the service plans."""
    return {'name': list(ask.system.service_plans)}


def _plans(ask: Ask) -> Tenant:
    """The tenant, if it may select plans. The status is [inferred]."""
    if not ask.tenant.service_plans:
        raise Refusal(403, 'this tenant may not select service plans')
    return ask.tenant


def _plan(ask: Ask) -> str:
    _plans(ask)
    if ask.names['plan'] not in ask.system.service_plans:
        raise Refusal(404)
    return ask.names['plan']


def get_plan(ask: Ask) -> Tree:
    """A service plan."""
    name = _plan(ask)
    return {'description': ask.system.service_plans[name], 'name': name}


_PLANS = f'{_PATH}/availableServicePlans'

ROUTES = [
    settings(f'{_PATH}/consoleSecurity', CONSOLE, _tenant, readers=SECURITY, writers=SECURITY),
    settings(f'{_PATH}/searchSecurity', SEARCH, _tenant, readers=SECURITY, writers=SECURITY),
    settings(f'{_PATH}/contactInfo', CONTACT, _tenant),
    settings(f'{_PATH}/emailNotification', EMAIL, _tenant),
    mask(f'{_PATH}/permissions', _tenant),
    cors(f'{_PATH}/cors', _tenant),
    Route(_PLANS, 'availableServicePlans', {'GET': Method(get_plans)}, _plans, T),
    Route(f'{_PLANS}/{{plan}}', 'availableServicePlan', {'GET': Method(get_plan)}, _plan, T),
]
