"""Pages with a short script, which does what only a script can. Where none runs they lead on without it.

The scripts never change, so that a policy can name them by their hashes; what does change stands beside them.

An address's fragment never leaves the browser, and is gone once the provider has shown a page. So the page that leads
there puts it into sessionStorage, which is this tab's and this origin's alone, under the name of the page that was
asked for; and the page that leads back to that page takes it out again.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oidc_gate.browser.pages import Pages
    from oidc_gate.decisions import Header, Reply, Request

__all__ = ["arriving", "leaving", "signed_in", "signed_out"]

#: Tells the app's other pages that somebody has signed in or out, and nothing of who it is: whoever hears it asks.
_TELL = 'new BroadcastChannel("oidc_gate").postMessage("{}")'
_TELL_SIGNED_IN = _TELL.format("signed-in") + ";close()"
_TELL_SIGNED_OUT = _TELL.format("signed-out")
#: Both read the one `meta` of ours. Storage may be forbidden, and then there is no fragment.
_KEEP = (
    '{const{content:to,dataset:{page}}=document.querySelector("meta[name=oidc-gate]");'
    'try{sessionStorage.setItem("oidc_gate "+page,location.hash)}catch{}location.replace(to)}'
)
_BRING_BACK = (
    '{const{content:to,dataset:{page}}=document.querySelector("meta[name=oidc-gate]"),key="oidc_gate "+page;'
    "let hash;try{hash=sessionStorage.getItem(key);sessionStorage.removeItem(key)}catch{}"
    'location.replace(hash?.[0]=="#"?to+hash:to)}'
)
_META = (
    '<meta name="oidc-gate" content="{to}" data-page="{page}">'
    '<noscript><meta http-equiv="refresh" content="0;url={to}"></noscript>'
)


def signed_in(made: Pages, request: Request) -> Reply:
    """Return the page on which a login in a pop-up ends: it tells the app's pages, and closes the window if it may."""
    return made.scripted(request, 200, "title_signed_in", "text_close_window", _TELL_SIGNED_IN)


def signed_out(made: Pages, request: Request, login_path: str, headers: tuple[Header, ...]) -> Reply:
    """Return the page after signing out, which tells the app's pages.

    It leads nowhere by itself: the provider may still know the person.
    """
    again = ("do_sign_in_again", login_path)
    return made.scripted(
        request, 200, "title_signed_out", "text_close_window", _TELL_SIGNED_OUT, action=again, headers=headers
    )


def leaving(made: Pages, request: Request, url: str, page: str, headers: tuple[Header, ...]) -> Reply:
    """Return the 401 that keeps the fragment of the page that was asked for, and leads on to this URL."""
    more, action = _META.format(to=escape(url), page=escape(page)), ("do_sign_in", url)
    return made.scripted(
        request, 401, "title_sign_in", "text_going_on", _KEEP, action=action, more=more, headers=headers
    )


def arriving(made: Pages, request: Request, page: str, headers: tuple[Header, ...]) -> Reply:
    """Return the page that leads back to the page that was asked for, a path of our own, with its fragment."""
    more, action = _META.format(to=escape(page), page=escape(page)), ("do_go_on", page)
    return made.scripted(
        request, 200, "title_signed_in", "text_going_on", _BRING_BACK, action=action, more=more, headers=headers
    )
