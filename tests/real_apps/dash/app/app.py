import flask
from dash import Dash, Input, Output, State, callback, dcc, html

from oidc_gate import identity_of

app = Dash(external_scripts=[{"src": "/oauth2/relogin.js", "data-gentle": ""}])
server = app.server


def layout():
    # Dash calls this once by itself, when the app starts: then there is no request.
    name = identity_of(flask.request).name if flask.has_request_context() else "nobody"
    return html.Div(
        [
            html.H1(f"Hello, {name}"),
            dcc.Interval(id="tick", interval=1000),
            html.P(id="time"),
            dcc.Textarea(id="note"),
            html.Button("Save", id="save"),
            html.P(id="saved"),
        ]
    )


app.layout = layout


@callback(Output("time", "children"), Input("tick", "n_intervals"))
def tick(ticks):
    return f"Tick {ticks}"


@callback(Output("saved", "children"), Input("save", "n_clicks"), State("note", "value"), prevent_initial_call=True)
def save(clicks, note):
    return f"{identity_of(flask.request).email} wrote: {note}"
