"""The Django app."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["OIDCGateConfig"]


class OIDCGateConfig(AppConfig):  # type: ignore[misc]
    """`oidc_gate.django` in INSTALLED_APPS."""

    name = "oidc_gate.django"
    label = "oidc_gate"
    verbose_name = "OpenID Connect"
    default_auto_field = "django.db.models.BigAutoField"
