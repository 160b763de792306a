# SPDX-License-Identifier: Apache-2.0
"""Searches that take long do not affect others, and end when they must: because of their client, their user, their time, the server."""
import base64, contextlib, http.client, json, os, re, select, signal, socket, threading, unittest

from faults import Server, create, until
from lyre_server import CHEAP_LOGINS, PASSWORD, need_module, table_permission

CONFIG = "modules:\n  schema: true\n  data: true\n  users: true\n  system: true\n  metrics: {open: true}\n"
ROWS = 4000
TEXT = "ab" * 500


def setUpModule():
    for name in ("users", "system", "metrics"):
        need_module(name)


def search(groups, limit=None, match=None, attributes=("id",)):
    """A search that looks at every record and scans a text in it once per group, in vain; with match, all records match in the end."""
    never = {"attribute": "s", "comparator": "contains", "value": TEXT[:12] + "c"}
    conditions = [{"operator": "and", "conditions": [dict(never, value=never["value"] + str(i)), never]} for i in range(groups)]
    if match:
        conditions.append({"attribute": "n", "comparator": "ge", "value": 0})
    operation = {"operation": "search_by_conditions", "database": "dev", "table": "t", "operator": "or", "conditions": conditions,
                 "get_attributes": list(attributes)}
    return dict(operation, limit=limit) if limit else operation


# Some tenths of a second, and longer than any test waits; the last finds a megabyte of records at once, then none.
LONG, ENDLESS = search(20), search(9000)
STREAM = dict(ENDLESS, get_attributes=["id", "s"],
              conditions=[{"attribute": "n", "comparator": "lt", "value": 1000}] + ENDLESS["conditions"])


class Asked:
    """A request that was sent, and its answer when it is wanted."""

    def __init__(self, s, operation, user=None, password=None, version="1.1"):
        body = json.dumps(operation).encode()
        self.socket = socket.create_connection(("127.0.0.1", s.port), timeout=120)
        self.socket.sendall(("POST / HTTP/%s\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n"
                             % (version, s.authorization(user, password), len(body))).encode() + body)

    def answered(self):
        return bool(select.select([self.socket], [], [], 0)[0])

    def answer(self):
        """(status, body); an incomplete answer raises IncompleteRead."""
        with contextlib.closing(self.socket):
            r = http.client.HTTPResponse(self.socket)
            r.begin()
            return r.status, r.read()


class Case(unittest.TestCase):
    settings = ()

    @classmethod
    def begin(cls, clean_up):
        cls.s = Server(config=CONFIG, settings=CHEAP_LOGINS + ["operationsApi.maxConditions=100000"] + list(cls.settings))
        clean_up(cls.s.stop)
        cls.make_table()

    @classmethod
    def make_table(cls):
        cls.s.ok({"operation": "create_table", "database": "dev", "table": "t", "primary_key": "id",
                  "attributes": [{"name": n} for n in ("id", "s", "n")]})
        cls.write(range(ROWS))

    @classmethod
    def write(cls, ids):
        cls.s.ok({"operation": "upsert", "database": "dev", "table": "t", "records": [{"id": i, "s": TEXT, "n": i} for i in ids]})

    @classmethod
    def setUpClass(cls):
        cls.begin(cls.addClassCleanup)

    def metric(self, name):
        _, _, text = self.s.request("GET", "/metrics")
        return int(re.search(r"^lyre_%s (\d+)$" % name, text.decode(), re.M).group(1))

    def at_work(self, n=1):
        until(lambda: self.metric("queries_in_background") >= n, "no search runs in the background")

    def none_at_work(self):
        until(lambda: self.metric("queries_in_background") == 0, "a search continues")


