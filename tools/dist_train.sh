#!/usr/bin/env bash
# Trains on several GPUs: dist_train.sh CONFIG GPUS [arguments of train.py]
# Environment for several machines: NNODES, NODE_RANK, MASTER_ADDR, PORT.
set -euo pipefail

config=$1
gpus=$2

exec torchrun \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$gpus" \
    "$(dirname "$0")/train.py" "$config" --launcher pytorch "${@:3}"
