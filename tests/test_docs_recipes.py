"""docs/recipes: their settings are a gate's, and what they point to is there. `make recipes` runs what they have."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from typing import Any

import pytest

from oidc_gate import Settings
from oidc_gate.doctor import CHECKS
from tests.apps import COOKIE_SECRET
from tests.recipes.pages import RECIPES, blocks, faults, page

PAGES = sorted(path.stem for path in RECIPES.glob("*.md"))
USUAL: dict[str, Any] = {"issuer_url": "https://id.example.com", "client_id": "app", "client_secret": "secret"}


@pytest.mark.parametrize("name", PAGES)
def test_the_settings_of_a_recipe_are_a_gates(name: str) -> None:
    for text in blocks(name, "toml"):
        assert (
            Settings(**USUAL, cookie_secret=COOKIE_SECRET, **tomllib.loads(text)).base_url == "https://app.example.com"
        )


@pytest.mark.parametrize("name", PAGES)
def test_every_setting_that_a_recipe_names_is_one(name: str) -> None:
    known = {each.name for each in dataclasses.fields(Settings)} | {"config", "app"}
    files = {f"{each}_file" for each in ("client_secret", "cookie_secret")}
    named = {text.lower() for text in re.findall(r"OIDC_GATE_([A-Z_]+)", page(name))}
    named |= set(re.findall(r"`([a-z]+_[a-z_]+) = ", page(name)))
    assert named <= known | files


@pytest.mark.parametrize("name", PAGES)
def test_what_a_recipe_says_of_doctor_points_to_a_check(name: str) -> None:
    found = re.findall(r"\[(\w+)\]\(\.\./doctor\.md#(\w+)\)", page(name))
    assert {said for said, _ in found} <= {check.id for check in CHECKS}
    assert [pair for pair in found if pair[0] != pair[1]] == []


def test_what_is_to_be_left_out_stands_in_the_recipe() -> None:
    for name in PAGES:
        whole = "".join(
            text for kind in ("nginx", "apache", "haproxy", "caddyfile", "yaml") for text in blocks(name, kind)
        )
        assert [fault.line for fault in faults(name) if fault.line not in whole] == []
    assert sum(len(faults(name)) for name in PAGES) > 15


def test_every_recipe_is_in_the_list_of_them() -> None:
    assert set(re.findall(r"\]\((\w[\w-]*)\.md\)", page("README"))) == {*PAGES} - {"README"}
