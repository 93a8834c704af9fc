from streamlit.starlette import App

app = App("app.py")
