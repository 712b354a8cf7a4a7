#!/usr/bin/env bash
# Evaluates on several GPUs: dist_test.sh CONFIG CHECKPOINT GPUS [arguments of test.py]
# Environment for several machines: NNODES, NODE_RANK, MASTER_ADDR, PORT.
set -euo pipefail

config=$1
checkpoint=$2
gpus=$3

exec torchrun \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$gpus" \
    "$(dirname "$0")/test.py" "$config" "$checkpoint" --launcher pytorch "${@:4}"
