"""A collection on disk: its folder, its git history, and output files that are whole or absent.

In: paths. Out: checked notes, packages and release files. The only package besides `cli` that reads and writes files.
"""
