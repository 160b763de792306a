# SPDX-License-Identifier: Apache-2.0
"""system_information compared with the system's tools, the recorded shapes, and a /proc with missing parts."""
import json, os, shutil, subprocess, sys, tempfile, threading, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lyre_server
from lyre_server import BUILD, HAS_PROC, LYRED, SOURCE, Server, need_module

PARTS = ["system", "time", "cpu", "memory", "disk", "network", "harperdb_processes", "table_size", "metrics", "threads"]
# Members of the recorded answers that this server does not have and reports as null.
ABSENT = {"external", "arrayBuffers", "params", "timeStartTxns", "timeDuringTxns", "timePageFlushes", "timeSync", "timeTxnWaiting",
          "txns", "pageFlushes", "pagesWritten", "writes", "puts", "deletes", "readers"}


def setUpModule():
    need_module("system")


def tool(*command):
    """The output of a tool; the test is skipped if it is not installed."""
    if not shutil.which(command[0]):
        raise unittest.SkipTest("%s is not here" % command[0])
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    if run.returncode != 0:
        raise unittest.SkipTest("%s: %s" % (" ".join(command), run.stderr.strip()))
    return run.stdout


KINDS = {"integer": int, "number": (int, float), "string": str, "boolean": bool}


@unittest.skipUnless(HAS_PROC, "there is no /proc")
class Information(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.ok({"operation": "create_table", "database": "dev", "table": "dog", "primary_key": "id"})
        cls.server.ok({"operation": "insert", "database": "dev", "table": "dog", "records": [{"id": i} for i in range(3)]})

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def get(self, part):
        return self.server.ok({"operation": "system_information", "attributes": [part]})[part]

    def near(self, a, b, share, least):
        self.assertLessEqual(abs(a - b), max(share * max(a, b), least), (a, b))

    # ---- the answer ----

    def test_all_parts_in_order(self):
        for attributes in ({}, {"attributes": []}, {"attributes": None}):
            answer = self.server.ok(dict({"operation": "system_information"}, **attributes))
            self.assertEqual(list(answer), PARTS)

    def test_filter(self):
        for wanted, got in ((["threads", "time"], ["time", "threads"]), (["nope", "time"], ["time"]), ([1, None, {}], []),
                            (["replication"], []), (["time", "time"], ["time"]), ([""], [])):
            answer = self.server.ok({"operation": "system_information", "attributes": wanted})
            self.assertEqual(list(answer), got)

    def test_values_that_are_not_arrays_are_refused(self):
        for wanted in ("memory", "", 1, True, {"a": 1}):
            self.assertEqual(self.server.call({"operation": "system_information", "attributes": wanted}), (400, {"error": "'attributes' must be an array"}))

    def check_shape(self, shape, got, path):
        if isinstance(shape, dict):
            self.assertIsInstance(got, dict, path)
            self.assertEqual([k for k in got if k in shape], list(shape), path)
            for k in shape:
                if k in ABSENT and got[k] is None:
                    continue
                self.check_shape(shape[k], got[k], path + "." + k)
        elif isinstance(shape, list):
            self.assertIsInstance(got, list, path)
            for g in got if shape != ["(empty)"] else []:
                self.check_shape(shape[0], g, path + "[]")
        elif shape == "null":  # recorded before there was a rate
            self.assertTrue(got is None or isinstance(got, (int, float)), path)
        else:
            kinds = (int, float) if path.endswith(".mem") else KINDS[shape]
            self.assertTrue(isinstance(got, kinds) and (shape == "boolean") == isinstance(got, bool), "%s: %r" % (path, got))

    def test_recorded_shapes(self):
        time.sleep(0.3)  # so that there are two readings
        seen = 0
        for area in ("06_system", "20_dev_mode_extras"):
            path = os.path.join(SOURCE, "tests", "api", "vectors", area + ".json")
            if not os.path.exists(path):
                continue
            with open(path) as f:
                cases = [c for c in json.load(f) if c.get("operation") == "system_information" and c.get("shape")]
            for case in cases:
                answer = self.server.ok(case["request"]["body"])
                shape = json.loads(json.dumps(case["shape"]).replace('"sysdb": {"tables": {"t"', '"dev": {"tables": {"dog"'))
                seen += 1
                self.check_shape(shape, answer, case["name"])
        if not seen:
            self.skipTest("no recorded shapes here")

    # ---- against the tools ----

    def test_memory(self):
        first = [int(x) for x in tool("free", "-b").splitlines()[1].split()[1:]]
        m = self.get("memory")
        self.assertEqual(m["total"], first[0])
        self.near(m["free"], first[2], 0.1, 256 << 20)
        self.near(m["available"], first[5], 0.1, 256 << 20)
        self.assertEqual(m["used"], m["total"] - m["free"])
        self.assertEqual(m["active"], m["total"] - m["available"])
        swap = [int(x) for x in tool("free", "-b").splitlines()[2].split()[1:]]
        self.assertEqual(m["swaptotal"], swap[0])
        self.assertEqual(m["swaptotal"], m["swapused"] + m["swapfree"])

    def test_disk(self):
        rows = [line.split() for line in tool("df", "-B1", "--output=source,fstype,size,used,avail,target").splitlines()[1:]]
        rows = {r[5]: r for r in rows if r[0].startswith("/")}
        sizes = {s["mount"]: s for s in self.get("disk")["size"]}
        # The root of a chroot is often a folder of a mount that is not visible there.
        with open("/proc/self/mounts") as f:
            mounts = [line.split()[1] for line in f]
        if "/" in mounts:
            self.assertIn("/", sizes)
        for mount in set(rows) & set(sizes):
            size, row = sizes[mount], rows[mount]
            self.assertEqual([size["fs"], size["type"], size["size"]], [row[0], row[1], int(row[2])])
            self.near(size["used"], int(row[3]), 0.05, 256 << 20)
            self.near(size["available"], int(row[4]), 0.05, 256 << 20)
            self.assertAlmostEqual(size["use"], 100 * size["used"] / (size["used"] + size["available"]), delta=0.01)

    def test_disk_rates(self):
        self.get("disk")
        path = os.path.join(self.server.root, "filler")
        with open(path, "wb") as f:
            for _ in range(8):
                f.write(os.urandom(1 << 20))
            f.flush()
            os.fsync(f.fileno())
        os.unlink(path)
        time.sleep(0.3)
        d = self.get("disk")
        self.assertGreaterEqual(d["read_write"]["ms"], 25)
        if not d["io"]["tIO"]:
            self.skipTest("no disk is counted here")
        self.assertEqual(d["io"]["tIO"], d["io"]["rIO"] + d["io"]["wIO"])
        self.assertEqual(d["read_write"]["tx"], d["read_write"]["rx"] + d["read_write"]["wx"])
        self.assertGreater(d["read_write"]["tx_sec"] + d["io"]["tIO"], 0)

    def test_network(self):
        tool("ip", "-V")
        links = {link["ifname"]: link for link in json.loads(tool("ip", "-j", "-s", "addr"))}
        n = self.get("network")
        after = {link["ifname"]: link for link in json.loads(tool("ip", "-j", "-s", "addr"))}
        self.assertEqual({i["iface"] for i in n["interfaces"]}, set(links))
        for i in n["interfaces"]:
            link = links[i["iface"]]
            addresses = {a["local"] for a in link["addr_info"]}
            for key in ("ip4", "ip6"):
                self.assertTrue(i[key] in addresses or not i[key], (i, addresses))
            self.assertEqual(bool(i["ip4"]), any(a["family"] == "inet" for a in link["addr_info"]))
            if link.get("link_type") in ("ether", "loopback"):
                self.assertEqual(i["mac"], link["address"])
            self.assertIn(i["operstate"], (link["operstate"].lower(), None))
        routes = json.loads(tool("ip", "-j", "-4", "route", "show", "default") or "[]")
        if routes:
            self.assertIn(n["default_interface"], [r["dev"] for r in routes])
            self.assertEqual([i["iface"] for i in n["interfaces"] if i["default"]], [n["default_interface"]])
        for s in n["stats"]:
            for way in ("rx", "tx"):
                low, high = links[s["iface"]]["stats64"][way], after[s["iface"]]["stats64"][way]
                for ours, theirs in (("bytes", "bytes"), ("errors", "errors")):
                    self.assertLessEqual(low[theirs], s["%s_%s" % (way, ours)])
                    self.assertLessEqual(s["%s_%s" % (way, ours)], high[theirs])

    def test_cpu(self):
        time.sleep(0.3)
        c = self.get("cpu")
        self.assertEqual(c["cores"], os.sysconf("SC_NPROCESSORS_ONLN"))
        if len(os.sched_getaffinity(0)) == c["cores"]:
            self.assertEqual(c["cores"], int(tool("nproc")))
        load = c["current_load"]
        self.assertEqual(len(load["cpus"]), c["cores"])
        for l, prefix in [(load, "currentLoad")] + [(x, "load") for x in load["cpus"]]:
            self.assertTrue(0 <= l[prefix] <= 100, l)
            kinds = sum(l[prefix + k] for k in ("User", "System", "Nice", "Idle", "Irq", "Steal"))
            self.assertAlmostEqual(kinds, 100, delta=0.01)
            self.assertAlmostEqual(l[prefix] + l[prefix + "Idle"], 100, delta=0.01)

    def test_process(self):
        p = self.get("harperdb_processes")["core"][0]
        self.assertEqual(p["pid"], self.server.process.pid)
        says = tool("ps", "-o", "ppid=,comm=,pri=,vsz=,rss=,ni=,user=", "-p", str(p["pid"])).split()
        self.assertEqual([p["parentPid"], p["name"], p["priority"], p["nice"], p["user"]],
                         [int(says[0]), says[1], int(says[2]), int(says[5]), says[6]])
        self.near(p["memVsz"], int(says[3]), 0.2, 65536)
        self.near(p["memRss"], int(says[4]), 0.2, 4096)
        self.near(self.get("memory")["rss"], p["memRss"] * 1024, 0.2, 4 << 20)
        started = tool("date", "-d", p["started"], "+%s")
        self.assertLess(abs(int(started) - time.time()), 3600)

    def test_threads(self):
        names = {}
        for tid in os.listdir("/proc/%d/task" % self.server.process.pid):
            with open("/proc/%d/task/%s/comm" % (self.server.process.pid, tid)) as f:
                names[int(tid)] = f.read().strip()
        threads = {t["threadId"]: t for t in self.get("threads")}
        self.assertGreaterEqual(len(set(names) & set(threads)), 3)
        self.assertEqual(threads[self.server.process.pid]["name"], "main")
        for tid in set(names) & set(threads) - {self.server.process.pid}:
            self.assertEqual(threads[tid]["name"], names[tid])
            self.assertTrue(0 <= threads[tid]["utilization"] <= 1)
        self.assertTrue(any(t["name"].startswith("http/") for t in threads.values()), threads)

    def test_time(self):
        t = self.get("time")
        self.assertLess(abs(t["current"] - time.time() * 1000), 60000)
        with open("/proc/uptime") as f:
            self.assertLess(abs(t["uptime"] - float(f.read().split()[0])), 60)

    def test_system(self):
        s, u = self.get("system"), os.uname()
        self.assertEqual([s["platform"], s["kernel"], s["hostname"]], ["linux", u.release, u.nodename])

    # ---- of the server ----

    def test_table_size(self):
        self.assertEqual(self.get("table_size"), [
            {"schema": "dev", "table": "dog", "record_count": 3, "transaction_log_record_count": None}])

    def test_metrics(self):
        m = self.get("metrics")
        self.assertEqual(list(m), ["dev", "/server"])
        dev = m["dev"]
        self.assertGreaterEqual(dev["tables"]["dog"]["entryCount"], 3)
        self.assertGreaterEqual(dev["tables"]["dog"]["treeLeafPageCount"], 1)
        self.assertGreaterEqual(dev["mapSize"], dev["lastPageNumber"] * dev["pageSize"])
        self.assertGreater(dev["lastTxnId"], 0)
        self.assertGreater(dev["maxReaders"], 0)
        self.assertEqual(dev["free"]["pageSize"], dev["pageSize"])
        self.assertGreaterEqual(dev["audit"]["entryCount"], 1)
        self.assertTrue(any(isinstance(v, (int, float)) for v in m["/server"].values()), m["/server"])
        before = m["/server"]["operations_total"]["system_information"]
        self.assertGreater(self.get("metrics")["/server"]["operations_total"]["system_information"], before)

    def test_many_at_once(self):
        answers, errors = [], []

        def ask():
            try:
                for _ in range(10):
                    answers.append(self.server.ok({"operation": "system_information"}))
            except Exception as e:
                errors.append(e)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(errors, [])
        self.assertEqual({tuple(a) for a in answers}, {tuple(PARTS)})


class Settings(unittest.TestCase):
    def test_off(self):
        with Server(settings=["operationsApi.sysInfo.disk=false", "operationsApi.sysInfo.network=false"]) as s:
            answer = s.ok({"operation": "system_information", "attributes": ["disk", "network"]})
            self.assertEqual(answer["disk"], {})
            self.assertEqual(answer["network"], {
                "default_interface": "", "latency": {}, "interfaces": [], "stats": [], "connections": []})


class HiddenProc(unittest.TestCase):
    """A server that finds nothing in the files that these values come from."""
    files = ["/proc/stat", "/proc/meminfo", "/proc/diskstats", "/proc/cpuinfo"]

    def test_unreadable_values_are_null(self):
        if not shutil.which("unshare") or os.geteuid() != 0:
            self.skipTest("only root may hide files from a process")
        folder = tempfile.mkdtemp(prefix="lyre-test-")
        self.addCleanup(shutil.rmtree, folder)
        wrapper = os.path.join(folder, "lyred")
        with open(wrapper, "w") as f:
            hide = "\n".join("mount --bind /dev/null %s" % p for p in self.files)
            f.write("#!/bin/sh\nset -e\n%s\nexec '%s' \"$@\"\n" % (hide, LYRED))
        os.chmod(wrapper, 0o755)
        start = os.path.join(folder, "start")
        with open(start, "w") as f:
            f.write("#!/bin/sh\nexec unshare -m --propagation private %s \"$@\"\n" % wrapper)
        os.chmod(start, 0o755)
        if subprocess.run([start, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("files cannot be hidden here")
        lyre_server.LYRED, plain = start, lyre_server.LYRED
        try:
            server = Server()
        finally:
            lyre_server.LYRED = plain
        with server:
            a = server.ok({"operation": "system_information"})
            self.assertEqual(list(a), PARTS)
            for key in ("total", "free", "used", "active", "available", "swaptotal", "dirty"):
                self.assertIsNone(a["memory"][key], key)
            self.assertGreater(a["memory"]["rss"], 0)
            for key in ("brand", "vendor", "flags", "physicalCores", "virtualization"):
                self.assertIsNone(a["cpu"][key], key)
            self.assertIsNone(a["cpu"]["current_load"]["currentLoad"])
            for key in ("rIO", "wIO", "tIO", "rWaitTime"):
                self.assertIsNone(a["disk"]["io"][key], key)
            self.assertIsNone(a["disk"]["read_write"]["rx"])
            self.assertGreater(a["harperdb_processes"]["core"][0]["memRss"], 0)


if __name__ == "__main__":
    unittest.main()
