"""The rooms of the package and what each may know: read from the source, without running it."""

from __future__ import annotations

import ast
import configparser
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "oidc_gate"

#: From the ground up: each room may import only from those before it.
ROOMS = [
    *("errors", "values", "wire"),
    *("stores", "sqlite_store", "redis_clients", "redis_store"),
    *("checks", "sources", "settings"),
    *("identity", "session", "claims", "decisions"),
    *("sealing", "cookies", "logins", "addresses", "kinds", "rules", "headers", "pages"),
    *("keepers", "opened", "rechecks", "sessions"),
    *("keys", "tokens", "client_authentication", "protocol", "metadata", "cached", "provider"),
    *("parts", "failures", "answers", "userinfo", "upkeep", "signin", "signout", "remote_logout", "own_paths", "gate"),
    *("targets", "wsgi", "scopes", "asgi"),
    *("demo_provider", "demo", "serve", "sessions_admin", "cli"),
]

#: The only imports upward. They are late: for annotations alone, or once the one store that is set is opened.
UPWARD = {("checks", "settings"), ("stores", "sqlite_store"), ("stores", "redis_store")}

#: Whoever else's code is used, and the only rooms that know it.
THIRD_PARTY = {
    "asgiref": {"asgi"},
    "authlib": {"client_authentication", "protocol"},
    "cryptography": {"sealing"},
    "gunicorn": {"serve"},
    "itsdangerous": {"sealing"},
    "joserfc": {"keys", "provider"},
    "nanoidp": {"demo_provider"},
    "redis": {"redis_clients", "redis_store"},
    "requests": {"provider"},
    "urllib3": {"provider"},
    "uvicorn": {"serve"},
    "werkzeug": {"demo_provider", "wsgi"},
    "yaml": {"sources"},
}

FRAMEWORKS = {
    "bottle",
    "django",
    "falcon",
    "fastapi",
    "flask",
    "litestar",
    "paste",
    "pyramid",
    "quart",
    "sanic",
    "starlette",
}

each_room = pytest.mark.parametrize("room", ["__init__", *ROOMS])
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Import(NamedTuple):
    """`module` is imported, and `names` from it; `for_types` alone, or `late`: not as the importing module is."""

    module: str
    names: tuple[str, ...]
    for_types: bool
    late: bool


@cache
def tree(room: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{room}.py").read_text(encoding="utf-8"))


def imports(room: str) -> list[Import]:
    return list(_imports(tree(room), for_types=False, late=False))


def _imports(node: ast.AST, *, for_types: bool, late: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, (), for_types, late) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        yield Import(node.module or "", tuple(alias.name for alias in node.names), for_types, late)
    for_types = for_types or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    late = late or for_types or isinstance(node, Function)
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, for_types=for_types, late=late)


def own_imports(room: str) -> Iterator[tuple[str, Import]]:
    """Return the imports of other rooms, each with the room's name."""
    for each in imports(room):
        if each.module == "oidc_gate":
            yield from ((name, each._replace(module=f"oidc_gate.{name}", names=())) for name in each.names)
        elif each.module.startswith("oidc_gate."):
            yield each.module.removeprefix("oidc_gate."), each


def foreign_imports(room: str) -> set[str]:
    """Return the packages of others that are imported as the program runs."""
    tops = {each.module.partition(".")[0] for each in imports(room) if not each.for_types}
    return tops - sys.stdlib_module_names - {"oidc_gate"}


def functions(room: str) -> list[Function]:
    return [node for node in ast.walk(tree(room)) if isinstance(node, Function)]


