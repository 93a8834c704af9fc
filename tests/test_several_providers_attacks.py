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


# Names


def test_the_first_providers_names_do_not_begin_as_anothers(
    several: Several, provider: LocalProvider, guests: LocalProvider
) -> None:
    """The prefix would else be for anybody at the first provider to write in front of their name."""
    provider.people["ada"] |= {
        "sub": "guests:ada-1815",
        "email": "guests:ada@example.com",
        "preferred_username": "guests:ada",
        "groups": ["guests:engineers", "a:b"],
        "roles": ["guests:x"],
    }
    guests.people["ada"] |= {"groups": ["engineers"], "roles": ["x"]}
    told = {"x-sub": "sub", "x-email": "email", "x-name": "preferred_username", "x-groups": "groups", "x-own": "roles"}
    for claim in ("email", "sub", "preferred_username"):
        for required in (False, True):
            here = several(identity_headers=told, remote_user_claim=claim, require_email_verified=required)
            staff, guest = (signed_in(here, each).get("/").json() for each in ("staff", "guests"))
            assert staff["identity"]["username"].startswith("guests%3Aada")
            assert guest["identity"]["username"].startswith("guests:ada")
            if here.world == "wsgi":
                assert staff["remote_user"] == staff["identity"]["username"]
            assert staff["headers"]["x-groups"] == "guests%3Aengineers,a:b"
            for name in ("x-sub", "x-name", "x-groups", "x-own"):
                assert guest["headers"][name].startswith("guests:")
                assert staff["headers"][name].startswith("guests%3A")
            assert staff["identity"]["subject"] == "guests:ada-1815"


def test_an_address_of_the_lists_does_not_begin_as_anothers_names(
    several: Several, guests: LocalProvider, third: LocalProvider
) -> None:
    here = several(entry(third, "third"), guest={"allow_domains": ["example.com"]}, identity_headers="x-forwarded")
    third.clock = here.clock
    guests.people["ada"] |= {"email": "third:ada@example.com"}
    other, one = (signed_in(here, each).get("/").json() for each in ("third", "guests"))
    assert other["identity"]["username"] == "third:ada@example.com"
    assert one["identity"]["username"] == one["headers"]["x-forwarded-email"] == "third%3Aada@example.com"


def test_two_providers_tokens_of_one_name_are_two_sessions(
    several: Several, provider: LocalProvider, guests: LocalProvider
) -> None:
    program = Program(several(bearer_audience=AUDIENCE))
    one = program.ask("/", access_token(provider, jti="7")).json()["identity"]["session_id"]
    other = program.ask("/", access_token(guests, jti="7")).json()["identity"]["session_id"]
    assert one == "t:7"
    assert (other.startswith("t."), other.endswith(":7")) == (True, True)
