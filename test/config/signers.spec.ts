import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import {
  addSigner,
  checkSigner,
  readPublicKey,
  readRevoked,
  readSigners,
  revokeSigner,
  trustOf,
} from "../../config/signers";
import { peopleIn } from "../../policies/people";
import { signersOf, testKey } from "../support/signing";
import { withProject } from "./fixtures";

const ada = testKey("ada@example.com");
const bea = testKey("bea@example.com");

const filesIn = (dir: string) => ({
  signers: path.join(dir, "signers", "prod.allowed_signers"),
  revokedKeys: path.join(dir, "signers", "revoked_keys"),
});
const keyOf = ({ publicKey }: typeof ada) => readPublicKey(`${publicKey} laptop\n`, "x.pub");

/** A project whose signers file has this content. */
function withSigners(content: string, use: (files: ReturnType<typeof filesIn>) => void): void {
  withProject({ "signers/prod.allowed_signers": content }, (dir) => use(filesIn(dir)));
}

describe("trustOf", () => {
  it("gives both files as they stand, and nobody without them", () => {
    withSigners("# nobody\n", (files) =>
      assert.deepEqual(trustOf(files), { signers: "# nobody\n", revoked: "" }),
    );
    withProject({}, (dir) => assert.deepEqual(trustOf(filesIn(dir)), { signers: "", revoked: "" }));
  });
});

describe("readSigners", () => {
  it("refuses a line that can't be used, and says where it is", () => {
    withSigners(`${signersOf(ada)}bea\n`, ({ signers }) =>
      assert.throws(
        () => readSigners(signers),
        new RegExp(
          `^SettingsError: .*prod\\.allowed_signers: line 2 has no key; correct or remove it\\.$`,
        ),
      ),
    );
  });
});

describe("readPublicKey", () => {
  it("reads a .pub file", () => {
    assert.equal(keyOf(ada).keyId, ada.keyId);
  });

  for (const [what, text] of [
    ["nothing", ""],
    ["two keys", `${ada.publicKey}\n${bea.publicKey}\n`],
    ["a private key", ada.pem],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => readPublicKey(text, "x.pub"), /^SettingsError: x\.pub/);
    });
  }
});

describe("addSigner", () => {
  it("makes the file", () => {
    withProject({}, (dir) => {
      const line = addSigner(filesIn(dir), "ada@example.com", ["approval", "waiver"], keyOf(ada));
      assert.equal(
        line,
        `ada@example.com namespaces="tollgate-approval,tollgate-waiver" ${ada.publicKey}`,
      );
      assert.equal(fs.readFileSync(filesIn(dir).signers, "utf8"), `${line}\n`);
    });
  });

  it("keeps every other byte, also behind a line that was never ended", () => {
    const before = `# prod\r\n\n${signersOf(ada).trimEnd()}  # laptop`;
    withSigners(before, (files) => {
      const line = addSigner(files, "bea@example.com", ["evidence"], keyOf(bea));
      assert.equal(fs.readFileSync(files.signers, "utf8"), `${before}\n${line}\n`);
    });
  });

  it("adds a second name or purpose of a key, which stays one person", () => {
    withSigners(signersOf(ada), (files) => {
      addSigner(files, "ada@example.com", ["waiver"], keyOf(ada));
      addSigner(files, "rota", ["waiver"], keyOf(ada));
      assert.deepEqual(readSigners(files.signers), [
        { keyId: ada.keyId, principals: ["ada@example.com", "rota"] },
      ]);
      const people = peopleIn(trustOf(files).signers);
      assert.equal(people.person("rota"), people.person("ada@example.com"));
    });
  });

  it("refuses the same line twice", () => {
    withProject({}, (dir) => {
      addSigner(filesIn(dir), "ada@example.com", ["waiver"], keyOf(ada));
      assert.throws(
        () => addSigner(filesIn(dir), "Ada@example.com", ["waiver"], keyOf(ada)),
        /has this line for Ada@example\.com already\.$/,
      );
    });
  });

  it("refuses a revoked key", () => {
    withSigners(signersOf(ada), (files) => {
      revokeSigner(files, "ada@example.com");
      assert.throws(
        () => addSigner(files, "ada", ["waiver"], keyOf(ada)),
        /is revoked in .*revoked_keys: give ada another one\.$/,
      );
    });
  });
});

describe("checkSigner", () => {
  for (const name of ["", "Ada Lovelace", "ada,bea", "*@example.com", '"ada"', "#ada", "!ada"]) {
    it(`refuses the name ${JSON.stringify(name)}, and writes nothing`, () => {
      withProject({}, (dir) => {
        assert.throws(
          () => addSigner(filesIn(dir), name, ["waiver"], keyOf(ada)),
          /^SettingsError: .* can't name a signer: write a name without spaces/,
        );
        assert.equal(fs.existsSync(path.join(dir, "signers")), false);
      });
    });
  }

  it("refuses a file with a line that can't be used, rather than adding to it", () => {
    withSigners("ada\n", (files) =>
      assert.throws(
        () => checkSigner(files, "bea"),
        /: line 1 has no key; correct or remove it\.$/,
      ),
    );
  });
});

describe("revokeSigner", () => {
  const spare = testKey("ada's old laptop");
  const lines = signersOf(ada, bea, { key: spare, principals: ["ada@example.com"] });

  it("revokes every key of a person, and keeps the signers as they are", () => {
    withSigners(lines, (files) => {
      const revoked = revokeSigner(files, "Ada@example.com").map(({ keyId }) => keyId);
      assert.deepEqual(revoked, [ada.keyId, spare.keyId]);
      assert.deepEqual(
        readRevoked(files.revokedKeys).map(({ keyId }) => keyId),
        revoked,
      );
      assert.equal(fs.readFileSync(files.signers, "utf8"), lines);
    });
  });

  it("revokes one key by its id, then the rest of the person's", () => {
    withSigners(lines, (files) => {
      assert.equal(revokeSigner(files, spare.keyId).length, 1);
      assert.deepEqual(
        revokeSigner(files, "ada@example.com").map(({ keyId }) => keyId),
        [ada.keyId],
      );
    });
  });

  it("revokes a key that stands on two lines once", () => {
    withSigners(signersOf(ada, { key: ada, purposes: ["waiver"] }), (files) => {
      revokeSigner(files, "ada@example.com");
      assert.equal(
        fs.readFileSync(files.revokedKeys, "utf8"),
        `${ada.publicKey} ada@example.com\n`,
      );
    });
  });

  it("refuses who isn't there, and who is revoked already", () => {
    withSigners(lines, (files) => {
      assert.throws(
        () => revokeSigner(files, "cem@example.com"),
        /names neither a person nor a key "cem@example\.com"\.$/,
      );
      revokeSigner(files, "bea@example.com");
      assert.throws(
        () => revokeSigner(files, bea.keyId),
        /^SettingsError: Every key of SHA256:.* is in .*revoked_keys already\.$/,
      );
    });
  });
});
