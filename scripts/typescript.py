"""Checks the types of the browser code with the locked TypeScript compiler; its exit code is the compiler's."""

import subprocess
import sys

from setup import ROOT, node_tools

node, _, environment = node_tools()
compiler = ROOT / "web" / "node_modules" / "typescript" / "bin" / "tsc"
sys.exit(subprocess.run([node, compiler, "--noEmit", "-p", ROOT / "web"], env=environment, check=False).returncode)
