"""Writes the pods that want to be scraped into a file for Prometheus, once a second.

Debian's Prometheus is built without Kubernetes service discovery. This finds what that would find by the usual
annotations, and gives each target the same labels: the pod's own, its name and its namespace.
"""

import json
import os
import re
import ssl
import sys
import time
import urllib.request

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
PREFIX = "prometheus.io/"


def pods() -> list[dict]:
    with open(f"{ACCOUNT}/token") as token:
        headers = {"Authorization": f"Bearer {token.read()}"}
    request = urllib.request.Request("https://kubernetes.default.svc/api/v1/pods", headers=headers)
    trusted = ssl.create_default_context(cafile=f"{ACCOUNT}/ca.crt")
    with urllib.request.urlopen(request, timeout=5, context=trusted) as answer:
        return json.load(answer)["items"]


def target(pod: dict) -> dict | None:
    metadata = pod["metadata"]
    annotations = metadata.get("annotations", {})
    address = pod["status"].get("podIP")
    if annotations.get(f"{PREFIX}scrape") != "true" or not address:
        return None
    own = {re.sub(r"\W", "_", name): value for name, value in metadata.get("labels", {}).items()}
    return {
        "targets": [f"{address}:{annotations[f'{PREFIX}port']}"],
        "labels": own
        | {
            "__metrics_path__": annotations.get(f"{PREFIX}path", "/metrics"),
            "namespace": metadata["namespace"],
            "pod": metadata["name"],
        },
    }


def main(file: str) -> None:
    while True:
        try:
            found = [each for each in map(target, pods()) if each]
            with open(f"{file}.new", "w") as draft:
                json.dump(found, draft)
            # Prometheus must never read half of it.
            os.replace(f"{file}.new", file)
        except OSError as error:
            print(error, file=sys.stderr, flush=True)
        time.sleep(1)


main(sys.argv[1])
