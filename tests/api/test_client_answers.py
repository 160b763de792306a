# SPDX-License-Identifier: Apache-2.0
"""lyre shows any server's answers, including those that ours never sends: from a socket that answers as a test requires."""
import json, os, resource, socketserver, subprocess, sys, tempfile, threading, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import LYRE

SANITIZED = bool(os.environ.get("CK_FORK"))  # they need far more memory

# The declaration of the one operation that is called.
DECLARATION = [{"operation": "ask", "parameters": [{"name": "list", "types": ["array"]}, {"name": "object", "types": ["object"]}]
                + [{"name": name, "types": ["any"]} for name in ("n", "o", "x", 'a"\\')]}]


class Answerer(socketserver.StreamRequestHandler):
    def handle(self):
        length = 0
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.server.requests.append(self.rfile.read(length))
        status, body = self.server.answer
        if b'"describe_operations"' in self.server.requests[-1]:
            status, body = 200, json.dumps(DECLARATION).encode()
        self.wfile.write(b"HTTP/1.1 %d Said\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(body)))
        try:
            self.wfile.write(body)
        except BrokenPipeError:  # it has read enough
            pass


@unittest.skipUnless(os.path.exists(LYRE), "the client is not built")
class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="lyre-answers-")
        cls.server = socketserver.UnixStreamServer(os.path.join(cls.folder.name, "socket"), Answerer)
        cls.server.requests = []
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()
        cls.folder.cleanup()

    def start(self, body, *words, status=200, **more):
        self.server.answer = status, body if isinstance(body, bytes) else body.encode()
        return subprocess.Popen([LYRE, "--socket", self.server.server_address, *(words or ["ask"])], stdin=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, **more)

    def lyre(self, body, *words, **more):
        p = self.start(body, *words, stdout=subprocess.PIPE, **more)
        out, err = p.communicate(timeout=60)
        return p.returncode, out.decode(), err.decode()

    def shown(self, body, expected):
        self.assertEqual(self.lyre(body), (0, expected, ""), body[:200])

    def test_numbers_are_shown_as_sent(self):
        numbers = ["0", "-1", "9223372036854775807", "-9223372036854775808", "18446744073709551615", "18446744073709551616",
                   "-9223372036854775809", "123456789012345678901234567890", "1.0", "1e3", "0.10000000000000000001", "1E+400", "100e-00"]
        width = max(map(len, numbers))
        self.shown("[%s]" % ",".join('{"n":%s}' % n for n in numbers),
                   "\n".join(["n".rjust(width), "-" * width] + [n.rjust(width) for n in numbers]) + "\n")
        for n in numbers:
            self.shown(n, n + "\n")
            self.shown('{"a":{"b":[[%s]]}}' % n, '{\n  "a": {\n    "b": [\n      [%s]\n    ]\n  }\n}\n' % n)
            self.assertEqual(self.lyre('{"error":[%s]}' % n, status=400), (1, "", "lyre: [%s]\n  %s\n" % (n, n)))

    def test_shapes(self):
        self.shown("[]", "[]\n")
        self.shown(" [ {} ] ", "[\n  {}\n]\n")
        self.shown('[{"a":1},null]', '[\n  {"a":1},\n  null\n]\n')
        self.shown('[{"a":1},{"b":[1, {}],"a":null}]', '   a  b\n----  ------\n   1\nnull  [1,{}]\n')
        self.shown("[1, 2,\n\"x/y\"]", '[1, 2, "x/y"]\n')
        self.shown("[%s]" % ",".join(["12345678"] * 24), "[%s,\n  %s,\n  %s]\n" % tuple(", ".join(["12345678"] * n) for n in (11, 10, 3)))
        self.shown('{"message":"all\\nis well"}', "all\\nis well\n")
        self.shown('{"message":"x","z":1,"a":[],"z":2}', '{\n  "message": "x",\n  "z": 2,\n  "a": []\n}\n')
        self.shown("\ufeff null", "null\n")

    def test_nul_characters(self):
        """In strings, and in names, which may differ after them."""
        self.shown('[{"a\\u0000b":"x\\u0000y","a\\u0000c":"\\\\u0000"}]', "a\\u0000b  a\\u0000c\n--------  --------\nx\\u0000y  \\u0000\n")
        self.shown('{"a\\u0000b":{"\\u0000":"\\u0000"}}', '{\n  "a\\u0000b": {"\\u0000":"\\u0000"}\n}\n')
        self.assertEqual(self.lyre('{"error":"a\\u0000b"}', status=400), (1, "", "lyre: a\\u0000b\n"))

    def test_invalid_json_is_refused(self):
        """Before any of it is printed."""
        for body in ("[1", "[1,]", "[1}", "[1]]", "{'a':1}", "[01]", "[NaN]", '["\t"]', '["\\ud800"]', b'["\xff"]', b'["\xc0\x80"]', "[1]/**/",
                     '[{"a":1},{"a":1]', '[{"a":1},{"a" 1}]', '[{"a":1}] x', "[" * 513 + "]" * 513, "[" * 100000):
            status, out, err = self.lyre(body)
            self.assertEqual((status, out), (1, ""), body[:100])
            self.assertTrue(err.startswith("lyre: the server's answer is not JSON: "), err)
        self.assertIn("nested deeper than 512 levels", err)
        self.shown("[" * 512 + "]" * 512, "".join("  " * i + "[\n" for i in range(511)) + "  " * 511 + "[]\n" +
                   "".join("  " * i + "]\n" for i in reversed(range(511))))

    def test_json_is_passed_on_as_it_comes(self):
        for body in ('{"a" : 1e3, "a\\u0000": 123456789012345678901234567890}', "[1", "\ufeff[01]"):
            self.assertEqual(self.lyre(body, "--json", "ask"), (0, body, ""))

    def test_arguments_are_sent_as_they_stand(self):
        def sent(word):
            self.assertEqual(self.lyre("{}", "ask", word)[0], 0)
            return self.server.requests[-1].decode()
        self.assertEqual(sent("n:=123456789012345678901234567890"), '{"operation":"ask","n":123456789012345678901234567890}')
        self.assertEqual(sent("n=-1.50"), '{"operation":"ask","n":-1.50}')
        self.assertEqual(sent('o:=\ufeff {"b":1e3,"a\\u0000":[2 ]}'), '{"operation":"ask","o":{"b":1e3,"a\\u0000":[2 ]}}')
        self.assertEqual(sent('a"\\=b"\\\n'), '{"operation":"ask","a\\"\\\\":"b\\"\\\\\\u000a"}')
        for word, items in (("", ""), ("a,b", '"a","b"'), ("1,", '1,""'), (",", '"",""'), ("1.50, 2,02,null", '1.50,2,"02","null"'), ("[1 ,2]", "1 ,2"),
                           ('{"a":1}', '{"a":1}')):
            self.assertEqual(sent("list=" + word), '{"operation":"ask","list":[%s]}' % items)
        for word, why in (("object={1}", "object is not JSON: quoted object property name expected at byte 2"), ("x:=01", "x is not JSON: malformed number at byte 1"), ("x:=[1,NaN]", "x is not JSON: unexpected character at byte 4"),
                          ("x:=", "x: the value is missing"), ("x:=1 2", "x is not JSON: unexpected character at byte 3")):
            self.assertEqual(self.lyre("{}", "ask", word), (2, "", "lyre: %s\n" % why))

    @unittest.skipIf(SANITIZED, "sanitizers take far more memory")
    def test_rows_are_not_kept(self):
        """Of many rows only the text is kept: a growing buffer may take twice its size."""
        body = b"[%s]" % b",".join(b'{"id":%d,"a":[1,2,3,4,5,6,7,8,9],"b":true,"c":null}' % i for i in range(200000))
        limit = 3 * len(body) + (8 << 20)
        with open(os.path.join(self.folder.name, "out"), "w+b") as out:
            p = self.start(body, stdout=out, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)))
            self.assertEqual((p.communicate(timeout=60)[1], p.returncode), (b"", 0))
            out.seek(0)
            self.assertEqual(sum(1 for _ in out), 200002)


if __name__ == "__main__":
    unittest.main()
