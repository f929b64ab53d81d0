"""Files that are code, or that a library reads as code, told by their names and first bytes."""

from __future__ import annotations

from pathlib import PurePosixPath

#: Names under which Python's import, or what it imports, looks for code. Compared in lower case.
_CODE_SUFFIXES = {
    ".py": "Python code that loading the model may run",
    ".pyc": "compiled Python code",
    ".pyo": "compiled Python code",
    ".pyw": "Python code that loading the model may run",
    ".pyi": "Python code that loading the model may run",
    ".pyx": "Python code that loading the model may run",
    ".pyz": "an archive that Python runs",
    ".pyd": "a native library",
    ".so": "a native library",
    ".dll": "a native library",
    ".dylib": "a native library",
    ".pth": "a list of paths, or code, that Python reads when it starts, or a file of torch",
    ".egg": "an archive that Python imports from",
    ".whl": "an archive that Python imports from",
    ".jar": "an archive of Java code",
    ".ort": "a model of ONNX Runtime in its own format, which a scan can't look into",
}
HDF5 = b"\x89HDF\r\n\x1a\n"
_MAGICS = {
    b"\x7fELF": "a native library",
    b"MZ": "a native library",
    b"\xfe\xed\xfa\xce": "a native library",
    b"\xfe\xed\xfa\xcf": "a native library",
    b"\xce\xfa\xed\xfe": "a native library",
    b"\xcf\xfa\xed\xfe": "a native library",
    b"\xca\xfe\xba\xbe": "a native library or Java code",
    b"\xca\xfe\xba\xbf": "a native library",
    b"!<arch>\n": "a native library",
    b"\x00asm": "WebAssembly",
    b"#!": "a script",
    HDF5: "HDF5, which may hold Python code of Keras",
}
#: Numbers that CPython 3 writes in front of compiled code: 3000 for 3.0, 3571 for 3.13, ascending.
_PYC = range(3000, 4000)


def code_by_name(name: str) -> str | None:
    """What a file is by its name, such as ``compiled Python code``; None when its name says nothing of code."""
    suffixes = PurePosixPath(name.lower()).suffixes
    # A shared library may have its version behind: libgomp.so.1
    if ".so" in suffixes:
        return _CODE_SUFFIXES[".so"]
    return _CODE_SUFFIXES.get(suffixes[-1]) if suffixes else None


def code_by_content(head: bytes) -> str | None:
    """What a file is by its first 512 bytes; None when they say nothing of code."""
    for magic, what in _MAGICS.items():
        if head.startswith(magic):
            return what
    if head[2:4] == b"\r\n" and int.from_bytes(head[:2], "little") in _PYC:
        return "compiled Python code"
    if head[257:262] == b"ustar":
        return "a tar archive, which a scan can't look into"
    return None
