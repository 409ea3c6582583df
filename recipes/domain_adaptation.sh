#!/bin/sh
# Movie reviews: an encoder reads them, with its own vocabulary or with theirs, before it is
# fine-tuned on 200 labelled sentences. Figures: docs/figures.md.
#
#     KBZ_DATA=... recipes/domain_adaptation.sh [--seeds 0 1 2] [--ways "as it is" "extended, read"]
#
# Needs weights/bert-tiny-splade, tasks/movie-documents and tasks/movie-sentences in KBZ_DATA, or in
# ../shared/data beside the repository. The four ways take about 15 minutes of one core.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
data=${KBZ_DATA:-$root/../shared/data}
export KERAS_BACKEND="${KERAS_BACKEND:-torch}" PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
exec "${PYTHON:-python}" "$root/benchmarks/domain_adaptation.py" \
    --encoder "$data/weights/bert-tiny-splade" --out domain_adaptation.json \
    --ways "as it is" read replaced "replaced, read" "$@"
