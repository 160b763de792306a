# SPDX-License-Identifier: Apache-2.0
"""modules/remote, by tests/unit/remote_tool: what is fetched from URLs, what is stored in S3, and what is left after failures.

S3RVER names the executable of the npm package s3rver, to see that uploads agree with another implementation; it does not check
the signatures of Version 4, which S3Server does."""
import os, shutil, signal, subprocess, sys, tempfile, threading, unittest, urllib.parse

from certificates import Authority
from local_server import LocalServer
from lyre_server import BUILD, HAS_PROC, feature, until
from s3_server import S3Server
from url_server import TEXT, UrlServer

TOOL = os.path.join(BUILD, "tests", "unit", "remote_tool")
SANITIZED = bool(os.environ.get("CK_FORK")) # they need far more memory
INVALID, REFUSED, UNREACHABLE, TIMEOUT, TOO_LARGE, STATUS, CANCELLED, CALLER = range(-1, -9, -1)
PART = 8 << 20


def setUpModule():
    if not feature("HAVE_REMOTE"):
        print("this build has no remote")
        sys.exit(77)


class Result:
    def __init__(self, line, body):
        code, status, count, growth, self.reason, self.text = line.rstrip("\n").split("\t")
        self.code, self.status, self.bytes, self.growth, self.body = int(code), int(status), int(count), int(growth), body


def tool(command, input=None, env=None, **options):
    """Runs it to its end; input: bytes, or None. body of the result: what was received."""
    with tempfile.TemporaryDirectory(prefix="lyre-remote-") as folder:
        out = os.path.join(folder, "out")
        words = ["%s=%s" % (n, v) for n, v in dict({"local": 1, "out": out}, **options).items() if v is not None]
        r = subprocess.run([TOOL, command] + words, input=input or b"", stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=240,
                           env=dict(os.environ, **(env or {})))
        if r.returncode:
            raise AssertionError("remote_tool ended with %s: %s %s" % (r.returncode, r.stdout, r.stderr.decode()))
        with open(out, "rb") as f:
            return Result(r.stdout.decode(), f.read())


