"""A collection on disk: its folder, its git history, and output files that are whole or absent.

In: paths. Out: checked notes, packages and release files. The only room beside `cli` that reads and writes files.
"""
