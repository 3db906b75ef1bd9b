"""The gate, the same for people and CI: `python -m tests` runs lint, format, types and every test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STEPS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("pytest", "-q", *sys.argv[1:]),  # last: its closing line is what CI reads
)


def main() -> int:
    """Run every step, also after one has failed; 0 when all passed."""
    failed = []
    for step in STEPS:
        sys.stdout.write(f"== {' '.join(step)}\n")
        sys.stdout.flush()
        if subprocess.run([sys.executable, "-m", *step], cwd=ROOT, check=False).returncode:
            failed.append(step[0])
    if failed:
        sys.stderr.write(f"the gate is shut: {', '.join(failed)} failed\n")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
