# SPDX-License-Identifier: Apache-2.0
"""What a builder of containers takes from the sources: .dockerignore, by the rules of Docker and Podman."""
import functools, os, re

SOURCE = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def expression(pattern):
    """Of a path, or of a folder that it is in: * is for a part of a name, **/ for any number of folders."""
    return re.compile(re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*") + "(?:/|$)")


@functools.lru_cache(None)
def rules():
    """(taken, expression) of each line."""
    with open(os.path.join(SOURCE, ".dockerignore")) as f:
        lines = [line.strip() for line in f if line.strip() and line[0] != "#"]
    return [(line[0] == "!", expression(line.lstrip("!"))) for line in lines]


def taken(path):
    """Whether a file gets into the context: the last line that matches it decides."""
    return ([True] + [take for take, wanted in rules() if wanted.match(path)])[-1]
