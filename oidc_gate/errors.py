"""The errors of the gate, by whose fault they are.

::

    GateError
    ├── SettingsError         the operator: start-up stops
    ├── LoginError            the browser, or whoever sent it: 400
    ├── ProviderError         the provider answered, and the answer is not acceptable: 400
    │   └── ProviderDownError      the provider did not answer, or not sensibly: 503, worth trying again
    │       └── ProviderSetupError      what answers is not this provider: 500, the operator
    ├── StoreError            the session store did not answer: 503, worth trying again
    │   └── StoreSetupError        it will not answer before a setting is mended: 500, the operator
    ├── UpstreamError         the app at an address cannot be reached, or its answer is none: 502
    │   └── UpstreamSlowError      it takes too long: 504
    └── BusyError             too many want the same at once: 503, worth trying again

Each carries a `code`, which is stable and may be shown and branched on, and a text for the log, which is neither.
Neither ever holds a token, a code, a cookie or a secret. `docs/errors.md` lists every code, and a test holds it to
that; `gate.error_replies` has the words for those that a person can do something about.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

__all__ = [
    "BusyError",
    "GateError",
    "LoginError",
    "ProviderDownError",
    "ProviderError",
    "ProviderSetupError",
    "SettingsError",
    "StoreError",
    "StoreSetupError",
    "UpstreamError",
    "UpstreamSlowError",
]


class GateError(Exception):
    """The root; never raised itself."""

    #: HTTP status of the answer that tells a person of this error.
    status = 500

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail


class SettingsError(GateError, ValueError):
    """A setting is unknown, missing, misspelt or contradicts another; names it and says how to mend it.

    In a process of gunicorn, or of uvicorn, it is at once what that server raises itself when an app cannot be loaded.
    It tells such an error in one line; of any other, and with `uvicorn --factory` of all, it prints a traceback with
    the message in its last line.
    """

    def __new__(cls, *_: str) -> SettingsError:  # noqa: PYI034  # a subclass, made as it is needed
        """Return the error; servers are asked only if they are here already."""
        kin = [getattr(sys.modules.get(module), name, None) for module, name in _NOT_LOADED]
        return super().__new__(_akin(*[each for each in kin if each is not None]))

    def __init__(self, detail: str) -> None:
        super().__init__("settings", detail)

    def __reduce__(self) -> Any:
        return SettingsError, (self.detail,)


#: What servers raise when an app cannot be loaded.
_NOT_LOADED = (("gunicorn.errors", "AppImportError"), ("uvicorn.importer", "ImportFromStringError"))


@lru_cache
def _akin(*kin: type[Exception]) -> type[SettingsError]:
    """Return a class that is a SettingsError, and one of each of these."""
    return type("SettingsError", (SettingsError, *kin), {"__module__": __name__}) if kin else SettingsError


class LoginError(GateError):
    """What reached one of the gate's own paths cannot be accepted.

    `retry` says that starting the login again, once, is likely to help and costs nothing. `status`: 403 where it was
    called rightly, by somebody who may not.
    """

    def __init__(self, code: str, detail: str = "", *, retry: bool = False, status: int = 400) -> None:
        super().__init__(code, detail)
        self.retry = retry
        self.status = status


class ProviderError(GateError):
    """The provider answered with something that must not be believed, or with a clear no."""

    status = 400


class ProviderDownError(ProviderError):
    """The provider could not be reached, was too slow, or answered with an outage of its own."""

    status = 503


class ProviderSetupError(ProviderDownError):
    """What stands at the provider's address is not the provider that the settings mean; time does not mend that.

    As with an outage, nothing is said of anybody's session or login: whoever handles the one handles the other.
    """

    status = 500


class StoreError(GateError):
    """The session store could not be reached in time."""

    status = 503


class StoreSetupError(StoreError):
    """The session store refuses the gate, or cannot be where the settings say; time does not mend that."""

    status = 500


class UpstreamError(GateError):
    """The app's server, behind the gate as a proxy, cannot be reached, or what it answers is no answer."""

    status = 502


class UpstreamSlowError(UpstreamError):
    """The app's server did not answer in time."""

    status = 504


class BusyError(GateError):
    """So many requests wait for the provider that this one is turned away."""

    status = 503
