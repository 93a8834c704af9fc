import dash
from dash import Input, Output, callback, html

from oidc_gate.flask import current_identity, require

dash.register_page(__name__, path="/admin")
admins_only = require(groups="admins")


@admins_only
def layout(**_):
    return html.Div(
        [html.H1(f"Salaries, for {current_identity().name}"), html.Button("Show", id="show"), html.P(id="salaries")]
    )


@callback(Output("salaries", "children"), Input("show", "n_clicks"), prevent_initial_call=True)
@admins_only
def show(clicks):
    return "Ada: 100,000"
