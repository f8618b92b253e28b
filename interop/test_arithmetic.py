"""Random recipes of every merge method, against an independent implementation in numpy."""
import os
import subprocess
import sys


def test_random_recipes():
    script = os.path.join(os.path.dirname(__file__), "arithmetic", "random_recipes.py")
    done = subprocess.run([sys.executable, script, os.environ["LONGCAT"], "30"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
