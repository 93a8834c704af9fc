"""What strangers can send, in any shape: nothing but the documented errors may come out, and the app is never called.

`targets.py` holds the targets; `test_fuzz.py` throws what hypothesis makes up at them, with `make test`;
`harness.py` what atheris finds by looking at which branches an input takes, with `make fuzz`.
"""
