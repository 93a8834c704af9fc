import streamlit as st

st.html('<script src="/oauth2/relogin.js" data-gentle></script>', unsafe_allow_javascript=True)

email = st.context.headers["X-Forwarded-Email"]
st.title(f"Hello, {st.context.headers['X-Forwarded-Name']}")

note = st.text_area("Note")
if st.button("Save"):
    st.session_state.notes = [*st.session_state.get("notes", []), note]
for saved in st.session_state.get("notes", []):
    st.write(f"{email} wrote: {saved}")
