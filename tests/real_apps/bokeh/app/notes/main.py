from bokeh.io import curdoc
from bokeh.layouts import column
from bokeh.models import Button, Div, TextAreaInput

headers = curdoc().session_context.request.headers
heading = Div(text=f"<h1>Hello, {headers['X-Forwarded-Name']}</h1>")
note = TextAreaInput(title="Note")
button = Button(label="Save")
saved = Div()


def save():
    saved.text = f"{headers['X-Forwarded-Email']} wrote: {note.value}"


button.on_click(save)
curdoc().add_root(column(heading, note, button, saved))
