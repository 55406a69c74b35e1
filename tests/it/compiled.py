"""Files that Python makes by itself, with values planted in them.

    compiled.py FOLDER

Writes databases and compiled modules into FOLDER and prints {"FILE": [[value, name or null], ...], ...}: what is to be
found in each, and under which name. Values are drawn at random each time.
"""

import json
import pathlib
import py_compile
import secrets
import sqlite3
import string
import sys

LETTERS = string.ascii_letters + string.digits


def drawn():
    """A value that nobody takes for words: of those with few digits some read like them."""
    value = ""
    while sum(map(str.isdigit, value)) < 4:
        value = "".join(secrets.choice(LETTERS) for _ in range(26))
    return value


def main():
    folder = pathlib.Path(sys.argv[1])
    planted = {"module.pyc": module(folder), "deleted.db": deleted(folder)}
    planted["kept-wal"] = logged(folder)
    planted["rolled-journal"] = rolled_back(folder)
    for encoding in ("UTF-8", "UTF-16le", "UTF-16be"):
        planted[f"{encoding}.db"] = database(folder / f"{encoding}.db", encoding)
    print(json.dumps(planted))


def module(folder):
    value = {name: drawn() for name in "global mapped other item field default attribute local keyword variable compared only".split()}
    source = f'''
import os
DB_PASSWORD = "{value['global']}"
conf = {{"host": "h", "password": "{value['mapped']}", "port": os.getpid(), "api_key": "{value['other']}"}}
conf["secret_token"] = "{value['item']}"
class Config:
    CLIENT_SECRET = "{value['field']}"
    def __init__(self, password="{value['default']}"):
        self.auth_token = "{value['attribute']}"
def connect(**given): return given
def main(password, *, admin_password="{value['only']}"):
    api_secret = "{value['local']}"
    inner = lambda: api_secret
    connect(host="x", user="u", password="{value['keyword']}")
    os.environ.setdefault("APP_TOKEN", "{value['variable']}")
    if password == "{value['compared']}":
        return inner
'''
    (folder / "source.txt").write_text(source)
    py_compile.compile(str(folder / "source.txt"), str(folder / "module.pyc"), doraise=True)
    (folder / "source.txt").unlink()
    names = {
        "global": "DB_PASSWORD", "mapped": "password", "other": "api_key", "item": "secret_token", "field": "Config.CLIENT_SECRET",
        "default": "Config.password", "attribute": "__init__.auth_token", "local": "main.api_secret", "keyword": "main.password",
        "variable": "main.APP_TOKEN", "compared": "main.password", "only": "admin_password",
    }
    return [[value[key], name] for key, name in names.items()]


def database(path, encoding):
    """Rows by column, settings by the name in their row, a row on several pages, and a tree of several levels."""
    one, two, three, four = drawn(), drawn(), drawn(), drawn()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA encoding = '{encoding}'")
        connection.execute("PRAGMA page_size = 1024")
        connection.execute('CREATE TABLE users (id INTEGER PRIMARY KEY, "login" TEXT, password TEXT CHECK (length(password) > 1))')
        connection.execute("CREATE TABLE settings (name TEXT, value TEXT)")
        connection.execute("CREATE TABLE notes (body TEXT)")
        connection.executemany("INSERT INTO users (login) VALUES (?)", [(f"user{n}",) for n in range(900)])
        connection.execute("INSERT INTO users (login, password) VALUES ('admin', ?)", (one,))
        connection.execute("INSERT INTO settings VALUES ('theme', 'dark'), ('smtp_password', ?)", (two,))
        connection.execute("INSERT INTO notes VALUES (?)", ("word " * 2000 + f"\napi_key = '{three}'\n",))
        connection.execute("INSERT INTO settings VALUES ('conf', ?)", (json.dumps({"db": {"password": four}}),))
    connection.close()
    return [[one, "users.password"], [two, "settings.smtp_password"], [three, "notes.body.api_key"], [four, "settings.conf.db.password"]]


def deleted(folder):
    """A table that was dropped: its pages are free, and as they were."""
    value = drawn()
    with sqlite3.connect(folder / "deleted.db") as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("CREATE TABLE gone (id INTEGER PRIMARY KEY, line TEXT)")
        connection.execute("INSERT INTO gone VALUES (7, ?)", (f"password = '{value}'",))
    with connection:
        connection.execute("DROP TABLE gone")
    connection.close()
    return [[value, "password"]]


def logged(folder):
    """A write-ahead log without its database: a page that was written three times."""
    value, other = drawn(), drawn()
    path = folder / "kept"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, password TEXT)")
    for password in (value, other, "x"):
        connection.execute("INSERT INTO users (password) VALUES (?)", (password,))
        connection.commit()
    log = (folder / "kept-wal").read_bytes()
    connection.close()
    path.unlink()
    (folder / "kept-wal").write_bytes(log)
    return [[value, "users.password"], [other, "users.password"]]


def rolled_back(folder):
    """A journal without its database: the pages as they were before a row was deleted."""
    value = drawn()
    path = folder / "rolled"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE gone (line TEXT)")
    connection.execute("INSERT INTO gone VALUES (?)", (f"password = '{value}'",))
    connection.commit()
    connection.execute("DELETE FROM gone")
    journal = (folder / "rolled-journal").read_bytes()
    connection.rollback()
    connection.close()
    path.unlink()
    (folder / "rolled-journal").write_bytes(journal)
    return [[value, "password"]]


main()
