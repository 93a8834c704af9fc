import flask
from dash import Dash, Input, Output, html

from oidc_gate.flask import current_identity

server = flask.Flask(__name__)
board = Dash("board", server=server)
board.layout = html.A("Salaries", href="/admin/")

admin = Dash("admin", server=server, url_base_pathname="/admin/", suppress_callback_exceptions=True)


def layout():
    return html.Div(
        [html.H1(f"Hello, {current_identity().name}"), html.Button("Show", id="show"), html.P(id="salaries")]
    )


admin.layout = layout


@admin.callback(Output("salaries", "children"), Input("show", "n_clicks"), prevent_initial_call=True)
def show(clicks):
    return "Ada: 100,000"
