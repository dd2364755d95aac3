# SPDX-License-Identifier: MIT
"""limit("WAIT"), limit("PROGRAM"), limit("MACHINE") in seconds: tests/limits."""
import os
import re


def limit(name):
    with open(os.path.dirname(__file__) + "/../../tests/limits") as f:
        seconds = int(re.search(rf"^{name}_LIMIT=(\d+)", f.read(), re.M)[1])
    return seconds * int(os.environ.get("TIMEOUT_SCALE", "1"))
