"""One text of a note -> the HTML of an Anki field, or findings.

In: Markdown with math and cloze deletions, as typed. Out: safe HTML, findings about the text, and the words a reader
sees. Start reading at `render`, which runs the steps in order: scan, placeholders, Markdown, HTML. It knows neither
YAML nor Anki packages.
"""
