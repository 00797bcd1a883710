"""Logs with one JSON object per line. Callers choose each field: never a key or a bundle."""

import json
import logging
from datetime import UTC, datetime
from typing import IO


class JsonFormatter(logging.Formatter):
    """Formatter that adds ``extra={"fields": {...}}`` to time, level and event."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line of JSON."""
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
    """Send the project's logs to a stream."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("offchain")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    # aiohttp prints a traceback for every request that is no HTTP: the answer says enough.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL + 1)
