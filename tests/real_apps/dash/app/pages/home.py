import dash
from dash import html

from oidc_gate.flask import current_identity

dash.register_page(__name__, path="/")


def layout(**_):
    return html.H1(f"Hello, {current_identity().name}")
