"""What learners have: the ledger of earlier releases, editions and their differences, release notes.

In: compiled notes, packages and the ledger. Out: modification times, hashes, changes, texts about a release. It reads
and writes no file.
"""
