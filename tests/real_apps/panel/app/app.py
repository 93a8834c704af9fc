import panel as pn

pn.extension(js_files={"relogin": "/oauth2/relogin.js?gentle"}, reconnect=True)

headers = pn.state.headers
heading = pn.pane.Markdown(f"# Hello, {headers['X-Forwarded-Name']}")
note = pn.widgets.TextAreaInput(name="Note")
button = pn.widgets.Button(name="Save")
saved = pn.pane.Markdown("")


def save(event):
    saved.object = f"{headers['X-Forwarded-Email']} wrote: {note.value}"


button.on_click(save)
pn.Column(heading, note, button, saved).servable()
