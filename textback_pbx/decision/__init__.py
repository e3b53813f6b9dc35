"""Text or not, when, with which words, and why: facts in, one explained decision out.

``store`` reads the facts in one snapshot, ``rules`` judges them, ``hours`` and ``wording`` say when and with which
words, ``plan`` puts the three together. Only ``store`` touches the database.
"""
