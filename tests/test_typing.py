"""What type checkers know: each setting as a keyword; and mypy and pyright, asked about users' programs."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from oidc_gate import Settings
from oidc_gate.settings import app_fields, options, params, readers, secret_texts
from oidc_gate.settings.options import SettingsOptions
from oidc_gate.settings.settings import _ALIASES
from tests.documents import ROOT, block

pytestmark = pytest.mark.uncounted

PYRIGHT = ROOT / "tests" / "typing" / "node_modules" / "pyright" / "index.js"
#: Rules as strict as they come. mypy's comments count for mypy alone, and a comment that is not needed is an error.
RULES = {
    "typeCheckingMode": "strict",
    "enableTypeIgnoreComments": False,
    "reportUnnecessaryTypeIgnoreComment": "error",
    "extraPaths": [str(ROOT)],
}
#: What each reader takes.
TAKEN: dict[Any, Any] = {
    readers.read_bool: options.Switch,
    readers.read_duration: options.Duration,
    readers.read_megabytes: options.Megabytes,
    params.read_identity_headers: options.Text | Mapping[str, str],
    readers.read_list: options.Texts,
    readers.read_metrics: options.MetricsKept,
    params.read_params: options.Params,
    readers.read_path: options.File,
    readers.read_proxies: options.Proxies,
    secret_texts.read_secrets: options.Texts | bytes,
    readers.read_separator: options.Text,
    readers.read_store: options.Store,
    app_fields.read_color: options.Text,
    app_fields.read_rules: options.Rules,
    app_fields.read_providers: options.Providers,
    readers.read_text: options.Text,
    readers.read_upstream_host: options.Text,
    readers.read_words: options.Texts,
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with users' programs: the README's as they stand there, the examples, and `typing_api`."""
    folder = tmp_path_factory.mktemp("programs")
    for heading in ("Flask, in 10 lines", "FastAPI, in 10 lines"):
        (folder / f"readme_{heading.partition(',')[0].lower()}.py").write_text(block(heading), encoding="utf-8")
    for example in sorted((ROOT / "examples").glob("*/app.py")):
        shutil.copy(example, folder / f"example_{example.parent.name}.py")
    shutil.copy(ROOT / "tests" / "typing_api.py", folder)
    assert len([*folder.iterdir()]) == 5
    return folder


def test_mypy_accepts_and_rejects_what_it_should(programs: Path) -> None:
    files = [str(file) for file in sorted(programs.iterdir())]
    found = asked(sys.executable, "-m", "mypy", "--strict", *files)
    assert found.stdout == "Success: no issues found in 5 source files\n", found.stderr


def test_pyright_accepts_and_rejects_what_it_should(programs: Path) -> None:
    node = shutil.which("node")
    if node is None or not PYRIGHT.is_file():
        raise AssertionError("pyright needs node and: npm ci --prefix tests/typing")
    (programs / "pyrightconfig.json").write_text(json.dumps(RULES))
    found = asked(node, str(PYRIGHT), "--project", str(programs), "--pythonpath", sys.executable, "--outputjson")
    said = json.loads(found.stdout)
    assert said["generalDiagnostics"] == []
    assert said["summary"]["filesAnalyzed"] == 5


def test_typescript_accepts_and_rejects_what_it_should_of_the_script() -> None:
    node, compiler = shutil.which("node"), PYRIGHT.parents[1] / "typescript" / "bin" / "tsc"
    if node is None or not compiler.is_file():
        raise AssertionError("TypeScript needs node and: npm ci --prefix tests/typing")
    files = (ROOT / "oidc_gate" / "browser" / "relogin.d.ts", ROOT / "tests" / "typing" / "page.ts")
    flags = ("--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom")
    assert asked(node, str(compiler), *flags, *map(str, files)).stdout == ""


def asked(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_each_setting_is_a_keyword_for_type_checkers() -> None:
    fields = dataclasses.fields(Settings)
    from_files = {f"{each.name}_file" for each in fields if not each.repr}
    assert set(hints()) == {each.name for each in fields} | from_files | set(_ALIASES)
    assert SettingsOptions.__required_keys__ == frozenset()


def test_another_name_of_a_setting_has_its_type() -> None:
    types = hints()
    assert {name: types[name] for name in _ALIASES} == {name: types[field] for name, field in _ALIASES.items()}


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda field: field.name)
def test_the_type_of_a_keyword_is_what_the_reader_of_its_setting_takes(field: dataclasses.Field[Any]) -> None:
    read = field.metadata["read"]
    assert hints()[field.name] == (options.Text if read.__qualname__.startswith("choice.") else TAKEN[read])


def test_a_file_with_a_secret_may_be_a_path() -> None:
    types = hints()
    assert {types[f"{each.name}_file"] for each in dataclasses.fields(Settings) if not each.repr} == {options.File}


def hints() -> dict[str, Any]:
    return get_type_hints(SettingsOptions)
