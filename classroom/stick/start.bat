@echo off
rem Open the course in JupyterLab
cd /d "%~dp0"
.venv\Scripts\python -m jupyter lab --notebook-dir . notebooks/00_start_here.ipynb
