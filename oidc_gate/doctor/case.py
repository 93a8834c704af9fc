"""What a check is, and what all share: the settings, the provider's own words, how it and the app are asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from oidc_gate.doctor.findings import Finding, SkippedError
from oidc_gate.errors import ProviderDownError, ProviderError, SettingsError
from oidc_gate.provider import (
    HTTPAnswer,
    HTTPRequest,
    Metadata,
    ProviderAddresses,
    Transport,
    metadata_of,
    private_key_of,
)
from oidc_gate.settings import Settings
from oidc_gate.settings.presets import JUMPCLOUD_REGIONS
from oidc_gate.stores.redis_urls import read_redis_url

__all__ = ["LOOPBACK", "Case", "Check", "Options", "Source", "TimedAnswer"]

Made = TypeVar("Made")

#: Hosts that mean this machine.
LOOPBACK = ("localhost", "127.0.0.1", "::1")
#: A shorter text is in too many words to be taken for a secret.
_SHORTEST = 6


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked of `doctor`. `controls`: whether what is wrong on purpose is sent too; `direct`: HOST:PORT.

    Raises SettingsError where `direct` is something else.
    """

    offline: bool = False
    controls: bool = True
    direct: str = ""

    def __post_init__(self) -> None:
        host, _, port = self.direct.rpartition(":")
        if self.direct and not (host and port.isdecimal() and int(port) < 65536):
            raise SettingsError(f"--direct {self.direct} is not HOST:PORT; write it like 10.0.0.5:8000")

    @property
    def place(self) -> tuple[str, int]:
        """Host and port of `direct`, where it is given."""
        host, _, port = self.direct.rpartition(":")
        return host.removeprefix("[").removesuffix("]"), int(port)


@dataclass(frozen=True, slots=True)
class Source:
    """Where settings come from: their names, and the files that hold secrets, itself or named in it."""

    title: str
    names: Sequence[str]
    secret_files: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """An answer, and the times by our clock at which it was asked for and had come, in seconds since 1970."""

    answer: HTTPAnswer
    asked_at: float
    came_at: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.came_at - self.asked_at


