# SPDX-License-Identifier: Apache-2.0
"""Shared by the tests of TLS: a server whose certificates come from a test module (tests/module/tls_files.c), as they
would from a module that manages them."""
import http.client, os, re, ssl, sys

from lyre_server import BUILD, STATIC_ONLY, built_modules, feature

if not feature("HAVE_TLS") or STATIC_ONLY:
    print("no TLS, or no dynamic loading")
    sys.exit(77)
from https_server import NETWORK, HttpsServer, authority, others # noqa: F401, for the tests

MODULE = os.path.join(BUILD, "tests", "module", ".libs", "tls_files.so")
JSON = {"Content-Type": "application/json"}
DESCRIBE = b'{"operation":"describe_all"}'
NONE, WELCOME, REQUIRED = 0, 1, 2


def configuration(*lines):
    modules = [m for m in ("schema", "data", "system", "metrics", "users") if m in built_modules()]
    return "modules:\n%s  tls_files:\n    path: %s\n%s" % ("".join("  %s: {}\n" % m for m in modules), MODULE, "".join("    %s\n" % l for l in lines))


class SecureServer(HttpsServer):
    def __init__(self, settings=(), lines=(), **more):
        super().__init__(config=configuration(*lines), settings=[NETWORK + "securePort=0"] + list(settings), **more)

    def use(self, *certificates, **more):
        """certificates: (name, (chain, key), hosts); status and body"""
        return self.call({"operation": "tls_use", "certificates": [{"name": n, "chain": p[0], "key": p[1], "hosts": list(h)} for n, p, h in certificates]}, **more)

    def must_use(self, *certificates, **more):
        status, body = self.use(*certificates, **more)
        assert status == 200, body

    def dial(self, name=None, context=None, pair=None, timeout=30, **more):
        """A connection after its handshake."""
        return self.handshake(context or trusting(**more), name, pair, timeout)

    def shown(self, name=None, **more):
        """The common name of the certificate served for a name."""
        with self.dial(name, **more) as s:
            return common_name(s)

    def https(self, name="first.example", **more):
        c = http.client.HTTPConnection("127.0.0.1", self.secure_port, timeout=60)
        c.sock = self.dial(name, **more)
        return c

    def ask(self, body=DESCRIBE, headers=None, connection=None, admin=True, **more):
        """(status, headers, body) over TLS."""
        c = connection or self.https(**more)
        h = dict(JSON, **({"Authorization": self.authorization()} if admin else {}))
        h.update(headers or {})
        c.request("POST", "/", body, h)
        r = c.getresponse()
        result = r.status, r.headers, r.read()
        if not connection:
            c.close()
        return result


def resident_kib(s):
    with open("/proc/%d/status" % s.process.pid) as f:
        return int(re.search(r"^VmRSS:\s*(\d+)", f.read(), re.M).group(1))


def trusting(check=True, version=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.load_verify_locations(authority.path)
    if not check:
        c.verify_mode = ssl.CERT_NONE
    if version:
        c.minimum_version = c.maximum_version = version
    return c


def common_name(s):
    return next(value for part in s.getpeercert()["subject"] for key, value in part if key == "commonName")
