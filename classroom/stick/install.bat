@echo off
rem Run install.py with a Python that this folder has packages for: install.bat [FOLDER]
cd /d "%~dp0"
for %%v in (3.13 3.12 3.11 3.10) do (
    if not defined PYTHON if exist "lists\windows-%%v.txt" py -%%v -c "" >nul 2>nul && set "PYTHON=py -%%v"
)
if not defined PYTHON set "PYTHON=python"
%PYTHON% install.py %*
pause
