# SPDX-License-Identifier: Apache-2.0
"""docs/operations.md and docs/configuration.md, from what a server declares and from operation_examples.json."""
import json, re

import examples

GENERATED = "<!-- Made from the declarations in the sources: `make update-docs` writes this file, so do not edit it. -->\n"

OPERATIONS = """# Operations

{generated}
Every operation of this version, by module. [quick-start.md](quick-start.md) shows how to send them; `lyre help` lists those of a running server,
`lyre help OPERATION` describes one, `describe_operations` answers with all of this as JSON, and [/openapi.json](openapi.md) is for generators of clients.

A request is `POST /` with a JSON object that names the operation. The answer has status 200, or an error `{{"error": "…"}}` with a status that tells
whose fault it is: 400 and 404 the request's, 401 and 403 the caller's rights, 409 a conflict with something else that is going on, 413 and 429 too
much at once, 503 and 507 the server's memory and disk. [formats.md](formats.md) has other formats than JSON, and
[troubleshooting.md](troubleshooting.md) explains messages.

- **Who**: *Anyone signed in* includes users without permissions. Where permissions on the table are named, a role needs all of them
  ([users-and-roles.md](users-and-roles.md)). *Structure users* may change definitions. Super users may do everything.
- **Runs**: *at once* on the connection's thread; *on a worker*, as it may take a while; *as a long query*, on threads of low priority; *as a job*: the
  answer has a `job_id`, and `get_job` the result.
- **Parameters**: others are ignored. `schema`, `hash_attribute` and `hash_values` are other names of `database`, `primary_key` and `ids`. A *name* has 1 to
  250 printable ASCII characters without `/` and `` ` ``.
- **Examples**: a test sends them to a real server. Long texts in them are cut at `…`.
"""

CONFIGURATION = """# Configuration

{generated}
Every setting of this version. [running.md](running.md#configuration) says where they are read from and how to change them. In the file, the parts of a
name are sections of YAML ([lyre.yaml](../etc/lyre.yaml) is a file with all of them); on the command line it is
`--set logging.level=info`, in the environment `LYRE_LOGGING_LEVEL=info`, in `set_configuration` `"logging_level": "info"`. `lyred --check` reports mistakes,
and `lyre help set_configuration` shows this list for a running server. Drop-ins, the files `lyre.yaml.d/*.yaml`, override the file.

A duration is a number with `ms`, `s`, `m`, `h` or `d`, or one of milliseconds; a size is a number of bytes, or one with `K`, `M`, `G` or `T`. A path that does not
begin with `/` starts in `rootPath`. The last column says when a change takes effect:

- *at once*: by `set_configuration`, or by SIGHUP after the file was edited;
- *listeners*: by `lyre restart_service service=http_workers`, or a restart;
- *restart*: by `lyre restart`, which refuses no connection.
"""

SECTIONS = {
    "": "General",
    "operationsApi": "The operations API: where it listens, and what requests may use. `operationsApi.network` has the listeners, `operationsApi.tls` certificates of "
                     "its own ([certificates.md](certificates.md)).",
    "authentication": "How long passwords, sessions and tokens are good for, and what a wrong password costs ([users-and-roles.md](users-and-roles.md)).",
    "storage": "Databases: where they are, how large they may be, how they are written. [running.md](running.md#disk-space) explains the reserve.",
    "logging": "The log, its files, and the audit log of tables.",
    "jobs": "Operations that run after their answer.",
    "clustering": "This version has no clustering.",
    "tls": "Certificates of all listeners with TLS ([certificates.md](certificates.md)).",
    "node": "The name of this server.",
    "modules": "Each module is loaded if it is named under `modules`, or if the file has no such section; `modules.NAME: false` leaves one out. Settings of a module:",
}

WHO = {
    "open": "anyone, without signing in",
    "super_user": "super users",
    "structure_user": "super users, and structure users of the database",
    "structure_user_all": "super users, and structure users of all databases",
}
RUNS = {"inline": "at once", "worker": "on a worker", "job": "as a job", "long": "as a long query"}
RULES = {"name": "a name", "not empty": "not empty", "objects": "of objects", "strings or numbers": "of strings or numbers", "whole number": "whole",
         "request": "a request", "file": "can be sent as the body"}
ANY = {"string", "number", "boolean", "array", "object", "null"}
WIDTH, LONG, SHORT = 116, 90, 70


def cut(value):
    """With long texts shortened, those of several lines to the first."""
    if isinstance(value, dict):
        return {k: cut(v) for k, v in value.items()}
    if isinstance(value, list):
        return [cut(v) for v in value]
    if not isinstance(value, str) or len(value) <= LONG:
        return value
    first, more, _ = value.partition("\n")
    return first[:SHORT] + more + "…"


def lines(value, before="", after=""):
    """JSON on one line if it fits, or else with each member on lines of its own."""
    one = before + json.dumps(value, ensure_ascii=False) + after
    if len(one) <= WIDTH or not isinstance(value, (dict, list)) or not value:
        return [one]
    items = [(json.dumps(k) + ": ", v) for k, v in value.items()] if isinstance(value, dict) else [("", v) for v in value]
    signs = "{}" if isinstance(value, dict) else "[]"
    inner = [line for i, (k, v) in enumerate(items) for line in lines(v, k, "," if i + 1 < len(items) else "")]
    return [before + signs[0]] + ["  " + line for line in inner] + [signs[1] + after]


