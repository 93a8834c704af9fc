"""Every block of code in the README and in docs/ is run, or a comment just above it says why not.

| comment | |
|---|---|
| none | Python is run; TOML is settings; YAML and JSON are read; of a console each command is known, and right |
| `run after: …` | the same, with this line of Python before it |
| `with the first block` | the same, below the first block of TOML on the page |
| `run by tests/….py` | another test does more with it; it names the page |
| `not run: …` | the reason. Python still compiles, and `oidc-gate` and `pip` of a console are still right |

`blocks run by …` and `blocks not run: …`, anywhere on a page, hold for all of its blocks that have no comment of their
own. Pictures and output (`text`, or no language) need none. Nor do blocks of `docs/apps` and `docs/recipes` that
`make apps` and `make recipes` run: `tests/documented/runners.py` knows them.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from oidc_gate import Settings
from tests.documented.console import commands_in, wrong_with
from tests.documented.runners import run_by
from tests.documented.servers_options import SERVERS
from tests.documents import DOCS, ROOT, Block, page, pages
from tests.example_settings import NEEDED, example_settings

pytestmark = pytest.mark.uncounted


def with_its_note(block: Block) -> Block:
    """Return a block as it is, or, where nothing is said of it, with what is known of who runs it."""
    runner = "" if block.note else run_by(block)
    return dataclasses.replace(block, note=f"run by {runner}") if runner else block


#: Those of `docs/reference/settings.md` are made of what `tests/test_reference.py` looks at.
BLOCKS = [
    with_its_note(block)
    for document in pages([ROOT / "README.md", *DOCS])
    if document.name != "docs/reference/settings.md"
    for block in document.blocks()
]
OUTPUT = {"", "text"}
ADVICE = "mend it, or write above it: <!-- run by tests/test_….py --> or <!-- not run: why -->"
RUN_AFTER, WITH_THE_FIRST = "run after: ", "with the first block"
RUN_BY = re.compile(r"run by (tests/[\w/]+\.py)")
NOT_RUN = re.compile(r"not run: \S.+", re.DOTALL)


def of(language: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == language], ids=str)


def is_left(block: Block) -> bool:
    """Tell whether this test leaves a block to another one, or to nobody."""
    return RUN_BY.match(block.note) is not None or NOT_RUN.fullmatch(block.note) is not None


def test_a_comment_says_what_it_may_say() -> None:
    forms = {"python": RUN_AFTER, "toml": WITH_THE_FIRST}
    wrong = [
        f"{block}: {block.note}"
        for block in BLOCKS
        if block.note and not is_left(block) and not block.note.startswith(forms.get(block.language, "\0"))
    ]
    assert wrong == [], "this file's docstring has all forms"


def test_the_name_of_a_file_is_a_title() -> None:
    """GitHub takes anything behind the language; the site takes it for text, if it is not put as it is here."""
    wrong = [
        f'{document.name}: write {found[1]} title="{found[2]}"'
        for document in pages()
        for found in re.finditer(r'^ *(```\w+) +(?!title="[^"]+"$)(.*)$', document.text, re.MULTILINE)
    ]
    assert wrong == []


@pytest.mark.parametrize("block", [block for block in BLOCKS if RUN_BY.match(block.note)], ids=str)
def test_the_test_that_is_said_to_run_a_block_knows_the_page(block: Block) -> None:
    by = RUN_BY.match(block.note)
    assert by is not None
    file = ROOT / by[1]
    files = [file] if file.parent == ROOT / "tests" else sorted(file.parent.glob("*.py"))
    source = "".join(each.read_text(encoding="utf-8") for each in files)
    assert file.is_file()
    assert Path(block.page).stem in source, f"{by[1]} does not name {block.page}"


def test_a_block_in_another_language_says_who_runs_it() -> None:
    known = {"python", "toml", "console", "yaml", "json"} | OUTPUT
    wrong = [f"{block}: {block.language}" for block in BLOCKS if block.language not in known and not is_left(block)]
    assert wrong == [], ADVICE


@pytest.mark.parametrize(
    ("changed", "runner"),
    [
        ({}, "tests/recipes/programs.py"),
        ({"page": "docs/recipes/caddy.md"}, ""),
        ({"page": "docs/nginx.md"}, ""),
        ({"text": "# /etc/nginx/nginx.conf\n"}, ""),
        ({"text": "server {}\n"}, ""),
        ({"page": "docs/recipes/servers.md", "section": "uvicorn"}, "tests/recipes/app_servers.py"),
        ({"page": "docs/recipes/servers.md", "section": "another"}, ""),
        ({"page": "docs/recipes/servers.md", "section": "uvicorn", "text": "import this\n"}, ""),
        ({"page": "docs/apps/dash.md", "title": "app.py"}, ""),
        ({"page": "docs/apps/dash.md", "language": "console", "text": "$ pip install dash\n$ ls\n"}, ""),
    ],
)
def test_nothing_but_what_is_run_is_taken_for_it(changed: dict[str, str], runner: str) -> None:
    """The block of nginx is run as it stands on its page; changed, only what a server of the page on servers has is."""
    block = Block("docs/recipes/nginx.md", 1, "What to type", "nginx", "", "", "", "# /etc/nginx/conf.d/app.conf\n")
    assert run_by(dataclasses.replace(block, **changed)) == runner  # type: ignore[arg-type]


def test_python_runs(tmp_path: Path) -> None:
    """Each block has names of its own. All run in one process, in an empty folder."""
    blocks = [block for block in BLOCKS if block.language == "python"]
    run = []
    for block in blocks:
        compile(block.text, str(block), "exec")
        if not is_left(block):
            before = block.note.removeprefix(RUN_AFTER) if block.note.startswith(RUN_AFTER) else ""
            run.append((str(block), f"{before}\n{block.text}"))
    assert len(run) > 10
    env = os.environ | {f"OIDC_GATE_{name.upper()}": value for name, value in NEEDED.items()}
    command = [sys.executable, "-m", "tests.documented.running"]
    done = subprocess.run(
        command,
        input=json.dumps(run),
        cwd=tmp_path,
        env=env | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}, ADVICE


@of("toml")
def test_toml_is_settings_of_a_gate(block: Block, tmp_path: Path) -> None:
    tomllib.loads(block.text)
    if is_left(block):
        return
    first = page(block.page).blocks("toml")[0].text if block.note == WITH_THE_FIRST else ""
    assert isinstance(example_settings(f"{first}\n{block.text}", tmp_path), Settings)


@of("console")
def test_commands_are_right(block: Block) -> None:
    found = commands_in(block.text)
    assert found, "no line begins with $"
    wrong = [f"{said}: {' '.join(command)}" for command in found if (said := wrong_with(command)) is not None]
    assert [each for each in wrong if not (is_left(block) and each.startswith("not known: "))] == [], ADVICE


@pytest.mark.parametrize("server", SERVERS)
def test_an_option_that_a_server_does_not_have_is_told(server: str) -> None:
    assert "no-such-option" in (wrong_with([server, "--no-such-option", "myapp:app"]) or "")
    assert wrong_with([server, "myapp:app"]) is None


@of("yaml")
def test_yaml_can_be_read(block: Block) -> None:
    assert list(yaml.safe_load_all(block.text)) != [None]


@of("json")
def test_json_can_be_read(block: Block) -> None:
    assert json.loads(block.text)
