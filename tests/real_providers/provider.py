"""What the journeys know of a provider: where it is, who may sign in, which forms it shows, and what it can.

All that differs between providers is data here, but for the few whose forms need a hand of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.answers import Answer
from tests.browser import Browser
from tests.forms import Form

__all__ = [
    "APP",
    "CALLBACK",
    "CALLBACKS",
    "DISCOVERY",
    "SECRET",
    "SIGNED_OUT",
    "Provider",
    "UnavailableError",
    "WorldsDifferError",
    "secret_of",
]

APP = "https://app.test"
CALLBACK = f"{APP}/oauth2/callback"
#: All redirect URIs: that of the first provider of a gate, and that of its second one.
CALLBACKS = [CALLBACK, f"{CALLBACK}/second"]
SIGNED_OUT = f"{APP}/oauth2/logout"
DISCOVERY = "/.well-known/openid-configuration"
SECRET = "only-for-these-tests-0123456789abcdef"
_MOST_FORMS = 6


class UnavailableError(Exception):
    """The provider cannot be had or run on this machine; the message says why."""


class WorldsDifferError(AssertionError):
    """The same thing was found to be different under WSGI and under ASGI."""


def secret_of(client_id: str) -> str:
    """Return the secret of a client; Spring wants each to have its own."""
    return f"{SECRET}-{client_id}"


@dataclass(kw_only=True)
class Provider:
    """A running provider with a person, and a client for each way in which clients prove who they are.

    `clients`: ids by `client_auth_method`; the first is the one that most journeys use.
    """

    title: str
    version: str
    source: str  #: where it was had from
    issuer: str
    admin_url: str = ""  #: where clients are registered
    clients: Mapping[str, str]
    username: str = "ada"
    password: str = "engine-1843"
    email: str = "ada@example.com"
    scopes: str = "openid profile email"
    #: The fields of its login form.
    username_field: str = "username"
    password_field: str = "password"
    #: What is pressed on the page that asks for consent, to agree and to refuse; None: no such page here.
    agree: Mapping[str, str] | None = None
    refuse: Mapping[str, str] | None = None
    #: The client whose users are asked for consent, where the others' are not.
    asking_client: str = ""
    #: The client that is held to FAPI 2.0, proven by `tests.providers.real.client_key("ec")`; none where it cannot be.
    fapi2_client: str = ""
    #: The same for somebody of whom it can ask a second step, at a client whose users it asks; None: not set up here.
    stepping: Provider | None = None
    #: What `acr` is without the second step and with it; the field of its form, and what is typed into it now.
    acrs: tuple[str, str] = ("", "")
    code_field: str = ""
    code: Callable[[], str] = str
    #: Scopes with which refresh tokens come; None where none come, or where they do not work.
    refresh_scopes: str | None = None
    #: What is pressed on the page that asks whether to sign out, if there is one.
    sign_out: Mapping[str, str] = field(default_factory=dict)
    #: How it ends a person's session by itself; None where it tells no back-channel.
    end_session: Callable[[Browser], object] | None = None
    #: Whether a client of one `client_auth_method` is refused when it uses another.
    checks_method: bool = True
    #: Whether it takes pushed requests, where discovery says that it does.
    takes_pushed: bool = True
    #: Whether `prompt=login` is heeded.
    forces_login: bool = True
    #: How long it must be left alone after it has issued tokens, in seconds.
    pause: float = 0.0
    #: How long its access tokens last, in seconds.
    access_seconds: float = 60.0
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """The `client_auth_method` of most journeys."""
        return next(iter(self.clients))

    def settings(self, **more: Any) -> dict[str, Any]:
        """Return the settings with which a gate is a client of this provider."""
        chosen = {"client_auth_method": self.method} | more
        chosen.setdefault("client_id", self.clients.get(chosen["client_auth_method"]))
        usual = {"issuer_url": self.issuer, "scopes": self.scopes, "client_secret": secret_of(chosen["client_id"])}
        return usual | chosen

    def discovery(self) -> dict[str, Any]:
        """Return its discovery document."""
        with requests.Session() as session:
            session.trust_env = False
            found: dict[str, Any] = session.get(self.issuer.rstrip("/") + DISCOVERY, timeout=30).json()
        return found

    def found(self, what: str, found: str) -> None:
        """Note what was found, for the page of this provider. Raises WorldsDifferError when worlds differ."""
        if self.notes.setdefault(what, found) != found:
            raise WorldsDifferError(f"{what}: {self.notes[what]!r} in one world, {found!r} in the other")

    def rest(self) -> None:
        """Leave it alone for as long as it needs after it has issued tokens."""
        time.sleep(self.pause)

    # What a person does

    def asks_who(self, page: Answer) -> bool:
        """Tell whether this page asks for a name or a password."""
        return any(self._credentials(form) for form in page.forms)

    def asked_for(self, page: Answer) -> set[str]:
        """Return what this page asks of a person: the names of the fields that we can fill in."""
        return {name for form in page.forms for name in self._credentials(form)}

    def sign_in(self, browser: Browser, page: Answer, *, agree: bool = True) -> Answer:
        """Fill in its forms, and return the page at which the browser is back at the app."""
        for _ in range(_MOST_FORMS):
            if page.url.startswith(APP):
                self.rest()
                return page
            number, fields = self._filled(page, self.agree if agree else self.refuse)
            page = browser.follow(browser.submit(page, number, **fields))
        raise AssertionError(f"{self.title} shows form after form; the last is at {page.url}:\n{page.text}")

    def leave(self, browser: Browser, page: Answer) -> Answer:
        """Say yes on the page that asks whether to sign out, where one is shown."""
        if page.url.startswith(APP):
            return page
        for number, form in enumerate(page.forms):
            if set(self.sign_out) <= {*form.fields, *form.buttons}:
                return browser.follow(browser.submit(page, number, **self.sign_out))
        raise AssertionError(f"{self.title} shows no form to sign out with at {page.url}:\n{page.text}")

    def _filled(self, page: Answer, decision: Mapping[str, str] | None) -> tuple[int, dict[str, str]]:
        for number, form in enumerate(page.forms):
            if asked := self._credentials(form):
                return number, asked
            if decision is not None and set(decision) <= {*form.fields, *form.buttons}:
                return number, dict(decision)
        raise AssertionError(f"{page.status}: {self.title} shows no form that is known, at {page.url}:\n{page.text}")

    def _credentials(self, form: Form) -> dict[str, str]:
        """Return what a person types into this form; some providers ask for the name and the password in turn."""
        known = {self.username_field: self.username, self.password_field: self.password, self.code_field: self.code()}
        return {name: value for name, value in known.items() if name in form.fields}
