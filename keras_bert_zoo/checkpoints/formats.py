"""Writes a task in any of the formats that there are, to a folder or to the Hugging Face Hub."""

import tempfile
from pathlib import Path

from ..errors import unknown_name

FORMATS = ("keras-bert-zoo", "hugging-face", "sentence-transformers", "keras-hub", "tf1")


def write(task, form, folder, *, overwrite=False, head=True):
    """Writes a folder.

    Args:
        task: the task.
        form: one of `FORMATS`.
        folder: a new one, or an empty one.
        overwrite: whether a folder that holds something may be replaced.
        head: whether the head is written, in the formats that may have none.

    Raises:
        ValueError: an unknown format, or one that has no place for such a task.
    """
    from ..tasks import TextEmbedder
    from .google_writer import save_google
    from .hugging_face_writer import save_hugging_face
    from .keras_hub_writer import save_keras_hub

    writers = {
        "hugging-face": save_hugging_face,
        "keras-hub": save_keras_hub,
        "tf1": save_google,
    }
    if form not in FORMATS:
        raise unknown_name("format", form, FORMATS)
    if form == "keras-bert-zoo":
        task.save_to_preset(folder, overwrite=overwrite)
    elif form in writers:
        writers[form](task, folder, overwrite=overwrite, head=head)
    elif isinstance(task, TextEmbedder):
        task.save_to_sentence_transformers(folder, overwrite=overwrite)
    else:
        raise ValueError(
            f"sentence-transformers keeps sentence embeddings, and this is a "
            f"{type(task).__name__}. Use hugging-face."
        )


def holds_head(task, form):
    """Whether a format has a place for the head of a task."""
    from . import google_writer, keras_hub_writer

    some = {"keras-hub": keras_hub_writer, "tf1": google_writer}
    return form not in some or some[form].keeps_head(task)


def weights_in(model, form):
    """Name -> array, as a format keeps the weights of a task or of an encoder.

    That of KerasHub leaves out what it has no place for, and that of Hugging Face a pooler that the
    head does not use; the others keep every weight as it is.
    """
    import keras

    from .hugging_face_writer import unused_pooler
    from .keras_hub_writer import arrays_of

    if form == "keras-hub":
        encoder, head, _ = arrays_of(model)
        return encoder | {f"head: {path}": array for path, array in head.items()}
    task = form == "hugging-face" and hasattr(model, "encoder")
    without = {weight.path for weight in unused_pooler(model)} if task else ()
    return {
        weight.path: keras.ops.convert_to_numpy(weight)
        for weight in model.weights
        if weight.path not in without
    }


def push(task, repository, *, form="hugging-face", private=None, revision=None, token=None):
    """Writes a task to a repository of the Hub, which is made if it is not there.

    Args:
        task: the task.
        repository: `"owner/name"`.
        form: one of `FORMATS`.
        private: whether a new repository is private; the owner's habit if not given.
        revision: branch to write to; the main one if not given.
        token: of an account that may write; the one that is logged in if not given.

    Returns:
        The address of the commit.

    Raises:
        ImportError: huggingface_hub is not installed.
        ValueError: not the name of a repository, or as `write`.
    """
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.utils import validate_repo_id
    except ImportError as error:
        raise ImportError("The Hub needs: pip install huggingface_hub") from error
    validate_repo_id(repository)
    api = HfApi(token=token)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        write(task, form, folder)  # all of it, before anything is made on the Hub
        api.create_repo(repository, private=private, exist_ok=True)
        if revision is not None:
            api.create_branch(repository, branch=revision, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repository,
            folder_path=folder,
            revision=revision,
            commit_message=f"{type(task).__name__} from keras_bert_zoo",
        )
    return commit.commit_url
