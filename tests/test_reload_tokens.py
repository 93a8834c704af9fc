"""What `reload` changes holds soon for programs too, also for those whose requests are all recalled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.access_tokens import AUDIENCE, Holder, access_token
from tests.answers import Answer
from tests.providers.local import LocalProvider
from tests.test_reload import SOON, Watched, watched

__all__ = ["watched"]

TAKING: dict[str, Any] = {"bearer_audience": [AUDIENCE], "allow_emails": None}


def ask(here: Watched, *headers: tuple[str, str]) -> Answer:
    found = [("Host", "app.test"), *headers]
    return here.stranger.request("GET", "/x", headers=found, bare=True, navigate=False)


def test_changed_settings_hold_soon_for_a_token_that_is_recalled(
    watched: Callable[..., Watched], provider: LocalProvider
) -> None:
    here = watched()
    here.configure(**TAKING)
    here.take_over()
    token = ("Authorization", f"Bearer {access_token(provider, exp=provider.now() + 3600)}")

    def statuses() -> list[int]:
        found = []
        for _ in range(SOON):
            here.clock.advance(1)
            found.append(ask(here, token).status)
        return found

    assert statuses() == [200] * SOON
    changes: list[tuple[dict[str, Any], int, int]] = [
        ({"bearer_scopes": ["api:admin"]}, 200, 403),
        ({"bearer_scopes": None, "bearer_audience": ["other"]}, 403, 401),
        ({"bearer_audience": [AUDIENCE]}, 401, 200),
        ({"bearer_audience": None}, 200, 401),
    ]
    for changed, before, after in changes:
        here.configure(**changed)
        found = statuses()
        assert (found[0], found[-1]) == (before, after)


def test_a_proof_that_was_here_is_known_to_the_next_gate(
    watched: Callable[..., Watched], provider: LocalProvider
) -> None:
    here, holder = watched(), Holder()
    here.configure(bearer_dpop="accept", **TAKING)
    here.take_over()
    token = holder.bound(provider, exp=provider.now() + 3600)
    headers = [("Authorization", f"DPoP {token}"), ("DPoP", holder.proof(provider, token, "/x"))]
    assert ask(here, *headers).status == 200
    here.configure(bearer_clients=["cli"])
    here.take_over()
    assert ask(here, *headers).json()["error"] == "invalid_dpop_proof"
    headers[1] = ("DPoP", holder.proof(provider, token, "/x"))
    assert ask(here, *headers).status == 200
