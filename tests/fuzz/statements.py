# SPDX-License-Identifier: Apache-2.0
"""Almost valid SQL statements over the existing tables: generated, then corrupted token by token and character by character."""
from sql_statements import COLUMNS, Generator, spoil

NAMES = {"id": "id", "a": "age", "b": "name", "c": "id", "d": "age", "e": "name"}
PIECES = ["'", "\"", "`", "[", "]", "(", ")", ";", "--", "/*", "*/", ".", ",", "\\", "\0", "\x1e", "\x1f", "\t", "\ufeff", "\u00e9", "\U0001f600", "?", "@", "#",
          "0x", "1e", "x'0", "%", "lyre_keep(", "dev.dog", "system.hdb_user", "sqlite_master", "`dev`.`dog`", "\"dev.dog\"", " AS ", " RETURNING *"]
WRAPPED = ["SELECT * FROM (%s)", "WITH w AS (%s) SELECT * FROM w, w AS v", "EXPLAIN QUERY PLAN %s", "EXPLAIN %s", "SELECT (%s)", "INSERT INTO dev.dog (id, name) %s",
           "%s; %s", "SELECT id FROM dev.dog WHERE id IN (%s)", "UPDATE dev.typed SET name = (%s)", "%s UNION %s", "SELECT TOP 3 * FROM (%s)"]
REPEATED = ["(", ")", "-", "NOT ", "SELECT ", "SELECT 1 UNION ", "(SELECT ", "id, ", "1 + ", "'", "dev.", "* ", "CASE WHEN 1 THEN "]


class Statements(Generator):
    def __init__(self, rng):
        super().__init__(rng, ["dev.dog", "data.dog", "dev.typed"])

    def name(self, alias, column):
        return "%s.%s" % (alias, NAMES[column])

    def written_names(self, target, verb):
        return [NAMES[c] for c in self.r.sample(COLUMNS, self.r.randrange(1, 3))]

    def bend(self, text):
        r = self.r
        at, n = r.randrange(len(text) + 1), r.random()
        if n < 0.4:
            return text[:at] + r.choice(PIECES) + text[at:]
        if n < 0.55:
            return text[:at] + text[at + r.randrange(1, 12):]
        if n < 0.65:
            return text[:at] + r.choice(REPEATED) * r.choice((3, 300, 3000)) + text[at:]
        if n < 0.7:
            return text[:at]
        if n < 0.75:
            return text.swapcase()
        wrapped = r.choice(WRAPPED)
        return wrapped % ((text,) * wrapped.count("%s"))

    def mutated(self):
        r = self.r
        text = self.write()[0] if r.random() < 0.3 else self.statement()[0]
        if r.random() < 0.6:
            text = spoil(r, text)
        for _ in range(r.choice((0, 1, 1, 2))):
            text = self.bend(text)
        return text
