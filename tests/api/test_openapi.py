# SPDX-License-Identifier: Apache-2.0
"""GET /openapi.json: it describes every loaded operation as declared, and nothing else. With jsonschema, the schemas are valid too."""
import json, re, unittest
from lyre_server import CHEAP_LOGINS, PASSWORD, Server, built_modules, need_module

try:
    import jsonschema
except ImportError:
    jsonschema = None

REF = "#/components/schemas/"
SHARED = {"Request", "Condition", "Error"}
MODULES = built_modules()


def setUpModule():
    for name in ("openapi", "help"):
        need_module(name)


def modules(*names, access=None):
    lines = ["  %s: true\n" % n for n in names]
    return "modules:\n%s  openapi:\n    access: %s\n" % ("".join(lines), access or "user")


def document(s):
    status, headers, body = s.request("GET", "/openapi.json", headers={"Authorization": s.authorization()})
    assert (status, headers["content-type"]) == (200, "application/json"), (status, body)
    return json.loads(body)


def referred(value):
    """Every $ref in it."""
    if isinstance(value, dict):
        yield from (v for k, v in value.items() if k == "$ref")
        value = list(value.values())
    if isinstance(value, list):
        for v in value:
            yield from referred(v)


def words(schema):
    t = schema.get("type", ["string", "number", "boolean", "array", "object", "null"])
    return {"number" if w == "integer" else w for w in ([t] if isinstance(t, str) else t)}


