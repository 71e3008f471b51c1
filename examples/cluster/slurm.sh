#!/bin/bash
# Tunes an experiment on eight nodes:
#   sbatch slurm.sh my.yaml
# With another first word, it runs its sweep:
#   WHAT=run sbatch slurm.sh my.yaml
# The parts and the result are in the folder parts.
#SBATCH --job-name=qsim
#SBATCH --array=1-8
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --time=01:00:00
set -euo pipefail
what=${WHAT:-tune}
file=${1:?usage: sbatch slurm.sh FILE.yaml}
mkdir -p parts
shard=$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT
qsim "$what" "$file" --shard "$shard" --parallel "${SLURM_CPUS_PER_TASK:-1}" \
  -o "parts/$what-$SLURM_ARRAY_TASK_ID.json"

# The first task asks for the merge, which waits for all of the array.
if [[ $SLURM_ARRAY_TASK_ID == 1 ]]; then
  sbatch --job-name=qsim-merge --dependency="afterok:$SLURM_ARRAY_JOB_ID" --cpus-per-task=4 \
    --wrap="qsim merge parts/$what-*.json --html parts/$what.html --json parts/$what.json"
fi
