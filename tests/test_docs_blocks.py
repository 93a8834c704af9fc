"""Every block of code in the README and in docs/ is run, or a comment just above it says why not.

| comment | |
|---|---|
| none | Python is run; TOML is settings; YAML and JSON are read; of a console each command is known, and right |
| `run after: …` | the same, with this line of Python before it |
| `with the first block` | the same, below the first block of TOML on the page |
| `run by tests/….py` | another test does more with it; it names the page |
| `not run: …` | the reason. Python still compiles, and `oidc-gate` and `pip` of a console are still right |

`blocks run by …` and `blocks not run: …`, anywhere on a page, hold for all of its blocks that have no comment of their
own. Pictures and output (`text`, or no language) need none.
"""

from __future__ import annotations

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
from tests.documents import DOCS, ROOT, Block, page, pages
from tests.example_settings import NEEDED, example_settings

pytestmark = pytest.mark.uncounted

#: Those of `docs/reference/settings.md` are made of what `tests/test_reference.py` looks at.
BLOCKS = [
    block
    for document in pages([ROOT / "README.md", *DOCS])
    if document.name != "docs/reference/settings.md"
    for block in document.blocks()
]
OUTPUT = {"", "text"}
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
    assert wrong == []


@pytest.mark.parametrize("block", [block for block in BLOCKS if RUN_BY.match(block.note)], ids=str)
def test_the_test_that_is_said_to_run_a_block_knows_the_page(block: Block) -> None:
    by = RUN_BY.match(block.note)
    assert by is not None
    source = (ROOT / by[1]).read_text(encoding="utf-8")
    assert Path(block.page).stem in source, f"{by[1]} does not name {block.page}"


def test_a_block_in_another_language_says_who_runs_it() -> None:
    known = {"python", "toml", "console", "yaml", "json"} | OUTPUT
    assert [str(block) for block in BLOCKS if block.language not in known and not is_left(block)] == []


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
    assert json.loads(done.stdout) == {}


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
    wrong = [f"{' '.join(command)}: {said}" for command in found if (said := wrong_with(command)) is not None]
    assert [each for each in wrong if not (is_left(block) and each.endswith(": not known"))] == []


@of("yaml")
def test_yaml_can_be_read(block: Block) -> None:
    assert list(yaml.safe_load_all(block.text)) != [None]


@of("json")
def test_json_can_be_read(block: Block) -> None:
    assert json.loads(block.text)