class Others(Case):
    def test_are_served_meanwhile(self):
        """Counted, not timed: many short requests are answered before a quarter of the long ones is."""
        hostile = [Asked(self.s, LONG) for _ in range(16)]
        self.at_work()
        for i in range(40):
            self.assertEqual(self.s.request("GET", "/health")[0], 200)
            found = self.s.ok({"operation": "search_by_id", "database": "dev", "table": "t", "ids": [i], "get_attributes": ["n"]})
            self.assertEqual(found, [{"n": i}])
        self.assertLess(sum(h.answered() for h in hostile), 4)
        self.assertEqual({h.answer() for h in hostile}, {(200, b"[]")})
        self.none_at_work()

    def test_writes_are_answered_meanwhile(self):
        hostile = [Asked(self.s, LONG) for _ in range(16)]
        self.at_work()
        for i in range(10):
            self.write([i])
        self.assertLess(sum(h.answered() for h in hostile), 4)
        self.assertEqual({h.answer() for h in hostile}, {(200, b"[]")})

    def test_searches_take_turns(self):
        """A client with one search waits for one slice of each other client, not for all their earlier searches."""
        self.s.add_role("reader", {"super_user": False, "dev": {"tables": {"t": table_permission("read")}}})
        self.s.add_user("other", "reader")
        hostile = [Asked(self.s, LONG) for _ in range(16)]
        self.at_work(16)
        lone = Asked(self.s, LONG, "other", PASSWORD)
        self.assertEqual(lone.answer(), (200, b"[]"))
        self.assertLess(sum(h.answered() for h in hostile), 8)
        self.assertEqual({h.answer() for h in hostile}, {(200, b"[]")})


class Whole(Case):
    def test_answers_in_pieces(self):
        """Rows made in the background, piece by piece, are complete and in order, for old clients too."""
        operations = [search(3, match=True, attributes=("id", "s")), dict(search(3, match=True, attributes=("id", "s")), limit=3000, offset=500),
                      dict(search(3, match=True, attributes=("id", "s")), sort={"attribute": "n", "descending": True, "next": {"attribute": "s"}})]
        expect = [list(range(ROWS)), list(range(500, 3500)), list(range(ROWS - 1, -1, -1))]
        asked = [(Asked(self.s, o, version=v), e) for _ in range(3) for o, e in zip(operations, expect) for v in ("1.1", "1.0")]
        for a, ids in asked:
            status, body = a.answer()
            self.assertEqual((status, [r["id"] for r in json.loads(body)]), (200, ids))
        self.none_at_work()

    def test_large_lookup(self):
        ids = [i % (ROWS + 100) for i in range(100000)]
        status, body = Asked(self.s, {"operation": "search_by_id", "database": "dev", "table": "t", "ids": ids, "get_attributes": ["id"]}).answer()
        self.assertEqual((status, [r["id"] for r in json.loads(body)]), (200, [i for i in ids if i < ROWS]))

    def test_connection_goes_on(self):
        """After a search in the background, on the same connection."""
        c = http.client.HTTPConnection("127.0.0.1", self.s.port, timeout=120)
        headers = {"Content-Type": "application/json", "Authorization": self.s.authorization()}
        with contextlib.closing(c):
            for operation in (LONG, search(3, match=True, attributes=("id", "s")), LONG):
                c.request("POST", "/", json.dumps(operation), headers)
                r = c.getresponse()
                self.assertEqual((r.status, len(json.loads(r.read()))), (200, 0 if operation is LONG else ROWS))


