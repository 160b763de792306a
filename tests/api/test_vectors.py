# SPDX-License-Identifier: Apache-2.0
"""Replays recorded requests of the operations API and compares status, media type, body and the files that were written.

A case either agrees, or differences.json names it with the reason. Any other difference fails, and so does a named case that
agrees. Each file starts with a fresh server. Cases of operations that no module of this build has are counted separately.

usage: test_vectors.py [--only REGEX] [--verbose] [FILE.json ...]
"""
import argparse, base64, glob, http.client, json, os, re, shutil, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import formats
from lyre_server import LYRED, SOURCE, Server, built_modules, feature, system_file, until

HERE = os.path.join(SOURCE, "tests", "api")
# Operations of modules that do not exist yet: components, analytics and clustering.
LATER = {"get_components", "get_component_file", "set_component_file", "add_component", "drop_component", "deploy_component",
         "package_component", "custom_functions_status", "describe_metric", "list_metrics", "get_analytics", "catchup"}
# Operations that only a build that reaches other hosts has.
REMOTE = {"csv_url_load", "export_to_s3", "import_from_s3"}
# Seconds to wait before a case: until a record or a token has expired. What else the recording waited for is done here on request, or is
# requested until it is done.
WAITED = {"tbl_expiration_2s_scan_later": 2, "tok_use_expired": 1.5}
# Formats that this build does not have, by a part of their media types.
LEFT_OUT = [word for word in ("cbor", "csv", "msgpack", "yaml") if not feature("LYRE_FORMAT_" + word.upper())]
AREAS = ["01_protocol", "02_databases_tables", "03_data_writes", "04_search", "05_jobs_export_load", "06_system",
         "07_users_roles_tokens", "08_permissions", "09_sql", "11_restart", "12_more_checks", "20_dev_mode_extras"]


def substitute(x, values):
    if isinstance(x, str):
        whole = re.fullmatch(r"\$\{(\w+)\}", x)
        if whole and whole.group(1) in values:
            return values[whole.group(1)]
        return re.sub(r"\$\{(\w+)\}", lambda m: str(values.get(m.group(1), m.group(0))), x)
    if isinstance(x, list):
        return [substitute(i, values) for i in x]
    if isinstance(x, dict):
        return {substitute(k, values): substitute(v, values) for k, v in x.items()}
    return x


def fill(template, i):
    if template == "$i":
        return i
    if isinstance(template, str):
        return template.replace("$i", str(i))
    if isinstance(template, dict):
        return {k: fill(v, i) for k, v in template.items()}
    if isinstance(template, list):
        return [fill(v, i) for v in template]
    return template


def generate(x):
    """Expands {"$rows": [from, to, template]}, {"$repeat": [text, n]} and {"$nest": n}."""
    if isinstance(x, dict):
        if "$rows" in x:
            first, last, template = x["$rows"]
            return [fill(template, i) for i in range(first, last + 1)]
        if "$repeat" in x:
            return x["$repeat"][0] * x["$repeat"][1]
        if "$nest" in x:
            nest = []
            for _ in range(x["$nest"]):
                nest = [nest]
            return nest
        return {k: generate(v) for k, v in x.items()}
    return [generate(v) for v in x] if isinstance(x, list) else x


def authorization(auth, values):
    if auth in (None, "none"):
        return None
    if auth == "admin":
        auth = {"basic": Server.admin}
    auth = substitute(auth, values)
    if "basic" in auth:
        return "Basic " + base64.b64encode(":".join(auth["basic"]).encode()).decode()
    return "Bearer " + auth["bearer"] if "bearer" in auth else auth["raw"]


def differences(want, got, path, volatile, found):
    if any(v.match(path) for v in volatile):
        return
    if isinstance(want, dict) and isinstance(got, dict):
        for k in list(want) + [k for k in got if k not in want]:
            p = path + ("." + k if re.fullmatch(r"[A-Za-z_]\w*", k) else "[%s]" % json.dumps(k, ensure_ascii=False))
            if k in want and k in got:
                differences(want[k], got[k], p, volatile, found)
            elif not any(v.match(p) for v in volatile):
                found.append("%s %s" % (p, "missing" if k in want else "extra"))
    elif isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            found.append("%s has %d items, wanted %d" % (path, len(got), len(want)))
        for i, (w, g) in enumerate(zip(want, got)):
            differences(w, g, "%s[%d]" % (path, i), volatile, found)
    elif want != got or isinstance(want, bool) != isinstance(got, bool):
        found.append("%s is %s, wanted %s" % (path, json.dumps(got, ensure_ascii=False)[:120], json.dumps(want, ensure_ascii=False)[:120]))


