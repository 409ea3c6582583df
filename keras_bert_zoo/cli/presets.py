"""`keras-bert-zoo presets`: what is known by name."""

import dataclasses
import json

from ..registry import list_presets

NEEDS_KERAS = False


def run(args):
    table = list_presets(args.family, args.language)
    if args.json:
        rows = [dataclasses.asdict(preset) for preset in table]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        print(table)
