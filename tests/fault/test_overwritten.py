# SPDX-License-Identifier: Apache-2.0
"""A database's file overwritten in its middle while the server is down.

Damage is reported by the start or by check_database, which reads the file itself; everything else continues. Intact databases
are served. Damaged pages are not read otherwise here: LMDB aborts the process on invalid ones.

FAULT_ROUNDS: number of places of each kind that are overwritten (4). FAULT_SEED: seed of the random numbers (default: random).
"""
import http.client, os, random, shutil, tempfile, unittest

from faults import Server, all_records, count, create, insert

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "4"))
SEED = os.environ.get("FAULT_SEED") or str(random.randrange(1 << 32))
PAGE = 4096
RECORDS = 2000
DEV = {"database": "dev", "table": "t"}


def text(i, version):
    return "%d of version %d %s" % (i, version, "x" * 300)


class Overwritten(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="lyre-test-")
        cls.addClassCleanup(shutil.rmtree, cls.root)
        s = cls.server = Server(root=cls.root)
        create(s)
        create(s, database="sound")
        insert(s, [{"id": i, "other": "y" * 200} for i in range(1000)], database="sound")
        insert(s, [{"id": i, "text": text(i, 1), "a": i % 7} for i in range(RECORDS)])
        # Without free pages, none of them can be lost.
        s.ok({"operation": "compact_database", "database": "dev"})
        s.end()
        cls.path = os.path.join(cls.root, "database", "dev.mdb")
        cls.older = cls.read(cls.path)
        s.start()
        s.ok(dict(DEV, operation="update", records=[{"id": i, "text": text(i, 2)} for i in range(0, RECORDS, 3)]))
        s.ok({"operation": "compact_database", "database": "dev"})
        s.end()
        cls.whole = cls.read(cls.path)
        cls.other = cls.read(os.path.join(cls.root, "database", "sound.mdb"))

    @staticmethod
    def read(path):
        with open(path, "rb") as f:
            return f.read()

    def start(self, content):
        with open(self.path, "wb") as f:
            f.write(content)
        self.server.start()
        self.addCleanup(self.kill)

    def kill(self):
        if self.server.process.poll() is None:
            self.server.kill()
            self.server.output.close()

    def look(self, content, what, damaged):
        """damaged: None if that cannot be known in advance."""
        s = self.server
        self.start(content)
        try:
            status, body = s.call({"operation": "check_database", "database": "dev"})
            if damaged is not None:
                self.assertEqual(status != 200, damaged, body)
            if status != 200:
                self.assertRegex(body["error"], "damaged|failed the check|not a database")
            self.assertEqual(count(s, database="sound"), 1000)
        except (OSError, http.client.HTTPException, AssertionError) as e:
            self.fail("%s, seed %s: %s %s (%s)\n%s" % (what, SEED, type(e).__name__, e, s.process.poll(), s.said()[-500:]))

    def texts(self):
        return {r["id"]: r["text"] for r in all_records(self.server)}

    def places(self, kind):
        """Some consecutive pages after the heads."""
        rng = random.Random(SEED + kind)
        pages = len(self.whole) // PAGE
        for _ in range(ROUNDS):
            n = rng.choice((1, 2, 8))
            first = rng.randrange(2, pages - n)
            yield rng, first * PAGE, n * PAGE

    def overwrite(self, kind, content, damaged=True):
        for rng, at, size in self.places(kind):
            new = content(rng, at, size)
            self.look(self.whole[:at] + new + self.whole[at + len(new):], "%s at %d, %d bytes" % (kind, at, len(new)), damaged)
            self.kill()

    def test_zeros(self):
        self.overwrite("zeros", lambda rng, at, size: bytes(size))

    def test_random(self):
        self.overwrite("random", lambda rng, at, size: rng.randbytes(size))

    def test_older_pages(self):
        """Some pages may be unchanged."""
        self.overwrite("older", lambda rng, at, size: self.older[at:at + size], None)

    def test_foreign_pages(self):
        self.overwrite("foreign", lambda rng, at, size: self.other[at % (len(self.other) - size) // PAGE * PAGE:][:size])

    def test_older_file(self):
        """It is intact, and as before."""
        self.look(self.older, "an older copy", False)
        self.assertEqual(self.texts(), {i: text(i, 1) for i in range(RECORDS)})

    def test_whole(self):
        self.look(self.whole, "the file itself", False)
        self.assertEqual(self.texts(), {i: text(i, 1 if i % 3 else 2) for i in range(RECORDS)})

    def test_foreign_file(self):
        """A copy under another name is a database with that name."""
        self.start(self.other)
        self.assertEqual(count(self.server), 1000)
        self.server.ok({"operation": "check_database", "database": "dev"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
