"""A provider to sign in at, for tests from end to end: the demo's, in a process of its own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from oidc_gate.command.demo_provider import Person

__all__ = ["LocalProvider", "local_provider"]

_CLIENT = "test-app"


class LocalProvider(NamedTuple):
    """A provider on this machine, with one client registered there.

    - `settings`: the settings of a gate that is this client, for `OIDCGate(app, **provider.settings)`; `cookie_secret`
      among them
    - `people`: who can sign in, each with `username`, `password`, `name` and `groups`: ada and grace, who are
      engineers, and eve, who is none; the subject is the user name
    """

    settings: dict[str, Any]
    people: tuple[Person, ...]


@contextmanager
def local_provider(*redirect_uris: str) -> Iterator[LocalProvider]:
    """Run the provider until the block ends; needs the extra `demo`.

    `redirect_uris`: the addresses of the app's `/oauth2/callback`, whole; none others are redirected to.

    Raises ModuleNotFoundError without the extra, SettingsError where the provider does not start.
    """
    from oidc_gate.command.demo_provider import PEOPLE
    from oidc_gate.command.provider_process import ASKING_FOR_NAMES, provider_process

    if find_spec("nanoidp") is None:
        raise ModuleNotFoundError("The local provider is in an extra: pip install 'oidc-gate[demo]'", name="nanoidp")
    secret = secrets.token_urlsafe()
    with provider_process(_CLIENT, secret, redirect_uris, description="the app under test") as (_, issuer):
        settings = {
            "issuer_url": issuer,
            "client_id": _CLIENT,
            "client_secret": secret,
            "cookie_secret": secrets.token_urlsafe(32),
            "authz_url_params": dict(ASKING_FOR_NAMES),
        }
        yield LocalProvider(settings, PEOPLE)
