# SPDX-License-Identifier: Apache-2.0
"""Certificates for tests, made by openssl on the spot.

    with Authority("Test CA") as ca:
        chain, key = ca.issue("first.example", hosts=["first.example", "*.first.example"])
"""
import os, shutil, subprocess, tempfile

KINDS = {"rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "ecdsa": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
         "ed25519": ["-algorithm", "ED25519"]}


def openssl(*args, text=None):
    return subprocess.run(["openssl"] + list(args), input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=True).stdout


class Authority:
    """Signs certificates; its own certificate is in self.certificate, and in the file self.path."""

    def __init__(self, name, parent=None):
        self.folder = tempfile.mkdtemp(prefix="lyre-ca-")
        self.path = self.file("ca.pem")
        self.key_path = self.file("ca.key")
        self.serial = 0
        self.above = "" # certificates between ours and the root, including ours
        self.write("index.txt", "")
        self.write("crlnumber", "01")
        self.write("openssl.cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nserial=%s\ncrlnumber=%s\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\ndefault_crl_days=30\n"
                   "unique_subject=no\n[p]\ncommonName=supplied\n[req]\ndistinguished_name=n\n[n]\n" %
                   tuple(self.file(f) for f in ("index.txt", "serial", "crlnumber", "")))
        openssl("genpkey", *KINDS["ecdsa"], "-out", self.key_path)
        if parent:
            self.certificate, _ = parent.issue(name, key_path=self.key_path, extensions="basicConstraints=critical,CA:true\nkeyUsage=keyCertSign,cRLSign\n")
            self.above = self.certificate
            self.write("ca.pem", self.certificate)
        else:
            openssl("req", "-x509", "-new", "-key", self.key_path, "-subj", "/CN=" + name, "-days", "3650", "-out", self.path,
                    "-addext", "keyUsage=keyCertSign,cRLSign")
            with open(self.path) as f:
                self.certificate = f.read()

    def file(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.file(name), "w") as f:
            f.write(text)
        return self.file(name)

    def issue(self, name, hosts=(), kind="ecdsa", use=None, days=30, start=None, key_path=None, extensions="", subject=None):
        """(chain, key) as PEM. hosts: names, and addresses after "IP:"; use: serverAuth or clientAuth; start and days of
        validity: "20200101000000Z", or a number of days from now."""
        self.serial += 1
        stem = "%d" % self.serial
        key_path = key_path or self.file(stem + ".key")
        if not os.path.exists(key_path):
            openssl("genpkey", *KINDS[kind], "-out", key_path)
        names = ",".join(h if ":" in h else "DNS:" + h for h in hosts)
        text = extensions + ("subjectAltName=%s\n" % names if names else "") + ("extendedKeyUsage=%s\n" % use if use else "")
        self.write("extensions", text)
        self.write("serial", "%04X" % (0x1000 + self.serial))
        request = self.file(stem + ".csr")
        openssl("req", "-new", "-key", key_path, "-subj", subject or "/CN=" + name, "-config", self.file("openssl.cnf"), "-out", request)
        time = ["-startdate", start] if start else []
        openssl("ca", "-batch", "-notext", "-config", self.file("openssl.cnf"), "-cert", self.path, "-keyfile", self.key_path, "-in", request,
                "-out", self.file(stem + ".pem"), "-extfile", self.file("extensions"), *time, *(["-enddate", days] if isinstance(days, str) else ["-days", str(days)]))
        with open(self.file(stem + ".pem")) as c, open(key_path) as k:
            return c.read() + self.above, k.read()

    def files(self, pair):
        """(path of the chain, path of the key)"""
        self.serial += 1
        return self.write("pair%d.pem" % self.serial, pair[0]), self.write("pair%d.key" % self.serial, pair[1])

    def revoke(self, pair):
        openssl("ca", "-config", self.file("openssl.cnf"), "-cert", self.path, "-keyfile", self.key_path, "-revoke", self.files(pair)[0])

    def revoked(self, overdue=False):
        """The list of revoked certificates, as PEM; overdue: its next update should already have come."""
        times = ["-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20210101000000Z"] if overdue else []
        return openssl("ca", "-config", self.file("openssl.cnf"), "-cert", self.path, "-keyfile", self.key_path, "-gencrl", *times)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)
