# SPDX-License-Identifier: Apache-2.0
"""docs/operations.md and docs/configuration.md say what the server declares, and their examples work. `make update-docs` writes them."""
import json, os, re, shutil, subprocess, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import examples, reference
from lyre_server import CHEAP_LOGINS, LYRED, SOURCE, Server, built_modules, feature
from restarts import wait_for_start
from s3_server import S3Server
from url_server import UrlServer

DATA = {"cats.csv": "id,name\n3,Felix\n", "cats.json": '[{"id":4,"name":"Salem"}]'}


def document(name):
    return os.path.join(SOURCE, "docs", name)


def documented():
    """The modules that the documents describe."""
    text = ""
    for name in ("operations.md", "configuration.md"):
        with open(document(name), encoding="utf-8") as f:
            text += f.read()
    return set(re.findall(r"^(?:## Module |\| `modules\.)(\w+)", text, re.M))


def setUpModule():
    missing = documented() - built_modules()
    if missing or not feature("HAVE_REMOTE"):
        print("this build lacks %s" % (", ".join(sorted(missing)) or "requests to other hosts"))
        sys.exit(77)


def summaries():
    """{module: what it is}"""
    listed = subprocess.run([LYRED, "-c", "/dev/null", "--list-modules"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {name: summary for name, summary in re.findall(r"^(\S+) +\S+ +(.*) \([^(]*\)$", listed, re.M)}


def put(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


class Example(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = os.path.realpath(tempfile.mkdtemp(prefix="lyre-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        put(cls.folder + "/bin/npm", "#!/bin/sh\necho up to date in 1s\n", 0o755)
        for name, text in DATA.items():
            put(cls.folder + "/data/" + name, text)
        cls.urls, cls.store = UrlServer(), S3Server()
        cls.addClassCleanup(cls.urls.stop)
        cls.addClassCleanup(cls.store.stop)
        settings = CHEAP_LOGINS + ["modules.%s.remote.localAddresses=true" % m for m in ("import", "export")]
        cls.s = Server(settings=settings, config="logging:\n  level: warn\nnode:\n  hostname: db1\n", env={"PATH": cls.folder + "/bin:/usr/bin:/bin"})
        cls.addClassCleanup(cls.s.stop)
        put(cls.s.root + "/components/kennel/package.json", '{"name":"kennel","version":"1.0.0"}')
        cls.places = [(examples.ROOT, cls.s.root), ("/srv/data", cls.folder + "/data"), (examples.FILES, cls.urls.url), (examples.STORE, cls.store.url),
                      ("AKIAEXAMPLE", cls.store.access), ("a-secret-key", cls.store.secret)]

    def headers(self, example, known):
        sign_in = example.get("sign_in", self.s.authorization())
        return dict({"Content-Type": "application/json"}, **({"Authorization": examples.replaced(sign_in, known)} if sign_in else {}))

    def one(self, example, known):
        there = [(new, old) for old, new in self.places]
        request = examples.replaced(example["request"], self.places + known)
        status, headers, body = self.s.request(body=json.dumps(request).encode(), headers=self.headers(example, known))
        answer = examples.replaced(examples.text_of(headers, body), there)
        self.assertEqual(status, 200, answer)
        self.assertIsNone(examples.difference(example["answer"], answer, example))
        if "file" in example:
            with open(examples.replaced(example["file"], self.places), "wb") as f:
                f.write(body)
        if request["operation"] == "restart":
            wait_for_start(self.s, 2)
        if examples.job_of(answer):
            job = self.s.wait_for_job(answer["job_id"])
            self.assertEqual(job["status"], "COMPLETE", job)
        return examples.saved(example, answer)

    def test_examples(self):
        """In their order: each works only if those before have."""
        known = []
        for example in examples.read():
            with self.subTest(example["request"]["operation"]):
                known += self.one(example, known)

    def test_every_operation_has_one(self):
        declared = {d["operation"] for d in self.s.ok({"operation": "describe_operations"})}
        self.assertEqual({e["operation"] for e in examples.read() if "operation" in e}, declared)


class Documents(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        with Server() as s:
            cls.operations, cls.settings = (s.ok({"operation": "describe_" + what}) for what in ("operations", "settings"))

    def same(self, name, text):
        path = document(name)
        if os.environ.get("UPDATE_DOCS"):
            put(path, text)
        with open(path, encoding="utf-8") as f:
            self.assertEqual(f.read(), text, "docs/%s is out of date: run make update-docs" % name)

    def test_operations(self):
        self.same("operations.md", reference.operations(self.operations, summaries()))

    def test_configuration(self):
        self.same("configuration.md", reference.configuration(self.settings))


if __name__ == "__main__":
    unittest.main()
