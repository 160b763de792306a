# SPDX-License-Identifier: Apache-2.0
"""A small, strict S3 in memory: it verifies each request's Signature Version 4 by itself, knows objects and multipart uploads, and
has faults on request.

    with S3Server(buckets={"dogs": "eu-west-1"}) as s3:
        s3.fault("503", method="PUT", times=10)
        …
        s3.objects["dogs", "a.json"], s3.uploads, s3.log
"""
import datetime, hashlib, hmac, re, threading, urllib.parse
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from local_server import LocalServer, Quiet

PART_MIN = 5 << 20
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class S3Error(Exception):
    def __init__(self, status, code, message, more="", headers=()):
        super().__init__(code)
        self.status, self.code, self.headers = status, code, dict(headers)
        self.body = ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message>%s<RequestId>1</RequestId></Error>" %
                     (code, escape(message), more)).encode()


class Fault:
    """What goes wrong, with which requests, how often. See Handler.fail() for the kinds."""

    def __init__(self, kind, method=None, query="", times=1, after=0, size=0):
        self.kind, self.method, self.query, self.times, self.after, self.size = kind, method, query, times, after, size

    def takes(self, handler):
        """Whether this request is to fail; counts it."""
        if self.times <= 0 or self.method not in (None, handler.command) or self.query not in urllib.parse.urlsplit(handler.path).query:
            return False
        self.after -= 1
        if self.after >= 0:
            return False
        self.times -= 1
        return True


def encode(text, keep=""):
    return urllib.parse.quote(text, safe="-_.~" + keep)


