"""Catalogues of real services' tools, read into one form.

A catalogue lists `Document`s (`documents`), each document is read on its own into `Service`s of `ToolRecord`s (`load`),
and what stands twice is left out (`versions`). Nothing here knows what is made of the tools.
"""
