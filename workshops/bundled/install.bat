@echo off
rem Windows: install.bat [WHERE]. Python must be installed; it is not part of the bundle.
for /f "tokens=2 delims=:, " %%v in ('findstr /c:"\"python\":" "%~dp0bundle.json"') do set wanted=%%~v
py -%wanted% "%~dp0install.py" %*