class Document(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.s = s = Server(settings=CHEAP_LOGINS)
        cls.addClassCleanup(s.stop)
        cls.document = document(s)
        cls.schemas = cls.document["components"]["schemas"]
        cls.operations = s.ok({"operation": "describe_operations"})

    def schema(self, operation):
        return self.schemas[operation["operation"]]

    def test_every_operation_is_in_it(self):
        names = {o["operation"] for o in self.operations}
        self.assertGreater(len(names), 20)
        self.assertEqual(set(self.schemas), names | SHARED)
        request = self.schemas["Request"]
        self.assertEqual(sorted(r["$ref"] for r in request["oneOf"]), sorted(REF + n for n in names))
        self.assertEqual(request["discriminator"]["propertyName"], "operation")
        self.assertEqual(request["discriminator"]["mapping"],
                         {word: REF + o["operation"] for o in self.operations for word in [o["operation"], *o["aliases"]]})

    def test_each_as_declared(self):
        for o in self.operations:
            with self.subTest(o["operation"]):
                schema = self.schema(o)
                self.assertEqual(schema["properties"]["operation"]["enum"], [o["operation"], *o["aliases"]])
                self.assertEqual((schema["description"], schema["x-access"], schema["x-permissions"], schema["x-module"]),
                                 (o["help"], o["access"], o["permissions"], o["module"]))
                self.assertEqual(list(schema["properties"]), ["operation", *(p["name"] for p in o["parameters"])])
                self.assertEqual(schema["required"], ["operation", *(p["name"] for p in o["parameters"] if p["required"])])

    def test_each_parameter(self):
        for o in self.operations:
            for p in o["parameters"]:
                with self.subTest(operation=o["operation"], parameter=p["name"]):
                    schema = self.schema(o)["properties"][p["name"]]
                    self.assertEqual(schema.get("description", ""), p["help"])
                    if "$ref" in schema:
                        self.assertEqual((schema["$ref"], p["types"]), (REF + "Request", ["object"]))
                        continue
                    self.assertLessEqual(set(p["types"]), words(schema))
                    self.assertLessEqual(words(schema) - set(p["types"]), {"null"})
                    self.assertEqual(schema.get("default"), json.loads(p.get("default", "null")))
                    self.assertEqual((schema.get("minimum"), schema.get("maximum")), (p.get("min"), p.get("max")))

    def test_references(self):
        for ref in referred(self.document):
            self.assertIn(ref[len(REF):], self.schemas)
        self.assertIn(REF + "Condition", list(referred(self.schemas["search_by_conditions"])))

    def test_comparators(self):
        """Each is known to the server, which knows no others."""
        leaf = self.schemas["Condition"]["anyOf"][0]["properties"]["comparator"]
        search = {"operation": "search_by_conditions", "database": "dev", "table": "dog", "get_attributes": ["id"]}
        self.s.ok({"operation": "create_table", "database": "dev", "table": "dog", "primary_key": "id"})
        value = {"in": ["a"], "not_in": ["a"], "between": ["a", "b"]}
        for name in leaf["enum"]:
            status, body = self.s.call(search, conditions=[{"attribute": "id", "comparator": name, "value": value.get(name, "a")}])
            self.assertNotRegex(str(body), "comparator", name)
        help = next(p["help"] for o in self.operations if o["operation"] == "search_by_conditions" for p in o["parameters"] if p["name"] == "conditions")
        self.assertEqual([n for n in leaf["enum"] if "_" in n and n not in help], [])
        self.assertEqual(leaf["default"], leaf["enum"][0])
        self.assertEqual(len(leaf["enum"]), len(set(leaf["enum"])))

    def test_frame(self):
        d = self.document
        self.assertEqual((d["openapi"], list(d["paths"])), ("3.1.0", ["/"]))
        self.assertTrue(d["info"]["title"] and re.match(r"\d", d["info"]["version"]))
        post = d["paths"]["/"]["post"]
        self.assertEqual(post["requestBody"]["content"]["application/json"]["schema"], {"$ref": REF + "Request"})
        for status, answer in post["responses"].items():
            self.assertEqual(answer["content"]["application/json"]["schema"], {} if status == "200" else {"$ref": REF + "Error"})

    def test_ways_to_sign_in(self):
        schemes = self.document["components"]["securitySchemes"]
        known = ["basic", "bearer", "cookie"] if "users" in MODULES else ["basic"]
        self.assertEqual(list(schemes), known)
        self.assertEqual(self.document["paths"]["/"]["post"]["security"], [{k: []} for k in known] + [{}])
        if "users" in MODULES:
            status, headers, _ = self.s.request(body=json.dumps({"operation": "login", "username": self.s.admin[0], "password": self.s.admin[1]}),
                                                headers={"Content-Type": "application/json"})
            self.assertEqual(headers["set-cookie"].split("=")[0], schemes["cookie"]["name"])

    @unittest.skipUnless(jsonschema, "no jsonschema")
    def test_schemas(self):
        for name, schema in self.schemas.items():
            jsonschema.Draft202012Validator.check_schema(schema)
        whole = jsonschema.Draft202012Validator({"$ref": REF + "Request", "components": self.document["components"]})
        search = {"operation": "search_by_conditions", "database": "dev", "table": "dog", "get_attributes": ["*"],
                  "conditions": [{"operator": "or", "conditions": [{"attribute": "a", "comparator": "gt", "value": 1}, {"attribute": "b", "value": None}]}]}
        insert = {"operation": "insert", "database": "dev", "table": "dog", "records": [{"id": 1}]}
        for request in (search, insert):
            self.assertTrue(whole.is_valid(request), request)
        for request in ({}, {"operation": "inserts"}, {**search, "conditions": []}, {**insert, "records": [1]}, {**insert, "database": ""},
                        {**search, "conditions": [{"attribute": "a", "comparator": "is"}]}, {**search, "conditions": [{"operator": "xor", "conditions": [1]}]}):
            self.assertFalse(whole.is_valid(request), request)


class Access(unittest.TestCase):
    def get(self, s, **headers):
        return s.request("GET", "/openapi.json", headers=headers)[0]

    def test_who_may_read_it(self):
        named = [m for m in ("schema", "data", "users") if m in MODULES]
        for access, nobody, user in (("open", 200, 200), ("user", 401, 200), ("super_user", 401, 403)):
            with self.subTest(access), Server(config=modules(*named, access=access), settings=CHEAP_LOGINS) as s:
                self.assertEqual((self.get(s), self.get(s, Authorization=s.authorization())), (nobody, 200))
                if "users" in MODULES:
                    s.add_role("nobody", {"super_user": False})
                    s.add_user("nobody", "nobody")
                    self.assertEqual(self.get(s, Authorization=s.authorization("nobody", PASSWORD)), user)

    def test_only_loaded_operations(self):
        with Server(config=modules("schema", "help") + "    route: /api.json\n", settings=["authentication.enableSessions=false"]) as s:
            self.assertEqual(self.get(s, Authorization=s.authorization()), 404)
            d = json.loads(s.request("GET", "/api.json", headers={"Authorization": s.authorization()})[2])
            names = {o["operation"] for o in s.ok({"operation": "describe_operations"})}
            self.assertEqual(set(d["components"]["schemas"]), names | SHARED)
            self.assertNotIn("insert", names)
            self.assertEqual(list(d["components"]["securitySchemes"]), ["basic"])


if __name__ == "__main__":
    unittest.main()
