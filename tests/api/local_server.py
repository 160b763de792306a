# SPDX-License-Identifier: Apache-2.0
"""What the HTTP servers that tests start in their own process have in common: a port, a thread for each connection, TLS, an end."""
import http.server, random, socket, socketserver, ssl, threading


class Quiet(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=(), reason=None, length=None):
        """length: of Content-Length, if it is not that of the body; False: none."""
        self.send_response(status, reason)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        if length is not False:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def break_off(self):
        """Closes the connection, with a reset if something of the request has not been read."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)


class LocalServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Listens on 127.0.0.1, on a port on which nobody connects to itself, or on the given one."""
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, handler, pair=None, port=None):
        """pair: paths of a certificate and its key, for https."""
        ports = [port] if port else random.sample(range(20000, 32000), 100)
        for self.number in ports:
            try:
                super().__init__(("127.0.0.1", self.number), handler)
                break
            except OSError:
                if self.number == ports[-1]:
                    raise
        self.ending = threading.Event()
        self.scheme = "https" if pair else "http"
        if pair:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*pair)
            # The handshake is the handler's thread's.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.url = "%s://127.0.0.1:%d" % (self.scheme, self.number)
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def handle_error(self, *_):
        pass # clients that go away

    def stop(self):
        self.ending.set()
        self.shutdown()
        self.server_close()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
