#!/bin/sh
# Open the course in JupyterLab: sh start.sh
cd "$(dirname "$0")" && exec .venv/bin/python -m jupyter lab --notebook-dir . notebooks/00_start_here.ipynb
