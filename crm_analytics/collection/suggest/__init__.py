"""Suggest: headers and values of files nobody has seen become a whole map, with a confidence and a reason per column.

sniff (which tables lie in a file, and how they are written) → profile (what their columns hold) → lexicon (what their
names mean) → place (what one row is, and which canonical column each is) → gather (what the tables say of one another)
→ compose (the blocks of the map; known: those of formats that need no guessing) → write (the YAML).
"""
