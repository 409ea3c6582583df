"""Where a task can be written to: every format has a method."""


class Saving:
    """What writes a task: into a new folder, or one that it may replace, and all or nothing."""

    def save_to_preset(self, folder, overwrite=False):
        """Writes config, tokenizer, weights, recipe and a model card into a folder, or nothing.

        Args:
            folder: a new one, an empty one, or a preset that is replaced.
            overwrite: whether a folder that holds something else may be replaced.
        """
        from ..checkpoints.native import save_task

        save_task(self, folder, overwrite=overwrite)

    def save_to_hugging_face(self, folder, overwrite=False):
        """Writes a folder that transformers' Auto classes read: config, weights, tokenizer.

        Args:
            folder: a new one, or an empty one.
            overwrite: whether a folder that holds something may be replaced.

        Raises:
            FileExistsError: the folder holds something.
            ValueError: the task has weights that transformers has no place for, as a CRF.
        """
        from ..checkpoints.hugging_face_writer import save_hugging_face

        save_hugging_face(self, folder, overwrite=overwrite)

    def save_to_keras_hub(self, folder, overwrite=False):
        """Writes a folder that `from_preset` of KerasHub reads: a text classifier with its head,
        of any other task the encoder.

        Args:
            folder: a new one, or an empty one.
            overwrite: whether a folder that holds something may be replaced.

        Raises:
            FileExistsError: the folder holds something.
            ValueError: KerasHub has no such family or tokenizer, or other numbers in its code.
        """
        from ..checkpoints.keras_hub_writer import save_keras_hub

        save_keras_hub(self, folder, overwrite=overwrite)

    def save_to_google(self, folder, overwrite=False):
        """Writes a checkpoint of TensorFlow 1 that Google's scripts read, of a BERT, an ALBERT or
        an ELECTRA: with the head if they have the same, else the encoder.

        Args:
            folder: a new one, or an empty one.
            overwrite: whether a folder that holds something may be replaced.

        Raises:
            FileExistsError: the folder holds something.
            ValueError: their code has no such family or tokenizer, or other numbers in it.
        """
        from ..checkpoints.google_writer import save_google

        save_google(self, folder, overwrite=overwrite)

    def export(self, folder, format="tf_saved_model", *, overwrite=False, **options):
        """Writes the task for a runtime that does not have this library.

        Args:
            folder: a new one, an empty one, or one that an export wrote.
            format: `"tf_saved_model"`, which takes raw text; `"onnx"`, `"litert"`, `"openvino"` or
                `"torch_export"`, which take ids, with tokenizer.json beside them.
            overwrite: whether a folder that holds something else may be replaced.
            **options: of the format; see the module of its name in `keras_bert_zoo.export`.

        Returns:
            A report of what was written, which is in the folder too, as export.json.

        Raises:
            FileExistsError: the folder holds something that no export wrote.
            ImportError: a package is needed: which.
            ValueError: an unknown format, or one that has no place for such a task.
        """
        from ..export import export

        return export(self, folder, format, overwrite=overwrite, **options)

    def push_to_hub(self, repository, **options):
        """Writes the task to a repository of the Hugging Face Hub, which is made if need be.

        Args:
            repository: `"owner/name"`.
            **options: `form`, which is `"hugging-face"`, `"keras-bert-zoo"`, `"keras-hub"`,
                `"tf1"` or `"sentence-transformers"`; `private`; `revision`; `token`.

        Returns:
            The address of the commit.

        Example:

        >>> task.push_to_hub("me/my-classifier", private=True)
        """
        from ..checkpoints.formats import push

        return push(self, repository, **options)
