"""A file that keeps one person's tokens between two calls of `oidc-gate token --keep`, readable by its owner alone."""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile

from oidc_gate.errors import SettingsError

__all__ = ["KeptToken", "kept_token"]


@dataclass(frozen=True)
class KeptToken:
    """Tokens, and for what they were asked: another question must not be answered with them.

    `expires_at`: when the access token ends, in seconds since 1970; 0 where the provider does not say, and it is
    then renewed each time. `refresh_token` is `""` where there is none.
    """

    asked: list[str]
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float

    def keep(self, path: Path) -> None:
        """Write the file, whole or not at all. Raises SettingsError."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:  # mode 0600
                try:
                    json.dump(asdict(self), file)
                    file.close()
                    Path(file.name).replace(path)
                except OSError:
                    with suppress(OSError):
                        Path(file.name).unlink()
                    raise
        except OSError as error:
            raise SettingsError(f"--keep {path} cannot be written ({error.strerror}).") from None


def kept_token(path: Path, asked: list[str]) -> KeptToken | None:
    """Return what the file keeps, None where there is none or it was asked for something else. Raises SettingsError."""
    try:
        with path.open(encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            text = file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"--keep {path} cannot be read ({getattr(error, 'strerror', 'not UTF-8 text')}).") from None
    if not stat.S_ISREG(status.st_mode):
        raise SettingsError(f"--keep {path} is no file.")
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():  # what is in it would be used as one's own
        raise SettingsError(f"--keep {path} belongs to another user, who can write tokens into it: name another file.")
    if status.st_mode & 0o077:
        raise SettingsError(f"--keep {path} holds tokens, and others may read or write it: chmod 600 {path}")
    return _read(path, text, asked)


def _read(path: Path, text: str, asked: list[str]) -> KeptToken | None:
    try:
        kept = KeptToken(**json.loads(text))
    except (ValueError, TypeError):
        raise SettingsError(
            f"--keep {path} holds something else than tokens kept by oidc-gate: name another file."
        ) from None
    return kept if kept.asked == asked else None
