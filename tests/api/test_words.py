# SPDX-License-Identifier: Apache-2.0
"""Databases of a server with the other word size: refused, and converted in both directions with LMDB's tools.
OTHER_LYRED is a server of the other word size, OTHER_TOOLS the folder with mdb_dump and mdb_load for it; those for our own are in PATH."""
import os, shutil, subprocess, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lyre_server
from lyre_server import Server

OTHER, TOOLS = os.environ.get("OTHER_LYRED"), os.environ.get("OTHER_TOOLS")
RECORDS = [{"id": n if n % 3 else "k%d" % n, "number": (n - 150) / 7, "big": 2**62 + n, "text": "x" * 37 * n, "list": [n, {"a": None}]} for n in range(300)]


class OtherServer(Server):
    def start(self):
        own, lyre_server.LYRED = lyre_server.LYRED, OTHER
        try:
            return super().start()
        finally:
            lyre_server.LYRED = own


def database(server, name):
    return os.path.join(server.root, "database", name + ".mdb")


def convert(source, target, names, dump, load):
    """As docs/backups.md says."""
    os.makedirs(os.path.dirname(database(target, "x")), exist_ok=True)
    for name in names:
        text = os.path.join(target.root, name + ".dump")
        subprocess.run("%s -n -a %s | sed 's/^mapsize=.*/mapsize=1073741824/' >%s" % (dump, database(source, name), text), shell=True, check=True)
        if os.path.exists(database(target, name)):
            os.remove(database(target, name))
        subprocess.run([load, "-n", "-f", text, database(target, name)], check=True, stderr=subprocess.DEVNULL)


def content(server):
    rows = server.ok({"operation": "search_by_conditions", "database": "d", "table": "t", "get_attributes": ["*"],
        "conditions": [{"search_attribute": "number", "search_type": "greater_than", "search_value": -1e9}]})
    return server.ok({"operation": "describe_table", "database": "d", "table": "t"})["attributes"], rows


@unittest.skipUnless(OTHER and TOOLS, "there is no server of the other word size")
class Words(unittest.TestCase):
    def filled(self):
        s = OtherServer()
        self.addCleanup(s.stop)
        s.ok({"operation": "create_table", "database": "d", "table": "t", "primary_key": "id"})
        s.ok({"operation": "insert", "database": "d", "table": "t", "records": RECORDS})
        return s

    def test_files_of_the_other_word_size_are_refused_with_what_to_do(self):
        message = r"made by a (32|64)-bit server: convert it with \1-bit mdb_dump and (32|64)-bit mdb_load"
        other = self.filled()
        other.end()
        with Server() as s:
            status, body = s.call({"operation": "restore_backup", "database": "d", "path": database(other, "d")})
            self.assertEqual(status, 400)
            self.assertRegex(body["error"], message)
            s.end()
            shutil.copy(database(other, "d"), database(s, "d"))
            s.start()
            self.assertRegex(s.said(), message)
            s.end()
            shutil.copy(database(other, "system"), database(s, "system"))
            self.assertRaisesRegex(RuntimeError, message, s.start)
            s.process = None

    def test_converted_databases_are_the_same_in_both_directions(self):
        other = self.filled()
        before = content(other)
        other.end()
        with Server(start=False) as s:
            convert(other, s, ("d", "system"), os.path.join(TOOLS, "mdb_dump"), "mdb_load")
            s.start()
            self.assertEqual(content(s), before)
            self.assertIn("is sound: 1 table, 300 records", s.ok({"operation": "check_database", "database": "d"})["message"])
            s.ok({"operation": "insert", "database": "d", "table": "t", "records": [{"id": n, "number": n} for n in range(1000, 1100)]})
            after = content(s)
            s.end()
            convert(s, other, ("d", "system"), "mdb_dump", os.path.join(TOOLS, "mdb_load"))
        other.start()
        self.assertEqual(content(other), after)
        self.assertIn("is sound: 1 table, 400 records", other.ok({"operation": "check_database", "database": "d"})["message"])


if __name__ == "__main__":
    unittest.main()
