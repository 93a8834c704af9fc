"""docs/reference/python.md: what users import, with its signature and its docstring."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, ForwardRef, get_origin

__all__ = ["MODULES", "python_text"]

#: The modules that users import from, in the order of the page; of `oidc_gate.settings.demands` what `require` takes.
MODULES = ("oidc_gate", "oidc_gate.wsgi", "oidc_gate.asgi", "oidc_gate.flask", "oidc_gate.starlette",
           "oidc_gate.fastapi", "oidc_gate.django", "oidc_gate.settings.demands", "oidc_gate.testing",
           "oidc_gate.stores", "oidc_gate.errors")  # fmt: skip
#: What is told of a class besides itself; of the protocol of stores all.
_MEMBERS = {
    "Identity": ("display_name", "is_authenticated", "identity"),
    "Settings": ("from_env", "from_file", "from_traffic_policy", "with_options"),
    "SessionStore": ("load", "save", "replace", "delete", "delete_named", "claim", "release", "records"),
    "Checking": ("check",),
}
#: What a module offers that is for the package alone.
_INNER = {"oidc_gate.settings.demands": ("check_demand", "read_demand"), "oidc_gate.stores": ("FORMS",)}
#: What the example of a module takes from its framework.
_BEFORE = {
    "from oidc_gate.flask": 'from flask import Flask; app = Flask("app")',
    "from oidc_gate.starlette": "from starlette.responses import PlainTextResponse",
    "from oidc_gate.fastapi": "from fastapi import Depends, FastAPI; app = FastAPI()",
}
_WIDTH = 100
_OF_THE_CODE = re.compile(r"^(?:Modules, from the ground up|May import|For those who read the code)", re.MULTILINE)
_EXAMPLE = re.compile(r"^(.*)::\n\n((?:(?: {4}.*)?\n?)+)", re.MULTILINE)


def python_text() -> str:
    """Return a section for each module."""
    return "\n\n".join(part for name in MODULES for part in _module(name, import_module(name)))


def _module(name: str, module: ModuleType) -> Iterator[str]:
    yield f"## `{name}`"
    yield _markdown(inspect.getdoc(module) or "")
    for each in module.__all__:
        if each not in _INNER.get(name, ()):
            yield from _member(name, each, getattr(module, each))


def _member(module: str, name: str, value: Any) -> Iterator[str]:
    yield f"### `{module}.{name}`"
    if not callable(value) or get_origin(value) is not None:
        yield _comment_above(module, name)
        return
    signature = "" if inspect.isclass(value) and _is_declared(value) else _signature(name, value)
    if signature:
        yield f"```text\n{signature}\n```"
    yield _markdown(inspect.getdoc(value) or "")
    for member in _MEMBERS.get(name, ()) if inspect.isclass(value) else ():
        yield from _method(name, member, inspect.getattr_static(value, member))


def _is_declared(value: type) -> bool:
    """Tell whether a class only says what others have: a protocol, or a dictionary's keys."""
    return getattr(value, "_is_protocol", False) or hasattr(value, "__total__")


def _method(owner: str, name: str, value: Any) -> Iterator[str]:
    plain: Any = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
    shown = owner if isinstance(value, classmethod) else owner.lower()
    yield f"#### `{owner}.{name}`"
    called = f"{shown}.{name}: {_annotation(inspect.signature(plain).return_annotation)}"
    yield f"```text\n{called if isinstance(value, property) else _signature(f'{shown}.{name}', plain)}\n```"
    yield _markdown(inspect.getdoc(plain) or "")


def _signature(name: str, value: Any) -> str:
    """Return it as code has it, annotations as they stand in the source; one parameter a line where it is long."""
    signature = inspect.signature(value)
    parameters = [each for each in signature.parameters.values() if each.name not in ("self", "cls")]
    shown = list(_parameters(parameters))
    returned = _annotation(signature.return_annotation)
    end = f" -> {returned}" if returned and not inspect.isclass(value) else ""
    line = f"{name}({', '.join(shown)}){end}"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"{name}(", *(f"    {each}," for each in shown), f"){end}"])


def _parameters(parameters: list[inspect.Parameter]) -> Iterator[str]:
    before = None
    for each in parameters:
        if before is inspect.Parameter.POSITIONAL_ONLY and each.kind is not before:
            yield "/"
        if each.kind is each.KEYWORD_ONLY and before not in (each.KEYWORD_ONLY, each.VAR_POSITIONAL):
            yield "*"
        stars = "*" if each.kind is each.VAR_POSITIONAL else "**" if each.kind is each.VAR_KEYWORD else ""
        annotation = _annotation(each.annotation)
        text = f"{stars}{each.name}{': ' if annotation else ''}{annotation}"
        yield text if each.default is each.empty else f"{text} = {_code(each.default)}"
        before = each.kind
    if before is inspect.Parameter.POSITIONAL_ONLY:
        yield "/"


def _code(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _annotation(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return ""
    return value.__forward_arg__ if isinstance(value, ForwardRef) else str(value)


def _markdown(docstring: str) -> str:
    """Return a docstring as Markdown: what follows `::` is a block; what it says of modules inside is left out."""
    text = _OF_THE_CODE.split(docstring)[0]
    parts = _EXAMPLE.split(text.strip())
    out = [parts[0]]
    for before, code, after in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        out.append(f"{before}:\n\n" if before else "")
        out.append(f"{_fenced(inspect.cleandoc(code).rstrip())}\n\n{after}")
    return "".join(out).strip()


def _fenced(code: str) -> str:
    """Return the example as a block: of Python, if it is. What it takes besides, of a framework, comes before it."""
    try:
        ast.parse(code)
    except SyntaxError:
        return f"```text\n{code}\n```"
    before = _BEFORE.get(code.partition(" import ")[0])
    return f"<!-- run after: {before} -->\n```python\n{code}\n```" if before else f"```python\n{code}\n```"


def _comment_above(module: str, name: str) -> str:
    """Return what a comment says of a value of a module."""
    source = inspect.getsource(import_module(module))
    found = re.search(rf"((?:^#: .*\n)+)^{name}\b", source, re.MULTILINE)
    value = getattr(import_module(module), name)
    said = " ".join(line.removeprefix("#: ") for line in found[1].splitlines()) if found else ""
    return said or f"{_code(value)}"
