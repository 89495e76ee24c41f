# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""docs/openapi.yaml, and what the agent says held against it."""
import json
import os
import re

import jsonschema
import yaml

PATH = os.path.join(os.path.dirname(__file__), "../../docs/openapi.yaml")


class Api:
    """The description; its "nullable" is made what JSON Schema knows."""

    def __init__(self):
        with open(PATH, encoding="utf-8") as f:
            self.document = _plain(yaml.safe_load(f))
        self.patterns = [(re.compile(re.sub(r"{\w+}", "[^/]+", path) + "$"), item)
                         for path, item in self.document["paths"].items()]

    def routes(self):
        return {(method.upper(), path) for path, item in self.document["paths"].items()
                for method in item if method != "parameters"}

    def _response(self, method, path, status):
        path = path.split("?")[0].rstrip("/")
        for pattern, item in self.patterns:
            operation = item.get(method.lower())
            if pattern.match(path) and operation:
                answer = operation["responses"].get(str(status))
                assert answer, f"{method} {path} is not described as answering {status}"
                return self._resolve(answer)
        assert status in (400, 403, 404, 405), f"{method} {path} is not described"
        return self.document["components"]["responses"]["Error"]

    def _resolve(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].split("/")[1:]:
                target = target[part]
            node = target
        return node

    def check(self, method, path, status, content_type, text):
        """Return: the answer, decoded."""
        content = self._response(method, path, status)["content"]
        kind = content_type.split(";")[0]
        assert kind in content, f"{method} {path}: {content_type} is not described"
        if kind != "application/json":
            return text
        answer = json.loads(text)
        schema = {**content[kind]["schema"], "components": self.document["components"]}
        try:
            jsonschema.validate(answer, schema)
        except jsonschema.ValidationError as e:
            raise AssertionError(f"{method} {path}: {e.message} at {list(e.path)}: {text}") from None
        return answer

    def check_event(self, event):
        jsonschema.validate(event, {"$ref": "#/components/schemas/Event",
                                    "components": self.document["components"]})


def _plain(node):
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _plain(value) for key, value in node.items()}
    if node.pop("nullable", False):
        return {"anyOf": [node, {"type": "null"}]}
    return node
