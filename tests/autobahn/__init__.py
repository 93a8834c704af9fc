"""The cases of the Autobahn test suite (PyPI: autobahntestsuite), against the gate as a proxy, from both of its sides.

The suite itself is for Python 2.7, as its last release says, and runs on nothing that is to be had here. Its cases,
though, are short texts that ask little of what runs them: they are read from the installed package as they are, the few
words of Python 2 in them are replaced (`cases`), and what they speak through is ours (`peer`). So what is sent, what is
expected and how it is judged is Autobahn's; bytes on the wire are made here, frame by frame.

- `cases`: the classes of the cases, by their ids
- `peer`: one end of a WebSocket, as a case speaks through it
- `conformance`: all cases as the gate's client, and all as the app behind it
"""
