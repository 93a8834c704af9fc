"""The pytest plugin of oidc-gate: fixtures for tests of apps behind a gate.

It is found by its entry point, in every run of pytest where the package is installed. So nothing of the package is
imported before a test asks for a fixture; that is why it stands beside the package and not in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from oidc_gate.testing import LocalProvider

__all__ = ["oidc_provider", "oidc_signed_in"]


@pytest.fixture
def oidc_signed_in() -> Callable[..., Any]:
    """Sign somebody in for a test client: `oidc_signed_in(client, sub="ann", groups=["Finance"])`.

    It is `oidc_gate.testing.signed_in`, which says what it takes.
    """
    from oidc_gate.testing import signed_in

    return signed_in


@pytest.fixture(scope="session")
def oidc_redirect_uris() -> list[str]:
    """Return where `oidc_provider` may send browsers back to; a project overrides it in its conftest.py."""
    return [
        f"http://{host}{port}/oauth2/callback"
        for host in ("localhost", "127.0.0.1", "testserver")
        for port in ("", ":8000", ":5000")
    ]


@pytest.fixture(scope="session")
def oidc_provider(oidc_redirect_uris: list[str]) -> Iterator[LocalProvider]:
    """Run a provider on this machine for all tests of a run that sign in at one: see `oidc_gate.testing`."""
    from oidc_gate.testing import local_provider

    with local_provider(*oidc_redirect_uris) as provider:
        yield provider
