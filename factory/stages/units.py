"""The table of units: how each call of a generator, or each file of rows that was read, ended."""

import pyarrow as pa

VERSION = 1
UNITS = pa.schema(
    [
        pa.field("unit", pa.string(), nullable=False),
        pa.field("method", pa.string(), nullable=False),
        pa.field("rank", pa.int64(), nullable=False),  # in plan order
        pa.field("outcome", pa.string(), nullable=False),  # made | empty | failed
        pa.field("records", pa.int32(), nullable=False),
        pa.field("reason", pa.string()),
    ],
    metadata={"factory.table": "units", "factory.version": str(VERSION)},
)
