# SPDX-License-Identifier: Apache-2.0
"""The Containerfile: its steps, run in a Debian of its own for each stage, make a server that works without privileges.

Needs root and the Debian mirror. ROOT: a tar archive of a minimal Debian, to save time.
"""
import glob, json, os, re, shlex, shutil, signal, subprocess, sys, tempfile, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from build_context import SOURCE, taken

FOLDER = os.path.join(SOURCE, "packaging", "container")
TOOLS = "mmdebstrap chroot setpriv".split()
sys.path.insert(0, os.path.join(SOURCE, "tests", "api"))
from commands import run

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def instructions(text):
    """(word, rest) of each line, where a line may go on after a backslash."""
    for line in re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.M)).splitlines():
        if line.strip():
            yield line.split(None, 1)


class Stage:
    def __init__(self, root, image, context):
        self.root, self.context, self.user, self.env, self.last = root, context, None, {"PATH": PATH}, {}
        if os.environ.get("ROOT"):
            os.mkdir(root)
            run("tar", "-C", root, "-xf", os.environ["ROOT"])
        else:
            run("mmdebstrap", "--quiet", "--variant=minbase", re.search(r"debian:(\w+)", image).group(1), root)
        shutil.copy("/etc/resolv.conf", os.path.join(root, "etc/resolv.conf"))
        run("mount", "-t", "proc", "proc", os.path.join(root, "proc"))

    def path(self, name):
        return os.path.join(self.root, name.lstrip("/"))

    def command(self, *words, env=None):
        user = ["setpriv", "--reuid", self.user, "--regid", self.user, "--clear-groups", "--no-new-privs", "--bounding-set=-all"] if self.user else []
        variables = ["%s=%s" % pair for pair in dict(self.env, **(env or {})).items()]
        return ["chroot", self.root, "env", "-i", *variables, *user, *words]

    def step(self, word, rest, stages):
        if word == "RUN":
            run(*self.command("sh", "-c", rest, env={"DEBIAN_FRONTEND": "noninteractive"}))
        elif word == "COPY":
            options, names = [w for w in rest.split() if w.startswith("--")], [w for w in rest.split() if not w.startswith("--")]
            origin = stages[options[0].partition("=")[2]].root if options else self.context
            self.copy([os.path.join(origin, name.lstrip("/")) for name in names[:-1]], names[-1])
        elif word == "ENV":
            self.env.update(pair.split("=", 1) for pair in shlex.split(rest))
        elif word == "USER":
            self.user = rest
        else:
            self.last[word] = rest

    def copy(self, names, target):
        os.makedirs(self.path(target), exist_ok=True)
        for name in names:
            if os.path.isdir(name):
                run("cp", "-a", name + "/.", self.path(target))
            else:
                shutil.copy(name, self.path(target))


def make_context(folder):
    """The sources that the builder is given."""
    def others(path, names):
        inner = os.path.relpath(path, SOURCE)
        return [n for n in names if not os.path.isdir(os.path.join(path, n)) and not taken(os.path.normpath(os.path.join(inner, n)))]

    shutil.copytree(SOURCE, folder, ignore=others)
    return folder


def build(folder, stages):
    current, context = None, make_context(os.path.join(folder, "context"))
    with open(os.path.join(FOLDER, "Containerfile")) as f:
        for word, rest in instructions(f.read()):
            if word == "FROM":
                image, _, name = rest.partition(" AS ")
                name = name or "image"
                current = stages[name] = Stage(os.path.join(folder, name), image, context)
            else:
                current.step(word, rest, stages)
    return current


class Container(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="lyre-container-")
        cls.addClassCleanup(folder.cleanup)
        stages = {}
        cls.addClassCleanup(lambda: [run("umount", stage.path("proc")) for stage in stages.values()])
        cls.image = build(folder.name, stages)

    def start(self, env):
        image = self.image
        server = subprocess.Popen(image.command(*json.loads(image.last["ENTRYPOINT"]), env=env), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        health = json.loads(image.last["HEALTHCHECK"].partition("CMD ")[2])
        end = time.monotonic() + 30
        while subprocess.run(image.command(*health), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
            if server.poll() is not None or time.monotonic() > end:
                server.kill()
                raise AssertionError("not healthy: " + server.stdout.read())
            time.sleep(0.1)
        return server

    def test_it_runs_with_its_volume_and_its_secret(self):
        image = self.image
        self.assertEqual(image.last["VOLUME"], "/var/lib/lyre")
        secret = image.path("/run/secrets/admin-password")
        os.makedirs(os.path.dirname(secret), exist_ok=True)
        with open(secret, "w") as f:
            f.write("Abc1234!\n")
        port = "19925"
        env = {"LYRE_ADMIN_USERNAME": "admin", "LYRE_ADMIN_PASSWORD_FILE": "/run/secrets/admin-password", "LYRE_OPERATIONSAPI_NETWORK_PORT": port}
        server = self.start(env)
        client = lambda *words: run(*image.command("lyre", "--json", *words))
        listed = run(*image.command("lyred", "--list-modules"))
        for module in glob.glob(image.path("/usr/lib/lyre/modules-1/*.so")):
            self.assertIn("\n" + os.path.basename(module)[:-3] + " ", "\n" + listed)
        client("create_table", "database=dev", "table=dog", "primary_key=id")
        client("set_configuration", "logging_level=info")
        self.assertTrue(os.path.exists(image.path("/var/lib/lyre/lyre.yaml")))
        self.assertIn('"admin"', run(*image.command("lyre", "--json", "--url", "http://127.0.0.1:" + port, "--user", "admin", "user_info", env={"LYRE_PASSWORD": "Abc1234!"})))
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(60), 0)
        server = self.start(env)
        self.assertIn("dog", client("describe_all"))
        self.assertFalse(os.path.exists(image.path("/var/lib/lyre/log")))
        self.assertFalse(os.path.exists(image.path("/var/lib/lyre/admin-password")))


if __name__ == "__main__":
    if os.geteuid() or [t for t in TOOLS if not shutil.which(t)]:
        print("needs root and %s" % " ".join(TOOLS))
        sys.exit(77)
    unittest.main()
