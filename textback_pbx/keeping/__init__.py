"""What keeps the office's data through years: backups, coming back from one, and forgetting what is too old to keep.

`backup` copies the file while the agent works, `rotation` says which copies stay, `restore` brings one back without
texting anybody twice, `purge` deletes what the law and the office do not want kept.
"""
