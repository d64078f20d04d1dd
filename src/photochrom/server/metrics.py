"""Counts what happens, and says it as Prometheus reads it (text format 0.0.4)."""

import threading
from collections import defaultdict

from photochrom.server.jobs import JobStore
from photochrom.server.painters import Painters

MEDIA = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.01, 0.05, 0.25, 1.0, 5.0, 30.0)


class Metrics:
    """Requests by route and status, and how long they took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, int], int] = defaultdict(int)
        self._buckets: dict[float, int] = defaultdict(int)
        self._seconds, self._count = 0.0, 0

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        with self._lock:
            self._requests[route, status] += 1
            self._seconds, self._count = self._seconds + seconds, self._count + 1
            for limit in _BUCKETS:
                self._buckets[limit] += seconds <= limit

    def text(self, store: JobStore, painters: Painters) -> str:
        """Return everything counted."""
        with self._lock:
            lines = _head("requests_total", "counter", "Requests answered.")
            lines += [
                f'photochrom_requests_total{{route="{route}",status="{status}"}} {count}'
                for (route, status), count in sorted(self._requests.items())
            ]
            lines += _head("request_seconds", "histogram", "Seconds from a request to the end of its answer.")
            lines += [f'photochrom_request_seconds_bucket{{le="{limit}"}} {self._buckets[limit]}' for limit in _BUCKETS]
            lines += [
                f'photochrom_request_seconds_bucket{{le="+Inf"}} {self._count}',
                f"photochrom_request_seconds_sum {self._seconds:.6f}",
                f"photochrom_request_seconds_count {self._count}",
            ]
        lines += _head("jobs", "gauge", "Photos by state.")
        lines += [f'photochrom_jobs{{state="{state}"}} {count}' for state, count in store.counts().items()]
        for name, count in (("hits", painters.answers.hits), ("misses", painters.answers.misses)):
            lines += _head(f"answer_{name}_total", "counter", f"Answers of the network: {name} among those kept.")
            lines.append(f"photochrom_answer_{name}_total {count}")
        return "\n".join(lines) + "\n"


def _head(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP photochrom_{name} {text}", f"# TYPE photochrom_{name} {kind}"]
