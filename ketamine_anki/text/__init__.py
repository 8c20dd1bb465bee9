"""One text of a note -> the HTML of an Anki field, or findings.

In: Markdown with math and cloze deletions, as typed. Out: safe HTML, the words a reader sees, and what is wrong with
the text. It knows no YAML and no Anki package.
"""
