"""The README.md beside an ONNX file."""

from ..version import __version__


def card(task, report):
    """Markdown: what is in the folder, what goes in and comes out, and how to run it."""
    inputs = [
        f"| `{name}` | {one['dtype']} ({', '.join(one['axes'])}) |"
        for name, one in report["inputs"].items()
    ]
    lines = [
        "---",
        "library_name: onnx",
        f"tags: [onnx, {task.encoder.config.family}, {task.name}]",
        "---",
        f"# {type(task).__name__} on a {task.encoder.config.family} encoder, as ONNX",
        "",
        f"Written by keras_bert_zoo {__version__}: opset {report['opset']}, {report['precision']}, "
        f"{report['bytes'] / 1e6:.1f} MB. All axes that have a name are open.",
        "",
        "| input | |",
        "|---|---|",
        *inputs,
        "",
        f"Outputs: {', '.join(f'`{name}`' for name in report['outputs'])}.",
    ]
    if report["unused_inputs"]:
        names = ", ".join(f"`{name}`" for name in report["unused_inputs"])
        lines += ["", f"Read by nothing, but to be given: {names}."]
    if report["runner"]:
        lines += [
            "",
            "```bash",
            "pip install numpy onnxruntime tokenizers",
            'python run.py "A text."',
            "```",
        ]
    else:
        lines += ["", f"There is no run.py: {report['no_runner']}."]
    return "\n".join([*lines, ""])
