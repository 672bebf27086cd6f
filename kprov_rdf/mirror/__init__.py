"""The mirror: what the store says of trainings, as tables in MonetDB.

embedded  installs MonetDB's libraries, and runs them as a server in a child process
monetd    that child
names     tags and metrics as SQL names
tables    the tables, from the store
load      the tables into the database, in one transaction
ask       SQL questions to the mirror that was made last
"""
