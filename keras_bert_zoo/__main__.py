"""`python -m keras_bert_zoo` is the command `keras-bert-zoo`."""

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
