"""Which blocks are run by `make apps` and `make recipes`: those that these take from the page, or have word for word.

No comment has to say so, and nothing else on these pages passes for it:

- on the page of an app of `tests/real_apps`: a block that is one of the app's files (its title, and every word), and a
  console in which nothing is typed but the app's commands, `pip install`, and `export` of what they are run with
- on a page of `docs/recipes`: a block whose first line names a file, where a module of `tests/recipes` asks for it:
  `file("nginx", "/etc/nginx/conf.d/app.conf")`
- below the heading of a server in `docs/recipes/servers.md`: each file that is named so, and the console

Settings (TOML) are no part of it: they are looked at wherever they stand.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from tests.documents import ROOT, Block
from tests.real_apps.app import PAGES, App, apps
from tests.recipes.app_servers import SERVERS

__all__ = ["run_by"]

_APPS, _RECIPES = PAGES.relative_to(ROOT), Path("docs/recipes")
_OF_SERVERS = "tests/recipes/app_servers.py"


def run_by(block: Block) -> str:
    """Return which module runs this block, as a path of the repository; nothing where none does."""
    page = Path(block.page)
    if block.language == "toml":
        return ""
    if page.parent == _APPS:
        found = next((app for app in apps() if app.name == page.stem), None)
        return f"tests/real_apps/{page.stem}/journey.py" if found is not None and _is_of(block, found) else ""
    if page.parent == _RECIPES:
        file = _named_in_first_line(block)
        at_a_server = page.stem == "servers" and block.section in {*SERVERS, "mod_wsgi"}
        if at_a_server and (file or block.language == "console"):
            return _OF_SERVERS
        return _asked_for().get((page.stem, file), "")
    return ""


def _is_of(block: Block, app: App) -> bool:
    if block.language != "console":
        return dict(app.files).get(block.title) == block.text
    commands = {*app.setup, *(command for way in app.ways for command in way.commands)}
    typed = [line.removeprefix("$ ") for line in block.text.splitlines() if line.startswith("$ ")]
    known = {f"{name}={value}" for way in app.ways for name, value in way.env}
    known |= {"OIDC_GATE_CONFIG=gate.toml"} if "gate.toml" in dict(app.files) else set()
    return all(
        line in commands or line.startswith("pip install ") or (_exported(line) and _exported(line) <= known)
        for line in typed
    )


def _exported(line: str) -> set[str]:
    """Return what this line gives to the commands after it."""
    command, *given = line.split()
    return set(given) if command == "export" else set()


def _named_in_first_line(block: Block) -> str:
    """Return the file that a comment in the first line names, alone there."""
    match block.text.partition("\n")[0].split():
        case ["#", name]:
            return name
    return ""


@cache
def _asked_for() -> dict[tuple[str, str], str]:
    """Return by which module of `tests/recipes` the file of a page is asked for, by the names of page and file."""
    found = {}
    for module in sorted((ROOT / "tests" / "recipes").glob("*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name("file"), args=[ast.Constant(str() as page), ast.Constant(str() as name)], keywords=[]
                ):
                    found[page, name] = module.relative_to(ROOT).as_posix()
    return found
