#!/usr/bin/env bash
# Unpacks what `mim download mmhparse --dataset coco2017` fetched: unpack_coco2017.sh DOWNLOAD_FOLDER DATA_FOLDER
set -euo pipefail

raw=$1/OpenDataLab___COCO_2017/raw
data=$2

mkdir -p "$data"
for file in Images/train2017.zip Images/val2017.zip Annotations/annotations_trainval2017.zip; do
    unzip -q -n "$raw/$file" -d "$data"
done
