"""The rules that notes must obey.

In: notes, and the collection that they belong to. Out: findings. A rule says where and what; it knows neither its own
name nor the file.
"""
