"""The public names, exactly: what users import, and with which arguments they call it."""

from __future__ import annotations

import inspect
import pydoc
import re
import subprocess
import sys
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

import oidc_gate
from oidc_gate import asgi, carriers, errors, identity, settings, wsgi
from oidc_gate.command import cli


def test_the_package_has_these_names() -> None:
    assert oidc_gate.__all__ == ["Identity", "Rule", "Settings", "SettingsError", "access_token_for", "identity_of"]
    assert oidc_gate.SettingsError is errors.SettingsError
    assert oidc_gate.Identity is identity.Identity
    assert oidc_gate.Settings is settings.Settings
    assert oidc_gate.identity_of is carriers.identity_of


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("wsgi", {"OIDCGate", "paste_filter"}),
        ("asgi", {"OIDCGate"}),
        ("stores", {"FORMS", "Record", "SessionStore", "open_store"}),
        ("command", {"main"}),
        ("flask", {"current_identity", "require"}),
        ("starlette", {"Checking", "RefusedError", "current_identity", "require"}),
        ("fastapi", {"CurrentIdentity", "OptionalIdentity", "RefusedError", "current_identity", "require"}),
        ("django", {"OIDCMiddleware", "current_identity", "require"}),
        ("testing", {"LocalProvider", "local_provider", "session_cookies", "signed_in"}),
        (
            "errors",
            {
                "BusyError",
                "GateError",
                "LoginError",
                "ProviderDownError",
                "ProviderError",
                "ProviderSetupError",
                "SettingsError",
                "StoreError",
                "StoreSetupError",
                "UpstreamError",
                "UpstreamSlowError",
            },
        ),
    ],
)
def test_a_module_that_users_import_from_has_these_names(module: str, names: set[str]) -> None:
    found = import_module(f"oidc_gate.{module}")
    assert set(found.__all__) == names
    assert all(hasattr(found, name) for name in names)


def test_the_middleware_has_one_name_and_one_signature_in_both_worlds() -> None:
    assert wsgi.OIDCGate.__name__ == asgi.OIDCGate.__name__ == "OIDCGate"
    assert inspect.signature(wsgi.OIDCGate) == inspect.signature(asgi.OIDCGate)
    parameters = inspect.signature(wsgi.OIDCGate).parameters
    assert list(parameters) == ["app", "settings", "options"]
    assert parameters["app"].default is None
    assert parameters["app"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert parameters["settings"].default is None
    assert parameters["settings"].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters["options"].kind is inspect.Parameter.VAR_KEYWORD


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("from_env", ["environ", "options"]),
        ("from_file", ["path", "options"]),
        ("from_traffic_policy", ["path", "options"]),
        ("with_options", ["self", "options"]),
    ],
)
def test_settings_are_made_in_these_ways(method: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(oidc_gate.Settings, method)).parameters) == parameters


def test_no_field_of_the_settings_clashes_with_an_argument_of_the_middleware() -> None:
    assert not {"app", "settings", "self"} & set(oidc_gate.Settings.__dataclass_fields__)


@pytest.mark.parametrize(
    ("group", "name", "expected"),
    [("console_scripts", "oidc-gate", cli.main), ("paste.filter_app_factory", "main", wsgi.paste_filter)],
)
def test_the_entry_points_lead_to_what_they_name(group: str, name: str, expected: Any) -> None:
    (found,) = [point for point in entry_points(group=group, name=name) if point.value.startswith("oidc_gate")]
    assert found.load() is expected


@pytest.mark.parametrize("adapter", ["wsgi", "asgi"])
def test_help_leads_to_the_middleware(adapter: str) -> None:
    """Help takes a name in quotation marks, for `import oidc_gate` alone loads neither adapter."""
    text = pydoc.plain(pydoc.render_doc(oidc_gate))
    assert f"from oidc_gate.{adapter} import OIDCGate" in text
    (named,) = re.findall(r'`help\("([\w.]+)"\)`', text)
    program = f"import oidc_gate; help({named.replace('wsgi', adapter)!r})"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert f"class OIDCGate in oidc_gate.{adapter}" in found.stdout
    assert f"in front of {'a WSGI' if adapter == 'wsgi' else 'an ASGI'} app." in found.stdout


def test_type_checkers_are_told_that_the_package_is_typed() -> None:
    assert (Path(oidc_gate.__file__).parent / "py.typed").is_file()
