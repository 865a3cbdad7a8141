"""Bringing data in: sheets read, mapped to fields, tried without writing, then written in the background.

`sheets` reads files, `guesses` finds out how they are to be read, `mapping` says what goes where, `reading` makes values
of cells, `matching` finds what is there already, `steps` does one piece, `runs` the whole.
"""
