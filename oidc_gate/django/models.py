"""Whose user is whose: a person is an issuer and a subject, and nothing else (OpenID Connect Core 1.0, 5.7)."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from oidc_gate.django.project import account_key

__all__ = ["Account", "account_key"]


class Account(models.Model):  # type: ignore[misc]
    """A person at a provider, and their user here. A user may have several.

    `synced`: of what the user was brought up to date last, hashed.
    """

    key = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="oidc_accounts")
    issuer = models.TextField()
    subject = models.TextField()
    synced = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"
