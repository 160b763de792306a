# SPDX-License-Identifier: Apache-2.0
"""lyre/json-c.h: values of a call to json-c and back, and answers from what json-c has parsed."""
import json, os, sys, unittest

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(TOP, "tests", "api"))
from lyre_server import BUILD, Server

MODULE = os.path.join(BUILD, "tests", "module", ".libs", "json_c.so")
DEPTH_MAX = 512


def setUpModule():
    if not os.path.exists(MODULE):
        print("built without json-c, or without dynamic loading")
        sys.exit(77)


def nested(depth, innermost="1"):
    return "[" * depth + innermost + "]" * depth


class JsonC(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server(config="modules:\n  json_c:\n    path: %s\n" % MODULE)
        cls.addClassCleanup(cls.s.stop)

    def ask(self, operation, **more):
        """(status, the answer's text)"""
        body = json.dumps(dict(more, operation=operation)).encode()
        status, _, text = self.s.request("POST", "/", body, {"Content-Type": "application/json"})
        return status, text.decode()

    def value(self, operation, text):
        """The value as it is printed."""
        body = '{"operation":"%s","value":%s}' % (operation, text)
        status, _, answer = self.s.request("POST", "/", body.encode(), {"Content-Type": "application/json"})
        return status, answer.decode()

    def refused(self, got, status, sentence):
        self.assertEqual((got[0], json.loads(got[1])["error"]), (status, sentence))

    def test_round_trip(self):
        for text in ("null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
                     "18446744073709551615", "0.1", "-1.5e-300", "1.7976931348623157e+308", "5e-324", '""', '"\u00e9\U0001f436"',
                     r'"a\u0000b"', r'"\u0000"', "[]", "{}", "[null,[],{}]", '{"":1}',
                     '{"b":[1,{"c":null}],"a":"x","d":18446744073709551615}', '{"a\u00e9/\\"\\\\":"/"}', nested(100)):
            self.assertEqual(self.value("json_c_echo", text), (200, text))

    def test_many_members(self):
        text = "{%s}" % ",".join('"n%d":[%d,"%d"]' % (i, i, i) for i in range(5000))
        self.assertEqual(self.value("json_c_echo", text), (200, text))

    def test_as_json_c_has_it(self):
        for text, has in (("18446744073709551615", "18446744073709551615"),
                          ("18446744073709551616", '"18446744073709551616"'),
                          ("-9223372036854775809", '"-9223372036854775809"'),
                          ("[123456789012345678901234567890]", '["123456789012345678901234567890"]'),
                          ("1.0", "1"), ("1.5", "1.5"), ("0.1", "0.1"), ("1e-300", "1e-300"), ("0.30000000000000004", "0.30000000000000004"), (r'"\u0000"', r'"\u0000"'),
                          ('{"a":1,"b":null,"a":2}', '{"a":2,"b":null}')):
            status, answer = self.value("json_c_written", text)
            self.assertEqual((status, json.loads(answer)["message"]), (200, has))

    def test_names_with_nul(self):
        self.refused(self.value("json_c_echo", r'[{"x":{"a\u0000b":[1,2]}}]'), 400,
                     "the name that begins with 'a' contains a NUL byte, which json-c does not support")

    def read(self, text):
        return self.ask("json_c_read", bytes=list(text if isinstance(text, bytes) else text.encode()))

    def test_what_json_c_reads(self):
        for text, answer in (("NaN", "null"), ("[Infinity,-Infinity]", "[null,null]"), ("1e400", "null"), ("'a'", '"a"'),
                             ("18446744073709551615", "18446744073709551615"), ("-9223372036854775808", "-9223372036854775808"),
                             ("18446744073709551616", "18446744073709551615"), # the most that json-c can hold of it
                             ('{"a":1,"b":{"c":[true,null]},"a":3}', '{"a":3,"b":{"c":[true,null]}}'),
                             (r'"a\u0000b"', r'"a\u0000b"'), ("0.1", "0.1"), ("-0.0", "0"), ("null", "null")):
            self.assertEqual(self.read(text), (200, answer), text)

    def test_not_utf8(self):
        """json-c accepts anything shaped like UTF-8, or any bytes."""
        for text in (b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xff"', b'["a",{"b\xf5":1}]', b'{"\xf4\x90\x80\x80":1}'):
            self.refused(self.read(text), 400, "a string from json-c is not valid UTF-8")

    def test_depth(self):
        too_deep = "arrays and objects are nested deeper than %d levels" % DEPTH_MAX
        self.assertEqual(self.read(nested(DEPTH_MAX)), (200, nested(DEPTH_MAX)))
        self.refused(self.read(nested(DEPTH_MAX + 1)), 400, too_deep)
        self.refused(self.read('{"a":' * 600 + "1" + "}" * 600), 400, too_deep)
        self.assertEqual(self.ask("json_c_deep", depth=DEPTH_MAX)[0], 200)
        self.refused(self.ask("json_c_deep", depth=DEPTH_MAX + 1), 400, too_deep)


if __name__ == "__main__":
    unittest.main()
