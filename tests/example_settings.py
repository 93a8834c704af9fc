"""Settings that stand in the documents, read as a gate reads them: with what an example leaves out, and its files."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from oidc_gate import Settings
from tests.apps import COOKIE_SECRET
from tests.test_settings import LOGO, TEMPLATE

__all__ = ["NEEDED", "example_settings"]

#: What every gate needs, where an example does not say it.
NEEDED: dict[str, Any] = {
    "issuer_url": "https://id.example.com",
    "client_id": "app",
    "client_secret": "secret",
    "cookie_secret": COOKIE_SECRET,
}
_WITHOUT_SECRET = {"private_key_jwt", "client_assertion", "none"}
_A_FILE = re.compile(r'^(\w+_file|ca_bundle|brand_logo|page_template)( *= *)"([^"]+)"', re.MULTILINE)


def example_settings(text: str, folder: Path) -> Settings:
    """Return the settings of a block of TOML; in place of the files that it names there are others in this folder.

    "…" stands for a value of the reader's. Raises SettingsError.
    """

    def in_folder(match: re.Match[str]) -> str:
        file = folder / Path(match[3]).name
        file.write_text(_content(match[1], file.suffix), encoding="utf-8")
        return f"{match[1]}{match[2]}'{file}'"

    written = folder / "gate.toml"
    values = tomllib.loads(text)
    needed = {name: value for name, value in NEEDED.items() if not {name, f"{name}_file"} & values.keys()}
    if values.get("client_auth_method") in _WITHOUT_SECRET:
        needed.pop("client_secret", None)
    lines = [f'{name} = "{value}"\n' for name, value in needed.items()]
    written.write_text("".join(lines) + _A_FILE.sub(in_folder, text), encoding="utf-8")
    return Settings.from_file(written)


def _content(setting: str, suffix: str) -> str:
    if suffix == ".pem":
        return _a_key()
    of_pages = {"brand_logo": LOGO, "page_template": TEMPLATE}
    return Path(of_pages[setting]).read_text(encoding="utf-8") if setting in of_pages else COOKIE_SECRET


@cache
def _a_key() -> str:
    key = ECKey.generate_key("P-256")
    return key.as_pem(private=True).decode()
