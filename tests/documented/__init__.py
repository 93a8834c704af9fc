"""What the documents say that is made from the code, and the site that is made of the documents.

- `navigation`: the pages in folders, as the site's navigation has them
- `site`: a site that was built, as a browser would find it: links, anchors, what it asks of other servers
"""
