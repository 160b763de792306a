# SPDX-License-Identifier: Apache-2.0
"""Shared by the tests of the module certs: a server with certificates, and its keys."""
import contextlib, http.client, json, os, shutil, ssl, stat, subprocess, tempfile, unittest

from certificates import openssl
from lyre_server import LYRED, need_module, until

need_module("certs")
from https_server import NETWORK, HttpsServer, authority, others # noqa: F401, for the tests

LIST = {"operation": "list_certificates"}
OWN_KEY = "privateKey.pem"
PAST, FUTURE = "20200101000000Z", "20990101000000Z"


def read(path):
    with open(path) as f:
        return f.read()


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


class CertServer(HttpsServer):
    """With a TLS listener, unless secure is False."""

    def __init__(self, settings=(), secure=True, **more):
        self.secure = secure
        super().__init__(settings=["node.hostname=node1"] * (not any(s.startswith("node.") for s in settings)) + list(settings)
                         + [NETWORK + "securePort=0"] * secure, **more)

    def keys(self, *name):
        return os.path.join(self.root, "keys", *name)

    def key_files(self):
        return {name: (read(self.keys(name)), stat.S_IMODE(os.stat(self.keys(name)).st_mode)) for name in os.listdir(self.keys())}

    def list(self):
        return {c["name"]: c for c in self.ok(LIST)}

    def add(self, name, pair, is_authority=False, **more):
        """pair: (chain, key or None); status and body"""
        body = {"operation": "add_certificate", "name": name, "certificate": pair[0], "is_authority": is_authority}
        if pair[1] is not None:
            body["private_key"] = pair[1]
        return self.call(dict(body, **more))

    def must_add(self, name, pair, **more):
        status, body = self.add(name, pair, **more)
        assert (status, body.get("message")) == (200, "Successfully added certificate: " + name), (status, body)
        return body

    def remove_certificate(self, name):
        return self.call({"operation": "remove_certificate", "name": name})

    def dial(self, name=None, pair=None, trust=None):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        c.check_hostname = False
        if trust:
            c.load_verify_locations(trust)
            c.check_hostname = name is not None
        else:
            c.verify_mode = ssl.CERT_NONE
        return self.handshake(c, name, pair)

    def serial(self, name=None, **more):
        """The serial number of the certificate served for a name."""
        with self.dial(name, **more) as s:
            return serial_of(ssl.DER_cert_to_PEM_cert(s.getpeercert(True)))

    def ask(self, operation, pair=None, headers=None):
        """Over TLS, without a password: (status, decoded body)."""
        c = http.client.HTTPConnection("127.0.0.1", self.secure_port, timeout=60)
        c.sock = self.dial("node1", pair)
        with contextlib.closing(c):
            c.request("POST", "/", json.dumps(operation), dict({"Content-Type": "application/json"}, **(headers or {})))
            r = c.getresponse()
            return r.status, json.loads(r.read())


def serial_of(pem):
    return openssl("x509", "-noout", "-serial", text=pem).strip().split("=")[1]


def checked(root, *settings):
    """What --check says is wrong."""
    command = [LYRED, "--check", "-r", root, "--set", NETWORK + "securePort=0", "--set", NETWORK + "port=0"]
    done = subprocess.run(command + [x for s in settings for x in ("--set", s)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    return done.stdout if done.returncode else ""


def own_root(test):
    root = tempfile.mkdtemp(prefix="lyre-test-")
    test.addCleanup(shutil.rmtree, root, True)
    return root


class Case(unittest.TestCase):
    maxDiff = None

    def server(self, *settings, **more):
        s = CertServer(settings=settings, **more)
        self.addCleanup(s.stop)
        return s

    def refused(self, *settings, **more):
        """The message of a server that does not start."""
        with self.assertRaises(RuntimeError) as refusal:
            CertServer(settings=settings, **more).stop()
        return str(refusal.exception)

    def served(self, s, name, pair, why=None):
        """Waits until the certificate is served for a name."""
        until(lambda: s.serial(name) == serial_of(pair[0]), lambda: why or "it is not served: %s" % s.said()[-2000:])
