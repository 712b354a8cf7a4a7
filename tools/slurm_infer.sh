#!/usr/bin/env bash
# Parses photos and videos through Slurm: slurm_infer.sh PARTITION JOB_NAME INPUT... --out-dir DIR [arguments of infer.py]
# A task that dies takes no other one with it; --resume does what it left.
# Environment: GPUS, GPUS_PER_NODE, CPUS_PER_TASK, SRUN_ARGS.
set -euo pipefail

partition=$1
job_name=$2
gpus=${GPUS:-8}
gpus_per_node=${GPUS_PER_NODE:-8}

# SRUN_ARGS holds several arguments, so it is not quoted
# shellcheck disable=SC2086
exec srun --partition="$partition" --job-name="$job_name" \
    --gres="gpu:$gpus_per_node" --ntasks="$gpus" --ntasks-per-node="$gpus_per_node" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=0 ${SRUN_ARGS:-} \
    python -u "$(dirname "$0")/infer.py" "${@:3}" --launcher slurm
