"""What the gate's pages are dressed in: a logo, a template, whom to ask. Read and checked at start-up alone."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from oidc_gate.errors import SettingsError
from oidc_gate.settings.colors import shades
from oidc_gate.settings.files import text_of
from oidc_gate.settings.readers import nearest

__all__ = ["check_pages", "colors_of", "logo_of", "template_of"]

#: Each page carries the logo; the longest files that are taken, in bytes and in characters.
_LARGEST_LOGO, _LONGEST_TEMPLATE = 32 * 1024, 64 * 1024
#: The longest texts, in characters.
_LONGEST_NAME, _LONGEST_CONTACT = 60, 200

#: What a page cannot do without, and what else a template may hold (`browser.layout`).
_NEEDED = ("title", "heading", "body", "action", "note", "lang", "dir")
_PLACEHOLDERS = (*_NEEDED, "reference", "style", "brand")

_BEGINS, _ENDS = re.compile(r"<style\b", re.IGNORECASE), re.compile(r"</style", re.IGNORECASE)
_SHEETS = re.compile(r"<style\b[^>]*>(.*?)</style", re.IGNORECASE | re.DOTALL)


def check_pages(*, name: str, contact: str, logo: str, template: str) -> None:
    """Refuse what no page can be made of; `""` is for what is not set. Raises SettingsError."""
    if len(name) > _LONGEST_NAME:
        raise SettingsError(f"brand_name must have at most {_LONGEST_NAME} characters.")
    _check_contact(contact)
    logo_of(logo)
    template_of(template)


def _check_contact(contact: str) -> None:
    if len(contact) > _LONGEST_CONTACT:
        raise SettingsError(f"brand_contact must have at most {_LONGEST_CONTACT} characters.")
    scheme, _, rest = contact.partition(":")
    good = True
    if scheme.lower() == "mailto":
        good = scheme == "mailto" and "@" in rest.partition("?")[0] and " " not in rest
    elif rest.startswith("//"):
        good = _is_https(contact)
    if not good:
        raise SettingsError(
            f"brand_contact: {contact} must be text, or an address like mailto:it@example.com or"
            " https://help.example.com"
        )


def _is_https(address: str) -> bool:
    try:
        url = urlsplit(address)
    except ValueError:
        return False
    return address.startswith("https://") and bool(url.hostname) and "*" not in url.netloc and " " not in address


def colors_of(color: str) -> tuple[str, str] | None:
    """Return a colour's shades for light and for dark pages, None for no colour."""
    return shades(color) if color else None


def logo_of(path: str) -> str:
    """Return a picture as a `data:` URL, `""` for no path. Raises SettingsError.

    A browser that shows it as a picture runs no script in it and loads nothing for it, SVG or not.
    """
    if not path:
        return ""
    try:
        with Path(path).open("rb") as file:
            picture = file.read(_LARGEST_LOGO + 1)
    except (OSError, ValueError) as error:  # ValueError: no file has such a name
        reason = getattr(error, "strerror", "not the path of a file")
        raise SettingsError(f"brand_logo: {path} cannot be read ({reason}).") from None
    if len(picture) > _LARGEST_LOGO:
        raise SettingsError(
            f"brand_logo: {path} is larger than {_LARGEST_LOGO // 1024} KB, and each page would carry it."
        )
    if picture.startswith(b"\x89PNG\r\n\x1a\n"):
        kind = "png"
    elif b"<svg" in picture:
        kind = "svg+xml"
    else:
        raise SettingsError(f"brand_logo: {path} must be a picture in SVG or PNG.")
    return f"data:image/{kind};base64,{b64encode(picture).decode()}"


def template_of(path: str) -> str:
    """Return the text of a page's template, `""` for no path. Raises SettingsError where no page can be made of it."""
    if not path:
        return ""
    text = text_of("page_template", Path(path))
    if len(text) > _LONGEST_TEMPLATE:
        raise SettingsError(f"page_template: {path} has more than {_LONGEST_TEMPLATE} characters.")
    if len(_BEGINS.findall(text)) > len(_ENDS.findall(text)):  # each would be looked for to the end of the file
        raise SettingsError(f"page_template: {path} has a <style> that is not closed.")
    found = set()
    for match in Template.pattern.finditer(text):
        name = match["named"] or match["braced"]
        where = f"page_template: {path}, line {text.count(chr(10), 0, match.start()) + 1}"
        if match["invalid"] is not None:
            raise SettingsError(f"{where}: a $ alone stands for nothing; write $$ for one that is to be seen.")
        if name is not None and name not in _PLACEHOLDERS:
            hint = nearest(name, _PLACEHOLDERS, 0.7)
            raise SettingsError(f"{where}: ${name} is no placeholder.{hint} There are: {_listed(_PLACEHOLDERS)}.")
        found.add(name)
    for sheet in _SHEETS.findall(text):
        names = set(Template(sheet).get_identifiers()) - {"style"}
        if names:
            raise SettingsError(
                f"page_template: {path} has {_listed(sorted(names))} in a <style>; there only $style may stand, so that"
                " all pages have the same one."
            )
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise SettingsError(f"page_template: {path} lacks {_listed(missing)}, which a page cannot do without.")
    return text


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"${name}" for name in names)
