"""How one thing came to be, and what was made of it, across all graphs of a store.

meant  what a name means: an IRI, the end of one, a file, a hash, a run
walk   from there, step by step, to all that there is
steps  one step, which looks into indexes of the store
told   what a person wants to know of what was reached
tree   the answer in a terminal
forms  the answer as JSON, and as a picture
"""
