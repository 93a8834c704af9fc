from fastapi import FastAPI
from panel.io.fastapi import add_applications

app = FastAPI()
add_applications({"/app": "app.py"}, app=app, unused_session_lifetime_milliseconds=3_600_000)
