"""Simulators shipped with the program: for the tests, for ``textback-pbx demo`` and for installers.

Nothing in the running agent imports this package.
"""
