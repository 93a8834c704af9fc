"""`oidc-gate secret`: a fresh `cookie_secret`, by itself or in front of the older ones in a file."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import fields
from pathlib import Path

from oidc_gate.errors import SettingsError
from oidc_gate.settings import Settings

__all__ = ["new_secret", "rotate"]

#: `NAME=…`, `name="…"`, `{"name":…`: long enough to pass as a secret, and a line of a file of settings.
_NAMED = re.compile(r"""[{"']*([a-z][a-z0-9_]{3,}|[A-Z][A-Z0-9_]{3,})["']?[=:][^=]""")


def new_secret() -> str:
    """Return a fresh secret of 43 characters."""
    return secrets.token_urlsafe(32)


def rotate(file: Path, fresh: str) -> None:
    """Put a secret in front of those in the file. Who reads it meanwhile sees it as it was, or as it will be.

    A file without any gets its first. Raises SettingsError, and leaves the file as it was, when that cannot be done,
    or when it holds what is no secret: a file of settings would be one no longer.
    """
    try:
        file = file.resolve(strict=True)
        known, status = _secrets_in(file.read_text(encoding="utf-8-sig")), file.stat()
        draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as written:
            written.write("\n".join([fresh, *known, ""]))
            written.flush()
            os.fsync(descriptor)
        if (draft.stat().st_uid, draft.stat().st_gid) != (status.st_uid, status.st_gid):
            os.chown(draft, status.st_uid, status.st_gid)
        draft.chmod(status.st_mode & 0o7777)
        draft.replace(file)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file} cannot be rotated: {error}. Nothing has changed.") from None


def _secrets_in(text: str) -> tuple[str, ...]:
    """Return the secrets in the text of a file. Raises ValueError for what is no file of secrets."""
    if not text.strip():
        return ()
    wanted = "it must hold nothing but secrets, as the file that cookie_secret_file names"
    (read,) = (each.metadata["read"] for each in fields(Settings) if each.name == "cookie_secret")
    try:
        found: tuple[str, ...] = read(text)
    except ValueError as error:
        raise ValueError(f"{wanted}, and what it holds will not do as cookie_secret, which {error}") from None
    if any(_NAMED.match(word) for word in found):
        raise ValueError(f"{wanted}, and it holds names of settings too, or of variables")
    return found
