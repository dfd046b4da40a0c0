"""`load_sql.py FILE.sql.gz DATABASE`: makes an SQLite database of a compressed file of statements."""

import gzip
import sqlite3
import sys

statements, database = sys.argv[1:]
with gzip.open(statements, "rt") as file, sqlite3.connect(database) as connection:
    connection.executescript(file.read())
