"""Logs as one JSON object a line. What is logged is chosen, field by field: no keys, no bundles."""

import json
import logging
from datetime import UTC, datetime
from typing import IO


class JsonFormatter(logging.Formatter):
    """``extra={"fields": {...}}`` of a record becomes fields beside time, level and event."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        entry |= getattr(record, "fields", {})
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def log_to(stream: IO[str]) -> None:
    """Sends the project's logs to a stream."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("offchain")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
