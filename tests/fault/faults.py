# SPDX-License-Identifier: Apache-2.0
"""Shared by the fault tests; importing it makes tests/api/lyre_server.py importable."""
import contextlib, os, resource, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "api"))
from lyre_server import BUILD, CHEAP_LOGINS, HAS_PROC, STATIC_ONLY, Server, built_modules, feature, open_files, until, uses_musl # noqa: F401, for importing tests


def create(s, table="t", database="dev", **more):
    s.ok(dict(more, operation="create_table", database=database, table=table, primary_key="id"))


def insert(s, records, table="t", database="dev"):
    return s.call({"operation": "insert", "database": database, "table": table, "records": records})


def all_records(s, table="t", database="dev"):
    return s.ok({"operation": "search_by_conditions", "database": database, "table": table, "get_attributes": ["*"],
                 "conditions": [{"attribute": "id", "comparator": "not_equal", "value": "none"}]})


def count(s, table="t", database="dev"):
    return s.ok({"operation": "describe_table", "database": database, "table": table})["record_count"]


def raise_descriptors(wanted):
    """The number of descriptors that is allowed, raised if possible."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if soft < min(wanted, hard):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
