# SPDX-License-Identifier: Apache-2.0
"""Manual pages and completion agree with the programs: options, commands, operations, settings."""
import os, re, shutil, subprocess, tempfile, unittest

from lyre_server import BUILD, LYRE, LYRED, SOURCE, STATIC_ONLY, Server, built_modules

CLIENT = os.path.exists(LYRE)
OPTION = r"(?:-(\w), )?\s*--([a-z-]+)"


def page(name):
    """The source of a page, in which every \\(dq is a quote."""
    with open(os.path.join(BUILD, "packaging", "man", name), encoding="utf-8") as f:
        return f.read().replace("\\(dq", '"').replace("\\e", "\\").replace("\\&", "")


def said(*command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=True, **more).stdout


def options_of_help(program):
    return {(short or None, long) for short, long in re.findall(r"^ +" + OPTION, said(program, "--help"), re.M)}


def options_of_page(name):
    found = re.findall(r"^\.It Fl (?:(\w) , )?-([a-z-]+)", page(name), re.M)
    return {(short or None, long) for short, long in found}


def entries(text, macro):
    """{name: lines} of the lists of a page."""
    return {name: body.strip().split("\n") for name, body in re.findall(r"^\.It %s (\S+)\n((?:.*\n)*?)(?=\.It|\.El)" % macro, text, re.M)}


class Options(unittest.TestCase):
    def test_lyred(self):
        self.assertEqual(options_of_page("lyred.8"), options_of_help(LYRED))

    @unittest.skipUnless(CLIENT, "no client in this build")
    def test_lyre(self):
        self.assertEqual(options_of_page("lyre.1"), options_of_help(LYRE))

    def test_folders_have_one_name(self):
        for program in (LYRED, LYRE) if CLIENT else (LYRED,):
            self.assertNotRegex(said(program, "--help"), "(?i)director")
        pages = [name for name in os.listdir(os.path.join(BUILD, "packaging", "man")) if re.search(r"\.[1-8]$", name)]
        self.assertIn("lyred.8", pages)
        for name in pages:
            self.assertNotRegex(page(name), "(?i)director")

    @unittest.skipUnless(CLIENT, "no client in this build")
    def test_commands(self):
        commands = set(re.findall(r"OPTION\]\.\.\. ([a-z-]+)", said(LYRE, "--help")))
        self.assertIn("backup", commands)
        described = page("lyre.1").partition(".Ss Server")[0]
        self.assertEqual(set(re.findall(r"^\.It Ic ([a-z-]+)", described, re.M)), commands)


@unittest.skipUnless(CLIENT, "no client in this build")
class Operations(unittest.TestCase):
    def test_operations(self):
        """With their help, each below its module."""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        listed = re.findall(r"^(\S+) +(\S+) +\S+ +(.*)$", said(LYRED, "--list-operations", "-c", "/dev/null", "-r", folder), re.M)
        parts = re.split(r"^\.Ss Module (\w+)\n", page("lyre.1"), flags=re.M)
        described = {(name, module, lines[0]) for module, text in zip(parts[1::2], parts[2::2])
                     for name, lines in entries(text, "Ic").items() if module in built_modules()}
        self.assertEqual(described, set(listed))


class Settings(unittest.TestCase):
    @unittest.skipUnless("help" in built_modules(), "no module help in this build")
    def test_settings(self):
        """With their help; those without effect are only named."""
        with Server() as s:
            declared = {d["setting"]: d for d in s.ok({"operation": "describe_settings"})}
        text = page("lyre.yaml.5").partition(".Sh SETTINGS")[2]
        described = entries(text, "Sy")
        inert = set(re.findall(r"^\.Sy (\S+) [,.]$", text, re.M))
        self.assertGreater(len(described), 50)
        for name, d in declared.items():
            with self.subTest(name):
                self.assertTrue(name in described or name in inert)
                if name in described:
                    self.assertEqual(described[name][0].rstrip(".").lower(), d["help"].rstrip(".").lower())
        of_modules = {name for name in set(described) | inert if name.startswith("modules.") and name.split(".")[1] not in built_modules()}
        self.assertEqual((set(described) | inert) - of_modules, set(declared))


@unittest.skipIf(STATIC_ONLY, "no dynamic loading in this build")
@unittest.skipUnless(shutil.which("cc"), "cc is missing")
class Example(unittest.TestCase):
    def test_example(self):
        """The module in lyre-module(7) compiles, loads and answers."""
        with tempfile.TemporaryDirectory() as folder:
            source, module = os.path.join(folder, "greeting.c"), os.path.join(folder, "greeting.so")
            with open(source, "w") as f:
                f.write(re.search(r"^(#include(?:.*\n)*?)\.Ed", page("lyre-module.7"), re.M).group(1))
            said("cc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-I", os.path.join(SOURCE, "sdk", "include"), "-o", module, source)
            with Server(config="modules:\n  schema: true\n  greeting:\n    path: %s\n" % module) as s:
                self.assertEqual(s.ok({"operation": "greet"}), {"message": "Hello, world!"})


@unittest.skipUnless(CLIENT and shutil.which("bash"), "no client in this build, or no bash")
class Completion(unittest.TestCase):
    def complete(self, *words, socket="/nowhere"):
        script = '. "$0"; compopt() { :; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _${1}; printf "%s\\n" "${COMPREPLY[@]}"'
        path = os.path.join(SOURCE, "packaging", "completion", "bash", words[0])
        env = dict(os.environ, PATH=BUILD + ":" + os.environ["PATH"], LYRE_SOCKET=socket)
        return set(said("bash", "-c", script, path, *words, env=env).split())

    def test_options(self):
        for program, path in (("lyre", LYRE), ("lyred", LYRED)):
            with self.subTest(program):
                self.assertEqual(self.complete(program, "-"), {"--" + long for _, long in options_of_help(path)})

    def test_operations(self):
        with Server() as s:
            self.assertEqual(self.complete("lyre", "--json", "search_by_i", socket=s.socket_path), {"search_by_id"})
            self.assertEqual(self.complete("lyre", "help", "create_d", socket=s.socket_path), {"create_database"})
            self.assertEqual(self.complete("lyre", "--format", "csv", "help", "create_d", socket=s.socket_path), {"create_database"})
            self.assertEqual(self.complete("lyre", "--socket", s.socket_path, "update", ""), {"database=", "table=", "records="})
            self.assertEqual(self.complete("lyre", "update", "table", "=", "d", socket=s.socket_path), set())

    def test_without_server(self):
        self.assertEqual(self.complete("lyre", "res"), {"restore"})


if __name__ == "__main__":
    unittest.main()
