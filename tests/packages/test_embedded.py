# SPDX-License-Identifier: Apache-2.0
"""What configure says to builders of small systems."""
import os
import subprocess
import tempfile
import unittest

SOURCE = os.path.abspath(os.environ["TOP_SRCDIR"])


def configure(*arguments):
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run([os.path.join(SOURCE, "configure"), "-q", *arguments], cwd=folder, capture_output=True, text=True)


class Static(unittest.TestCase):
    def test_static_in_ldflags_is_refused_with_the_option_to_use(self):
        for flags in ("-static", "-O1 -all-static", "--static", "-static-pie"):
            run = configure("LDFLAGS=" + flags)
            self.assertNotEqual(run.returncode, 0, flags)
            self.assertIn("use --enable-static-program", run.stderr)

    def test_all_static_is_not_needed_with_the_option(self):
        run = configure("--enable-static-program", "LDFLAGS=-all-static")
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("leave -all-static out of LDFLAGS", run.stderr)


if __name__ == "__main__":
    unittest.main()
