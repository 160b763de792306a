# SPDX-License-Identifier: Apache-2.0
"""More simultaneous clients than allowed, which send nothing and disconnect: the server continues afterwards, and stops when told.

BURST_ROUNDS: bursts of each size (3).
"""
import contextlib, os, select, socket, unittest

from faults import Server, built_modules, raise_descriptors, until

ROUNDS = int(os.environ.get("BURST_ROUNDS", "3"))
LIMIT = 64
METRICS = "metrics" in built_modules()
SIZES = [LIMIT // 2, LIMIT, 2 * LIMIT, 10 * LIMIT]


def connect_all(address, count, family=socket.AF_INET):
    """Starts this many connections at once, without waiting for any."""
    clients = []
    for _ in range(count):
        c = socket.socket(family)
        c.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            c.connect(address)
        clients.append(c)
    return clients


def connect_from(address, port):
    return socket.create_connection(("127.0.0.1", port), 60, (address, 0))


def is_served(c):
    """Whether a request on this connection is answered, not refused by closing the connection."""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        c.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        return b" 200 " in c.recv(1000)
    return False


class Bursts(unittest.TestCase):
    def server(self, *settings):
        raise_descriptors(10 * LIMIT + 500)
        settings = ["operationsApi.network.maxConnections=%d" % LIMIT] + list(settings)
        s = Server(settings=settings + (["modules.metrics.open=true"] if METRICS else []))
        self.addCleanup(s.remove)
        self.addCleanup(s.kill)
        return s

    def metric(self, s, name):
        """Requested over the domain socket, which is a connection too."""
        for line in s.request("GET", "/metrics", unix=True)[2].decode().splitlines():
            if line.startswith("lyre_%s " % name):
                return int(line.split()[1])
        raise AssertionError("no metric %s" % name)

    def check_served(self, s):
        for _ in range(4):  # each thread has its turn
            self.assertEqual(s.request("GET", "/health")[0], 200)
        self.assertEqual(s.request("GET", "/health", unix=True)[0], 200)

    def burst(self, s, size, family=socket.AF_INET):
        """This many clients connect at once, as many as allowed are accepted, and all disconnect together."""
        address = s.socket_path if family == socket.AF_UNIX else ("127.0.0.1", s.port)
        clients = connect_all(address, size, family)
        select.select([], clients[-1:], [], 0.05)
        for c in clients:
            c.close()

    def check_bursts(self, threads):
        s = self.server("threads=%d" % threads)
        for size in SIZES:
            with self.subTest(threads=threads, size=size):
                for _ in range(ROUNDS):
                    self.burst(s, size)
                    self.check_served(s)
        if METRICS:
            until(lambda: self.metric(s, "connections_open") == 1, "closed connections are still counted", server=s)
        s.end()

    def test_one_thread(self):
        self.check_bursts(1)

    def test_two_threads(self):
        self.check_bursts(2)

    def test_eight_threads(self):
        self.check_bursts(8)

    def test_domain_socket(self):
        s = self.server("threads=1")
        for size in SIZES:
            for _ in range(ROUNDS):
                self.burst(s, size, socket.AF_UNIX)
                self.check_served(s)
        s.end()

    def test_one_address(self):
        """An address that has reached its limit is refused, while others are served, until it has closed some connections."""
        s = self.server("threads=2", "operationsApi.network.maxConnectionsPerAddress=4")
        for _ in range(ROUNDS):
            with contextlib.ExitStack() as held:
                for _ in range(4):
                    held.enter_context(self.admitted(s))
                more = connect_all(("127.0.0.1", s.port), 20)
                for c in more:
                    held.enter_context(c)
                for c in more:
                    c.settimeout(60)
                    with contextlib.suppress(ConnectionResetError):
                        self.assertEqual(c.recv(1), b"")
                with connect_from("127.0.0.2", s.port) as other:
                    self.assertTrue(is_served(other))
        self.admitted(s).close()
        s.end()

    def admitted(self, s):
        """A connection that has had an answer. Until the server has noticed which ones were closed, it refuses new ones."""
        def served():
            c = connect_from("127.0.0.1", s.port)
            if is_served(c):
                return c
            c.close()
            return None

        return until(served, "the address is refused forever", server=s)


if __name__ == "__main__":
    unittest.main()
