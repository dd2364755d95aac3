# SPDX-License-Identifier: MIT
"""limit("WAIT"), limit("PROGRAM"), limit("MACHINE") in seconds, and what else
tests/limits says."""
import os
import re


FILE = os.path.dirname(__file__) + "/../../tests/limits"


def value(pattern):
    with open(FILE) as f:
        return re.search(pattern, f.read(), re.M)[1]


def scaled(seconds):
    return seconds * int(os.environ.get("TIMEOUT_SCALE", "1"))


def limit(name):
    return scaled(int(value(rf"^{name}_LIMIT=(\d+)")))


def linux_args():
    return value(r'^LINUX_ARGS="(.*)"')
