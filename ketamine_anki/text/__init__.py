"""One text of a note -> the HTML of an Anki field, or findings.

In: Markdown with math and cloze deletions, as typed. Out: safe HTML, findings about the text, and the words a reader
sees. `render` leads through it: scan, placeholders, Markdown, HTML. It knows neither YAML nor Anki packages.
"""
