#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Judge the fixtures by the JSON Schema that `weft schema` prints, as an editor would.

Usage: validate.py SCHEMA. Exit status 77: jsonschema is not installed (package python3-jsonschema).
"""
import json
import pathlib
import re
import sys

try:
    import jsonschema
    import yaml
except ImportError:
    sys.exit(77)

HERE = pathlib.Path(__file__).parent

# Plain words as names that YAML itself takes for numbers or booleans: weft reads them, editors frown.
ONLY_WEFT_ACCEPTS = {"aliases.yaml"}
# Files with errors that one key alone shows, which is all that a schema can see.
SCHEMA_REFUSES = {"flows.yaml", "keys.yaml", "names.yaml", "nulls.yaml", "ports.yaml", "scalars.yaml", "subnets.yaml",
                  "policy-values.yaml", "types.yaml", "vteps.yaml"}
# Networks of bad/scalars.yaml that are wrong by their notation only: 0x10, 010, True.
NOTATION = {"n3", "n4", "n12"}


class Yaml12(yaml.SafeLoader):
    """YAML 1.2's core schema: no octal, no base 60, no yes and no."""


Yaml12.yaml_implicit_resolvers = {}
for tag, pattern, first in (("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
                            ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
                            ("int", r"[-+]?[0-9]+|0x[0-9a-fA-F]+", list("-+0123456789"))):
    Yaml12.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(f"^(?:{pattern})$"), first)


def parse(text):
    """JSON is YAML, but not to PyYAML if it is indented by tabs."""
    try:
        return json.loads(text)
    except ValueError:
        return yaml.load(text, Yaml12)


def is_valid(validator, path):
    """Whether the schema accepts a file; what YAML itself refuses is not valid either."""
    try:
        return validator.is_valid(parse(path.read_text(encoding="utf-8")))
    except yaml.YAMLError:
        return False


def main():
    """Exit with 1 if the schema and weft disagree about a file."""
    schema = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())

    wrong = [f"{path} is refused" for path in sorted(HERE.glob("good/*.yaml")) + sorted(HERE.glob("warn/*.yaml"))
             if path.name not in ONLY_WEFT_ACCEPTS and not is_valid(validator, path)]
    wrong += [f"{name} is accepted" for name in sorted(SCHEMA_REFUSES)
              if is_valid(validator, HERE / "bad" / name)]

    network = jsonschema.Draft7Validator(schema["properties"]["networks"]["items"])
    wrong += [f"bad/scalars.yaml: network {row['name']} is accepted"
              for row in parse((HERE / "bad" / "scalars.yaml").read_text(encoding="utf-8"))["networks"]
              if row["name"] not in NOTATION and network.is_valid(row)]
    for line in wrong:
        print(line, file=sys.stderr)
    sys.exit(bool(wrong))


main()
