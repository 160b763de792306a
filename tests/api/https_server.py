# SPDX-License-Identifier: Apache-2.0
"""Shared by the tests of TLS and of certificates: two authorities, a server with a TLS listener, and handshakes with it."""
import atexit, re, shutil, socket, sys

from certificates import Authority
from lyre_server import Server, until

if not shutil.which("openssl"):
    print("no openssl")
    sys.exit(77)

NETWORK = "operationsApi.network."
authority, others = Authority("Test authority"), Authority("Another authority")
atexit.register(authority.__exit__)
atexit.register(others.__exit__)


class HttpsServer(Server):
    """With a TLS listener, unless secure is False."""
    secure = True

    def start(self):
        super().start()
        if self.secure:
            said = until(lambda: re.findall(r"listening on https://127\.0\.0\.1:(\d+)", self.said()), "it does not listen for TLS", server=self)
            self.secure_port = int(said[-1])
        return self

    def handshake(self, context, name=None, pair=None, timeout=60):
        """A connection after its handshake. pair: the client's certificate and key."""
        if pair:
            context.load_cert_chain(*authority.files(pair))
        raw = socket.create_connection(("127.0.0.1", self.secure_port), timeout)
        try:
            return context.wrap_socket(raw, server_hostname=name)
        except BaseException:
            raw.close()
            raise
