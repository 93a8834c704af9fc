import gradio as gr
from fastapi import FastAPI

from oidc_gate import identity_of


def greeting(request: gr.Request):
    return f"# Hello, {identity_of(request.request).name}"


def save(note, request: gr.Request):
    return f"{request.username} wrote: {note}"


with gr.Blocks() as demo:
    heading = gr.Markdown()
    note = gr.Textbox(label="Note", lines=3)
    saved = gr.Markdown()
    gr.Button("Save").click(save, note, saved)
    demo.load(greeting, None, heading)

app = gr.mount_gradio_app(
    FastAPI(),
    demo,
    path="/",
    auth_dependency=lambda request: identity_of(request).email,
    head='<script src="/oauth2/relogin.js" data-gentle></script>',
)