def block(value):
    text = [value] if isinstance(value, str) else lines(cut(value))
    return "".join("    %s\n" % line for line in text)


def cell(text):
    return text.replace("|", "\\|")


def sentence(text):
    text = text[0].upper() + text[1:]
    return text if text.endswith(".") else text + "."


def kinds(p):
    if set(p["types"]) == ANY:
        types = "any"
    else:
        types = " or ".join(p["types"])
    rules = [RULES[r] for r in p["rules"] if not (r == "not empty" and "name" in p["rules"])]
    if "max" in p:
        # The largest numbers that JSON's readers agree on are no limits that anybody looks for.
        rules.append("at least %d" % p["min"] if p["max"] >= 2 ** 53 - 1 else "%d to %d" % (p["min"], p["max"]))
    return ", ".join([types] + rules)


def parameters(declared):
    if not declared:
        return ""
    rows = []
    for p in declared:
        default = "required" if p["required"] else "`%s`" % p["default"] if "default" in p else ""
        rows.append("| `%s` | %s | %s | %s |\n" % (p["name"], kinds(p), default, cell(p["help"])))
    return "| parameter | type | default | |\n|---|---|---|---|\n" + "".join(rows) + "\n"


def who(d):
    granted = " and ".join("`%s`" % p for p in d["permissions"])
    names, rules = {p["name"] for p in d["parameters"]}, {r for p in d["parameters"] for r in p["rules"]}
    if d["access"] == "user" and not granted:
        return ("roles that may make the request in `search_operation`" if "request" in rules else
                "roles with the permissions on the table that `action` needs" if "action" in names else
                "roles with the permissions on the tables that the statement needs" if "sql" in names else "anyone signed in")
    if d["access"] == "user":
        return "roles with any permission on it" if d["permissions"] == ["describe"] else "roles with %s on the table" % granted
    return WHO[d["access"]] + (", and roles with %s on the table" % granted if granted and d["access"] == "structure_user" else "")


def example(e):
    sign_in = {"": "", None: " (without signing in)"}.get(e["sign_in"], " (with the header `Authorization: %s`)" % cut(e["sign_in"] or ""))
    note = e["note"] + "\n\n" if "note" in e else ""
    if isinstance(e["answer"], str):
        return "Request%s:\n\n%s\n%s" % (sign_in, block(e["request"]), note)
    short = " (part of it)" if e.get("shortened") else ""
    return "Request%s:\n\n%s\nAnswer%s:\n\n%s\n%s" % (sign_in, block(e["request"]), short, block(e["answer"]), note)


def operation(d, shown):
    facts = ["**Who:** %s." % who(d), "**Runs:** %s." % RUNS[d["runs"]]]
    if d["aliases"]:
        facts.append("**Also called:** %s." % ", ".join("`%s`" % a for a in d["aliases"]))
    return "### %s\n\n%s\n\n%s\n\n%s%s" % (d["operation"], sentence(d["help"]), " ".join(facts), parameters(d["parameters"]),
                                         "".join(example(e) for e in shown if e.get("operation") == d["operation"]))


def operations(declared, modules):
    """modules: {name: summary}"""
    shown, text = examples.as_shown(), [OPERATIONS.format(generated=GENERATED)]
    for name in sorted({d["module"] for d in declared}):
        own = [d for d in declared if d["module"] == name]
        text.append("\n## Module %s\n\n%s.\n\n" % (name, modules[name]))
        text.append(", ".join("[%s](#%s)" % (d["operation"], d["operation"]) for d in own) + "\n\n")
        text += [operation(d, shown) for d in own]
    return re.sub("\n{3,}", "\n\n", "".join(text)).rstrip("\n") + "\n"


def setting(d):
    effect = {"restart_service": "listeners"}.get(d["effect"], d["effect"])
    if d["setting"] == "rootPath":
        d = dict(d, default="/var/lib/lyre") # of packages; configure decides
    value = re.sub(r" such as .+? or \w+", "", d["value"])
    default = "`null`" if d["default"] is None else "`%s`" % d["default"] if d["default"] else "empty"
    return "| `%s` | %s | %s | %s | %s |\n" % (d["setting"], cell(value), cell(default), cell(sentence(d["help"])), effect)


def section_of(name):
    first = name.partition(".")[0]
    return first if first in SECTIONS else ""


def configuration(declared):
    text, inert = [CONFIGURATION.format(generated=GENERATED)], [d["setting"] for d in declared if d["effect"] == "none"]
    for section, introduction in SECTIONS.items():
        own = [d for d in declared if d["effect"] != "none" and section_of(d["setting"]) == section]
        if section == "modules": # in the order of their names, not of their start
            own.sort(key=lambda d: d["setting"].split(".")[1])
        if own:
            heading = introduction if not section else section
            text.append("\n## %s\n\n%s| setting | value | default | | change |\n|---|---|---|---|---|\n" % (heading, introduction + "\n\n" if section else ""))
            text += [setting(d) for d in own]
    text.append("\n## Without effect\n\nThese settings of HarperDB are accepted and do nothing in this version: "
                + ", ".join("`%s`" % name for name in inert) + ".\n")
    return "".join(text)
