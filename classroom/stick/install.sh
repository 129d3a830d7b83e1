#!/bin/sh
# Run install.py with a Python that this folder has packages for: sh install.sh [FOLDER]
cd "$(dirname "$0")" || exit 1
for list in lists/*.txt; do
    version=${list##*-}
    python="python${version%.txt}"
    command -v "$python" >/dev/null && exec "$python" install.py "$@"
done
exec python3 install.py "$@"
