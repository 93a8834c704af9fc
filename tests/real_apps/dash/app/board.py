import dash
from dash import Dash, dcc, html, set_props
from werkzeug.exceptions import Forbidden


def refused(error):
    if not isinstance(error, Forbidden):
        raise error
    set_props("refused", {"displayed": True})


app = Dash(
    use_pages=True,
    suppress_callback_exceptions=True,  # without it everybody is sent the layouts made for the first visitor
    on_error=refused,
    external_scripts=[{"src": "/oauth2/relogin.js", "data-gentle": ""}],
)
server = app.server
app.layout = html.Div(
    [
        dcc.Link("Home", href="/"),
        " ",
        dcc.Link("Salaries", href="/admin"),
        dash.page_container,
        dcc.ConfirmDialog(id="refused", message="That is not for you."),
    ]
)
