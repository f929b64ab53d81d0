"""Makes tiny packages under the names of the large ones, and a lock of them: small_wheels.py FOLDER [MB].

What serving/Dockerfile does with packages is then done in seconds, by the same steps. With MB, one of them takes that
much room once it is installed.
"""

import hashlib
import sys
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "serving"))
from image_requirements import LEFT_OUT  # noqa: E402

#: Names on the index, and as modules: those whose tests the Dockerfile removes.
PACKAGES = {"numpy": "numpy", "pandas": "pandas", "pyarrow": "pyarrow", "scipy": "scipy", "scikit-learn": "sklearn"}


def wheel(folder: Path, name: str, module: str, megabytes: int) -> str:
    """Writes the wheel and returns its sha256."""
    stem = f"{name.replace('-', '_')}-1.0"
    info = f"{stem}.dist-info"
    file = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{module}/__init__.py", f"NAME = '{name}'\n")
        archive.writestr(f"{module}/tests/test_it.py", "assert True\n")
        if megabytes:
            archive.writestr(f"{module}/large", bytes(megabytes << 20))
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(file.read_bytes()).hexdigest()


def main(folder: Path, megabytes: int) -> None:
    hashes = {name: wheel(folder, name, module, 0) for name, module in PACKAGES.items()}
    if megabytes:
        hashes["pyarrow"] = wheel(folder, "pyarrow", "pyarrow", megabytes)
    hashes |= {name: "0" * 64 for name in LEFT_OUT}
    blocks = (
        f"{name}==1.0 \\\n    --hash=sha256:{digest}\n    # via -r serving/requirements.in\n"
        for name, digest in sorted(hashes.items())
    )
    (folder / "requirements.lock").write_text("".join(blocks))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
