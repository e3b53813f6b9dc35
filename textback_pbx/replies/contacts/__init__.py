"""The people an office knows: names for its texts, tags for its lists, and whether they are customers already."""
