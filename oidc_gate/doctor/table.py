"""All checks, in the order in which they are told: what is nearest to the settings first."""

from __future__ import annotations

from oidc_gate.doctor.address_checks import ADDRESS_CHECKS
from oidc_gate.doctor.case import Check
from oidc_gate.doctor.client_checks import CLIENT_CHECKS
from oidc_gate.doctor.cookie_checks import COOKIE_CHECKS
from oidc_gate.doctor.network_checks import NETWORK_CHECKS
from oidc_gate.doctor.passage_checks import PASSAGE_CHECKS
from oidc_gate.doctor.profile_checks import PROFILE_CHECKS
from oidc_gate.doctor.provider_checks import PROVIDER_CHECKS
from oidc_gate.doctor.request_checks import REQUEST_CHECKS
from oidc_gate.doctor.settings_checks import SETTINGS_CHECKS
from oidc_gate.doctor.store_checks import STORE_CHECKS

__all__ = ["CHECKS"]

_GROUPS = "SNPCBA"


def _place(check: Check) -> tuple[int, int]:
    return _GROUPS.index(check.id[0]), int(check.id[1:])


_ALL = (
    *SETTINGS_CHECKS,
    *NETWORK_CHECKS,
    *PROVIDER_CHECKS,
    *CLIENT_CHECKS,
    *REQUEST_CHECKS,
    *PROFILE_CHECKS,
    *COOKIE_CHECKS,
    *STORE_CHECKS,
    *ADDRESS_CHECKS,
    *PASSAGE_CHECKS,
)

CHECKS: tuple[Check, ...] = tuple(sorted(_ALL, key=_place))
