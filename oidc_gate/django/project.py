"""What the project's settings say of users, the dict `OIDC_GATE`; and what a person is known by."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured

__all__ = ["UserSettings", "account_key", "user_settings"]


class UserSettings(NamedTuple):
    """How users are made of identities.

    - `groups`: whether Django's groups follow the provider's: a user is in those that have the name of one of theirs,
      and in no others. None are made.
    - `staff_groups`, `superuser_groups`: the provider's groups whose members are staff, or superusers, and nobody
      else; None leaves that to the project.
    - `providers`: of a gate with several, those whose groups count for all of this, by their `auth_id`; None for the
      first. Another's administrators could name a group as they like.
    """

    groups: bool = True
    staff_groups: tuple[str, ...] | None = None
    superuser_groups: tuple[str, ...] | None = None
    providers: tuple[str, ...] | None = None


def user_settings() -> UserSettings:
    """Return what the project says. Raises ImproperlyConfigured for what it cannot say."""
    from django.conf import settings

    given: dict[str, Any] = getattr(settings, "OIDC_GATE", {})
    names = {name.upper(): name for name in UserSettings._fields}
    for name, value in given.items():
        if name not in names:
            raise ImproperlyConfigured(f"OIDC_GATE: there is no {name}. There are: {', '.join(names)}.")
        if name == "GROUPS" and not isinstance(value, bool):
            raise ImproperlyConfigured("OIDC_GATE: GROUPS must be True or False.")
        if name != "GROUPS" and not _is_list_of_texts(value):
            raise ImproperlyConfigured(f"OIDC_GATE: {name} must be a list of texts.")
    read: dict[str, Any] = {names[name]: value if name == "GROUPS" else tuple(value) for name, value in given.items()}
    return UserSettings(**read)


def account_key(issuer: str, subject: str) -> str:
    """Return what a person is found by: some databases compare texts without regard to case, or cut them off."""
    return sha256(json.dumps([issuer, subject]).encode()).hexdigest()


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
