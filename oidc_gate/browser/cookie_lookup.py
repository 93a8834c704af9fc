"""One cookie in a Cookie header, found in a time that no header makes long."""

from __future__ import annotations

__all__ = ["find"]

#: So many places where a name may stand are looked at one by one.
_MOST_ALIKE = 4


def find(header: str, name: str) -> str | None:
    """Return the value of the cookie with exactly this name, or None when it is absent or there is more than one."""
    needle = f"{name}="
    found, end = None, len(header)
    for _ in range(_MOST_ALIKE):
        at = header.rfind(needle, 0, end)  # from the right: `find` takes up to four times as long
        if at == -1:
            return found
        if at == 0 or header[at - 1] == ";" or header[at - 2 : at] == "; ":
            if found is not None:
                return None
            found = header[at + len(needle) :].partition(";")[0]
        end = at
    return _find_among_many(header, needle)


def _find_among_many(header: str, needle: str) -> str | None:
    """Do the same in a header full of names that end alike, as somebody may have planted them, in one go.

    Here cookies are separated as every browser separates them, by semicolon and space.
    """
    starts = [0] if header.startswith(needle) else []
    at = header.rfind(f"; {needle}")
    while at != -1 and len(starts) < 2:
        starts.append(at + 2)
        at = header.rfind(f"; {needle}", 0, at)
    return header[starts[0] + len(needle) :].partition(";")[0] if len(starts) == 1 else None
