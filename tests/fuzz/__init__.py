"""What strangers can send, in any shape: nothing but the documented errors may come out, and the app is never called.

`targets.py` holds the targets; `test_fuzz.py` throws what hypothesis makes up at them, with `make test`;
`python -m tests.fuzz` what atheris finds by looking at which branches an input takes, with `make fuzz`. What it found
that led further is kept in `corpus/`, and both begin with it.
"""
