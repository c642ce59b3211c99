"""The application's own route table, with requests filled in from what the routes themselves declare."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import BaseRoute, Mount, Route

PARAMETER: Final = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass(frozen=True, slots=True)
class Way:
    """One way in: a method (or ``WS``, ``MOUNT``) and a path with its parameters' names."""

    method: str
    path: str

    def parameters(self) -> list[str]:
        """Names in the path."""
        return PARAMETER.findall(self.path)

    def filled(self, values: dict[str, str]) -> str:
        """The path with real values; KeyError names a parameter that the test does not know yet."""
        return PARAMETER.sub(lambda found: values[found[1]], self.path)


def every_way(app: FastAPI) -> list[Way]:
    """Every route, however it is included; TypeError for a kind of route that nobody has thought of."""
    return sorted(_ways(app.routes, ""), key=lambda way: (way.path, way.method))


def _ways(routes: list[BaseRoute], prefix: str) -> Iterator[Way]:
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _ways(included.routes, prefix + str(route.include_context.prefix))  # type: ignore[attr-defined]
        elif isinstance(route, APIWebSocketRoute):
            yield Way("WS", prefix + route.path)
        elif isinstance(route, APIRoute | Route):
            yield from (Way(method, prefix + route.path) for method in route.methods or ())
        elif isinstance(route, Mount):
            yield Way("MOUNT", prefix + route.path)
        else:
            raise TypeError(f"a route of an unknown kind: {route!r}")


class Contract:
    """What the OpenAPI contract says a request needs, as a plausible request."""

    def __init__(self, app: FastAPI, values: dict[str, Any]) -> None:
        self._contract = app.openapi()
        self._values = values

    def query(self, way: Way) -> dict[str, Any]:
        """The required query parameters."""
        asked = self._operation(way).get("parameters", [])
        return {
            one["name"]: self._sample(one["schema"], one["name"])
            for one in asked
            if one["in"] == "query" and one["required"]
        }

    def body(self, way: Way) -> Any:
        """A body with its required fields, or None: where there is none, or where it is a file."""
        told = self._operation(way).get("requestBody", {}).get("content", {}).get("application/json")
        return self._sample(told["schema"], "") if told else None

    def _operation(self, way: Way) -> dict[str, Any]:
        found: dict[str, Any] = self._contract["paths"].get(way.path, {}).get(way.method.lower(), {})
        return found

    def _sample(self, schema: dict[str, Any], name: str) -> Any:
        if name in self._values:
            return self._values[name]
        if "$ref" in schema:
            return self._sample(self._contract["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], name)
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self._sample(schema[several][0], name)
        if "enum" in schema:
            return schema["enum"][0]
        match schema.get("type"):
            case "object":
                required, known = schema.get("required", []), schema.get("properties", {})
                return {one: self._sample(known[one], one) for one in required}
            case "array":
                return [self._sample(schema.get("items", {}), name)] if schema.get("minItems") else []
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return True
            case _:
                return "x" * max(1, int(schema.get("minLength", 1)))
