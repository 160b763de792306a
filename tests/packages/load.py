# SPDX-License-Identifier: Apache-2.0
"""Clients that notice every failure, until standard input ends; then what they saw, as JSON. Its argument: NAME:PASSWORD, in base64.

A program of its own, so that it can run inside the network of a system."""
import http.client, json, sys, threading, time


class Load(threading.Thread):
    def __init__(self, number, password, end):
        super().__init__()
        self.number, self.end, self.done, self.longest, self.failures = number, end, 0, 0.0, []
        self.client = http.client.HTTPConnection("127.0.0.1", 9925, timeout=60)
        self.password = password

    def call(self, operation):
        begin = time.monotonic()
        self.client.request("POST", "/", json.dumps(operation), {
            "Content-Type": "application/json", "Authorization": "Basic " + self.password,
            "Connection": "keep-alive" if self.number % 2 else "close"})
        answer = self.client.getresponse()
        body = json.loads(answer.read())
        self.longest = max(self.longest, time.monotonic() - begin)
        self.done += 1
        if answer.status != 200:
            raise AssertionError("%d %s" % (answer.status, body))
        return body

    def run(self):
        key = 0
        while not self.end.is_set():
            key += 1
            id = "%d-%d" % (self.number, key)
            try:
                self.call({"operation": "insert", "database": "dev", "table": "load", "records": [{"id": id, "n": key}]})
                found = self.call({"operation": "search_by_id", "database": "dev", "table": "load", "ids": [id], "get_attributes": ["n"]})
                if found != [{"n": key}]:
                    raise AssertionError("%s: %s" % (id, found))
            except Exception as e:
                self.failures.append(repr(e))
                self.client.close()
                if len(self.failures) > 10:
                    return


def load(password):
    end = threading.Event()
    threads = [Load(number, password, end) for number in range(8)]
    for t in threads:
        t.start()
    sys.stdin.read()
    end.set()
    for t in threads:
        t.join()
    print(json.dumps({"requests": sum(t.done for t in threads), "longest": max(t.longest for t in threads),
                      "failures": [f for t in threads for f in t.failures]}))


load(sys.argv[1])
