"""What the documents say that is made from the code, and the site that is made of the documents.

- `navigation`: the pages in folders, as the site's navigation has them
- `settings_examples`, `settings`: each setting, with an example
- `commands`: the command line
- `python_api`: what users import
- `console`, `servers_options`, `running`: blocks of code, of a shell and of Python
- `runners`: which blocks `make apps` and `make recipes` run
- `site`: a site that was built, as a browser would find it: links, anchors, what it asks of other servers

`tests/docs_tables.py` writes what the first four make.
"""
