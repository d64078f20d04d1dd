"""Results as Markdown, each number beside its floor and its target."""

from typing import Any

STAGES = ("start", "decode", "network", "recompose", "encode")
FLOOR_RATIO = 1.6


def markdown(results: dict[str, Any]) -> str:
    """Return the tables for the results that ``python -m benchmarks`` wrote."""
    machine, rows = results["machine"], results["rows"]
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, load {machine['load_before']:.1f} before the first run; "
        f"Python {machine['python']}, libvips {machine['libvips']}, ONNX Runtime {machine['onnxruntime']}; "
        f"model {machine['model']}. "
        f"Medians of {machine['repeat']} fresh processes (100 MP: 1), files in the disk cache.",
        "",
        "| photo | wall s | CPU s | peak MB | start | decode | network | recompose | encode | stages |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        stages = [row["stages"][name] for name in STAGES]
        cells = [row["cost"]["wall"], row["cost"]["cpu"]]
        lines.append(
            f"| {row['photo']} | {cells[0]:.2f} | {cells[1]:.2f} | {row['cost']['peak_mb']:.0f} | "
            + " | ".join(f"{value:.2f}" for value in (*stages, sum(stages)))
            + " |"
        )
    lines += [
        "",
        "| photo | floor: start | libvips Lab round trip | ONNX Runtime forward | sum of the last two "
        "| wall / that sum | wall / all three |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        floors, wall = row["floors"], row["cost"]["wall"]
        pair = floors["vips"] + floors["forward"]
        lines.append(
            f"| {row['photo']} | {floors['start']:.2f} | {floors['vips']:.2f} | {floors['forward']:.2f} | {pair:.2f} "
            f"| {wall / pair:.2f} | {wall / (pair + floors['start']):.2f} |"
        )
    lines += ["", "| target | measured | reached |", "|---|--:|---|"]
    lines += [f"| {name} | {value:.2f} {unit} | {'yes' if met else 'no'} |" for name, value, unit, met in targets(rows)]
    return "\n".join(lines) + "\n"


def targets(rows: list[dict[str, Any]]) -> list[tuple[str, float, str, bool]]:
    """Return (what is to be reached, the number measured, its unit, whether it is reached)."""
    by_size = {row["megapixels"]: row for row in rows}
    found: list[tuple[str, float, str, bool]] = []
    if 1 in by_size:
        wall = by_size[1]["cost"]["wall"]
        found.append(("1 MP in a fresh process: 1.2 s at most", wall, "s", wall <= 1.2))
    if 12 in by_size:
        floors = by_size[12]["floors"]
        ratio = by_size[12]["cost"]["wall"] / (floors["vips"] + floors["forward"])
        found.append((f"12 MP: {FLOOR_RATIO} x (libvips + forward) at most", ratio, "x", ratio <= FLOOR_RATIO))
    for size, limit in ((12, 400), (100, 700)):
        if size in by_size:
            peak = by_size[size]["cost"]["peak_mb"]
            found.append((f"{size} MP: {limit} MB of memory at most", peak, "MB", peak <= limit))
    return found
