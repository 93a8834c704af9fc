import marimo

app = marimo.create_asgi_app(session_ttl=3600).with_app(path="", root="notebook.py").build()