def pattern(size):
    return (bytes(range(256)) * (size // 256 + 1))[:size]


class Case(unittest.TestCase):
    def failed(self, result, code, text):
        self.assertEqual((result.code, result.text), (code, text))


class Urls(Case):
    @classmethod
    def setUpClass(cls):
        cls.s = UrlServer()
        cls.addClassCleanup(cls.s.stop)
        cls.host = "127.0.0.1:%d" % cls.s.number

    def get(self, path, **options):
        return tool("get", url=self.s.url + path, **options)

    def to(self, url, status=302):
        return "/to/%d/%s" % (status, urllib.parse.quote(url, safe=""))

    def test_body_is_taken(self):
        r = self.get("/text")
        self.assertEqual((r.code, r.body), (0, TEXT))

    def test_nothing_of_the_environment_or_of_users_is_sent(self):
        home = tempfile.mkdtemp(prefix="lyre-home-")
        self.addCleanup(shutil.rmtree, home)
        with open(os.path.join(home, ".netrc"), "w") as f:
            f.write("machine 127.0.0.1 login admin password hush\n")
        nowhere = "http://127.0.0.1:1"
        r = self.get("/text?env", env={"HOME": home, "http_proxy": nowhere, "HTTP_PROXY": nowhere, "all_proxy": nowhere, "ALL_PROXY": nowhere})
        self.assertEqual(r.body, TEXT)
        headers = [h for path, h in self.s.log if path == "/text?env"][0]
        self.assertEqual(set(headers), {"Host", "User-Agent", "Accept"})

    def test_other_statuses_are_failures_with_status_and_reason(self):
        for path, status, reason in (("/status/404", 404, "Not Found"), ("/status/500", 500, "Internal Server Error"), ("/status/418/I%27m%20a%20teapot", 418, "I'm a teapot"),
                                     ("/status/404/%20", 404, "Not Found"), ("/status/204", 204, "No Content"), ("/part", 206, "Partial Content"),
                                     ("/status/302", 302, "Found")):
            with self.subTest(path):
                r = self.get(path, redirects=3)
                self.assertEqual((r.code, r.status, r.reason, r.body), (STATUS, status, reason, b""))
                self.assertEqual(r.text, "%s answered with status %d %s" % (self.host, status, reason))

    def test_a_port_on_which_nobody_listens(self):
        self.failed(tool("get", url="http://127.0.0.1:1/x.csv"), UNREACHABLE, "connect ECONNREFUSED 127.0.0.1:1")

    def test_a_host_that_does_not_exist(self):
        self.failed(tool("get", url="http://nowhere.invalid/"), UNREACHABLE, "getaddrinfo ENOTFOUND nowhere.invalid")

    def test_local_addresses_in_every_form_are_refused(self):
        n = self.s.number
        for host in ("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0", "0.0.0.0", "localhost", "[::1]", "[::]",
                     "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "169.254.169.254", "[fe80::1]", "224.0.0.1"):
            with self.subTest(host):
                r = tool("get", url="http://%s:%d/refused" % (host, n), local=0, connect=5)
                self.assertEqual(r.code, REFUSED, r.text)
                self.assertIn("is not allowed", r.text)
        self.assertFalse([path for path, _ in self.s.log if path == "/refused"])

    def test_redirects_are_followed_as_often_as_allowed(self):
        for status in (301, 302, 303, 307, 308):
            with self.subTest(status):
                self.assertEqual(self.get(self.to("/text", status), redirects=1).body, TEXT)
        self.assertEqual(self.get(self.to(self.to("/text")), redirects=2).body, TEXT)
        r = self.get(self.to(self.to("/text")), redirects=1)
        self.assertEqual((r.code, r.status), (STATUS, 302))
        r = self.get("/loop", redirects=5)
        self.assertEqual((r.code, r.status), (STATUS, 302))
        self.assertEqual(len([path for path, _ in self.s.log if path == "/loop"]), 6)

    def test_the_target_of_a_redirect_is_checked_too(self):
        for url, code in (("file:///etc/passwd", REFUSED), ("ftp://127.0.0.1/", REFUSED), ("http://user:hush@127.0.0.1/", REFUSED), ("gopher://127.0.0.1:1/_x", REFUSED),
                          ("http://127.0.0.1:1/", UNREACHABLE), ("http://" + "a" * 9000, INVALID)):
            with self.subTest(url[:40]):
                r = self.get(self.to(url), redirects=5)
                self.assertEqual(r.code, code, r.text)
                self.assertNotIn("hush", r.text)

    def test_sizes_are_limited_with_a_length_and_without(self):
        self.assertEqual(self.get("/large/1000", bytes_max=1000).code, 0)
        r = self.get("/large/1001", bytes_max=1000)
        self.assertEqual(r.code, TOO_LARGE)
        self.assertEqual(r.body, b"")
        r = self.get("/endless", bytes_max=1000000)
        self.failed(r, TOO_LARGE, "%s sends more than the 1000000 bytes that are allowed" % self.host)
        self.assertLessEqual(len(r.body), 1000000)

    def test_times_are_limited(self):
        self.failed(self.get("/silent", stall=1), TIMEOUT, "%s: almost nothing got through for 1 seconds" % self.host)
        self.failed(self.get("/slow", stall=1), TIMEOUT, "%s: almost nothing got through for 1 seconds" % self.host)
        self.failed(self.get("/slow", total=1), TIMEOUT, "%s: the request took longer than 1 seconds" % self.host)
        self.failed(self.get(self.to("/silent"), total=1, redirects=1), TIMEOUT, "%s: the request took longer than 1 seconds" % self.host)

    def test_can_be_cancelled_while_nothing_happens(self):
        for path in ("/silent", "/slow", "/endless"):
            with self.subTest(path):
                self.failed(self.get(path, cancel_ms=200), CANCELLED, "cancelled")

    def test_bodies_that_break_off_are_failures(self):
        r = self.get("/short")
        self.failed(r, UNREACHABLE, "%s: the connection broke off" % self.host)

    def test_what_is_not_http_is_a_failure(self):
        self.failed(self.get("/garbage"), UNREACHABLE, "%s does not answer in HTTP" % self.host)

    def test_a_failure_of_the_caller_is_passed_on(self):
        self.failed(self.get("/large/1000000", fail_after=1000), CALLER, "")


class Certificates(Case):
    @classmethod
    def setUpClass(cls):
        cls.ca = Authority("Test CA")
        cls.addClassCleanup(cls.ca.__exit__)

    def serve(self, **more):
        server = UrlServer(pair=self.ca.files(self.ca.issue("server", **more)))
        self.addCleanup(server.stop)
        return server

    def test_an_authority_of_the_caller_is_trusted(self):
        s = self.serve(hosts=["IP:127.0.0.1"])
        self.assertEqual(tool("get", url=s.url + "/text", ca=self.ca.path).body, TEXT)

    def test_other_certificates_are_refused(self):
        other = Authority("Other CA")
        self.addCleanup(other.__exit__)
        good = {"hosts": ["IP:127.0.0.1"]}
        for name, s, ca in (("of nobody", self.serve(**good), None), ("of another authority", self.serve(**good), other.path),
                            ("of another host", self.serve(hosts=["other.example"]), self.ca.path),
                            ("expired", self.serve(start="20200101000000Z", days="20210101000000Z", **good), self.ca.path)):
            with self.subTest(name):
                r = tool("get", url=s.url + "/text", ca=ca)
                self.failed(r, UNREACHABLE, "127.0.0.1:%d: its certificate is not valid, or of an authority that is not trusted" % s.number)
                self.assertEqual(s.log, [])

    def test_a_redirect_does_not_leave_tls(self):
        plain = UrlServer()
        self.addCleanup(plain.stop)
        s = self.serve(hosts=["IP:127.0.0.1"])
        r = tool("get", url="%s/to/302/%s" % (s.url, urllib.parse.quote(plain.url + "/text", safe="")), ca=self.ca.path, redirects=3)
        self.failed(r, REFUSED, "127.0.0.1:%d redirects from https to http, which is not allowed" % s.number)
        self.assertEqual(plain.log, [])


class S3(Case):
    def serve(self, **more):
        server = S3Server(**more)
        self.addCleanup(server.stop)
        return server

    def run_tool(self, s, command, key="a.json", bucket="dogs", **options):
        given = {"access": s.access, "secret": s.secret, "token": s.token, "bucket": bucket, "key": key, "region": s.buckets.get(bucket, "eu-west-1"),
                 "endpoint": s.url, "retry_ms": 1}
        r = tool(command, **dict(given, **options))
        for secret in (s.secret, s.token or s.secret):
            self.assertNotIn(secret, r.text)
        return r

    def upload(self, s, body, **options):
        return self.run_tool(s, "upload", input=body, **options)

    def download(self, s, **options):
        return self.run_tool(s, "download", **options)

    def leaves_nothing(self, s, key="a.json"):
        self.assertEqual((s.uploads, s.objects.get(("dogs", key))), ({}, None))

    def done(self, s, result, body, key="a.json"):
        self.assertEqual((result.code, result.text, result.bytes), (0, "", len(body)))
        self.assertTrue(s.objects["dogs", key] == body, "another object")
        self.assertEqual(s.uploads, {})


class Uploads(S3):
    def test_objects_of_every_size_arrive(self):
        s = self.serve()
        for size in (0, 1, 100000, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 12345):
            with self.subTest(size):
                s.log.clear()
                body = pattern(size)
                self.done(s, self.upload(s, body, chunk=100003), body)
                self.assertEqual(s.types["dogs", "a.json"], "application/json")
                self.assertEqual(len(s.log), 1 if size <= PART else 2 + -(-size // PART))

    def test_keys_are_signed_and_sent_as_they_are(self):
        s = self.serve()
        for key in ("a b+c%d.json", "ä/€/🐶", "/a//b/", "x?y#z&a=b", "!*'();:@$,[]~", "k" * 1024):
            with self.subTest(key[:20]):
                self.done(s, self.upload(s, b"[]", key=key), b"[]", key)
                self.assertEqual(self.download(s, key=key).body, b"[]")
        self.done(s, self.upload(s, pattern(PART + 1), key="ä b+"), pattern(PART + 1), "ä b+")

    def test_the_bucket_may_be_part_of_the_host(self):
        s = self.serve()
        self.done(s, self.upload(s, b"[]", endpoint="http://localhost:%d" % s.number, style=2), b"[]")

    def test_session_tokens_are_signed(self):
        s = self.serve(token="hush//token+=")
        self.done(s, self.upload(s, b"[]"), b"[]")
        r = self.upload(s, b"[]", token="other")
        self.assertEqual((r.code, r.status), (STATUS, 400))

    def test_by_tls(self):
        with Authority("Test CA") as ca:
            s = self.serve(pair=ca.files(ca.issue("s3", hosts=["IP:127.0.0.1"])))
            body = pattern(PART + 1)
            self.done(s, self.upload(s, body, ca=ca.path), body)
            self.assertEqual(self.upload(s, b"[]", key="b").code, UNREACHABLE)

    def test_refusals_are_not_repeated_and_quote_the_store(self):
        s = self.serve()
        for name, options, status, text in (
                ("wrong secret", {"secret": "other"}, 403, "SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided"),
                ("wrong key", {"access": "OTHER"}, 403, "InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records"),
                ("wrong bucket", {"bucket": "cats"}, 404, "NoSuchBucket: The specified bucket does not exist"),
                ("wrong region", {"region": "us-east-1"}, 301, "the bucket is in region eu-west-1, not us-east-1")):
            for size, what in ((2, "uploading the object"), (PART + 1, "beginning the upload")):
                with self.subTest(name, what=what):
                    s.log.clear()
                    r = self.upload(s, pattern(size), **options)
                    self.assertEqual((r.code, r.status, r.text), (STATUS, status, "%s: %s" % (what, text)))
                    self.assertEqual(len(s.log), 1)
                    self.leaves_nothing(s)

    def test_a_token_that_the_store_repeats_is_not_shown(self):
        s = self.serve(token="hush-hush")
        s.fault("echo")
        r = self.upload(s, b"[]")
        self.assertEqual((r.code, r.status, r.reason, r.text), (STATUS, 403, "Forbidden", "uploading the object: 127.0.0.1:%d answered with status 403" % s.number))

    def test_local_endpoints_are_refused_unless_allowed(self):
        s = self.serve()
        r = self.upload(s, b"[]", local=0)
        self.assertEqual(r.code, REFUSED)
        self.assertIn("is not allowed", r.text)
        self.assertEqual(s.log, [])

    def test_redirects_are_not_followed(self):
        s = self.serve()
        s.fault("redirect")
        r = self.upload(s, b"[]")
        self.assertEqual((r.code, r.status), (STATUS, 307))
        self.assertEqual([path for _, path, _ in s.log], ["/dogs/a.json"])

    def test_passing_failures_are_overcome(self):
        body = pattern(3 * PART + 5)
        for name, fault in (("503 ten times, first request", {"kind": "503", "times": 10}), ("503 ten times, a part", {"kind": "503", "method": "PUT", "after": 1, "times": 10}),
                            ("500", {"kind": "500", "times": 3}), ("429", {"kind": "429", "times": 3}), ("reset in a part", {"kind": "reset", "method": "PUT", "after": 1, "times": 3}),
                            ("answer to a part lost", {"kind": "lost", "method": "PUT", "times": 3}), ("503 when completing", {"kind": "503", "query": "uploadId", "method": "POST", "times": 10}),
                            ("error in a 200", {"kind": "late error", "query": "uploadId", "method": "POST", "times": 3}),
                            ("empty 200", {"kind": "empty", "query": "uploadId", "method": "POST", "times": 3}),
                            ("answer to completing lost", {"kind": "lost", "query": "uploadId", "method": "POST", "times": 1})):
            with self.subTest(name):
                s = self.serve()
                s.fault(**fault)
                self.done(s, self.upload(s, body), body)
                self.assertEqual(s.faults[0].times, 0)

    def test_small_objects_too(self):
        for kind in ("503", "500", "reset", "lost"):
            with self.subTest(kind):
                s = self.serve()
                s.fault(kind, times=10)
                self.done(s, self.upload(s, b"[1]"), b"[1]")

    def test_lasting_failures_leave_nothing(self):
        body = pattern(2 * PART + 5)
        many = 1000
        for name, fault, code in (("503", {"kind": "503", "method": "PUT", "times": many}, STATUS), ("denied", {"kind": "denied", "method": "PUT", "after": 1}, STATUS),
                                  ("resets", {"kind": "reset", "method": "PUT", "times": many}, UNREACHABLE), ("bare 403", {"kind": "bare", "method": "PUT", "times": many}, STATUS),
                                  ("error in a 200", {"kind": "late error", "query": "uploadId", "method": "POST", "times": many}, STATUS),
                                  ("denied at the end", {"kind": "denied", "query": "uploadId", "method": "POST"}, STATUS),
                                  ("silence", {"kind": "silent", "method": "PUT", "times": many}, TIMEOUT)):
            with self.subTest(name):
                s = self.serve()
                s.fault(**fault)
                r = self.upload(s, body, attempts=3, stall=1)
                self.assertEqual(r.code, code, r.text)
                self.assertNotIn("may be left", r.text)
                self.leaves_nothing(s)
                self.assertEqual(s.log[-1][0::2], ("DELETE", 204))

    def test_the_abort_is_repeated_too(self):
        s = self.serve()
        s.fault("denied", method="PUT")
        s.fault("503", method="DELETE", times=5)
        s.fault("lost", method="DELETE", times=1, after=0)
        r = self.upload(s, pattern(PART + 1))
        self.assertEqual((r.code, r.text), (STATUS, "uploading a part: AccessDenied: Access Denied"))
        self.leaves_nothing(s)

    def test_what_may_be_left_is_reported(self):
        s = self.serve()
        s.fault("denied", method="PUT")
        s.fault("denied", method="DELETE")
        r = self.upload(s, pattern(PART + 1))
        self.failed(r, STATUS, "uploading a part: AccessDenied: Access Denied; parts of it may be left in the bucket")
        self.assertEqual((len(s.uploads), s.objects), (1, {}))

    def test_a_server_that_dies_is_given_up(self):
        s = self.serve()
        s.fault("gone", method="PUT", after=1)
        r = self.upload(s, pattern(3 * PART), attempts=3)
        self.assertEqual(r.code, UNREACHABLE)
        self.assertIn("uploading a part: ", r.text)
        self.assertIn("; parts of it may be left in the bucket", r.text)

    def test_a_server_that_comes_back_gets_the_rest(self):
        s = self.serve()
        s.fault("gone", method="PUT", after=1)
        body = pattern(3 * PART)
        results = []
        thread = threading.Thread(target=lambda: results.append(self.upload(s, body, retry_ms=100)))
        thread.start()
        until(lambda: not s.thread.is_alive() and s.socket.fileno() < 0, "the server did not die")
        again = self.serve(port=s.number)
        with again.lock:
            again.uploads.update(s.uploads)
        thread.join()
        self.done(again, results[0], body)

    def test_cancelling_aborts(self):
        s = self.serve()
        s.fault("silent", method="PUT", after=1)
        r = self.upload(s, pattern(3 * PART), cancel_ms=1500)
        self.failed(r, CANCELLED, "cancelled")
        self.leaves_nothing(s)

    def test_cancelling_ends_the_wait_between_attempts(self):
        s = self.serve()
        s.fault("503", method="PUT", times=1000)
        self.failed(self.upload(s, pattern(PART + 1), cancel_ms=1500, retry_ms=16000), CANCELLED, "cancelled")
        self.leaves_nothing(s)

    def test_aborting_leaves_nothing(self):
        s = self.serve()
        s.put("dogs", "a.json", b"before")
        self.assertEqual(self.upload(s, pattern(3 * PART), abort_after=2 * PART + 1).code, 0)
        self.assertEqual((s.uploads, s.objects["dogs", "a.json"]), ({}, b"before"))
        self.assertIn("POST", [method for method, _, _ in s.log])
        self.assertEqual(self.upload(s, b"[]", abort_after=1).code, 0)
        self.assertEqual(s.objects["dogs", "a.json"], b"before")

    def test_memory_does_not_grow_with_the_object(self):
        s = self.serve()
        r = self.upload(s, None, bytes=10 * PART)
        self.assertEqual((r.code, r.bytes), (0, 10 * PART))
        if HAS_PROC and not SANITIZED:
            self.assertGreater(r.growth, 8 << 10, "KiB: less than the part that it must hold")
            self.assertLess(r.growth, 10 << 10, "KiB")


class Downloads(S3):
    def test_objects_arrive(self):
        s = self.serve()
        for size in (0, 1, 3 * PART + 7):
            with self.subTest(size):
                s.put("dogs", "a.json", pattern(size))
                r = self.download(s)
                self.assertEqual((r.code, r.text, len(r.body)), (0, "", size))
                self.assertTrue(r.body == pattern(size))

    def test_broken_downloads_are_taken_up_where_they_broke(self):
        body = pattern(5000000)
        for ranges in (True, False):
            with self.subTest(ranges=ranges):
                s = self.serve(ranges=ranges)
                s.put("dogs", "a.json", body)
                s.fault("503", method="GET", times=10)
                s.fault("cut", method="GET", times=5, size=900000)
                r = self.download(s)
                self.assertEqual((r.code, r.text), (0, "")) if ranges else self.assertEqual(r.code, 0)
                self.assertTrue(r.body == body)

    def test_an_object_that_changed_is_not_mixed(self):
        s = self.serve()
        s.put("dogs", "a.json", pattern(1000000))
        s.fault("cut", method="GET", size=500000)
        thread = threading.Thread(target=lambda: (until(lambda: s.log, "no request"), s.put("dogs", "a.json", b"new")))
        thread.start()
        r = self.download(s, retry_ms=1000)
        thread.join()
        self.assertEqual((r.code, r.status, r.text), (STATUS, 412, "downloading the object: the object changed meanwhile"))

    def test_one_that_always_breaks_is_given_up(self):
        s = self.serve()
        s.put("dogs", "a.json", pattern(1000))
        s.fault("reset", method="GET", times=1000)
        r = self.download(s, attempts=4)
        self.assertEqual(r.code, UNREACHABLE)
        self.assertEqual(len(s.log), 4)

    def test_refusals_are_reported(self):
        s = self.serve()
        self.failed(self.download(s), STATUS, "downloading the object: NoSuchKey: The specified key does not exist")
        self.assertEqual(self.download(s, secret="x").status, 403)

    def test_sizes_are_limited(self):
        s = self.serve()
        s.put("dogs", "a.json", pattern(1000))
        self.assertEqual(self.download(s, bytes_max=1000).code, 0)
        r = self.download(s, bytes_max=999)
        self.failed(r, TOO_LARGE, "downloading the object: the object has more than the 999 bytes that are allowed")
        self.assertEqual(r.body, b"")

    def test_can_be_cancelled(self):
        s = self.serve()
        s.put("dogs", "a.json", b"x")
        s.fault("silent", method="GET")
        self.failed(self.download(s, cancel_ms=300), CANCELLED, "cancelled")

    def test_a_failure_of_the_caller_is_passed_on(self):
        s = self.serve()
        s.put("dogs", "a.json", pattern(1000000))
        self.failed(self.download(s, fail_after=1000), CALLER, "")
        self.assertEqual(len(s.log), 1)


@unittest.skipUnless(os.environ.get("S3RVER"), "S3RVER names no s3rver")
class Another(S3):
    """The same with s3rver."""

    def test_round_trip(self):
        folder = tempfile.mkdtemp(prefix="lyre-s3rver-")
        self.addCleanup(shutil.rmtree, folder)
        with LocalServer(None) as free:
            port = free.number
        process = subprocess.Popen([os.environ["S3RVER"], "-d", folder, "-a", "127.0.0.1", "-p", str(port), "--configure-bucket", "dogs"],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(lambda: (process.send_signal(signal.SIGTERM), process.wait(), process.stdout.close()))
        given = {"access": "S3RVER", "secret": "S3RVER", "bucket": "dogs", "region": "us-east-1", "endpoint": "http://127.0.0.1:%d" % port}
        until(lambda: tool("download", key="x", attempts=1, **given).status == 404, "s3rver does not answer")
        for size in (0, 100000, 3 * PART + 5):
            with self.subTest(size):
                body = pattern(size)
                r = tool("upload", input=body, key="ä b+c/d.json", **given)
                self.assertEqual((r.code, r.text, r.bytes), (0, "", size))
                self.assertTrue(tool("download", key="ä b+c/d.json", **given).body == body)


if __name__ == "__main__":
    unittest.main()
