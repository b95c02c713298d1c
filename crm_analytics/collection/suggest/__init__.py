"""Suggest: headers and values of files nobody has seen become a whole map, with a confidence and a reason per column.

sniff (how the file is written) → profile (what its columns hold) → lexicon (what their names mean) → grain (what one
row is) → place (which canonical column each is) → compose (the blocks of the map) → write (the YAML).
"""
