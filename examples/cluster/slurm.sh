#!/bin/sh
# Publish a merge from a Slurm cluster, without a disk: an array job whose tasks
# share the output files, and a job that publishes them when all have ended.
#
#   RECIPE=recipe.yaml REPO=me/merged TASKS=16 HF_TOKEN=… sh slurm.sh
#
# Tasks share nothing but the hub: each may be killed and requeued, and run
# again it goes on with what the hub has of its share. Two with the same number
# do no harm. The token comes from the environment, which sbatch passes on.
set -eu
: "${RECIPE:?}" "${REPO:?}" "${TASKS:=4}"

# Each task keeps a cache of its own: it holds headers and small files alone.
run='HF_HOME=${SLURM_TMPDIR:-/tmp}/longcat-$SLURM_JOB_ID'

share=$(sbatch --parsable --job-name=longcat --array="1-$TASKS" --requeue \
	--cpus-per-task=2 --mem=1G \
	--wrap "export $run; exec longcat publish '$RECIPE' --to '$REPO' --no-disk --task auto")

# The last task finds all shares there and publishes by itself; this job sees
# to it when tasks ended at the same moment or were run again.
sbatch --job-name=longcat-finish --dependency="afterok:$share" --kill-on-invalid-dep=yes \
	--cpus-per-task=1 --mem=512M \
	--wrap "export $run; exec longcat publish '$RECIPE' --to '$REPO' --finish"
