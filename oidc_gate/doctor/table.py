"""All checks, in the order in which they are told: what is nearest to the settings first."""

from __future__ import annotations

from oidc_gate.doctor.address_checks import ADDRESS_CHECKS, PATH_CHECKS
from oidc_gate.doctor.case import Check
from oidc_gate.doctor.passage_checks import PASSAGE_CHECKS
from oidc_gate.doctor.settings_checks import SETTINGS_CHECKS

__all__ = ["CHECKS"]

CHECKS: tuple[Check, ...] = (
    *SETTINGS_CHECKS,
    *ADDRESS_CHECKS,
    *PASSAGE_CHECKS,
    *PATH_CHECKS,
)
