"""A token of the platform that stands for the client, in place of a secret (RFC 7521, 4.2; RFC 7523, 2.2).

Kubernetes, Azure, GitHub and their like write it into a file and renew it there, so it is read anew for each call.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from codecs import BOM_UTF8
from pathlib import Path
from time import time

from oidc_gate.errors import ProviderSetupError
from oidc_gate.provider.http_messages import read_json_object
from oidc_gate.provider.token_checks import is_time

__all__ = ["ASSERTION_TYPE", "read_assertion"]

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: A longer file is something else.
_LONGEST = 20_000


def read_assertion(path: str) -> str:
    """Return the token in a file. Raises ProviderSetupError where there is none, or one that has ended.

    Nothing of it is checked but its form and its end: it is for the provider to judge.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LONGEST + 1)
        token = content.removeprefix(BOM_UTF8).decode("ascii").strip()
        payload = token.split(".")[1] if token.count(".") == 2 and len(content) <= _LONGEST else ""
        claims = read_json_object(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except OSError as error:
        raise ProviderSetupError(
            "client_assertion_invalid", f"client_assertion_file {path} cannot be read ({error.strerror})"
        ) from None
    except ValueError:  # its own text could tell a piece of the token
        raise ProviderSetupError(
            "client_assertion_invalid", f"client_assertion_file {path} holds no token: three parts with dots between"
        ) from None
    ends_at = claims.get("exp")
    if is_time(ends_at) and ends_at < time():
        ago = f"{time() - ends_at:.0f} s ago"
        raise ProviderSetupError(
            "client_assertion_invalid",
            f"the token in client_assertion_file {path} ended {ago}: the platform does not renew it there",
        )
    return token
