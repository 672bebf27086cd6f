"""Changes to what is exported: pure functions from statements by graph to the same.

rebase   IRIs under another base
redact   without persons, hosts and paths
lineage  only how one thing came to be, across graphs
near     only what is a few steps from the execution
fold     the epochs of a training as one, and many adaptations

What was valid PROV is so afterwards.
"""
