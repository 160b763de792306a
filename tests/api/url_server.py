# SPDX-License-Identifier: Apache-2.0
"""An HTTP server with bad habits, for what loads from URLs. Paths:

    /text                   "id,name\n1,Rex\n"
    /status/404[/REASON]    that status
    /to/STATUS/URL          a redirect; the URL is percent-encoded, and may be relative
    /loop                   a redirect to itself
    /silent                 no answer
    /slow                   the head of an answer, then a byte every tenth of a second
    /endless                a body without an end
    /large/BYTES            a body of zeros with its length
    /short                  a body that is shorter than its length, and the end of the connection
    /garbage                no HTTP
    /part                   206, though nobody asked for a part
"""
import urllib.parse

from local_server import LocalServer, Quiet

TEXT = b"id,name\n1,Rex\n"


class Handler(Quiet):
    def do_GET(self):
        self.server.log.append((self.path, dict(self.headers)))
        name, *rest = self.path[1:].split("?")[0].split("/")
        getattr(self, "on_" + name, lambda *_: self.answer(404, b"no such thing"))(*rest)

    def on_text(self):
        self.answer(200, TEXT)

    def on_status(self, status, reason=None):
        self.answer(int(status), b"a page that nobody wants", reason=reason and urllib.parse.unquote(reason))

    def on_to(self, status, url):
        self.answer(int(status), headers={"Location": urllib.parse.unquote(url)})

    def on_loop(self):
        self.answer(302, headers={"Location": "/loop"})

    def on_silent(self):
        self.server.ending.wait()
        self.break_off()

    def on_slow(self):
        self.answer(200, length=1000000)
        while not self.server.ending.wait(0.1):
            self.wfile.write(b"x")

    def on_endless(self):
        self.answer(200, length=False)
        while not self.server.ending.is_set():
            self.wfile.write(b"x" * 65536)

    def on_large(self, size):
        self.answer(200, bytes(int(size)))

    def on_short(self):
        self.answer(200, b"x" * 100, length=200)
        self.break_off()

    def on_garbage(self):
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        self.break_off()

    def on_part(self):
        self.answer(206, TEXT, {"Content-Range": "bytes 0-13/100"})


class UrlServer(LocalServer):
    """log: path and headers of each request."""

    def __init__(self, pair=None, port=None):
        self.log = []
        super().__init__(Handler, pair, port)
