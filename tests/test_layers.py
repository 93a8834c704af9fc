"""The package's folders and modules, and what each may know: read from the source, without running it.

The order stands in the docstrings: `oidc_gate/__init__` lists modules and folders from the ground up, each folder's
`__init__` its modules, and from which others it may import. These tests hold the code to that.
"""

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

pytestmark = pytest.mark.uncounted

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "oidc_gate"


def docstring(module: str) -> str:
    return ast.get_docstring(tree(module)) or ""


def listed(module: str) -> list[str]:
    """Return what a docstring lists, a line each or several on one: backticks around names, then a colon."""
    lines = re.findall(r"^- (`.*?`):", docstring(module), re.MULTILINE)
    return [name for line in lines for name in re.findall(r"`([a-z_]+)/?`", line)]


def source(module: str) -> str:
    """Return the text of a module: `errors`, `browser/cookies`, or `browser` for a folder's `__init__`."""
    path = PACKAGE / module
    return (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text(encoding="utf-8")


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(source(module))


#: Modules that stand alone, and folders; from the ground up.
FLOORS = listed("")
FOLDERS = [name for name in FLOORS if (PACKAGE / name).is_dir()]
#: All modules, from the ground up; those of a folder before its `__init__`, which hands on what others use.
MODULES = [
    module
    for floor in FLOORS
    for module in ([*(f"{floor}/{name}" for name in listed(floor)), floor] if floor in FOLDERS else [floor])
]

#: What users import beside `oidc_gate` itself: the reason for a name that no other folder uses.
PUBLIC = {
    "stores": {"Record", "SessionStore"},
    "wsgi": {"OIDCGate", "paste_filter"},
    "command": {"main"},
    "django": {"OIDCMiddleware", "current_identity", "require"},
    "testing": {"LocalProvider", "local_provider", "session_cookies", "signed_in"},
}

#: What a person at a terminal reads is written by these alone.
PRINTING = {
    f"command/{name}"
    for name in ("cli", "flags", "demo", "demo_provider", "provider_process", "run", "sessions", "token")
}

#: The only imports upward: for annotations alone.
UPWARD = {
    ("settings/bearer_checks", "settings/settings"),
    ("settings/checks", "settings/settings"),
    ("settings/reach_checks", "settings/settings"),
    ("settings/gate_warnings", "settings/settings"),
    ("settings/provider_warnings", "settings/settings"),
    ("settings/profiles", "settings/settings"),
    ("settings/providers", "settings/settings"),
}
#: The only imports past a folder's `__init__`, which is not to load what only some need, or type checkers alone, nor to
#: hand to users what is not for them.
PAST_THE_DOOR = {
    ("command/on_paper", "wsgi/request"),
    ("command/on_paper", "gate/resource_metadata"),
    ("command/stored_sessions", "stores/sqlite"),
    ("command/token", "provider/terminal_client"),  # which no gate needs, and would load
    ("doctor/case", "settings/presets"),
    ("doctor/case", "stores/redis_urls"),
    ("doctor/store_checks", "stores/facts"),
    ("doctor/store_checks", "stores/redis_urls"),
    ("gate/building", "settings/page_files"),
    ("settings/checks", "stores/urls"),
    ("proxy/forwarded", "asgi/request"),
    ("proxy/proxy", "asgi/middleware"),
    ("gate/demanding", "settings/demands"),
    *((module, "settings/demands") for module in ("requiring", "flask", "starlette", "fastapi", "django/views")),
    ("requiring", "wsgi/handing_over"),  # which no gate needs
    ("requiring", "asgi/handing_over"),
    ("requiring", "gate/demanding"),
    ("testing/end_to_end", "command/demo_provider"),  # which the command line itself has no need to hand on
    ("testing/end_to_end", "command/provider_process"),
    ("testing/signing_in", "gate/parties"),
    ("gate/relogin", "browser/relogin_script"),
    ("wsgi/middleware", "settings/options"),
    ("asgi/middleware", "settings/options"),
}

#: Whoever else's code is used, and the only modules that know it.
THIRD_PARTY = {
    "asgiref": {"asgi/lanes", *(f"django/{name}" for name in ("backends", "consumers", "middleware", "views"))},
    "authlib": {"provider/client_authentication", "provider/code_flow"},
    "cel_expr_python": {"access/expressions"},
    "cryptography": {"sealing", "signing", "doctor/provider_checks"},
    "django": {
        *(f"django/{name}" for name in ("apps", "backends", "consumers", "middleware", "models", "project", "users")),
        *(f"django/{name}" for name in ("caches", "own_sessions", "sent_back", "views")),
        "testing/django_clients",
    },
    "fastapi": {"fastapi"},
    "flask": {"flask"},
    "gunicorn": {"command/run"},
    "httptools": {"proxy/connection", "proxy/proxy"},
    "itsdangerous": {"sealing"},
    "joserfc": {"provider/keys", "provider/client_credentials"},
    "nanoidp": {"command/demo_provider"},
    "opentelemetry": {"telling/opentelemetry_metrics"},
    "prometheus_client": {"telling/prometheus_metrics"},
    "redis": {"stores/redis_clients", "stores/redis", "stores/redis_facts"},
    "requests": {"provider/transport"},
    "starlette": {"starlette"},
    "urllib3": {"provider/transport"},
    "uvicorn": {"command/demo_server", "command/run", "command/uvicorn_requests", "command/uvicorn_workers"},
    "websockets": {"proxy/relay"},
    "werkzeug": {"command/demo_provider", "flask", "wsgi/bodies"},
    "yaml": {"settings/files"},
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

#: The only modules that know one, and which: of users who have it, who import them for it.
KNOWING = {each: name for name in FRAMEWORKS for each in THIRD_PARTY.get(name, ())}

each_module = pytest.mark.parametrize("module", ["", *MODULES])
each_folder = pytest.mark.parametrize("folder", FOLDERS)
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Import(NamedTuple):
    """`module` is imported, and `names` from it; `for_types` alone, or `late`: not as the importing module is."""

    module: str
    names: tuple[str, ...]
    for_types: bool
    late: bool


@cache
def imports(module: str) -> list[Import]:
    return list(_imports(tree(module), for_types=False, late=False))


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


@cache
def own_imports(module: str) -> list[tuple[str, Import]]:
    """Return the imports of other modules of the package, each with that module's name.

    A module that is taken from its folder, as in `from oidc_gate.browser import pages`, is that module inside the
    folder; for others it is a name that the folder hands on.
    """
    return list(_own_imports(module))


def _own_imports(module: str) -> Iterator[tuple[str, Import]]:
    for each in imports(module):
        if each.module.partition(".")[0] != "oidc_gate":
            continue
        source = each.module.replace(".", "/").removeprefix("oidc_gate").removeprefix("/")
        inside = [name for name in each.names if source == folder_of(module) and f"{source}/{name}" in MODULES]
        yield from ((f"{source}/{name}", each._replace(names=())) for name in inside)
        if names := tuple(name for name in each.names if name not in inside):
            yield source, each._replace(names=names)


def folder_of(module: str) -> str:
    """Return the folder that a module is in, `""` for the package itself."""
    return module if module in FOLDERS else module.rpartition("/")[0]


def floor_of(module: str) -> str:
    """Return the folder that a module is in, or the module that stands alone."""
    return folder_of(module) or module


def foreign_imports(module: str) -> set[str]:
    """Return the packages of others that are imported as the program runs."""
    tops = {each.module.partition(".")[0] for each in imports(module) if not each.for_types}
    return tops - sys.stdlib_module_names - {"oidc_gate"}


def functions(module: str) -> list[Function]:
    return [node for node in ast.walk(tree(module)) if isinstance(node, Function)]


def length(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


# Who knows whom


def test_every_module_is_in_a_list() -> None:
    files = {path.relative_to(PACKAGE).with_suffix("").as_posix() for path in PACKAGE.rglob("*.py")}
    files = {name for name in files if not name.startswith("django/migrations/")}  # their names are Django's
    assert {name.removesuffix("/__init__") for name in files - {"__init__"}} == set(MODULES)
    assert len(MODULES) == len(set(MODULES))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_those_below_it(module: str) -> None:
    below = MODULES[: MODULES.index(module)]
    for other, each in own_imports(module):
        assert other in below or (each.for_types and (module, other) in UPWARD), f"{module} imports {other}"


@each_folder
def test_a_folder_imports_from_those_that_it_names_and_from_all_of_them(folder: str) -> None:
    (text,) = re.findall(r"^May import: ((?:.|\n)*?)\.$", docstring(folder), re.MULTILINE)
    named = re.findall(r"`([a-z_]+)`", text)
    assert named == [floor for floor in FLOORS if floor in named], "in the order of the floors"
    modules = [module for module in MODULES if folder_of(module) == folder]
    assert set(named) == {floor_of(other) for module in modules for other, _ in own_imports(module)} - {folder}


@pytest.mark.parametrize("module", ["", *MODULES])
def test_other_folders_are_entered_by_the_door(module: str) -> None:
    past = {
        (module, other) for other, _ in own_imports(module) if folder_of(other) not in ("", other, folder_of(module))
    }
    assert past <= PAST_THE_DOOR


@each_folder
def test_a_folder_hands_on_just_what_others_use(folder: str) -> None:
    used = {
        name
        for module in ["", *MODULES]
        for other, each in own_imports(module)
        if other == folder
        for name in each.names
    }
    assert set(public_names(folder)) == used | PUBLIC.get(folder, set())


def test_the_exceptions_are_needed() -> None:
    for module, other in UPWARD | PAST_THE_DOOR:
        assert other in dict(own_imports(module))
    assert all(MODULES.index(other) > MODULES.index(module) for module, other in UPWARD)


def test_the_adapters_do_not_know_each_other() -> None:
    for world, other in (("wsgi", "asgi"), ("asgi", "wsgi")):
        assert other not in {
            floor_of(each) for module in MODULES if floor_of(module) == world for each, _ in own_imports(module)
        }


@pytest.mark.parametrize("folder", ["", *FOLDERS])
def test_an_init_is_a_list_of_names(folder: str) -> None:
    _docstring, *statements = tree(folder).body
    assert all(isinstance(statement, ast.ImportFrom | ast.Assign) for statement in statements)


@each_module
def test_names_that_modules_take_from_each_other_are_public_there(module: str) -> None:
    for other, each in own_imports(module):
        for name in each.names:
            assert name in public_names(other), f"{module} imports {name} from {other}"


def public_names(module: str) -> list[str]:
    (names,) = [
        ast.literal_eval(node.value)
        for node in tree(module).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    assert isinstance(names, list)
    return names


@each_module
def test_the_list_of_public_names_is_sorted_and_names_what_is_there(module: str) -> None:
    names = public_names(module)
    defined = {node.name for node in tree(module).body if isinstance(node, Function | ast.ClassDef)}
    assigned = {
        ast.unparse(target)
        for node in tree(module).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    imported = {name for each in imports(module) for name in each.names}
    assert set(names) <= defined | assigned | imported
    assert len(names) == len(set(names))
    assert not [name for name in names if name.startswith("_")]


# What comes from others


def test_each_package_of_others_is_known_to_its_modules_alone() -> None:
    found: dict[str, set[str]] = {}
    for module in ["", *MODULES]:
        for package in foreign_imports(module):
            found.setdefault(package, set()).add(module)
    assert found == THIRD_PARTY


@each_module
def test_no_module_but_its_own_knows_a_web_framework(module: str) -> None:
    known = {each.module.partition(".")[0] for each in imports(module)} & FRAMEWORKS
    assert known == ({KNOWING[module]} if module in KNOWING else set())


@pytest.mark.parametrize("module", [name for name in MODULES if not name.startswith("testing")])
def test_nothing_that_is_served_imports_what_is_for_tests(module: str) -> None:
    assert not [other for other, _ in own_imports(module) if floor_of(other) == "testing"]


def test_what_is_imported_is_declared() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    needed = _packages(setup["options"]["install_requires"])
    optional = {name: _packages(text) for name, text in setup["options.extras_require"].items()}
    extras = {
        "cel_expr_python": "cel",
        "yaml": "yaml",
        "redis": "redis",
        "opentelemetry": "opentelemetry",
        "prometheus_client": "prometheus",
        "gunicorn": "run",
        "uvicorn": "run",
        "httptools": "proxy",
        "websockets": "proxy",
        "nanoidp": "demo",
    }
    for package in THIRD_PARTY.keys() - FRAMEWORKS:
        declared = optional[extras[package]] if package in extras else needed
        assert _ON_PYPI.get(package, package) in declared


#: Packages that have another name on PyPI.
_ON_PYPI = {
    "cel_expr_python": "cel-expr-python",
    "opentelemetry": "opentelemetry-api",
    "prometheus_client": "prometheus-client",
    "yaml": "pyyaml",
}


def _packages(text: str) -> set[str]:
    return {re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0].lower() for line in text.split("\n") if line}


@pytest.mark.parametrize("adapter", ["wsgi", "asgi"])
def test_importing_an_adapter_is_light(adapter: str) -> None:
    heavy = [
        "asgiref",
        "authlib",
        "cel_expr_python",
        "httptools",
        "joserfc",
        "redis",
        "requests",
        "sqlite3",
        "urllib3",
        "werkzeug",
    ]
    heavy += ["opentelemetry", "prometheus_client", "websockets", "yaml"]
    program = f"import sys, oidc_gate.{adapter}; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout == "[]\n"


#: Packages that are loaded before the first request, or that import none of their own modules as they are.
LOADED = {"asgiref", "cel_expr_python", "httptools", "redis"}


@pytest.mark.parametrize("module", [name for name in MODULES if floor_of(name) not in ("command", "doctor", "testing")])
def test_a_package_that_a_request_loads_is_loaded_whole(module: str) -> None:
    """Of two threads that begin with modules which their package imports, one gets a module that is not complete."""
    for function in functions(module):
        seen: set[str] = set()
        for each in sorted(ast.walk(function), key=lambda node: getattr(node, "lineno", 0)):
            if isinstance(each, ast.Import):
                seen |= {alias.name for alias in each.names}
            if isinstance(each, ast.ImportFrom) and each.module and "." in each.module:
                package = each.module.partition(".")[0]
                known = package in LOADED | seen | sys.stdlib_module_names | FRAMEWORKS | {"oidc_gate"}
                assert known, f"{module}: import {package} before {each.module}"


# How it is written


@each_module
def test_a_module_can_be_read_in_one_sitting(module: str) -> None:
    assert len(source(module).splitlines()) <= 300
    assert [node.name for node in functions(module) if length(node) > 60] == []


def test_most_functions_are_short() -> None:
    lengths = [length(node) for module in MODULES for node in functions(module)]
    assert statistics.median(lengths) <= 10


@each_module
def test_nothing_is_checked_by_an_assert(module: str) -> None:
    assert [node.lineno for node in ast.walk(tree(module)) if isinstance(node, ast.Assert)] == []


@each_module
def test_every_module_says_what_it_is_for(module: str) -> None:
    assert ast.get_docstring(tree(module))


def test_no_module_is_named_for_leftovers() -> None:
    assert not {"utils", "util", "helpers", "common", "misc", "tools", "base", "core"} & set(MODULES)


@pytest.mark.parametrize(
    "module",
    [module for module in MODULES if module not in PRINTING],
)
def test_only_the_command_line_prints(module: str) -> None:
    calls = [node for node in ast.walk(tree(module)) if isinstance(node, ast.Call)]
    assert [node.lineno for node in calls if ast.unparse(node.func) == "print"] == []
