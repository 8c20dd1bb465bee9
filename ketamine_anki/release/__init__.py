"""What learners have: the ledger, editions, their differences, and what a release says of itself.

In: compiled notes and the ledger of earlier releases. Out: modification times, changes, release notes. It writes no
file.
"""
