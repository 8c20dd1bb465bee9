"""What notes are held to.

In: notes with their rendered texts, and the collection. Out: findings. A rule says where and what; it knows neither
its own name nor the file.
"""