class Case:
    """One examination's settings and what is found out once for all checks. Thread-safe.

    `sources`: where the settings come from; `has_cookie_secret`: whether one of them is a `cookie_secret`, for without
    one it is made up; `callback`: the provider's path below `path_prefix`; `jumpcloud_regions`: the issuers of
    JumpCloud, by name. Raises SettingsError where a file that the settings name is not what it should be.
    """

    def __init__(
        self,
        settings: Settings,
        options: Options | None = None,
        *,
        sources: Sequence[Source] = (),
        has_cookie_secret: bool = True,
        callback: str = "callback",
        jumpcloud_regions: Mapping[str, str] = JUMPCLOUD_REGIONS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.addresses = ProviderAddresses.of(settings)
        self.options = options or Options()
        self.sources = sources
        self.has_cookie_secret, self.callback = has_cookie_secret, callback
        self.jumpcloud_regions = jumpcloud_regions
        self.clock = clock
        self.private_key = private_key_of(settings)
        self._transport = Transport(settings.ca_bundle, settings.http_timeout)
        self._lock = Lock()
        self._made: dict[Hashable, _Once] = {}

    # Asking

    def ask(self, request: HTTPRequest) -> HTTPAnswer:
        """Return the provider's answer, whatever its status; no redirect is followed.

        Raises ProviderDownError where there is none within `http_timeout`, SkippedError where nothing may go out.
        """
        return self._sent(request)

    def app_ask(self, request: HTTPRequest) -> HTTPAnswer:
        """Return the answer of the app's own address, as `ask` does that of the provider."""
        return self._sent(request)

    def timed(self, request: HTTPRequest) -> TimedAnswer:
        """Return the provider's answer, as `ask` does, and when it came."""
        asked_at, started = self.clock(), time.monotonic()
        answer = self._sent(request)
        return TimedAnswer(answer, asked_at, asked_at + time.monotonic() - started)

    def _sent(self, request: HTTPRequest) -> HTTPAnswer:
        if self.options.offline:
            raise SkippedError("nothing is asked: --offline")
        try:
            return self._transport.send(request)
        except ProviderDownError as error:
            address, _, query = request.url.partition("?")
            raise type(error)(error.code, error.detail.replace(f"{address}?{query}", address)) from None

    def proxy(self, url: str) -> str:
        """Return the proxy through which an address is asked, `""` for none. It may hold a password."""
        return self._transport.proxy(url)

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what `make` returns, or raise what it raises; under each key it is called once for all checks."""
        with self._lock:
            kept = self._made.setdefault(key, _Once())
        made: Made = kept.get(make)
        return made

    # What the provider says of itself

    def discovery(self) -> TimedAnswer:
        """Return the answer for the discovery document. Raises as `timed` does, SkippedError where it is not asked."""
        if self.addresses.document is not None:
            raise SkippedError("provider_endpoints has all that is needed: discovery is not asked")
        return self.once("discovery", lambda: self.timed(self.addresses.request()))

    def reached(self) -> TimedAnswer:
        """Return the answer for the discovery document, whatever it is. Raises SkippedError where there is none."""
        try:
            return self.discovery()
        except ProviderError:
            raise SkippedError("the provider does not answer: P1") from None

    def document(self) -> dict[str, Any]:
        """Return the discovery document, with what the settings replace in it. Raises SkippedError without one."""

        def read() -> dict[str, Any]:
            if self.addresses.document is not None:
                return self.addresses.document
            try:
                document = self.discovery().answer.document("discovery document", "discovery_failed")
                return self.addresses.replaced(document)
            except ProviderError:
                raise SkippedError("discovery did not work: P1") from None

        return self.once("document", read)

    def metadata(self) -> Metadata:
        """Return the document as the gate reads it. Raises SkippedError where the gate would not take it."""

        def read() -> Metadata:
            try:
                return metadata_of(self.document(), self.addresses)
            except ProviderError as error:
                check = "P2" if error.code == "issuer_mismatch" else "P3"
                raise SkippedError(f"the gate does not take the discovery document: {check}") from None

        return self.once("metadata", read)

    # The app

    @property
    def redirect_uri(self) -> str:
        """The redirect URI. Raises SkippedError where it depends on each request."""
        if not self.settings.base_url:
            raise SkippedError("base_url is not set, so the app's address is not known here: --set base_url=https://…")
        return self.own_url(self.callback)

    def own_url(self, name: str, base: str = "") -> str:
        """Return one of the gate's own addresses, below `base_url` or another base."""
        return f"{base or self.settings.base_url}{self.settings.path_prefix}/{name}"

    def redacted(self, text: str) -> str:
        """Return the text without the settings' secrets, should one have come into it."""
        for secret in self._secrets():
            text = text.replace(secret, "…")
        return text

    def _secrets(self) -> list[str]:
        settings = self.settings
        found = [settings.client_secret, *settings.cookie_secret]
        stores = [store for store in (settings.session_store, settings.cookie_deny_list) if isinstance(store, str)]
        found += [read_redis_url(store, "").password for store in stores if store.startswith("redis")]
        found = [secret for secret in found if len(secret) >= _SHORTEST]
        forms = {form for secret in found for form in (secret, quote(secret, safe=""), quote_plus(secret))}
        return sorted(forms, key=len, reverse=True)


@dataclass(frozen=True, slots=True)
class Check:
    """One check; its id is stable. `run` may raise ProviderDownError: then there was no answer to go by."""

    id: str
    name: str
    run: Callable[[Case], Finding]


class _Once:
    """Something that is made once, also where many ask at the same time; an error counts as made."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_made = False
        self._made: Any = None
        self._error: Exception | None = None

    def get(self, make: Callable[[], Any]) -> Any:
        with self._lock:
            if not self._is_made:
                self._is_made = True
                try:
                    self._made = make()
                except Exception as error:  # whatever it is, all who ask shall hear of it
                    self._error = error
        if self._error is not None:
            raise self._error
        return self._made
