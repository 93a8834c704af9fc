"""Requests leave nothing behind that knows itself: it stays until Python looks for garbage, and nobody is served then.

In a process of FastAPI's one full look took 40 ms.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType, MethodType
from typing import Any

import pytest

from tests.conftest import StageFactory

#: So many requests of each kind.
_TURNS = 20


@contextmanager
def garbage() -> Iterator[list[Any]]:
    """Give what the block left that only the search for garbage finds.

    What was there before is left out of the search: gates of earlier tests too, which a thread may hold until now.
    """
    found: list[Any] = []
    gc.disable()
    gc.freeze()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.unfreeze()
        gc.enable()


def of_the_gate(found: list[Any]) -> list[str]:
    """Those that the package defines: its functions, its classes and what is made of them.

    Nothing is asked of other objects: some that a process leaves stand for what is gone already.
    """
    return [repr(each) for each in found if str(_defined(each).__module__).startswith("oidc_gate.")]


def _defined(each: Any) -> Any:
    kind = type(each)
    return each if issubclass(kind, (FunctionType, MethodType, type)) else kind


def test_only_what_is_new_is_looked_at() -> None:
    old: Any = type("Old", (), {})()
    old.itself = old
    with garbage() as found:
        del old
        new: Any = type("New", (), {})()
        new.itself = new
        del new
    assert [type(each).__name__ for each in found if type(each).__name__ in ("Old", "New")] == ["New"]


def test_only_what_the_package_defines_is_its_garbage() -> None:
    its_class = type("Its", (), {"__module__": "oidc_gate.its"})
    one = its_class()
    gone = weakref.proxy(its_class())

    def its_function() -> None: ...

    def foreign() -> None: ...

    its_function.__module__ = "oidc_gate.its"
    foreign.__module__ = None  # type: ignore[assignment]
    found = [its_class, one, its_function]
    assert of_the_gate([gone, foreign, 1, *found]) == [repr(each) for each in found]


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/", {}, 200),
        ("/", {"identity_headers": "x-forwarded"}, 200),
        ("/admin", {"rules": [{"path": "/admin", "allow": "nobody"}]}, 403),
        ("/open", {"public_paths": "/open"}, 200),
        ("/oauth2/userinfo", {}, 200),
    ],
)
@pytest.mark.parametrize("is_signed_in", [True, False])
def test_a_request_leaves_no_garbage(
    stage: StageFactory, path: str, options: dict[str, Any], status: int, is_signed_in: bool
) -> None:
    here = stage(**options)
    browser = here.signed_in() if is_signed_in else here.browser()
    expected = status if is_signed_in or path == "/open" else 403 if path == "/admin" else 401
    for _ in range(3):
        browser.fetch(path)
    with garbage() as found:
        for _ in range(_TURNS):
            assert browser.fetch(path).status == expected
    assert of_the_gate(found) == []
