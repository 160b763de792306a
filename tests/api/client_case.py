# SPDX-License-Identifier: Apache-2.0
"""What the tests of lyre, the client, share: a server, the client beside it, a terminal."""
import contextlib, json, os, pty, re, select, shutil, signal, subprocess, tempfile, unittest

from lyre_server import HAS_TERMINALS, LYRE, Server, until

on_terminals = unittest.skipUnless(HAS_TERMINALS, "this system gives no pseudo terminals")


@unittest.skipUnless(os.path.exists(LYRE), "the client is not built")
class ClientCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server()
        cls.folder = tempfile.mkdtemp(prefix="lyre-client-")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)
        cls.s.stop()

    def file(self, name, content=None):
        path = os.path.join(self.folder, self.database() + "." + name)
        if content is not None:
            with open(path, "wb") as f:
                f.write(content)
        return path

    def database(self):
        return self.id().split(".")[-1]

    def lyre(self, *words, socket_path=None, input=None, **env):
        """The client, run to completion over the domain socket: (status, stdout, stderr)."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("LYRE_") and not k.endswith("_proxy")}
        clean.update(dict({"LYRE_SOCKET": socket_path or self.s.socket_path}, **env))
        r = subprocess.run([LYRE, *words], input=input, stdin=None if input is not None else subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean, timeout=60, start_new_session=True)
        return r.returncode, r.stdout.decode(), r.stderr.decode()

    def ok(self, *words, **more):
        status, out, err = self.lyre(*words, **more)
        self.assertEqual((status, err), (0, ""), out)
        return out

    def refused(self, expected, *words, **more):
        status, out, err = self.lyre(*words, **more)
        self.assertEqual((status, out), (expected, ""), err)
        self.assertTrue(err.startswith("lyre: "), err)
        return err

    def make(self, *records):
        d = "database=" + self.database()
        self.assertEqual(self.ok("create_table", d, "table=t", "primary_key=id"),
                         "table '%s.t' successfully created.\n" % self.database())
        if records:
            self.ok("insert", d, "table=t", "records=@-", input=json.dumps(records).encode())
        return d

    def piped(self, *words, data=b""):
        """Must exit with 0; returns standard output as bytes"""
        r = subprocess.run([LYRE, "--socket", self.s.socket_path, *words], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((r.returncode, r.stderr), (0, b""))
        return r.stdout

    # ---- ^C ----

    def setUp(self):
        # A client started with nohup, or by a script with &, ignores these, as it should; those of the tests do not.
        for number, handler in ((signal.SIGHUP, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
            self.addCleanup(signal.signal, number, signal.signal(number, handler))

    def interrupted(self, p, number=signal.SIGINT):
        p.send_signal(number)
        self.assertEqual(p.wait(60), -number)

    # ---- progress ----

    @contextlib.contextmanager
    def on_terminal(self, *words, socket_path=None, **more):
        """The client with a terminal for stderr, and a function that reads what was printed there."""
        parent, child = pty.openpty()
        p = subprocess.Popen([LYRE, "--socket", socket_path or self.s.socket_path, *words], stderr=child, **more)
        os.close(child)
        said = bytearray()

        def read(wait=0):
            while select.select([parent], [], [], wait)[0]:
                try:
                    said.extend(os.read(parent, 4096))
                except OSError: # the other end is closed
                    break
            return said.decode()

        try:
            yield p, read
        finally:
            p.kill()
            p.wait()
            os.close(parent)

    def slowly(self, p, read, write, pattern):
        """Moves some bytes now and then until the terminal shows the pattern."""
        def moved():
            write()
            return re.search(pattern, read(0.05))

        return until(moved, lambda: "the terminal shows %r" % read())
