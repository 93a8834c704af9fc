"""A FastAPI app behind oidc_gate. README.md says how to run it; `../flask_app` is the same app in Flask."""

from html import escape

from fastapi import FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import HTMLResponse

from oidc_gate import identity_of
from oidc_gate.asgi import OIDCGate

app = FastAPI(default_response_class=HTMLResponse)
app.add_middleware(OIDCGate, public_paths=["/about"])


@app.get("/about")
def about(request: Request) -> str:
    identity = identity_of(request)
    return page("About", f"Signed in as {identity.display_name}." if identity else "Nobody is signed in.")


@app.get("/")
def home(request: Request) -> str:
    identity = identity_of(request)
    return page("Home", f"Hello, {identity.display_name}!" if identity else "")


@app.get("/admin")
def admin(request: Request) -> str:
    identity = identity_of(request)
    if identity is None or "admins" not in identity.groups:
        raise HTTPException(403)
    return page("Admin", f"You may come in: you are in {', '.join(identity.groups)}.")


@app.get("/chat")
def chat() -> str:
    return page("Chat", "…").replace("</html>", f"<script>{CHAT}</script></html>")


@app.websocket("/ws")
async def greet(socket: WebSocket) -> None:
    identity = identity_of(socket)
    await socket.accept()
    await socket.send_text(f"Hello, {identity.display_name}!" if identity else "")
    await socket.close()


CHAT = """
const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws")
socket.onmessage = message => { document.querySelector("p").textContent = message.data }
"""


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
