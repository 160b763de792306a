# SPDX-License-Identifier: Apache-2.0
"""Other programs that tests run to their end: builds, installations."""
import os, subprocess


def run(*command, **more):
    """\\return what it said, on both streams; a failure shows the end of it"""
    p = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=3000, **more)
    if p.returncode:
        raise AssertionError("%s ended with %d:\n%s" % (" ".join(command), p.returncode, p.stdout[-6000:]))
    return p.stdout


def outside_make():
    """The environment without what the make that runs the tests would tell another: its job server or dry run is not ours."""
    return {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "AM_MAKEFLAGS", "MAKELEVEL", "DESTDIR")}
