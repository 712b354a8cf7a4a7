#!/usr/bin/env bash
# Parses photos and videos in several processes: dist_infer.sh PROCESSES INPUT... --out-dir DIR [arguments of infer.py]
# One process a GPU; without GPUs, any number on the CPU (OMP_NUM_THREADS: threads of each, by default 1).
# If a process dies, all are started again (RESTARTS times at most, default 3) and go on with what is not done.
# Exit codes are those of infer.py: 0, 1 if some inputs failed, 2 or another one if the command itself did.
# Environment for several machines with one file system: NNODES, NODE_RANK, MASTER_ADDR, PORT.
set -euo pipefail

processes=$1
shift
out_dir=''
for ((index = 1; index <= $#; index++)); do
    case ${!index} in
        --out-dir) next=$((index + 1)); out_dir=${!next} ;;
        --out-dir=*) out_dir=${!index#--out-dir=} ;;
    esac
done

torchrun \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    --max_restarts="${RESTARTS:-3}" \
    "$(dirname "$0")/infer.py" "$@" --launcher pytorch

exec python -c 'import json, sys; sys.exit(bool(json.load(open(sys.argv[1]))["failures"]))' "$out_dir/summary.json"
