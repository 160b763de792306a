# SPDX-License-Identifier: Apache-2.0
"""get_configuration and set_configuration: what is shown, what is refused, and the resulting file, even after kill -9.

SETS: number of changes during which the server is killed (12).
"""
import ctypes, http.client, os, random, re, shutil, signal, stat, subprocess, tempfile, threading, unittest

from lyre_server import LYRED, SOURCE, Server, need_module, system_file, until

SETS = int(os.environ.get("SETS", "12"))
DONE = {"message": "Configuration successfully set. You must restart HarperDB for new config settings to take effect."}
LEVELS = "'logging.level' must be one of [notify, fatal, error, warn, info, debug, trace]"
REFUSED = "HarperDB config file validation error: "


def setUpModule():
    need_module("system")


def shipped():
    with open(os.path.join(SOURCE, "etc", "lyre.yaml")) as f:
        return f.read()


def set_configuration(s, **settings):
    return s.call(dict(settings, operation="set_configuration"))


def content(s, path=None):
    with open(path or s.config) as f:
        return f.read()


def without(text, added):
    """The text without the added lines."""
    lines = text.split("\n")
    for line in added:
        lines.remove(line)
    return "\n".join(lines)


class Get(unittest.TestCase):
    def test_tree(self):
        with Server(settings=["http.port=1234", "logging.auditRetention=2d"], env={"LYRE_THREADS": "3"}) as s:
            tree = s.ok({"operation": "get_configuration"})
            self.assertEqual(tree["rootPath"], s.root)
            self.assertEqual(tree["threads"], {"count": 3, "stackSize": 2097152, "debug": False})
            self.assertEqual(tree["http"]["port"], 1234)
            self.assertEqual(tree["http"]["timeout"], 120000)
            self.assertEqual(tree["operationsApi"]["network"]["port"], 0)
            self.assertEqual(tree["operationsApi"]["network"]["corsAccessList"], ["*"])
            self.assertEqual(tree["operationsApi"]["network"]["domainSocket"], s.socket_path)
            self.assertIsNone(tree["operationsApi"]["network"]["securePort"])
            self.assertEqual(tree["storage"]["path"], os.path.join(s.root, "database"))
            self.assertEqual(tree["authentication"]["operationTokenTimeout"], "1d")
            self.assertEqual(tree["authentication"]["cacheTTL"], 30000)
            self.assertEqual(tree["logging"]["auditRetention"], "2d")
            self.assertEqual(tree["logging"]["rotation"]["maxSize"], "64M")
            self.assertEqual(tree["logging"]["rotation"]["path"], os.path.join(s.root, "log"))
            self.assertEqual(tree["logging"]["level"], "warn")
            self.assertIn("system", tree["modules"])

    def test_what_was_set_is_shown(self):
        with Server(config="") as s:
            def shown(**more):
                tree = s.ok({"operation": "get_configuration"}, **more)
                return tree["http"]["port"], tree["operationsApi"]["network"]["keepAliveTimeout"]

            before = shown()
            s.ok({"operation": "set_configuration", "http_port": 4711, "operationsApi_network_keepAliveTimeout": 7000})
            self.assertEqual((shown(), shown(effective=True)), ((4711, 7000), before))
            with open(s.config, "w") as f:
                f.write("nonsense: [")
            self.assertEqual(shown(), before)
            self.assertIn("shows the values in effect", s.said())

    def test_what_the_document_shows(self):
        """Every setting shown in the reference documentation is there."""
        keys = ["http.compressionThreshold", "http.cors", "http.corsAccessList", "http.keepAliveTimeout", "http.port",
                "http.securePort", "http.timeout", "threads", "authentication.cacheTTL", "authentication.enableSessions",
                "authentication.operationTokenTimeout", "authentication.refreshTokenTimeout", "analytics.aggregatePeriod",
                "replication.hostname", "replication.databases", "replication.routes", "replication.url", "componentsRoot",
                "localStudio.enabled", "logging.auditAuthEvents.logFailed", "logging.auditAuthEvents.logSuccessful",
                "logging.auditLog", "logging.auditRetention", "logging.file", "logging.level", "logging.root",
                "logging.rotation.enabled", "logging.rotation.compress", "logging.rotation.interval", "logging.rotation.maxSize",
                "logging.rotation.path", "logging.stdStreams", "mqtt.network.port", "mqtt.network.securePort", "mqtt.webSocket",
                "mqtt.requireAuthentication", "operationsApi.network.cors", "operationsApi.network.corsAccessList",
                "operationsApi.network.domainSocket", "operationsApi.network.port", "operationsApi.network.securePort",
                "rootPath", "storage.writeAsync", "storage.caching", "storage.compression", "storage.noReadAhead",
                "storage.path", "storage.prefetchWrites", "tls.privateKey"]
        with Server() as s:
            tree = s.ok({"operation": "get_configuration"})
            for key in keys:
                at = tree
                for part in key.split("."):
                    self.assertIn(part, at, key)
                    at = at[part]


