#!/usr/bin/env bash
# The wheel, installed into a fresh environment away from the clone, does its main jobs.
set -euo pipefail
clone=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python=${PYTHON:-python3}
"$python" -m venv "$place/env"
"$place/env/bin/pip" wheel --quiet --quiet --no-deps --wheel-dir "$place" "$clone"
"$place/env/bin/pip" install --quiet --quiet "$(ls "$place"/keras_ae-*.whl)[explorer]"
cd "$place"
export PATH="$place/env/bin:$PATH" TF_CPP_MIN_LOG_LEVEL=3
unset PYTHONPATH KERAS_AE_MODELS KERAS_AE_DATA
"$place/env/bin/python" - <<'PYTHON'
import json
import pathlib
import subprocess
import sys
import urllib.request

import keras_ae as kae

assert pathlib.Path(kae.__file__).is_relative_to(sys.prefix), kae.__file__
assert kae.load_pretrained("variational_digits").code_shape
explorer = subprocess.Popen(["keras-ae", "explore", "--json", "--no-browser"], stdout=subprocess.PIPE, text=True)
try:
    address = json.loads(explorer.stdout.readline())["url"]
    assert b"<html" in urllib.request.urlopen(address, timeout=60).read().lower()
finally:
    explorer.terminate()
    explorer.wait(60)
studies = subprocess.run(["keras-ae", "study", "list"], capture_output=True, text=True)
assert studies.returncode == 2 and "clone" in studies.stderr, studies
PYTHON
keras-ae compare --data digits --limit 200 --steps 4 --codes 4 --out compared > /dev/null 2>&1
test -s compared/report.html
echo "the wheel works alone"
