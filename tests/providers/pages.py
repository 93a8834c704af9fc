"""The provider's few HTML pages, plain enough for `Browser.submit`."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup, escape
from werkzeug import Response


def page(title: str, body: str = "", status: int = 200, onload: str = "") -> Response:
    html = Markup(
        '<!doctype html><html lang="en"><head><title>{}</title></head><body onload="{}"><h1>{}</h1>{}</body></html>'
    ).format(title, onload, title, Markup(body))
    return Response(html, status, content_type="text/html; charset=utf-8")


def error_page(message: str, status: int = 400) -> Response:
    """Return the provider's own error page: what it shows when it will not send the browser back to the client."""
    return page("Error", escape(message), status)


def login_page(action: str, hidden: Mapping[str, str], message: str = "") -> Response:
    """Return the form that asks who is there; the authorization request rides along in hidden fields."""
    fields = '<input name="username"><input name="password" type="password"><button>Sign in</button>'
    return page("Sign in", escape(message) + form(action, hidden, fields))


def logout_page(action: str, hidden: Mapping[str, str]) -> Response:
    return page("Sign out?", form(action, hidden, '<button name="logout" value="yes">Yes, sign me out</button>'))


def form_post_page(action: str, params: Mapping[str, str]) -> Response:
    """Return the page of `response_mode=form_post`, which a browser submits by itself."""
    submit = "<noscript><button>Continue</button></noscript>"
    return page("Continue", form(action, params, submit), onload="javascript:document.forms[0].submit()")


def form(action: str, hidden: Mapping[str, str], rest: str = "") -> Markup:
    inputs = Markup().join(
        Markup('<input type="hidden" name="{}" value="{}">').format(name, value) for name, value in hidden.items()
    )
    return Markup('<form method="post" action="{}">{}{}</form>').format(action, inputs, Markup(rest))
