#!/usr/bin/env bash
# Everything that needs a GPU of NVIDIA, in one go: builds the torch engine for the libtorch that comes with a Python's
# torch, runs tfjs-core's conformance suite on the GPU, and compares the models of `engines` with PyTorch there, in float32
# and in 16 bits.
#
#     test/bench/gpu.sh [python]      # a Python with a torch for CUDA; default python3
#
# Needs Node 20.19 or later and a C++ compiler. What is installed already (node_modules) is used as it is.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=$(command -v "${1:-python3}")

"$python" - <<'PYTHON'
import sys
try:
    import torch
except ImportError:
    sys.exit(f"{sys.executable} has no torch. Name a Python that has: test/bench/gpu.sh <python>")
if not torch.cuda.is_available():
    sys.exit(f"torch {torch.__version__} of {sys.executable} finds no GPU. See what nvidia-smi says.")
print(f"{torch.cuda.get_device_name(0)}, torch {torch.__version__} of {sys.executable}")
PYTHON
PL_LIBTORCH=$("$python" -c 'import os, torch; print(os.path.dirname(torch.__file__))')
export PL_LIBTORCH

[ -d node_modules ] || npm install
npm run build --silent
node transformer/bin/pl.js engine build
node transformer/bin/pl.js doctor

status=0
npm run conformance --silent -- torch cuda:0 || status=$?
npm run bench --silent -- engines --accelerator gpu --models mlp,cnn,transformer,gpt --python "$python" || status=$?
npm run bench --silent -- precision --accelerator gpu --models mlp,cnn,transformer,gpt --python "$python" || status=$?
exit "$status"
