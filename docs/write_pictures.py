"""A picture of the page of a server that runs, as docs/serving.md shows them.

keras-bert-zoo serve my_classifier &
python docs/write_pictures.py http://127.0.0.1:8000 docs/images/labels.png "text=A lovely film."
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.serve.browser import browser


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("file")
    parser.add_argument("fields", nargs="*", metavar="NAME=TEXT", help="what is typed")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--width", type=int, default=760)
    args = parser.parse_args()
    with browser() as page:
        size = {"width": args.width, "height": 400, "deviceScaleFactor": 1, "mobile": False}
        page.command("Emulation.setDeviceMetricsOverride", **size)
        if args.dark:
            dark = [{"name": "prefers-color-scheme", "value": "dark"}]
            page.command("Emulation.setEmulatedMedia", features=dark)
        page.open(args.url)
        page.wait("return document.readyState === 'complete'")
        if "/docs" not in args.url:
            page.wait("return document.getElementById('form').dataset.ready === 'yes'")
            for field in args.fields:
                name, _, text = field.partition("=")
                page.type(f"#{name}", text)
            page.click("#ask")
            page.wait("return document.getElementById('answer').childElementCount > 0")
        else:
            page.wait("return document.querySelectorAll('section').length > 0")
        page.run("document.activeElement.blur()")
        page.picture(args.file)


if __name__ == "__main__":
    main()
