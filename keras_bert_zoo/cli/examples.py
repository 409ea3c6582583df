"""What `--help` shows of each command in use."""

EXAMPLES = {
    "": """\
  keras-bert-zoo presets
  keras-bert-zoo finetune --preset bert_nano_en_uncased --train train.csv --test test.csv \\
      --output model
  keras-bert-zoo evaluate model --data test.csv
  keras-bert-zoo predict model "What a lovely place." "Never again."
  keras-bert-zoo COMMAND --help""",
    "finetune": """\
  keras-bert-zoo finetune --preset bert_nano_en_uncased --train train.csv --test test.csv \\
      --output model
  keras-bert-zoo finetune --preset bert_tiny_en_uncased --train pairs.tsv --output model \\
      --text-column premise,hypothesis --label-column gold --validation-split 0.1
  keras-bert-zoo finetune --preset hf://google-bert/bert-base-uncased --train tags.jsonl \\
      --problem multi_label --label-separator ',' --epochs 5 --output model
  keras-bert-zoo finetune --preset bert_base_en --task token --train train.conll --output tagger""",
    "evaluate": """\
  keras-bert-zoo evaluate model --data test.csv
  keras-bert-zoo evaluate model --data test.csv --label-column stars 2>/dev/null | jq .accuracy""",
    "predict": """\
  keras-bert-zoo predict model "What a lovely place."
  keras-bert-zoo predict model --file reviews.csv --format csv --output answers.csv
  tail -n 100 log.txt | keras-bert-zoo predict model --top-k 3""",
    "serve": """\
  keras-bert-zoo serve model
  keras-bert-zoo serve model --port 8080 --max-batch-size 16 --backend torch
  curl localhost:8000/predict -H 'Content-Type: application/json' -d '{"text": "Lovely."}'""",
    "scale": """\
  keras-bert-zoo scale predict model --input 'texts/*.parquet' --output answers --workers 4
  keras-bert-zoo scale predict embedder --input texts --output vectors --engine ray --workers 64 \\
      --columns id --option prompt=passage""",
    "glue": """\
  keras-bert-zoo glue --data glue_data --task RTE,MRPC --preset bert_base_en --output runs
  keras-bert-zoo glue --data glue_data --preset bert_nano_en_uncased --output runs""",
    "corpus": """\
  keras-bert-zoo corpus build --input 'books/*.txt' --tokenizer bert_nano_en_uncased --output shards
  keras-bert-zoo corpus build --input wiki.jsonl.gz --tokenizer model --packing full_sentences \\
      --length 512 --output shards
  keras-bert-zoo corpus info shards --verify""",
    "distill": """\
  keras-bert-zoo distill --teacher model --student 2 --train train.csv --output small
  keras-bert-zoo distill --teacher model --student bert_tiny_en_uncased --train texts.csv \\
      --unlabelled --output tiny
  keras-bert-zoo distill --teacher tagger --student 0,3,6,9 --train train.conll --output small""",
    "pretrain": """\
  keras-bert-zoo pretrain --size mini --corpus shards --steps 50000 --output my_bert --run runs/1
  keras-bert-zoo pretrain --preset bert_base_en_uncased --corpus shards --steps 2000 \\
      --learning-rate 5e-5 --output adapted""",
    "vocabulary": """\
  keras-bert-zoo vocabulary train notes.txt --like bert_folder --size 8192 --output words
  keras-bert-zoo vocabulary adapt bert_folder adapted_bert --tokenizer words
  keras-bert-zoo vocabulary adapt bert_folder larger_bert --mode extend --token mRNA""",
    "export": """\
  keras-bert-zoo export model served_model
  keras-bert-zoo export model small_model --format onnx --option precision=int8""",
    "convert": """\
  keras-bert-zoo convert uncased_L-12_H-768_A-12 bert --to hugging-face
  keras-bert-zoo convert hf://google-bert/bert-base-uncased bert --to keras-bert-zoo""",
    "package": """\
  keras-bert-zoo package model --name my-bert --output dist""",
    "presets": """\
  keras-bert-zoo presets --language zh
  keras-bert-zoo presets --json""",
    "inspect": """\
  keras-bert-zoo inspect model
  keras-bert-zoo inspect bert_nano_en_uncased --json""",
}
