# SPDX-License-Identifier: Apache-2.0
"""The examples of docs/operations.md: operation_examples.json, sent in this order to a server without data.

Members of an example:
    request    as in the document; "${name}" is a value saved from an earlier answer
    answer     as in the document
    operation  what it is an example of; without it, it only prepares the next ones
    varies     names of members whose value differs each time: only its type is compared; "job_id" and times always do
    shortened  the server's answer has more members and items
    save       {name: member of the answer, or of a cookie's header}
    sign_in    how: null for not at all, or the value of the header Authorization
    note       a sentence for the document
A job is waited for, and must end well.
"""
import json, os, re

from lyre_server import SOURCE

PATH = os.path.join(SOURCE, "tests", "api", "operation_examples.json")
VARIES = {"job_id", "__createdtime__", "__updatedtime__"}
# Of the server on which everything has its usual place.
ROOT, FILES, STORE = "/var/lib/lyre", "https://files.example.com", "https://s3.example.com"


def read():
    with open(PATH, encoding="utf-8") as f:
        return json.load(f)


def replaced(value, pairs):
    """With texts in all strings replaced."""
    if isinstance(value, dict):
        return {k: replaced(v, pairs) for k, v in value.items()}
    if isinstance(value, list):
        return [replaced(v, pairs) for v in value]
    if isinstance(value, str):
        for old, new in pairs:
            value = value.replace(old, new)
    return value


def saved(example, answer):
    """[(placeholder, value)]"""
    return [("${%s}" % name, answer[member]) for name, member in example.get("save", {}).items()]


def as_shown():
    """The examples with what the document shows for their placeholders."""
    known, shown = [], []
    for example in read():
        example = dict(example, request=replaced(example["request"], known), sign_in=replaced(example.get("sign_in", ""), known))
        known += saved(example, example["answer"])
        shown.append(example)
    return shown


def difference(shown, real, example, path="answer", varies=False):
    """Where the server's answer is not as the example says; None: nowhere."""
    short = example.get("shortened", False)
    if isinstance(shown, bool) or isinstance(real, bool) or not isinstance(shown, (int, float)) or not isinstance(real, (int, float)):
        if type(shown) is not type(real):
            return "%s is %s" % (path, json.dumps(real))
    if isinstance(shown, dict):
        missing, more = set(shown) - set(real), set() if short else set(real) - set(shown)
        if missing or more:
            return "%s: only here %s, only there %s" % (path, sorted(missing), sorted(more))
        names = VARIES | set(example.get("varies", []))
        found = (difference(v, real[k], example, "%s.%s" % (path, k), varies or k in names) for k, v in shown.items())
        return next(filter(None, found), None)
    if isinstance(shown, list) and short:
        lacking = [v for v in shown if all(difference(v, r, example, path, varies) for r in real)]
        return "%s lacks %s" % (path, json.dumps(lacking[0])) if lacking else None
    if isinstance(shown, list):
        if len(real) < len(shown) or (len(real) > len(shown) and not varies):
            return "%s has %d items" % (path, len(real))
        return next(filter(None, (difference(a, b, example, "%s[%d]" % (path, i), varies) for i, (a, b) in enumerate(zip(shown, real)))), None)
    return None if varies or shown == real else "%s is %s" % (path, json.dumps(real))


def job_of(answer):
    """The id of the job that an answer names, or None."""
    return answer.get("job_id") if isinstance(answer, dict) else None


def text_of(headers, body):
    """An answer that is a value, or a word for one that is a file."""
    if headers.get("Content-Type", "").startswith("application/json"):
        return json.loads(body)
    return "(a file, %s)" % headers.get("Content-Type")


def cookie_of(headers):
    return re.sub(";.*", "", headers.get("Set-Cookie", ""))
