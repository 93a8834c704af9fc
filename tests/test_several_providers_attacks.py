"""Attacks by one of several providers, or with its help: on the others' people, sessions, rules and names."""

# ruff: noqa: F401, F811: fixtures of another module

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

import pytest

from oidc_gate import SettingsError
from tests.access_tokens import AUDIENCE, Program, access_token
from tests.counted import Counted
from tests.providers.local import LocalProvider
from tests.stage import HTML, is_login, query
from tests.test_several_providers import (
    Several,
    _served_others,
    entry,
    guests,
    links_of,
    made,
    several,
    signed_in,
    third,
)

#: What a browser says of a page that another site has sent it to.
FROM_ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"} | HTML
STRONG = {"name": "strong", "path": "/pay", "allow": "signed-in", "acr": ["gold"]}


# Rules


@pytest.mark.parametrize(
    "allow",
    [
        {"all": [{"provider": "*"}, {"groups": "Admins"}]},
        {"all": [{"provider": ["staff", "g*"]}, {"groups": "Admins"}]},
        {"scopes": "admin"},
        {"any": [{"scopes": "admin"}, {"provider": "staff"}]},
        {"all": [{"scopes": ["a", "b"]}, {"claims": {"x": 1}}]},
    ],
    ids=repr,
)
def test_a_rule_that_leaves_open_whose_scopes_and_groups_are_meant_stops_start_up(
    provider: LocalProvider, guests: LocalProvider, allow: dict[str, Any]
) -> None:
    """Who adds a provider does not think of `*`; and each writes into its tokens what it likes."""
    with pytest.raises(SettingsError, match=r"rules: .*several providers.*name the one that is meant"):
        made(provider, entry(guests), rules=[{"path": "/a", "allow": allow}])
    if "g*" not in repr(allow):  # of one provider there is nothing to mistake
        made(provider, rules=[{"path": "/a", "allow": allow}])


def test_a_providers_scopes_are_its_own(several: Several, provider: LocalProvider, guests: LocalProvider) -> None:
    rule = {"path": "/a", "allow": {"all": [{"provider": "staff"}, {"scopes": "admin"}]}}
    program = Program(several(bearer_audience=AUDIENCE, rules=[rule]))
    assert program.ask("/a", access_token(provider, scope="admin")).status == 200
    assert program.ask("/a", access_token(guests, scope="admin")).status == 403
