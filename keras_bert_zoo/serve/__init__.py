"""A task behind HTTP: `keras-bert-zoo serve`."""
