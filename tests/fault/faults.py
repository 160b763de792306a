# SPDX-License-Identifier: Apache-2.0
"""What the tests of faults share; importing it makes tests/api/lyre_server.py importable."""
import os, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "api"))
from lyre_server import HAS_PROC, Server, until # noqa: F401, for those who import this


def create(s, table="t", database="dev", **more):
    s.ok(dict(more, operation="create_table", database=database, table=table, primary_key="id"))


def insert(s, records, table="t", database="dev"):
    return s.call({"operation": "insert", "database": database, "table": table, "records": records})


def all_records(s, table="t", database="dev"):
    return s.ok({"operation": "search_by_conditions", "database": database, "table": table, "get_attributes": ["*"],
                 "conditions": [{"attribute": "id", "comparator": "not_equal", "value": "none"}]})


def count(s, table="t", database="dev"):
    return s.ok({"operation": "describe_table", "database": database, "table": table})["record_count"]
