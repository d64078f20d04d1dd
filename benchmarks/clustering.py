"""Measures the batch engine on clusters of Ray of one and of two nodes, each with one core of this computer.

    python -m benchmarks.clustering --photos 60 --megapixels 12

Every node, with all its workers, is pinned to a core of its own; the driver may use all of them. The rate counts from
the end of the first quarter of the photos to the last, so that neither the start of Ray nor that of the workers counts.
``scaling`` is the rate of two nodes by that of one, divided by two; ``local`` is the engine without a cluster, with as
many processes. Run it on a quiet machine.
"""

import argparse
import json
import os
import resource
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.photos import CASES, make_photo
from benchmarks.process import ROOT

STORE = 200_000_000


def main() -> None:
    """Measure and print."""
    options = _options()
    if options.nodes is not None:
        sys.stdout.write(json.dumps(measure(options)) + "\n")
        return
    cores = sorted(os.sched_getaffinity(0))
    options.work.mkdir(parents=True, exist_ok=True)
    make_photo(CASES[options.megapixels], options.work)
    found: dict[str, Any] = {"cores": len(cores), "load_before": os.getloadavg()[0], "photos": options.photos}
    if len(cores) < 2:
        raise SystemExit("two cores are needed, one for each node")
    for nodes in (1, 2):
        found[f"cluster_{nodes}"] = _asked(options, nodes, "ray")
        found[f"local_{nodes}"] = _asked(options, nodes, "local")
    for kind in ("cluster", "local"):
        found[f"{kind}_scaling"] = round(found[f"{kind}_2"]["rate"] / found[f"{kind}_1"]["rate"] / 2, 3)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return what a run gave: photos a second, seconds with everything, and the most memory of the driver in MB."""
    from photochrom.archive import campaign as campaigns
    from photochrom.archive.cluster import Cluster
    from photochrom.archive.engine import Means
    from photochrom.archive.order import Order
    from photochrom.archive.work import Job

    ends: list[float] = []
    with tempfile.TemporaryDirectory(dir=options.work) as folder, ExitStack() as stack:
        target = campaigns.open_target(str(Path(folder, "target")), {})
        source = campaigns.open_source(str(_source(Path(folder), options)), target, {})
        job = campaigns.with_lanes(Job(source, target, Order(options.model)))
        place = Cluster(_begin(options.nodes, stack)) if options.engine == "ray" else None
        if place is None:
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.nodes])
        means = Means(options.nodes, 4000)
        run = campaigns.Campaign(job, means, campaigns.usual_ledger(target), previews=0, cluster=place)
        start = time.perf_counter()
        summary, _ = campaigns.conduct(run, lambda _, report: ends.append(time.perf_counter()) if report else None)
        seconds = time.perf_counter() - start
    assert summary.done == options.photos, summary
    skipped = len(ends) // 4
    rate = (len(ends) - 1 - skipped) / (ends[-1] - ends[skipped])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return {"rate": round(rate, 3), "seconds": round(seconds, 1), "driver_mb": round(peak)}


def _begin(nodes: int, stack: ExitStack) -> str:
    """Begin nodes that only this computer can reach, each on a core of its own, join them, and return the address."""
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0"}
    import ray
    from ray.cluster_utils import Cluster as Nodes

    everything = os.sched_getaffinity(0)
    words = {"num_cpus": 1, "object_store_memory": STORE, "include_log_monitor": False}
    found: Any = Nodes()
    stack.callback(found.shutdown)
    for number, core in zip(range(nodes), sorted(everything), strict=False):
        os.sched_setaffinity(0, {core})
        more = {} if number else {"include_dashboard": False}
        found.add_node(**words, **more, node_ip_address=f"127.0.0.{number + 2}")
    os.sched_setaffinity(0, everything)
    ray.init(found.address, log_to_driver=False)
    stack.callback(ray.shutdown)
    return str(found.address)


def _source(folder: Path, options: argparse.Namespace) -> Path:
    photo = make_photo(CASES[options.megapixels], options.work)
    for number in range(options.photos):
        path = folder / "source" / f"{number:05d}{photo.suffix}"
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(photo, path)
    return folder / "source"


def _asked(options: argparse.Namespace, nodes: int, engine: str) -> dict[str, Any]:
    """Measure in a fresh process."""
    words = ["--photos", options.photos, "--megapixels", options.megapixels, "--model", options.model]
    words += ["--work", options.work, "--nodes", nodes, "--engine", engine]
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.clustering", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{engine} with {nodes} failed: {done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.clustering", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--megapixels", type=int, choices=CASES, default=12)
    parser.add_argument("--model", default="default")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "benchmarks", help="folder for made photos")
    parser.add_argument("--nodes", type=int, help="measure one cluster in this process")
    parser.add_argument("--engine", choices=("ray", "local"), default="ray", help="with --nodes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