def media_type(header):
    return (header or "").split(";")[0].strip().lower()


def payload(request, values):
    if "body_base64" in request:
        return base64.b64decode(request["body_base64"])
    if "body_raw" in request:
        return str(substitute(request["body_raw"], values)).encode()
    for key, make in (("body", lambda b: b), ("body_gen", generate)):
        if key in request:
            return json.dumps(make(substitute(request[key], values)), ensure_ascii=False).encode()
    return None


def send(server, case, values):
    """(status, content type, decoded body or None, bytes)"""
    q = case["request"]
    headers = {k: substitute(v, values) for k, v in q.get("headers", {}).items()}
    if "content_type" in q:
        headers["Content-Type"] = q["content_type"]
    a = authorization(q["auth"], values)
    if a is not None:
        headers["Authorization"] = a
    time.sleep(WAITED.get(case["name"], 0))
    status, got, body = server.request(q["method"], q["path"], payload(q, values), headers)
    try:
        decoded = json.loads(body)
    except ValueError:
        decoded = None
    return status, got.get("content-type"), decoded, body


def decoded(kind, data):
    """The value of an answer; or a text that says why there is none."""
    try:
        return formats.value_of(kind, data)
    except ValueError as e:
        return "not %s: %s" % (kind, e)


def answer_of(server, case, values):
    """As send(); None if the case must be repeated until a job has ended, and the job has not."""
    answer = send(server, case, values)
    body = answer[2]
    goes_on = isinstance(body, list) and body and body[0].get("status") not in ("COMPLETE", "ERROR")
    return None if "poll" in case and goes_on else answer


def check(server, case, values):
    """The list of differences of one case."""
    want = case["response"]
    try:
        status, content_type, body, data = until(lambda: answer_of(server, case, values), "the job does not end")
    except (OSError, http.client.HTTPException) as e:
        return ["%s: %s" % (type(e).__name__, e)]
    for name, path in case.get("save", {}).items():
        if isinstance(body, dict) and path in body:
            values[name] = body[path]
    found, text = [], data.decode("utf-8", "replace")
    if status != want["status"]:
        found.append("status %s, wanted %s: %s" % (status, want["status"], text[:150]))
    if media_type(content_type) != media_type(want.get("content_type")):
        found.append("content type %s, wanted %s" % (content_type, want.get("content_type")))
    volatile = [re.compile(re.escape(p).replace(r"\[\*\]", r"\[\d+\]") + r"(?![A-Za-z0-9_])") for p in case.get("volatile", [])]
    kind = media_type(content_type)
    if "body_base64" in want and kind == media_type(want.get("content_type")) and kind in formats.READERS:
        # the same value: it may have a length before it or an end marker after it
        differences(decoded(kind, base64.b64decode(want["body_base64"])), decoded(kind, data), "$.response.body", volatile, found)
    elif kind == "text/yaml" and "body_text" in want and formats.has_yaml():
        differences(decoded(kind, want["body_text"].encode()), decoded(kind, data), "$.response.body", volatile, found)
    elif "body" in want:
        differences(substitute(want["body"], values), body, "$.response.body", volatile, found)
    elif "body_text" in want and not any(v.match("$.response.body_text") for v in volatile) and text != want["body_text"]:
        found.append("text %r, wanted %r" % (text[:120], want["body_text"][:120]))
    differences_of_files(case.get("files", {}), volatile, values, found)
    return found


def make_files(files, values):
    """What the recorded server found on its disk."""
    for path, made in substitute(files, values).items():
        if isinstance(made, dict):
            os.makedirs(path)
            continue
        with open(path, "w", newline="", encoding="utf-8") as f:
            f.write(made)


def differences_of_files(files, volatile, values, found):
    """Files that an operation has made, or not. In those that are volatile times may differ, and in JSON the order of members."""
    for path, want in files.items():
        loose = any(v.match("$.files[%s]" % json.dumps(path, ensure_ascii=False)) for v in volatile)
        path = substitute(path, values)
        try:
            with open(path, newline="", encoding="utf-8") as f:
                got = f.read()
        except FileNotFoundError:
            got = {"missing": "No such file or directory"}
        if loose and isinstance(got, str):
            want, got = (re.sub(r"\b\d{13}(\.\d+)?\b", "0", text) for text in (want, got))
            if path.endswith(".json"):
                want, got = json.loads(want), json.loads(got)
        if want != got:
            found.append("%s is %r, wanted %r" % (path, got, want))


