"""Every card on one HTML page.

In: compiled notes. Out: one self-contained page, with differences to an earlier edition and the coverage of the source;
a server for this machine shows it anew at every save.
"""
