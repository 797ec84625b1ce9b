#!/bin/sh
# Linux and macOS: sh install.sh [WHERE]. Picks the Python that the bundle was made for.
here=$(cd "$(dirname "$0")" && pwd)
wanted=$(sed -n 's/.*"python": "\([0-9.]*\)".*/\1/p' "$here/bundle.json" 2>/dev/null)
python=$(command -v "python$wanted" || command -v python3) || {
  echo "No Python was found. Install Python $wanted (it is not part of the bundle), then run this again."; exit 1; }
exec "$python" "$here/install.py" "$@"
