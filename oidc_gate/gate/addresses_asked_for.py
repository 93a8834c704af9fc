"""Where a login or a logout leads."""

from __future__ import annotations

import logging

from oidc_gate.browser import LONGEST_PATH, own_path, requested_path, safe_path
from oidc_gate.errors import GateError
from oidc_gate.gate.components import Here

__all__ = ["base_path_kept", "own_address", "page_asked_for", "return_address", "tell_too_long"]

logger = logging.getLogger("oidc_gate")


def tell_too_long(length: int) -> None:
    """Log that a page is too far away to come back to: nobody but its length tells why the login led elsewhere."""
    logger.warning("the page asked for has an address of %d characters, too long to come back to", length)


def page_asked_for(here: Here) -> str:
    """Return the page that was asked for, as an address to come back to."""
    length = len(here.request.path) + len(here.request.query)
    if length > LONGEST_PATH:
        tell_too_long(length)
        return own_path(here.origin, "/")
    return return_address(requested_path(here.request, here.origin.root_path), here)


def return_address(target: str, here: Here) -> str:
    """Return where to go after a login or logout; the app's root when none is given or it is not ours."""
    if len(target) > LONGEST_PATH:
        tell_too_long(len(target))
    found = own_address(target, here)
    return own_path(here.origin, "/") if found in ("", "/") else found


def own_address(target: str, here: Here) -> str:
    """Return an address that is the app's and that a browser can be led to, and `""` for any other."""
    if len(target) > LONGEST_PATH:  # before anything of it is looked at
        return ""
    found = safe_path(target, here.origin)
    return "" if found == "/" != target else found


def base_path_kept(path: str) -> GateError:
    """Return the error for a callback that was not taken for one; another login would only lead here again."""
    return GateError(
        "base_url_path",
        f"the callback reached the gate as {path}, with the path of base_url in front: have the proxy take that off, or"
        " mount the app there (SCRIPT_NAME, root_path)",
    )