def left_out():
    """Operations of the modules that this build does not have, as their sources declare them."""
    found = set()
    for module in set(os.listdir(os.path.join(SOURCE, "modules"))) - built_modules():
        for path in glob.glob(os.path.join(SOURCE, "modules", module, "*.c")):
            with open(path) as f:
                text = f.read()
            found.update(re.findall(r'\.name = "(\w+)",\s*\.handler', text), *map(str.split, re.findall(r'\.aliases = "([^"]*)"', text)))
    return found


def later(case, missing):
    """Whether a case needs an operation or a user of a module that this build does not have, or a format that it lacks."""
    q = case["request"]
    body = q.get("body", q.get("body_gen"))
    operation = body.get("operation") if isinstance(body, dict) else None
    if isinstance(operation, str) and operation in missing:
        return True
    auth = q.get("auth") or ""
    if "add_user" in missing and ("bearer" in auth or "basic" in auth and case["response"]["status"] != 401):
        return True
    if q["path"].startswith("/api/openapi"):
        return True
    asked = q.get("headers", {}).get("Accept", "") + q.get("content_type", "")
    return any(word in asked for word in LEFT_OUT) or (not formats.has_yaml() and "yaml" in asked)


def target(case):
    """(database, table) that a case names."""
    body = case["request"].get("body")
    return (body.get("database", body.get("schema")), body["table"]) if isinstance(body, dict) and isinstance(body.get("table"), str) else None


def unset(case, missing):
    """Whether a case needs what a skipped case would have saved, such as the id of a job, or would have written."""
    body = case["request"].get("body")
    operation = str(body.get("operation")) if isinstance(body, dict) else ""
    sql = str(body.get("sql")) if operation == "sql" else ""
    return (any("${%s}" % name in json.dumps(case["request"]) for name in missing if isinstance(name, str)) or
            (operation.startswith("search_by") and target(case) in missing) or
            any(sql.endswith("%s.%s" % name) for name in missing if isinstance(name, tuple)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--verbose", action="store_true", help="show the deliberate differences too")
    parser.add_argument("files", nargs="*", default=[os.path.join(HERE, "vectors", a + ".json") for a in AREAS])
    options = parser.parse_args()
    with open(os.path.join(HERE, "differences.json")) as f:
        meant = json.load(f)
    listed = subprocess.run([LYRED, "--list-operations"], stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
    operations = {line.split()[0] for line in listed.splitlines() if line.strip()}
    not_here = (LATER | REMOTE) - operations | left_out()
    total, failed, names = dict(cases=0, agree=0, meant=0, later=0), 0, set()
    for path in options.files:
        with open(path) as f:
            cases = [c for c in json.load(f) if "status" in c["response"] and not {"unix_socket", "raw_http"} & set(c["request"])]
        work, values, missing = tempfile.mkdtemp(prefix="lyre-vectors-"), {}, set()
        values["WORK"] = work
        counts = dict(cases=0, agree=0, meant=0, later=0)
        # the recorded server had no delays after wrong passwords
        config = "" if system_file() else None  # a file that set_configuration can change
        with Server(settings=["authentication.failures.delay=0"], config=config) as server:
            for case in cases:
                name, waits = case["name"], later(case, not_here) or unset(case, missing)
                make_files(case.get("setup_files", {}), values)
                saved = set(case.get("save", {}))
                written = {target(case)} - {None} if case["response"]["status"] == 200 else set()
                missing = missing | saved | written if waits else missing - saved
                found = check(server, case, values)
                names.add(name)
                if not re.search(options.only, name):
                    continue
                counts["cases"] += 1
                if waits:
                    counts["later"] += 1
                elif not found:
                    counts["agree"] += 1
                    if name in meant:
                        failed += 1
                        print("%s agrees, yet stands in differences.json" % name)
                elif name in meant:
                    counts["meant"] += 1
                    if options.verbose:
                        print("%s | %s | %s" % (name, meant[name], "; ".join(found[:3])))
                else:
                    failed += 1
                    print("%s | %s" % (name, "; ".join(found[:3])))
        shutil.rmtree(work)
        for k in counts:
            total[k] += counts[k]
        print("%-22s %4d cases, %4d agree, %3d differ on purpose, %3d for later" % (
            os.path.basename(path), counts["cases"], counts["agree"], counts["meant"], counts["later"]), flush=True)
    print("%-22s %4d cases, %4d agree, %3d differ on purpose, %3d for later" % ("all", total["cases"], total["agree"], total["meant"], total["later"]))
    if len(options.files) == len(AREAS):
        for name in sorted(set(meant) - names):
            failed += 1
            print("%s stands in differences.json, but no such case is recorded" % name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