def length(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


# Who knows whom


def test_every_room_has_its_place() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == {"__init__", *ROOMS}
    assert len(ROOMS) == len(set(ROOMS))
    assert [path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"] == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_those_below_it(room: str) -> None:
    below = ROOMS[: ROOMS.index(room)]
    for other, each in own_imports(room):
        assert other in below or (each.late and (room, other) in UPWARD), f"{room} imports {other}"


def test_the_exceptions_are_needed() -> None:
    assert all(other in dict(own_imports(room)) and ROOMS.index(other) > ROOMS.index(room) for room, other in UPWARD)


def test_the_adapters_do_not_know_each_other() -> None:
    assert "asgi" not in dict(own_imports("wsgi"))
    assert "wsgi" not in dict(own_imports("asgi"))


def test_the_package_itself_is_a_list_of_names() -> None:
    _docstring, *statements = tree("__init__").body
    assert all(isinstance(statement, ast.ImportFrom | ast.Assign) for statement in statements)


@each_room
def test_names_that_rooms_take_from_each_other_are_public_there(room: str) -> None:
    for other, each in own_imports(room):
        for name in each.names:
            assert name in public_names(other), f"{room} imports {name} from {other}"


def public_names(room: str) -> list[str]:
    (names,) = [
        ast.literal_eval(node.value)
        for node in tree(room).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    assert isinstance(names, list)
    return names


@each_room
def test_the_list_of_public_names_is_sorted_and_names_what_is_there(room: str) -> None:
    names = public_names(room)
    defined = {node.name for node in tree(room).body if isinstance(node, Function | ast.ClassDef)}
    assigned = {
        ast.unparse(target)
        for node in tree(room).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    imported = {name for each in imports(room) for name in each.names}
    assert set(names) <= defined | assigned | imported
    assert len(names) == len(set(names))
    assert not [name for name in names if name.startswith("_")]


# What comes from others


def test_each_package_of_others_is_known_to_its_rooms_alone() -> None:
    found: dict[str, set[str]] = {}
    for room in ["__init__", *ROOMS]:
        for package in foreign_imports(room):
            found.setdefault(package, set()).add(room)
    assert found == THIRD_PARTY


@each_room
def test_no_room_knows_a_web_framework(room: str) -> None:
    assert not {each.module.partition(".")[0] for each in imports(room)} & FRAMEWORKS


def test_what_is_imported_is_declared() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    needed = _packages(setup["options"]["install_requires"])
    optional = {name: _packages(text) for name, text in setup["options.extras_require"].items()}
    extras = {"yaml": "yaml", "redis": "redis", "gunicorn": "run", "uvicorn": "run", "nanoidp": "demo"}
    for package in THIRD_PARTY:
        declared = optional[extras[package]] if package in extras else needed
        assert {"yaml": "pyyaml"}.get(package, package) in declared


def _packages(text: str) -> set[str]:
    return {re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0].lower() for line in text.split("\n") if line}


@pytest.mark.parametrize("adapter", ["wsgi", "asgi"])
def test_importing_an_adapter_is_light(adapter: str) -> None:
    heavy = ["asgiref", "authlib", "joserfc", "redis", "requests", "sqlite3", "urllib3", "werkzeug", "yaml"]
    program = f"import sys, oidc_gate.{adapter}; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout == "[]\n"


# How it is written


@each_room
def test_a_room_can_be_read_in_one_sitting(room: str) -> None:
    assert len((PACKAGE / f"{room}.py").read_text(encoding="utf-8").splitlines()) <= 300
    assert [node.name for node in functions(room) if length(node) > 60] == []


def test_most_functions_are_short() -> None:
    lengths = [length(node) for room in ROOMS for node in functions(room)]
    assert statistics.median(lengths) <= 10


@each_room
def test_nothing_is_checked_by_an_assert(room: str) -> None:
    assert [node.lineno for node in ast.walk(tree(room)) if isinstance(node, ast.Assert)] == []


@each_room
def test_every_room_says_what_it_is_for(room: str) -> None:
    assert ast.get_docstring(tree(room))


def test_no_room_is_a_lumber_room() -> None:
    assert not {"utils", "util", "helpers", "common", "misc", "tools", "base", "core"} & set(ROOMS)


@pytest.mark.parametrize("room", [room for room in ROOMS if room not in ("cli", "demo", "demo_provider", "serve")])
def test_only_the_command_line_prints(room: str) -> None:
    calls = [node for node in ast.walk(tree(room)) if isinstance(node, ast.Call)]
    assert [node.lineno for node in calls if ast.unparse(node.func) == "print"] == []
