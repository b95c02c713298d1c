"""The other engine: the same release read by Spark, for what does not fit one machine; it needs a Java."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from crm_analytics.warehouse.release import WarehouseError
from crm_analytics.warehouse.tables import MOMENT, TEXT, Table

if TYPE_CHECKING:
    import ibis.expr.types as ir

_TYPES = {TEXT: "STRING", MOMENT: "TIMESTAMP_NTZ"}


def connect() -> Any:
    """Ibis on the Spark session that is running, else on one made as the machine's own configuration says.

    Moments have no zone here, so the session reads them as UTC; a session of somebody else's that does not is refused.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise WarehouseError(
            "Spark is not installed; install crm_analytics[spark], or leave engine at duckdb."
        ) from None
    import ibis

    try:
        session = SparkSession.getActiveSession() or _made()
    except Exception as error:
        if "JAVA" not in str(error).upper():
            raise
        raise WarehouseError(
            "Spark needs a Java of version 17 or newer; install one, or leave engine at duckdb."
        ) from None
    if session.conf.get("spark.sql.session.timeZone") != "UTC":
        raise WarehouseError("The running Spark session reads no UTC; set its spark.sql.session.timeZone to UTC.")
    return ibis.pyspark.connect(session)


def _made() -> Any:
    from pyspark.sql import SparkSession

    quiet = {
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.appName("crm_analytics")
    for name, value in quiet.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def read_parquet(connection: Any, files: list[str], *, table: Table) -> ir.Table:
    """The files as one table; columns that some of them lack are empty there.

    Companies and releases share a session, so every table gets a name of its own. The columns are known, so no file is
    opened before somebody asks.
    """
    columns = ", ".join(f"`{column.name}` {_TYPES.get(column.kind, column.sql_type)}" for column in table.columns)
    name = f"crm_{uuid.uuid4().hex}"
    connection._session.read.schema(columns).parquet(*files).createOrReplaceTempView(name)
    return connection.table(name)