def sign(secret, date, region, text):
    key = ("AWS4" + secret).encode()
    for part in (date, region, "s3", "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


# Faults of a request that is carried out first, or of its answer.
LATER_FAULTS = ("late error", "empty", "lost", "cut")


class Handler(Quiet):
    def one(self):
        s3, url = self.server, urllib.parse.urlsplit(self.path)
        self.query = urllib.parse.parse_qs(url.query, keep_blank_values=True, strict_parsing=bool(url.query))
        fault = s3.find_fault(self)
        self.body = b""
        if fault and fault.kind not in LATER_FAULTS:
            s3.note(self, fault.kind) # before the client knows
            self.fail(fault)
            return
        self.body = self.body or self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            status, body, headers = self.act(url, fault)
        except S3Error as e:
            status, body, headers = e.status, e.body, dict(e.headers, **{"Content-Type": "application/xml"})
        s3.note(self, status)
        if fault and fault.kind == "lost":
            self.break_off()
        elif fault and fault.kind == "cut":
            self.answer(status, body[:fault.size], headers, length=len(body))
            self.break_off()
        else:
            self.answer(status, body, headers)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = one

    def act(self, url, fault):
        self.verify(url)
        if fault and fault.kind == "late error":
            return 200, S3Error(200, "InternalError", "We encountered an internal error. Please try again.").body, {}
        if fault and fault.kind == "empty":
            return 200, b"", {}
        bucket, key = self.where(url.path)
        with self.server.lock:
            return getattr(self, "on_" + self.command)(bucket, key)

    def fail(self, fault):
        """Faults that need nothing of the request."""
        if fault.kind.isdigit():
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            e = S3Error(int(fault.kind), "SlowDown" if fault.kind == "503" else "InternalError", "Please reduce your request rate.")
            self.answer(e.status, e.body)
        elif fault.kind == "bare":
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.answer(403, b"no")
        elif fault.kind == "reset": # in the middle of the body
            self.rfile.read(int(self.headers.get("Content-Length", 0)) // 2)
            self.break_off()
        elif fault.kind == "silent":
            self.server.ending.wait()
            self.break_off()
        elif fault.kind == "denied":
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            e = S3Error(403, "AccessDenied", "Access Denied.")
            self.answer(e.status, e.body)
        elif fault.kind == "echo": # a store that tells what it was sent
            e = S3Error(403, "AccessDenied", "You sent %s." % self.headers.get("x-amz-security-token"))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.answer(e.status, e.body, reason=self.headers.get("x-amz-security-token"))
        elif fault.kind == "redirect":
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.answer(307, headers={"Location": "http://127.0.0.1:%d/elsewhere" % self.server.number})
        elif fault.kind == "gone": # the server dies, in the middle of the body
            self.rfile.read(int(self.headers.get("Content-Length", 0)) // 2)
            threading.Thread(target=self.server.stop, daemon=True).start()
            self.server.ending.wait()
            self.break_off()
        else:
            raise ValueError(fault.kind)

    # ---- who asks ----

    def verify(self, url):
        s3 = self.server
        m = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/s3/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})",
                         self.headers.get("Authorization", ""))
        if not m:
            raise S3Error(403, "AccessDenied", "There is no signature.")
        access, date, region, names, signature = m.groups()
        if access != s3.access:
            raise S3Error(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
        if s3.token != self.headers.get("x-amz-security-token"):
            raise S3Error(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
        names = names.split(";")
        must = ["host"] + [n.lower() for n in self.headers if n.lower().startswith("x-amz-") or n.lower() in ("content-type", "range", "if-match")]
        if names != sorted(set(names)) or set(must) - set(names):
            raise S3Error(403, "AccessDenied", "There were headers present in the request which were not signed: %s" % sorted(set(must) - set(names)))
        self.verify_time(date)
        if self.headers["x-amz-content-sha256"] != hashlib.sha256(self.body).hexdigest():
            raise S3Error(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
        query = "&".join(sorted("%s=%s" % (encode(n), encode(v)) for n, values in self.query.items() for v in values))
        request = "\n".join([self.command, encode(urllib.parse.unquote(url.path), "/"), query,
                             "".join("%s:%s\n" % (n, ",".join(" ".join(v.split()) for v in self.headers.get_all(n, []))) for n in names), ";".join(names),
                             self.headers["x-amz-content-sha256"]])
        text = "\n".join(["AWS4-HMAC-SHA256", self.headers["x-amz-date"], "%s/%s/s3/aws4_request" % (date, region), hashlib.sha256(request.encode()).hexdigest()])
        if not hmac.compare_digest(sign(s3.secret, date, region, text), signature):
            raise S3Error(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")
        self.region = region

    def verify_time(self, date):
        then = datetime.datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        if not self.headers["x-amz-date"].startswith(date) or abs(then - datetime.datetime.utcnow()) > datetime.timedelta(minutes=15):
            raise S3Error(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")

    def where(self, path):
        """(bucket, key), of the path or the host; the bucket must exist and be in the region of the signature."""
        host, path = self.headers["Host"].rsplit(":", 1)[0], urllib.parse.unquote(path)
        if host.endswith("." + self.server.domain):
            bucket, key = host[:-len(self.server.domain) - 1], path[1:]
        else:
            bucket, _, key = path[1:].partition("/")
        region = self.server.buckets.get(bucket)
        if region is None:
            raise S3Error(404, "NoSuchBucket", "The specified bucket does not exist")
        if region != self.region:
            raise S3Error(301, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint.",
                          headers={"x-amz-bucket-region": region})
        return bucket, key

    # ---- what is asked for ----

    def upload(self):
        id = self.query["uploadId"][0]
        if id not in self.server.uploads:
            raise S3Error(404, "NoSuchUpload", "The specified multipart upload does not exist.")
        return self.server.uploads[id]

    def on_PUT(self, bucket, key):
        s3, etag = self.server, hashlib.md5(self.body).hexdigest()
        if "partNumber" in self.query:
            self.upload()["parts"][int(self.query["partNumber"][0])] = self.body
        else:
            s3.objects[bucket, key], s3.etags[bucket, key], s3.types[bucket, key] = self.body, etag, self.headers.get("Content-Type")
        return 200, b"", {"ETag": '"%s"' % etag}

    def on_POST(self, bucket, key):
        s3 = self.server
        if "uploads" in self.query:
            s3.count += 1
            id = "%d+/&=%s" % (s3.count, hashlib.md5(key.encode()).hexdigest())
            s3.uploads[id] = {"bucket": bucket, "key": key, "parts": {}, "type": self.headers.get("Content-Type")}
            return 200, ('<?xml version="1.0"?><InitiateMultipartUploadResult xmlns="%s"><Bucket>%s</Bucket><Key>%s</Key><UploadId>%s</UploadId>'
                         '</InitiateMultipartUploadResult>' % (NAMESPACE, bucket, escape(key), escape(id))).encode(), {}
        upload = self.upload()
        listed = [(int(p.find("{%s}PartNumber" % NAMESPACE).text), p.find("{%s}ETag" % NAMESPACE).text.strip('"'))
                  for p in ElementTree.fromstring(self.body).findall("{%s}Part" % NAMESPACE)]
        parts = [upload["parts"].get(n) for n, _ in listed]
        if not listed or None in parts or [hashlib.md5(p).hexdigest() for p in parts] != [e for _, e in listed]:
            raise S3Error(400, "InvalidPart", "One or more of the specified parts could not be found.")
        if [n for n, _ in listed] != sorted({n for n, _ in listed}):
            raise S3Error(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
        if any(len(p) < PART_MIN for p in parts[:-1]):
            raise S3Error(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        etag = "%s-%d" % (hashlib.md5(b"".join(hashlib.md5(p).digest() for p in parts)).hexdigest(), len(parts))
        s3.objects[bucket, key], s3.etags[bucket, key], s3.types[bucket, key] = b"".join(parts), etag, upload["type"]
        del s3.uploads[self.query["uploadId"][0]]
        return 200, ('<CompleteMultipartUploadResult xmlns="%s"><ETag>&quot;%s&quot;</ETag></CompleteMultipartUploadResult>' % (NAMESPACE, etag)).encode(), {}

    def on_DELETE(self, bucket, key):
        self.upload()
        del self.server.uploads[self.query["uploadId"][0]]
        return 204, b"", {}

    def on_GET(self, bucket, key):
        s3 = self.server
        if "uploads" in self.query:
            rows = "".join("<Upload><Key>%s</Key><UploadId>%s</UploadId></Upload>" % (escape(u["key"]), escape(id)) for id, u in s3.uploads.items())
            return 200, ('<ListMultipartUploadsResult xmlns="%s">%s</ListMultipartUploadsResult>' % (NAMESPACE, rows)).encode(), {}
        if (bucket, key) not in s3.objects:
            raise S3Error(404, "NoSuchKey", "The specified key does not exist.")
        body, etag = s3.objects[bucket, key], '"%s"' % s3.etags[bucket, key]
        if self.headers.get("If-Match", etag) != etag:
            raise S3Error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not wanted or not s3.ranges:
            return 200, body, {"ETag": etag}
        start = int(wanted.group(1))
        if start >= len(body):
            raise S3Error(416, "InvalidRange", "The requested range is not satisfiable")
        return 206, body[start:], {"ETag": etag, "Content-Range": "bytes %d-%d/%d" % (start, len(body) - 1, len(body))}

    on_HEAD = on_GET


class S3Server(LocalServer):
    """objects: (bucket, key) -> bytes; uploads: those that are pending, by id; log: a row for each request: method, path with query,
    status or fault."""

    def __init__(self, access="AKIDTEST", secret="wJalr+XUtn/FEMI", token=None, buckets=None, domain="localhost", ranges=True, pair=None, port=None):
        """buckets: names and their regions; domain: what follows the bucket in a host's name; ranges: whether it knows Range."""
        self.access, self.secret, self.token, self.domain, self.ranges = access, secret, token, domain, ranges
        self.buckets = buckets or {"dogs": "eu-west-1"}
        self.objects, self.etags, self.types, self.uploads = {}, {}, {}, {}
        self.faults, self.log, self.count, self.lock = [], [], 0, threading.RLock()
        super().__init__(Handler, pair, port)

    def put(self, bucket, key, body):
        self.objects[bucket, key], self.etags[bucket, key] = body, hashlib.md5(body).hexdigest()

    def fault(self, kind, **more):
        with self.lock:
            self.faults.append(Fault(kind, **more))

    def find_fault(self, handler):
        with self.lock:
            return next((f for f in self.faults if f.takes(handler)), None)

    def note(self, handler, status):
        with self.lock:
            self.log.append((handler.command, handler.path, status))

    def given(self, bucket="dogs", key="a.json"):
        """The argument "s3" of a request."""
        given = {"aws_access_key_id": self.access, "aws_secret_access_key": self.secret, "bucket": bucket, "key": key,
                 "region": self.buckets.get(bucket, "eu-west-1"), "endpoint": self.url}
        return dict(given, aws_session_token=self.token) if self.token else given