class Set(unittest.TestCase):
    def test_shipped_file(self):
        """Every comment of etc/lyre.yaml, and every other byte, stays outside the changed values."""
        with Server(config=shipped()) as s:
            before = content(s)
            self.assertEqual(set_configuration(s, logging_level="error", clustering_enabled=True, http_port=19926,
                                               logging_rotation_maxSize="10M", http_corsAccessList=["http://a.example"],
                                               threads_count=2, storage_compression={"threshold": 100}), (200, DONE))
            first = content(s)
            added = ["  level: error", "  enabled: true", "  port: 19926", "    maxSize: 10M",
                     '  corsAccessList: ["http://a.example"]', "threads: 2", "  compression: {threshold: 100}"]
            self.assertEqual(without(first, added), before)
            for line in added:
                key = line.split(":")[0]
                self.assertRegex(first, r"\n *#%s: [^\n]*\n%s\n" % (key.strip(), re.escape(line)))
            self.assertEqual(set_configuration(s, logging_level="warn", http_corsAccessList=[], threads_count=None), (200, DONE))
            self.assertEqual(content(s), first.replace("  level: error", "  level: warn").replace('["http://a.example"]', "[]", 1)
                             .replace("threads: 2", "threads: null"))
            s.restart()
            tree = s.ok({"operation": "get_configuration"})
            self.assertEqual(tree["http"]["port"], 19926)
            self.assertEqual(tree["http"]["corsAccessList"], [])
            self.assertIs(tree["clustering"]["enabled"], True)
            self.assertEqual(tree["storage"]["compression"], {"threshold": 100})

    def test_tree_goes_back(self):
        """An answer of get_configuration can be passed to set_configuration."""
        with Server(config="") as s:
            tree = s.ok({"operation": "get_configuration"})
            self.assertEqual(set_configuration(s, **tree), (200, DONE))
            s.restart()
            again = s.ok({"operation": "get_configuration"})
            self.assertEqual(again, tree)

    def test_refusals(self):
        with Server(config="# mine\nlogging:\n  level: warn # w\n") as s:
            before = content(s)
            for settings, text in [({"logging_level": 5}, LEVELS), ({"logging_level": None}, LEVELS),
                                   ({"logging_auditLog": False, "logging_level": "loud"}, LEVELS),
                                   ({"http_port": -1}, "'http.port' must be greater than or equal to 0"),
                                   ({"threads_count": "many"}, "'threads.count' must be a number"),
                                   ({"logging_root": 5}, "'logging.root' must be a string")]:
                self.assertEqual(set_configuration(s, **settings), (400, {"error": REFUSED + text}))
            self.assertEqual(set_configuration(s, modules_system=False)[0], 400)
            self.assertEqual(set_configuration(s, logging_levle="info")[0], 400)
            self.assertEqual(content(s), before)
            self.assertEqual(set_configuration(s, nope_key=1, password="x", username="y", replicated=True), (200, DONE))
            self.assertEqual(content(s), before)

    def test_edited_meanwhile(self):
        with Server(config="threads: 2\n") as s:
            for broken in ["threads: [\n", "\tthreads: 2\n", "threads: many\n", "nope: 1\n"]:
                with open(s.config, "w") as f:
                    f.write(broken)
                status, body = set_configuration(s, logging_level="info")
                self.assertEqual(status, 400, body)
                self.assertRegex(body["error"], r"lyre\.yaml:[12]:\d+: ")
                self.assertEqual(content(s), broken)
            with open(s.config, "w") as f:
                f.write("# by hand\nthreads: 3\n")
            self.assertEqual(set_configuration(s, logging_level="info"), (200, DONE))
            self.assertEqual(content(s), "# by hand\nthreads: 3\n\nlogging:\n  level: info\n")

    def test_level_at_once(self):
        """By set_configuration and by SIGHUP: a warning is logged, or not."""
        with Server(config="logging:\n  level: fatal\n") as s:
            def warns():
                begin = len(s.said().encode())
                self.assertEqual(set_configuration(s, http_port=9), (200, DONE))
                return "has no effect" in s.said(begin)

            self.assertFalse(warns())
            self.assertEqual(set_configuration(s, logging_level="debug"), (200, DONE))
            self.assertEqual(s.ok({"operation": "get_configuration"})["logging"]["level"], "debug")
            self.assertTrue(warns())
            with open(s.config, "w") as f:
                f.write("logging:\n  level: fatal\n")
            s.process.send_signal(signal.SIGHUP)
            until(lambda: s.ok({"operation": "get_configuration"})["logging"]["level"] == "fatal", "SIGHUP does not read the file again")
            self.assertFalse(warns())

    def test_without_a_file(self):
        """The first change creates lyre.yaml in the root folder, and the next start reads it."""
        if system_file():
            self.skipTest("%s is read on this machine" % system_file())
        with Server() as s:
            path = os.path.join(s.root, "lyre.yaml")
            self.assertFalse(os.path.exists(path))
            self.assertEqual(set_configuration(s, http_port=4711), (200, DONE))
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode) & 0o7, 0)
            s.restart()
            self.assertEqual(s.ok({"operation": "get_configuration"})["http"]["port"], 4711)

    def test_command_line_overrides_the_file(self):
        with Server(config="", settings=["node.hostname=a"], env={"LYRE_LOGGING_FILE": "true"}) as s:
            self.assertEqual(set_configuration(s, node_hostname="b", logging_file=False), (200, DONE))
            self.assertEqual(s.ok({"operation": "get_configuration"})["node"]["hostname"], "a")
            self.assertRegex(s.said(), r"\[warn\].*'node.hostname' in the file has no effect: it is overridden by the command line")
            self.assertRegex(s.said(), r"\[warn\].*'logging.file' in the file has no effect: it is overridden by the environment")

    def test_settings_without_effect_are_reported(self):
        """The ports of the REST interface, which this server does not have: by --check, at the start, and when they are set."""
        settings = ["http.port=7", "http.securePort=8"]
        said = "these settings have no effect in this build: http.port, http.securePort"
        with Server(config="", settings=settings) as s:
            self.assertRegex(s.said(), r"\[warn\].*" + said)
            self.assertNotIn(":7\n", s.said())
            r = subprocess.run([LYRED, "--check", "-r", s.root, *(x for w in settings for x in ("--set", w))], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
            self.assertIn(said, r.stdout)
            self.assertEqual(set_configuration(s, http_securePort=9), (200, DONE))
            self.assertRegex(s.said(), r"\[warn\].*'http.securePort' has no effect in this build\n")

    def test_all_at_once(self):
        """Changes from many clients: none is lost or incomplete."""
        with Server(config=shipped()) as s:
            before, answers = content(s), []
            keys = ["http_port", "http_securePort", "mqtt_network_port", "mqtt_network_securePort", "operationsApi_network_securePort",
                    "analytics_aggregatePeriod", "storage_maxReaders", "operationsApi_network_maxConnections"]

            def change(key):
                for i in range(5):
                    answers.append(set_configuration(s, **{key: 100 + i}))

            threads = [threading.Thread(target=change, args=(k,)) for k in keys]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertEqual(answers, [(200, DONE)] * len(answers))
            after = content(s)
            self.assertEqual(len(re.findall(r"\n *\w+: 104\n", after)), len(keys))
            self.assertEqual(without(after, re.findall(r"\n( *\w+: 104)(?=\n)", after)), before)
            self.assertEqual(sorted(f for f in os.listdir(s.root) if "lyre.yaml" in f), ["lyre.yaml"])

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_folder_is_read_only(self):
        folder = tempfile.mkdtemp(prefix="lyre-test-")
        try:
            with Server(config="threads: 2\n") as s:
                s.end()
                shutil.move(s.config, folder)
                s.config = os.path.join(folder, "lyre.yaml")
                os.chmod(folder, 0o555)
                s.start()
                status, body = set_configuration(s, http_port=1)
                self.assertEqual(status, 403)
                self.assertIn("(Permission denied): edit the file and restart", body["error"])
                self.assertEqual(content(s), "threads: 2\n")
        finally:
            os.chmod(folder, 0o755)
            shutil.rmtree(folder)


class Kill(unittest.TestCase):
    def test_file_is_old_or_new(self):
        """kill -9 at random moments: the file loads, every comment is there, and no answered change is lost."""
        base = tempfile.mkdtemp(prefix="lyre-test-")
        sets, value = 0, 1000
        try:
            s = Server(root=base, config=shipped())
            while sets < SETS:
                killer = threading.Timer(random.uniform(0.0005, 0.05), s.process.kill)
                killer.start()
                answered = None
                try:
                    while True:
                        value += 1
                        self.assertEqual(set_configuration(s, http_port=value, logging_level="info", mqtt_network_port=value), (200, DONE))
                        answered = value
                        sets += 1
                except (OSError, http.client.HTTPException):
                    pass
                killer.join()
                s.process.wait()
                sets += 1
                check = subprocess.run([LYRED, "--check", "-r", s.root, "-c", s.config], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                self.assertEqual(check.returncode, 0, check.stdout)
                text = content(s)
                there = re.findall(r"\n  (?:  )?port: (\d+)\n", text)
                if answered is not None:
                    self.assertIn(there, [[str(answered)] * 2, [str(value)] * 2])
                self.assertEqual(re.sub(r"\n  (?:  )?port: \d+(?=\n)|\n  level: info(?=\n)", "", text), shipped().rstrip("\n") + "\n")
                s.output.close()
                s.start()
            s.stop()
        finally:
            if s.process.poll() is None:
                s.kill()
            shutil.rmtree(base)


class Mounted(unittest.TestCase):
    """A configuration file that is itself a mount point, as in containers: it cannot be replaced by another file."""

    def mount(self, *arguments):
        done = subprocess.run(["mount"] + list(arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            self.skipTest("cannot mount: " + done.stdout.decode().strip())
        # The command would need /proc, which a bare chroot does not have; 2: MNT_DETACH
        self.addCleanup(ctypes.CDLL(None).umount2, arguments[-1].encode(), 2)

    def folder(self):
        folder = tempfile.mkdtemp(prefix="lyre-test-")
        self.addCleanup(shutil.rmtree, folder)
        return folder

    def server(self, folder):
        """A server whose file is mounted from a folder."""
        s = Server(config="logging:\n  level: warn\n", start=False)
        self.addCleanup(s.remove)
        outside = os.path.join(folder, "outside.yaml")
        shutil.copy(s.config, outside)
        self.mount("--bind", outside, s.config)
        s.start()
        self.addCleanup(s.end)
        return s, outside

    def test_written_in_place(self):
        s, outside = self.server(self.folder())
        for level in ("error", "fatal"):
            self.assertEqual(set_configuration(s, logging_level=level), (200, DONE))
            self.assertEqual(content(s, outside), "logging:\n  level: %s\n" % level)
        self.assertEqual([n for n in os.listdir(s.root) if n.endswith(".new")], [])

    def test_read_only_folder(self):
        """As under the systemd unit, which may write only to the server's root."""
        folder = self.folder()
        config = os.path.join(folder, "lyre.yaml")
        with open(config, "w") as f:
            f.write("logging:\n  level: warn\n")
        self.mount("--bind", folder, folder)
        self.mount("-o", "remount,ro,bind", folder)
        s = Server(config="", start=False)
        self.addCleanup(s.remove)
        s.config = config
        s.start()
        self.addCleanup(s.end)
        status, body = set_configuration(s, logging_level="info")
        self.assertEqual(status, 403, body)
        self.assertIn("edit the file and restart, or move it to a folder that the server may write to", body["error"])

    def test_full(self):
        """If the change does not fit, the file stays as it was, and the answer says what to do."""
        folder = self.folder()
        self.mount("-t", "tmpfs", "-o", "size=8k", "none", folder)
        s, outside = self.server(folder)
        with open(os.path.join(folder, "ballast"), "wb") as f:
            f.write(bytes(4096))
        before = content(s, outside)
        status, body = set_configuration(s, replication_hostname="x" * 6000)
        self.assertIn(status, (500, 507), body)
        self.assertIn("mount its folder instead", body["error"])
        self.assertEqual(content(s, outside), before)
        self.assertEqual([n for n in os.listdir(s.root) if n.endswith(".new")], [])

    def test_left_by_a_kill(self):
        with Server(config="logging:\n  level: warn\n", start=False) as s:
            left = os.path.join(s.root, ".lyre.yaml.new")
            with open(left, "w") as f:
                f.write("logging:\n")
            s.start()
            self.assertFalse(os.path.exists(left))
            self.assertEqual(content(s), "logging:\n  level: warn\n")
            self.assertIn("an interrupted change", s.said())


if __name__ == "__main__":
    unittest.main()
