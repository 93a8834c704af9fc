"""docs/from-mozilla-django-oidc.md before the change: its backend writes down who each person is.

Run by `make recipes`, with mozilla-django-oidc itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import django_project
from tests.by_hand import ByHand
from tests.providers.local import LocalProvider
from tests.test_django_users import database
from tests.test_docs_migrations import run


@pytest.fixture
def before(provider: LocalProvider) -> Iterator[None]:
    """Set a project's settings to those that mozilla-django-oidc wants."""
    django_project.set_up()
    from django.contrib.auth.models import User
    from django.test import override_settings

    ends = {"AUTHORIZATION": "authorize", "TOKEN": "token", "USER": "userinfo", "JWKS": "jwks"}
    endpoints = {f"OIDC_OP_{name}_ENDPOINT": provider.url(path) for name, path in ends.items()}
    client = {"OIDC_RP_CLIENT_ID": "app", "OIDC_RP_CLIENT_SECRET": "unused", "OIDC_RP_SIGN_ALGO": "RS256"}
    with override_settings(**endpoints, **client):
        yield
    database(User.objects.all().delete)


def test_a_login_of_before_links_the_person(provider: LocalProvider, before: None) -> None:
    from django.contrib.auth.models import User

    from oidc_gate.django.models import Account

    backend = run("mozilla-django-oidc", "auth.py")["LinkingBackend"]()
    by_hand = ByHand(provider)
    tokens = by_hand.login()

    def login() -> User:
        payload = backend.verify_token(tokens["id_token"], nonce="nonce-of-this-login")
        return backend.get_or_create_user(tokens["access_token"], tokens["id_token"], payload)

    users = [database(login) for _ in range(2)]
    assert users[0].pk == users[1].pk
    accounts = database(lambda: [(each.user_id, each.issuer, each.subject) for each in Account.objects.all()])
    assert accounts == [(users[0].pk, provider.issuer, "ada-1815")]
