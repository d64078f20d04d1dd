"""The manual of the API: a plain page made of the OpenAPI schema, with examples; it loads nothing from elsewhere."""

import json
from html import escape
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, HTMLResponse

router = APIRouter(include_in_schema=False)

STYLE: Final = Path(__file__).parent / "manual.css"
BASE: Final = "http://127.0.0.1:8000"
_CALLS: Final = {
    "colorize": 'Path("photo-color.jpg").write_bytes(client.colorize(Path("photo.jpg")))',
    "submit": 'job = client.submit(Path("photo.jpg"), Options(saturation=1.2))',
    "history": 'page = client.jobs(search="photo")',
    "status": "job = client.job(id)",
    "delete": "client.delete(id)",
    "cancel": "client.cancel(id)",
    "run": "client.run(id)",
    "result": 'Path("photo-color.jpg").write_bytes(client.result(id))',
    "archive": 'client.archive(Path("results.zip"))',
    "job_events": "for job in client.follow(id):\n    print(job.state, job.progress)",
    "events": "# follow(id) follows one job",
    "choose": "job = client.choose(id, Options(warmth=0.3))",
    "preview": "picture = client.preview(id, side=640)",
    "preview_choice": "picture = client.try_out(id, Options(warmth=0.3), side=640)",
    "field": "ab = client.field(id, Options(warmth=0.3))",
    "tile": "picture = client.tile(id, (0, 0, 512, 512))",
    "looks": "for name, address in client.looks(id, count=4):\n    print(name, address)",
    "guess_map": "picture = client.guess_map(id)",
    "alternatives": "for one in client.alternatives(id, 120, 80):\n    print(one.color, one.probability)",
    "saved_hints": "hints = client.hints(id)",
    "load_hints": "job = client.set_hints(id, hints)",
    "add_reference": 'job = client.add_reference(id, Path("palette.jpg"))',
    "add_transplant": 'job = client.add_transplant(id, Path("colored.jpg"))',
    "health": "health = client.health()",
    "models": "models = client.models()",
    "metrics": "text = client.metrics()",
    "enter": 'client = Client(token="TOKEN")',
    "leave": "# for browsers only",
}
"""The line of Python for each route, by the name of its function."""


@router.get("/docs")
def manual_page(request: Request) -> HTMLResponse:
    """Show the manual."""
    return HTMLResponse(_page(request.app.openapi()))


@router.get("/docs/manual.css")
def manual_style() -> FileResponse:
    """Give its style."""
    return FileResponse(STYLE)


def with_examples(app: FastAPI) -> None:
    """Have the OpenAPI schema show each route in curl, Python and JavaScript (``x-codeSamples``)."""

    def schema() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes
            )
            for path, methods in app.openapi_schema["paths"].items():
                for method, operation in methods.items():
                    _put_right(operation)
                    operation["x-codeSamples"] = _examples(method.upper(), path, operation)
        return app.openapi_schema

    app.openapi = schema  # type: ignore[method-assign]


def _put_right(operation: dict[str, Any]) -> None:
    """Name problems by their own media type only, and give the operation its function's name."""
    operation["operationId"] = operation["operationId"].partition("_api_")[0]
    for status, response in operation["responses"].items():
        if status in ("4XX", "5XX", "422"):
            response["content"] = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}


def _examples(method: str, path: str, operation: dict[str, Any]) -> list[dict[str, str]]:
    example = path.replace("{id}", "$ID")
    needed = [one for one in operation.get("parameters", []) if one["in"] == "query" and one.get("required")]
    query = "&".join(f"{one['name']}=100" for one in needed)
    address = f"{BASE}{example}" + (f"?{query}" if query else "")
    body = next(iter(operation.get("requestBody", {}).get("content", {})), None)
    python = "from pathlib import Path\nfrom photochrom.client import Client, Options\n\nclient = Client()\n"
    return [
        {"lang": "curl", "source": _curl(method, address, body)},
        {"lang": "Python", "source": python + _CALLS.get(operation["operationId"], "")},
        {"lang": "JavaScript", "source": _javascript(method, address.removeprefix(BASE), body)},
    ]


def _curl(method: str, address: str, body: str | None) -> str:
    words = ["curl --fail-with-body"] + ([f"-X {method}"] if method != "GET" else [])
    if body == "multipart/form-data":
        words.append("-F file=@photo.jpg")
    elif body is not None:
        words.append("""--json '{"saturation": 1.2}'""" if "hints" not in address else "-T hints.json")
    return " ".join([*words, f'"{address}"'])


def _javascript(method: str, address: str, body: str | None) -> str:
    address = f"`{address.replace('$ID', '${id}')}`"
    if method == "GET":
        return f"const response = await fetch({address});"
    if body == "multipart/form-data":
        lines = ["const body = new FormData();", 'body.append("file", input.files[0]);']
        return "\n".join([*lines, f'const response = await fetch({address}, {{ method: "{method}", body }});'])
    if body is None:
        return f'const response = await fetch({address}, {{ method: "{method}" }});'
    options = 'headers: { "Content-Type": "application/json" }, body: JSON.stringify({ saturation: 1.2 })'
    return f'const response = await fetch({address}, {{ method: "{method}", {options} }});'


def _page(schema: dict[str, Any]) -> str:
    parts = [
        _section(method.upper(), path, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    info = schema["info"]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{info["title"]} API</title><link rel="stylesheet" href="docs/manual.css">'
        f"<h1>{info['title']} {info['version']}: the API</h1><p>{info['description']} The schema: "
        '<a href="openapi.json">openapi.json</a>. Errors are problem+json (RFC 9457).</p>' + "".join(parts)
    )


def _section(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code><td>{one['in']}<td>{escape(_said(one.get('schema', {})))}"
        f"<td>{escape(one.get('description', ''))}"
        for one in operation.get("parameters", [])
    )
    samples = "".join(f"<h3>{one['lang']}</h3><pre>{escape(one['source'])}</pre>" for one in operation["x-codeSamples"])
    text = escape(operation.get("description", ""))
    examples = f"<details><summary>Examples</summary>{samples}</details>"
    return f"<section><h2><b>{method}</b> {escape(path)}</h2><p>{text}</p><table>{rows}</table>{examples}</section>"


def _said(schema: dict[str, Any]) -> str:
    """Return what a parameter may be, in few words."""
    if "anyOf" in schema:
        return " or ".join(_said(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return ", ".join(json.dumps(one) for one in schema["enum"])
    ends = [f"{sign} {schema[name]}" for name, sign in (("minimum", "≥"), ("maximum", "≤")) if name in schema]
    return " ".join([str(schema.get("type", "")), *ends])
