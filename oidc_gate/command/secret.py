"""`oidc-gate secret`: a fresh `cookie_secret`, by itself or in front of the older ones in a file."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from oidc_gate.errors import SettingsError

__all__ = ["new_secret", "rotate"]


def new_secret() -> str:
    """Return a fresh secret of 43 characters."""
    return secrets.token_urlsafe(32)


def rotate(file: Path, fresh: str) -> None:
    """Put a secret in front of those in the file. Who reads it meanwhile sees it as it was, or as it will be.

    Raises SettingsError, and leaves the file as it was, when that cannot be done.
    """
    try:
        file = file.resolve(strict=True)
        known, status = file.read_text(encoding="utf-8-sig"), file.stat()
        draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as written:
            written.write("\n".join([fresh, *known.replace(",", " ").split(), ""]))
            written.flush()
            os.fsync(descriptor)
        if (draft.stat().st_uid, draft.stat().st_gid) != (status.st_uid, status.st_gid):
            os.chown(draft, status.st_uid, status.st_gid)
        draft.chmod(status.st_mode & 0o7777)
        draft.replace(file)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file} cannot be rotated: {error}. Nothing has changed.") from None
