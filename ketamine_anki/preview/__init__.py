"""Every card on one HTML page.

In: compiled notes and their findings, perhaps an older state to compare with. Out: one self-contained page, statistics
of notes and claims, and a server that shows the page on this machine anew at every save. It reads no deck file.
"""
