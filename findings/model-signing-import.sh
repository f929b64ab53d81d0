#!/bin/bash
# The tool that signs models can't be imported as it is installed today, not even to sign with a key.
#
# Packages: model-signing 1.1.1 (its newest in November 2026) with sigstore 4.5.1, which it takes as it asks for >=4.0.
# Input: a key pair and a folder with one file; `import model_signing`, then a signature by the key and its verification.
# Seen: ModuleNotFoundError: No module named 'OpenSSL', from the module for certificates, which comes with the one for
#   keys. model-signing imports pyOpenSSL and doesn't list it; it came with sigstore's earlier releases, and sigstore has
#   done without since. So nothing changed in model-signing, nor in what it asks for, and it stopped working by a release
#   elsewhere. With pyOpenSSL beside it, the same signature is made and verified.
# Expected: what a package imports is in its list, or is imported where it is needed.
# Known: the same happened in September 2025 with sigstore 4.0.0 and sigstore_protobuf_specs
#   (sigstore/model-transparency#531, closed: the list was mended for that one package). This one wasn't found there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check model-signing==1.1.1 sigstore==4.5.1 cryptography==50.0.2

cat >program.py <<'EOF'
from pathlib import Path

import model_signing
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

key = ec.generate_private_key(ec.SECP256R1())
private, public = Path("key.pem"), Path("key.pub")
private.write_bytes(
    key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
)
public.write_bytes(
    key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
)
Path("model").mkdir(exist_ok=True)
Path("model/weights.txt").write_text("0.5\n")
model_signing.signing.Config().use_elliptic_key_signer(private_key=private).sign("model", "model.sig")
model_signing.verifying.Config().use_elliptic_key_verifier(public_key=public).verify("model", "model.sig")
print("signed and verified")
EOF

venv/bin/pip check --disable-pip-version-check
code=0
venv/bin/python program.py >first.txt 2>&1 || code=$?
tail -n 1 first.txt
[ "$code" -ne 0 ] && [ "$(tail -n 1 first.txt)" = "ModuleNotFoundError: No module named 'OpenSSL'" ]
venv/bin/pip install --quiet --disable-pip-version-check pyopenssl==26.4.0
venv/bin/python program.py | tee second.txt
[ "$(tail -n 1 second.txt)" = "signed and verified" ]
echo "As described: pip finds nothing missing, and a package that nothing asks for is what is missing."
