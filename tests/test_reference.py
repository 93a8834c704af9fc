"""docs/reference/ is complete and true: each setting with an example, each path, command and public name."""

from __future__ import annotations

import dataclasses
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Settings
from oidc_gate.asgi import OIDCGate
from tests.documented import commands, python_api
from tests.documented.settings import PARTS
from tests.documented.settings_examples import EXAMPLES
from tests.documents import page
from tests.example_settings import NEEDED, example_settings
from tests.test_lowest_versions import USERS

pytestmark = pytest.mark.uncounted

NAMES = [each.name for each in dataclasses.fields(Settings)]


def test_every_setting_has_an_example_and_nothing_else_has() -> None:
    assert list(EXAMPLES) == NAMES
    assert list(PARTS) == sorted(PARTS, key=NAMES.index)


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda field: field.name)
def test_the_gate_accepts_the_example_of_a_setting(field: dataclasses.Field[Any], tmp_path: Path) -> None:
    assert re.search(rf"^(\[\[)?{field.name}(_file)?\b", EXAMPLES[field.name].strip(), re.MULTILINE)
    settings = example_settings(EXAMPLES[field.name], tmp_path)
    assert getattr(settings, field.name) != field.default, "an example of the default says little"


def test_the_paths_of_the_gate_are_those_of_the_page() -> None:
    own = OIDCGate(lambda *_: [], **NEEDED, identity_jwt=True).gate._own_paths
    answered = {*own._stateless, *own._looking, *own._posted, *own._handlers}
    table = page("docs/reference/paths.md").text.partition("| path | what |")[2].partition("\n\n")[0]
    shown = re.findall(r"`/oauth2/([\w.-]+)", "\n".join(row.split(" | ")[0] for row in table.splitlines()))
    assert sorted(shown) == sorted(answered)


def test_every_command_and_flag_is_on_the_page() -> None:
    text = page("docs/reference/commands.md").text
    for typed, parser in commands.commands().items():
        assert f" `{typed}`\n" in text
        for action in parser._actions:
            flags = {*action.option_strings} - {"-h", "--help"}
            assert [flag for flag in flags if flag not in text] == []
    assert len(commands.commands()) >= 12


def test_every_extra_is_in_the_table() -> None:
    table = page("docs/README.md").text.partition("| extra | for |")[2].partition("\n\n")[0]
    shown = re.findall(r"`(\w+)`", "\n".join(row.split(" | ")[0] for row in table.splitlines()))
    assert sorted(shown) == sorted(USERS)


@pytest.mark.parametrize("module", python_api.MODULES)
def test_every_public_name_is_on_the_page(module: str) -> None:
    text = page("docs/reference/python.md").text
    shown = set(re.findall(rf"^### `{re.escape(module)}\.(\w+)`$", text, re.MULTILINE))
    inner: Any = python_api._INNER.get(module, ())
    assert shown == set(import_module(module).__all__) - set(inner)
