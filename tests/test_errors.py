"""The error tree: errors are told apart by class and code, never by their text."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from oidc_gate.errors import (
    BusyError,
    GateError,
    LoginError,
    ProviderDownError,
    ProviderError,
    ProviderSetupError,
    SettingsError,
    StoreError,
    StoreSetupError,
)
from tests.patience import LIMIT


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (GateError("odd"), 500),
        (SettingsError("client_id is missing"), 500),
        (LoginError("state_missing"), 400),
        (ProviderError("nonce_mismatch"), 400),
        (ProviderDownError("provider_unreachable"), 503),
        (ProviderSetupError("discovery_failed"), 500),
        (StoreError("store_unreachable"), 503),
        (StoreSetupError("store_unusable"), 500),
        (BusyError("provider_busy"), 503),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, GateError) else None,
)
def test_an_error_knows_the_status_of_the_answer_that_tells_of_it(error: GateError, status: int) -> None:
    assert error.status == status


@pytest.mark.parametrize(
    ("kind", "parents"),
    [
        (SettingsError, (GateError, ValueError)),
        (LoginError, (GateError,)),
        (ProviderError, (GateError,)),
        (ProviderDownError, (ProviderError, GateError)),
        (ProviderSetupError, (ProviderDownError, ProviderError, GateError)),
        (StoreError, (GateError,)),
        (StoreSetupError, (StoreError, GateError)),
        (BusyError, (GateError,)),
    ],
)
def test_an_error_is_caught_by_the_class_that_says_whose_fault_it_is(
    kind: type[GateError], parents: tuple[type, ...]
) -> None:
    assert issubclass(kind, parents)
    assert not issubclass(kind, ProviderError) or ProviderError in (kind, *parents)


@pytest.mark.parametrize("kind", [GateError, LoginError, ProviderError, ProviderDownError, StoreError])
def test_an_error_carries_a_code_to_branch_on_and_a_text_for_the_log(kind: type[GateError]) -> None:
    bare, told = kind("some_code"), kind("some_code", "what happened")
    assert (bare.code, bare.detail, str(bare)) == ("some_code", "", "some_code")
    assert (told.code, told.detail, str(told)) == ("some_code", "what happened", "what happened")


def test_a_settings_error_has_one_code_and_its_sentence() -> None:
    error = SettingsError("client_id is missing")
    assert (error.code, error.detail, str(error)) == ("settings", "client_id is missing", "client_id is missing")


def test_a_login_error_says_whether_starting_again_may_help() -> None:
    assert LoginError("login_late").retry is False
    assert LoginError("code_rejected", "used up", retry=True).retry is True


def test_a_settings_error_is_what_the_server_that_loads_the_app_understands() -> None:
    """In a process of its own: which servers are here is a matter of what was imported."""
    program = """
import pickle
from oidc_gate import SettingsError
assert type(SettingsError("x")) is SettingsError
from gunicorn.errors import AppImportError
from uvicorn.importer import ImportFromStringError
error = SettingsError("x")
assert isinstance(error, AppImportError) and isinstance(error, ImportFromStringError) and isinstance(error, ValueError)
assert (str(error), error.code, error.detail) == ("x", "settings", "x")
again = pickle.loads(pickle.dumps(error))
assert isinstance(again, SettingsError) and again.detail == "x"
print("all of it")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=LIMIT)
    assert done.stdout == "all of it\n"


def test_a_settings_error_can_be_handed_to_another_process() -> None:
    again = pickle.loads(pickle.dumps(SettingsError("issuer_url is missing")))
    assert isinstance(again, SettingsError)
    assert (str(again), again.code, again.detail) == ("issuer_url is missing", "settings", "issuer_url is missing")
