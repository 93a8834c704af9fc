"""How a page of the gate looks: one template, one style sheet, and the policy that allows nothing else.

No outside asset; dark and small screens, high contrast, text of any size and from right to left too.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from string import Template
from typing import NamedTuple

__all__ = ["Layout", "Parts", "source_of"]

_STYLE = """
:root{color-scheme:light dark;--text:#1c2330;--soft:#5a6475;--back:#f4f6f9;--card:#fff;--line:#dde2ea;
--act:#1f5fd0;--on:#fff}
@media(prefers-color-scheme:dark){:root{--text:#e8ecf3;--soft:#a3adbd;--back:#12161d;--card:#1b212b;--line:#303948;
--act:#7fb0ff;--on:#0d1420}
.brand img{padding:.3rem;border-radius:.4rem;background:#fff}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.25rem;background:var(--back);color:var(--text);
font:1rem/1.55 system-ui,sans-serif}
main{width:100%;max-width:30rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem}
h1,p{hyphens:auto;hyphenate-limit-chars:12 5 5;overflow-wrap:anywhere}
h1{margin:0 0 .75rem;font-size:1.4rem;line-height:1.25;text-wrap:balance;word-break:auto-phrase}
p{margin:0 0 1rem}
main>:last-child,main>div:last-child>p{margin-bottom:0}
.brand{margin-bottom:1.5rem;font-weight:600;hyphens:none}
.brand img{display:block;height:3rem;max-width:100%;object-fit:contain}
.soft{color:var(--soft);font-size:.9rem}
.act{display:inline-block;padding:.6rem 1.1rem;border:1px solid transparent;border-radius:.5rem;background:var(--act);
color:var(--on);font:inherit;font-weight:600;text-align:center;text-decoration:none;text-wrap:balance;cursor:pointer}
a:focus-visible,button:focus-visible{outline:3px solid var(--text);outline-offset:2px}
footer{margin-top:1.5rem;padding-top:1rem;border-top:1px solid var(--line)}
footer p{margin:0;text-wrap:balance;word-break:keep-all}
footer p+p{margin-top:.25rem}
footer a{display:inline-block;min-height:1.5rem;color:var(--act)}
@media(max-width:26rem){body{padding:.75rem}main{padding:1.25rem}}
@media(prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}}
""".replace("\n", "")

_TEMPLATE = (
    '<!doctype html><html lang="$lang" dir="$dir"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
    "<title>$title</title><style>$style</style></head>"
    "<body><main>$brand<h1>$heading</h1>$body$action$note</main></body></html>"
)

#: What a template's `<style>` elements hold; these, or `$style` outside of them; and where its head begins.
_SHEETS = re.compile(r"<style\b[^>]*>(.*?)</style", re.IGNORECASE | re.DOTALL)
_BARE = re.compile(r"(<style\b[^>]*>.*?</style|\$\$)|\$(?:style\b|\{style\})", re.IGNORECASE | re.DOTALL)
_HEAD = re.compile(r"<head\b[^>]*>|(?=<title\b)", re.IGNORECASE)

#: Browsers hold a form's redirects against this too, and signing out may lead on to the provider.
_FORM_ACTION = "'self' https: http:"


class Parts(NamedTuple):
    """What is different from page to page. All but the first four is markup; `more` belongs into the head."""

    heading: str
    reference: str
    lang: str
    dir: str
    body: str
    action: str = ""
    note: str = ""
    more: str = ""


class Layout:
    """What all pages of one gate have in common.

    `name` and `logo` stand above the heading, `colors` are those of buttons in light and in dark; all as in `Pages`.
    `template`: one with placeholders, checked before; the gate's own for `""`. The policy allows its style sheets by
    their hashes, and no script.
    """

    def __init__(self, name: str, logo: str, colors: tuple[str, str] | None, template: str) -> None:
        self._name = name
        style = _STYLE + (_colored(*colors) if colors else "")
        pictures = " img-src data:;" if logo else ""
        text = _BARE.sub(lambda found: found[1] or "<style>$style</style>", template or _TEMPLATE)
        text = _HEAD.sub(lambda found: f"{found[0]}$more", text, count=1)
        self._template = Template(text)
        self._fixed = {"style": style, "brand": _brand(name, logo)}
        sheets = (Template(sheet).safe_substitute(style=style) for sheet in _SHEETS.findall(text))
        sources = dict.fromkeys(map(source_of, sheets)) or ("'none'",)
        #: The Content-Security-Policy of these pages.
        self.policy = (
            f"default-src 'none'; style-src {' '.join(sources)};{pictures}"
            f" form-action {_FORM_ACTION}; base-uri 'none'; frame-ancestors 'none'"
        )

    def page(self, parts: Parts) -> bytes:
        """Return the page."""
        heading = escape(parts.heading)
        title = f"{heading} \u00b7 {escape(self._name)}" if self._name else heading
        found = self._template.substitute(self._fixed, **(parts._asdict() | {"heading": heading, "title": title}))
        # A name or an address in a claim may hold half a character, as programs leave it that cut texts to a length.
        return found.encode("utf-8", "replace")


def source_of(text: str) -> str:
    """Return what allows a style sheet, or a script, in a policy (Content Security Policy 3, 2.3.1)."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _colored(light: str, dark: str) -> str:
    return f":root{{--act:{light}}}@media(prefers-color-scheme:dark){{:root{{--act:{dark}}}}}"


def _brand(name: str, logo: str) -> str:
    """Return what stands above the heading: the logo, which is called as the brand is, or else the name."""
    if logo:
        return f'<p class="brand"><img src="{logo}" alt="{escape(name)}"></p>'
    return f'<p class="brand">{escape(name)}</p>' if name else ""
