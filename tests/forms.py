"""HTML forms as a browser reads them: fields, hidden ones too, method, action, and pages that submit themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin


@dataclass
class Form:
    """One form of a page; `buttons` are the submit buttons that have a name, `sends_to` is where the first sends it."""

    action: str
    method: str
    sends_to: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)

    def filled(self, given: dict[str, str]) -> dict[str, str]:
        """Return what a browser sends when a person has filled in these fields and pressed a button.

        The button is the one named among `given`, else the first. A field the form does not have is a mistake.
        """
        strange = set(given) - set(self.fields) - set(self.buttons)
        if strange:
            raise LookupError(f"the form has no {sorted(strange)}; it has {sorted({*self.fields, *self.buttons})}")
        pressed = {} if any(name in self.buttons for name in given) else dict(list(self.buttons.items())[:1])
        return self.fields | pressed | given


@dataclass
class Page:
    """The forms of a page, and whether a script submits the first one."""

    forms: list[Form]
    submits_itself: bool


def read_page(html: str, url: str) -> Page:
    reader = _Reader(url)
    reader.feed(html)
    reader.close()
    return Page(reader.forms, bool(reader.forms) and reader.submits_itself)


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.forms: list[Form] = []
        self.submits_itself = False
        self._open: Form | None = None
        self._by_id: dict[str, Form] = {}
        self._textarea = self._select = ""
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if ".submit()" in attributes.get("onload", ""):
            self.submits_itself = True
        if tag == "script":
            self._in_script = True
        elif tag == "form":
            action = urljoin(self.url, attributes.get("action", "") or self.url)
            self._open = Form(action, attributes.get("method", "get").upper(), action)
            self.forms.append(self._open)
            if "id" in attributes:  # a control may stand outside its form and name it
                self._by_id[attributes["id"]] = self._open
        elif (form := self._by_id.get(attributes.get("form", ""), self._open)) is not None:
            self._control(form, tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._in_script = False
        elif tag == "form":
            self._open = None
        elif tag == "textarea":
            self._textarea = ""
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._in_script and ".submit()" in data:
            self.submits_itself = True
        if self._textarea and self._open is not None:
            self._open.fields[self._textarea] += data

    def _control(self, form: Form, tag: str, attributes: dict[str, str]) -> None:
        name, kind = attributes.get("name", ""), attributes.get("type", "").lower()
        if tag == "button" and form.sends_to == form.action and "formaction" in attributes:
            form.sends_to = urljoin(self.url, attributes["formaction"])
        if tag == "option" and self._select:
            if "selected" in attributes or self._select not in form.fields:
                form.fields[self._select] = attributes.get("value", "")
        elif not name or "disabled" in attributes:
            return
        elif (tag == "button" and kind in ("", "submit")) or (tag == "input" and kind in ("submit", "image")):
            form.buttons.setdefault(name, attributes.get("value", ""))
        elif tag == "input" and kind in ("checkbox", "radio"):
            if "checked" in attributes:
                form.fields[name] = attributes.get("value", "on")
        elif tag == "input" and kind not in ("button", "reset", "file"):
            form.fields[name] = attributes.get("value", "")
        elif tag == "textarea":
            self._textarea, form.fields[name] = name, ""
        elif tag == "select":
            self._select = name