class Ends(Case):
    def test_client_gone(self):
        """Work on the search of a client that has closed its connection stops."""
        asked = [Asked(self.s, ENDLESS) for _ in range(3)]
        self.at_work(3)
        for a in asked:
            a.socket.close()
        self.none_at_work()
        self.assertEqual(self.s.call(LONG), (200, []))

    def test_client_gone_in_a_stream(self):
        a = Asked(self.s, STREAM)
        self.assertTrue(a.socket.recv(1000).startswith(b"HTTP/1.1 200"))
        a.socket.close()
        self.none_at_work()

    def test_user_dropped(self):
        self.s.add_role("reader", {"super_user": False, "dev": {"tables": {"t": table_permission("read")}}})
        self.s.add_user("reader", "reader")
        a = Asked(self.s, ENDLESS, "reader", PASSWORD)
        self.at_work()
        self.s.ok({"operation": "drop_user", "username": "reader"})
        self.assertEqual(a.answer()[0], 401)
        self.none_at_work()

    def test_table_dropped(self):
        a = Asked(self.s, ENDLESS)
        self.at_work()
        self.s.ok({"operation": "drop_table", "database": "dev", "table": "t"})
        self.assertEqual(a.answer(), (404, b'{"error":"Table \'dev.t\' does not exist"}'))
        self.make_table()

    def test_too_many_conditions(self):
        with Server(settings=["operationsApi.maxConditions=20"]) as s:
            create(s)
            status, body = s.call(dict(search(0), conditions=[{"attribute": "id", "value": i} for i in range(21)]))
            self.assertEqual((status, body), (400, {"error": "A query must not have more than 20 conditions (operationsApi.maxConditions)"}))
            self.assertEqual(s.call(dict(search(0), conditions=[{"attribute": "id", "value": i} for i in range(20)])), (200, []))


class Timeout(Case):
    settings = ["operationsApi.queryTimeout=500ms"]

    def test_before_the_answer(self):
        before = self.metric("queries_timed_out_total")
        status, body = self.s.call(ENDLESS)
        self.assertEqual((status, body), (503, {"error": "The query was stopped: it ran for more than 500 ms (operationsApi.queryTimeout)"}))
        self.assertEqual(self.metric("queries_timed_out_total"), before + 1)
        self.none_at_work()

    def test_in_a_stream(self):
        before = self.metric("queries_timed_out_total")
        with self.assertRaises(http.client.IncompleteRead):
            Asked(self.s, STREAM).answer()
        self.assertIn("stopped while sending rows: The query was stopped: it ran for more than 500 ms", self.s.said())
        self.assertEqual(self.metric("queries_timed_out_total"), before + 1)

    def test_waiting_does_not_count(self):
        """For a client that reads slowly, or for other clients' slices."""
        a = Asked(self.s, dict(search(0, match=True, attributes=("id", "s")), operator="and"))
        self.assertEqual([x.answer()[0] for x in [Asked(self.s, ENDLESS) for _ in range(8)]], [503] * 8)
        status, body = a.answer()
        self.assertEqual((status, len(json.loads(body))), (200, ROWS))


class Stop(Case):
    settings = ["operationsApi.network.drainTimeout=300ms"]

    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        self.begin(self.addCleanup)

    def test_end_of_the_server(self):
        """Searches that would continue end when the time of the drain is over, and the server stops in order."""
        asked = [Asked(self.s, ENDLESS) for _ in range(4)]
        self.at_work(4)
        self.s.process.send_signal(signal.SIGTERM)
        self.assertEqual({a.answer() for a in asked}, {(503, b'{"error":"The server is stopping"}')})
        self.assertEqual(self.s.process.wait(60), 0)
        self.assertNotIn("work still in progress", self.s.said())

    def test_end_in_a_stream(self):
        asked = [Asked(self.s, STREAM) for _ in range(4)]
        for a in asked:
            self.addCleanup(a.socket.close)
            self.assertTrue(a.socket.recv(1000).startswith(b"HTTP/1.1 200"))
        self.s.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.s.process.wait(60), 0)
        self.assertNotIn("work still in progress", self.s.said())

    def test_restart(self):
        asked = [Asked(self.s, ENDLESS) for _ in range(4)]
        self.at_work(4)
        begin = len(self.s.said())
        self.assertEqual(self.s.call({"operation": "restart"})[0], 200)
        self.assertEqual({a.answer()[0] for a in asked}, {503})
        until(lambda: "listening on http" in self.s.said(begin), "it does not come back", server=self.s)
        self.assertNotIn("cutting off what is still in progress", self.s.said(begin))
        self.assertEqual(self.s.call(LONG), (200, []))


if __name__ == "__main__":
    unittest.main()
