import marimo

app = marimo.App(html_head_file="head.html")


@app.cell
def _():
    import marimo as mo

    request = mo.app_meta().request
    mo.md(f"# Hello, {request.user['display_name']}")
    return mo, request


@app.cell
def _(mo):
    note = mo.ui.text_area(label="Note")
    button = mo.ui.run_button(label="Save")
    mo.vstack([note, button])
    return button, note


@app.cell
def _(button, mo, note, request):
    mo.stop(not button.value)
    mo.md(f"{request.headers['x-forwarded-email']} wrote: {note.value}")
    return


if __name__ == "__main__":
    app.run()
