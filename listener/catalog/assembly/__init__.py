"""Rows of the catalogs become values. Nothing here waits; what contradicts itself is torn.

A hundred thousand columns, and most say what another one has said: texts are read once, equal values are one object,
and what is done for each is done by `map` and `zip` rather than in Python.
"""
