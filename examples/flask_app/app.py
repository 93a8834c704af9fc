"""A Flask app behind oidc_gate. README.md says how to run it; `../fastapi_app` is the same app in FastAPI."""

from html import escape

from flask import Flask, abort, request

from oidc_gate import identity_of
from oidc_gate.wsgi import OIDCGate

app = Flask(__name__)
app.wsgi_app = OIDCGate(app.wsgi_app, public_paths=["/about"])  # type: ignore[method-assign]


@app.get("/about")
def about() -> str:
    identity = identity_of(request)
    return page("About", f"Signed in as {identity.display_name}." if identity else "Nobody is signed in.")


@app.get("/")
def home() -> str:
    identity = identity_of(request)
    return page("Home", f"Hello, {identity.display_name}!" if identity else "")


@app.get("/admin")
def admin() -> str:
    identity = identity_of(request)
    if identity is None or "admins" not in identity.groups:
        abort(403)
    return page("Admin", f"You may come in: you are in {', '.join(identity.groups)}.")


def page(title: str, text: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root {{ color-scheme: light dark }} body {{ max-width: 40rem; margin: 3rem auto; font-family: serif }}</style>
<title>{escape(title)}</title>
<h1>{escape(title)}</h1>
<p>{escape(text)}</p>
<p><a href="/">Home</a> <a href="/about">About</a> <a href="/admin">Admin</a> <a href="/oauth2/logout">Sign out</a></p>
</html>
"""
