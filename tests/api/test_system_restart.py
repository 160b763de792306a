# SPDX-License-Identifier: Apache-2.0
"""restart: the next program takes over; one that would not start is not started."""
import contextlib, json, os, shutil, signal, socket, subprocess, sys, tempfile, threading, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lyre_server
from lyre_server import HAS_PROC, LYRED, need_module, Server, STATIC_ONLY, until
from restarts import child_of, keep_alive, MESSAGE, Raw, restart, shared_module, starts, wait_for_start


def setUpModule():
    need_module("system")


class Restart(unittest.TestCase):
    def test_answer_and_connection(self):
        with Server() as s:
            status, headers, body = s.request(body=b'{"operation":"restart"}', headers={
                "Content-Type": "application/json", "Authorization": s.authorization()})
            self.assertEqual((200, "close", MESSAGE), (status, headers["connection"], json.loads(body)))
            wait_for_start(s, 2)
            s.ok({"operation": "describe_all"})

    def test_idle_connection_outlives_it(self):
        with Server() as s:
            idle, new = Raw(s), Raw(s)
            self.assertEqual(200, idle.call({"operation": "describe_all"})[0])
            for _ in range(3):
                restart(s)
                for c in (idle, new):
                    self.assertEqual((200, {}, False), c.call({"operation": "describe_all"}))
            idle.close()
            new.close()

    def begin_meanwhile(self, s, c, **how):
        before = starts(s)
        sender = threading.Thread(target=c.send, args=({"operation": "describe_all"},), kwargs=how)
        sender.start()
        s.ok({"operation": "restart"})
        sender.join()
        self.assertEqual((200, {}), c.answer()[:2])
        c.close()
        wait_for_start(s, before + 1)

    def test_request_that_begins_meanwhile(self):
        """A request of which the server has received a part is answered completely, by either program."""
        with Server() as s:
            for _ in range(5):
                self.begin_meanwhile(s, Raw(s), pause=0.1)

    def test_request_line_that_begins_meanwhile(self):
        with Server() as s:
            for unix in (False, True):
                for chunked in (False, True):
                    with self.subTest(unix=unix, chunked=chunked):
                        c = Raw(s, unix)
                        self.assertEqual(200, c.call({"operation": "describe_all"}, chunked=chunked)[0])
                        self.begin_meanwhile(s, c, pause=0.5, at=6)

    def test_only_for_super_user(self):
        with Server() as s:
            for operation in ({"operation": "restart"}, {"operation": "restart_service", "service": "http_workers"}):
                status, body = s.call(operation, headers={"Authorization": ""})
                self.assertEqual(401, status, body)
            self.assertEqual(1, starts(s))

    def test_new_settings(self):
        with Server(config="operationsApi:\n  network:\n    keepAliveTimeout: 41s\n    domainSocket: first\n") as s:
            first, second = os.path.join(s.root, "first"), os.path.join(s.root, "second")
            self.assertTrue(os.path.exists(first))
            with open(s.config, "w") as f:
                f.write("operationsApi:\n  network:\n    keepAliveTimeout: 42s\n    domainSocket: second\n")
            port = s.port
            restart(s)
            self.assertEqual("timeout=42", keep_alive(s))
            until(lambda: not os.path.exists(first), "the old socket stays") # it goes when the next program already serves
            s.socket_path = second
            self.assertEqual((200, {}), s.call({"operation": "describe_all"}, unix=True))
            self.assertEqual(port, s.port)

    def test_bad_configuration_refuses(self):
        with Server(config="logging:\n  level: warn\n") as s:
            for text, reason in (("logging:\n  level: loud\n", "logging.level"), ("logging: [\n", "lyre.yaml"),
                                 ("loging:\n  level: warn\n", "loging"),
                                 ("authentication:\n  argon2: {memory: 8K, lanes: 4}\n", "authentication.argon2.memory")):
                with open(s.config, "w") as f:
                    f.write(text)
                status, body = s.call({"operation": "restart"})
                self.assertEqual(400, status, body)
                self.assertIn(reason, body["error"])
                if "argon2" not in text: # two inconsistent settings have no single position
                    self.assertIn(s.config, body["error"])
                self.assertEqual({}, s.ok({"operation": "describe_all"}))
            self.assertEqual(1, starts(s))
            with open(s.config, "w") as f:
                f.write("logging:\n  level: error\n")
            restart(s)

    def test_what_would_not_start(self):
        """What --check cannot see, as the server itself occupies it: addresses and folders of the next start."""
        with Server(config="logging:\n  level: warn\n") as s, socket.socket(socket.AF_UNIX) as other:
            taken, file = os.path.join(s.root, "taken"), os.path.join(s.root, "file")
            other.bind(taken)
            other.listen()
            open(file, "w").close()
            for text, reason in (("operationsApi:\n  network:\n    domainSocket: taken\n", taken),
                                 ("operationsApi:\n  network:\n    domainSocket: file\n", file),
                                 ("logging:\n  root: file\n", file), ("storage:\n  path: file/x\n", file)):
                with open(s.config, "w") as f:
                    f.write(text)
                status, body = s.call({"operation": "restart"})
                self.assertNotEqual(200, status, text)
                self.assertIn("No restart: ", body["error"])
                self.assertIn(reason, body["error"])
                self.assertEqual({}, s.ok({"operation": "describe_all"}))
            self.assertEqual(1, starts(s))
            with open(s.config, "w") as f:
                f.write("logging:\n  level: warn\n")
            restart(s)

    def test_port_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as other, Server(config="") as s:
            port = other.getsockname()[1]
            s.end()
            # Without a port on the command line, which would override the file.
            with open(s.config, "w") as f:
                f.write("operationsApi:\n  network:\n    host: 127.0.0.1\n    port: 0\n")
            with open(os.path.join(s.root, "output"), "ab") as output:
                s.process = subprocess.Popen([LYRED, "-r", s.root, "-c", s.config], stdin=subprocess.DEVNULL, stdout=output,
                                             stderr=output)
            until(lambda: os.path.exists(s.socket_path), s.said, server=s)
            with open(s.config, "w") as f:
                f.write("operationsApi:\n  network:\n    host: 127.0.0.1\n    port: %d\n" % port)
            until(lambda: self.answers(s), s.said, server=s)
            status, body = s.call({"operation": "restart"}, unix=True)
            self.assertNotEqual(200, status)
            self.assertIn("port %d" % port, body["error"])
            self.assertEqual(200, s.call({"operation": "describe_all"}, unix=True)[0])

    def answers(self, s):
        with contextlib.suppress(OSError):
            return s.call({"operation": "describe_all"}, unix=True)[0] == 200

    def test_root_moved(self):
        with Server() as s:
            s.ok({"operation": "create_table", "database": "dev", "table": "kept", "primary_key": "id"})
            moved = s.root + "-moved"
            os.rename(s.root, moved)
            try:
                status, body = s.call({"operation": "restart"})
            finally:
                os.rename(moved, s.root)
            self.assertEqual(500, status, body)
            self.assertIn(s.root, body["error"])
            restart(s)
            self.assertIn("dev", s.ok({"operation": "describe_all"}))

    @unittest.skipIf(STATIC_ONLY, "modules are built in")
    def test_broken_module_refuses(self):
        folder = tempfile.mkdtemp(prefix="lyre-modules-")
        self.addCleanup(shutil.rmtree, folder)
        source = shared_module("help")
        if not source:
            self.skipTest("help is not a shared module")
        module = os.path.join(folder, "help.so")
        shutil.copy(source, module)
        with Server(config="modules:\n  system: true\n  schema: true\n  help:\n    path: %s\n" % module) as s:
            restart(s)
            with open(source, "rb") as f:
                begin = f.read(4096)
            for content in (b"not a module", begin):
                with open(module + ".new", "wb") as f:
                    f.write(content)
                os.rename(module + ".new", module)
                status, body = s.call({"operation": "restart"})
                self.assertEqual(400, status, body)
                self.assertIn("help", body["error"])
                self.assertEqual({}, s.ok({"operation": "describe_all"}))
            shutil.copy(source, module + ".new")
            os.rename(module + ".new", module)
            restart(s)
            self.assertEqual(3, starts(s))

    @unittest.skipUnless(HAS_PROC, "no /proc")
    def test_trial_killed(self):
        """While it waits for its configuration, a pipe that nobody writes to."""
        with Server(config="logging:\n  level: warn\n") as s:
            os.rename(s.config, s.config + ".kept")
            os.mkfifo(s.config)
            answers = []
            asker = threading.Thread(target=lambda: answers.append(s.call({"operation": "restart"})))
            asker.start()
            child = until(lambda: child_of(s.process.pid), "no trial", server=s)
            self.assertEqual(503, s.call({"operation": "restart"})[0])
            self.assertEqual({}, s.ok({"operation": "describe_all"}))
            os.kill(child, signal.SIGKILL)
            asker.join(60)
            status, body = answers[0]
            self.assertEqual(500, status, body)
            self.assertIn("signal 9", body["error"])
            os.rename(s.config + ".kept", s.config)
            restart(s)
            self.assertEqual(2, starts(s))

    def test_binary_replaced(self):
        """An upgrade: the old file is gone when the new program is to run."""
        binary = os.path.join(tempfile.mkdtemp(prefix="lyre-bin-"), "lyred")
        self.addCleanup(shutil.rmtree, os.path.dirname(binary))
        shutil.copy(LYRED, binary)
        paths = ["modules.%s.path=%s" % (m, shared_module(m)) for m in ("schema", "system") if shared_module(m)]
        self.addCleanup(setattr, lyre_server, "LYRED", LYRED)
        lyre_server.LYRED = binary
        with Server(config="modules:\n  schema: true\n  system: true\n", settings=paths) as s:
            shutil.copy(LYRED, binary + ".new")
            os.rename(binary + ".new", binary)
            restart(s)
            if HAS_PROC:
                self.assertEqual(binary, os.readlink("/proc/%d/exe" % s.process.pid))

    def test_end_meanwhile(self):
        """SIGTERM, whenever it arrives, stops the server in order, and is not lost between two programs."""
        for wait in (0, 0.005, 0.01, 0.02, 0.05):
            with Server() as s:
                s.ok({"operation": "restart"})
                time.sleep(wait)
                s.end()

    def test_second_server_is_kept_out(self):
        with Server() as s:
            restart(s)
            with self.assertRaisesRegex(RuntimeError, "another server \\(process %d\\)" % s.process.pid):
                Server(root=s.root)


if __name__ == "__main__":
    unittest.main()
