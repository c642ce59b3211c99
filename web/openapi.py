"""Prints the API's contract: ``python -m web.openapi > web/ui/openapi.json`` feeds the pages' typed client."""

from __future__ import annotations

import json
import sys

from web.app import create_app


def main() -> None:
    """Write the OpenAPI document on stdout."""
    json.dump(create_app(None).openapi(), sys.stdout, ensure_ascii=False, indent=1, sort_keys=True)


if __name__ == "__main__":
    main()
