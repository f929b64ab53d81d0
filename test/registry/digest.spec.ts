import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { digestOfFiles, digestOfFolder, type FileHash } from "../../registry/digest";
import { isRegistryError } from "../../registry/errors";

interface Vector {
  readonly files: Record<string, string>;
  readonly digest: string;
}

const vectorsFile = path.join(__dirname, "..", "..", "serving", "tests", "digest_vectors.json");
const vectors = JSON.parse(readFileSync(vectorsFile, "utf8")) as Vector[];
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const refused = (error: unknown) => isRegistryError(error, "refused");

function write(folder: string, files: Record<string, Uint8Array>): void {
  for (const [name, bytes] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
}

const decoded = ({ files }: Vector) =>
  Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, Buffer.from(text, "base64")]),
  );

/** Folders of up to six files with distinct paths, and their bytes. */
const folders = fc.dictionary(
  fc
    .array(fc.stringMatching(/^[a-zA-Zé～😀 ._-]{1,6}$/u), { minLength: 1, maxLength: 3 })
    .map((p) => p.join("/")),
  fc.uint8Array({ maxLength: 40 }),
  { minKeys: 1, maxKeys: 6 },
);
const hashesOf = (files: Record<string, Uint8Array>): FileHash[] =>
  Object.entries(files).map(([name, bytes]) => ({ path: name, sha256: sha256(bytes) }));

describe("digestOfFolder", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "tollgate-digest-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("has vectors to agree on with Python", () => assert.ok(vectors.length >= 5));

  for (const [number, vector] of vectors.entries()) {
    it(`gives vector ${number} (${Object.keys(vector.files).join(", ")}) the number Python gives it`, async () => {
      write(folder, decoded(vector));
      assert.equal(await digestOfFolder(folder), vector.digest);
    });
  }

  it("refuses a link, which points at other bytes", async () => {
    write(folder, { MLmodel: Buffer.from("x") });
    symlinkSync("MLmodel", path.join(folder, "data"));
    await assert.rejects(digestOfFolder(folder), refused);
  });

  it("refuses an empty folder", async () => {
    await assert.rejects(digestOfFolder(folder), refused);
  });
});

describe("digestOfFiles", () => {
  it("gives the same number for the vectors as the folder does", () => {
    for (const vector of vectors) {
      assert.equal(digestOfFiles(hashesOf(decoded(vector))), vector.digest);
    }
  });

  it("does not depend on the order of the listing", () => {
    const shuffled = folders.chain((files) => {
      const hashes = hashesOf(files);
      return fc.tuple(
        fc.constant(hashes),
        fc.shuffledSubarray(hashes, { minLength: hashes.length, maxLength: hashes.length }),
      );
    });
    fc.assert(
      fc.property(shuffled, ([one, other]) =>
        assert.equal(digestOfFiles(one), digestOfFiles(other)),
      ),
    );
  });

  it("changes with any single byte of any file", () => {
    const changed = folders
      .filter((files) => Object.values(files).some((bytes) => bytes.length > 0))
      .chain((files) => {
        const places = Object.entries(files).flatMap(([name, bytes]) =>
          [...bytes.keys()].map((at) => ({ name, at })),
        );
        return fc.tuple(
          fc.constant(files),
          fc.constantFrom(...places),
          fc.integer({ min: 1, max: 255 }),
        );
      });
    fc.assert(
      fc.property(changed, ([files, { name, at }, flip]) => {
        const bytes = Uint8Array.from(files[name]!);
        bytes[at]! ^= flip;
        assert.notEqual(
          digestOfFiles(hashesOf({ ...files, [name]: bytes })),
          digestOfFiles(hashesOf(files)),
        );
      }),
    );
  });

  it("changes with a file's name", () => {
    fc.assert(
      fc.property(folders, (files) => {
        const [first, ...others] = hashesOf(files);
        const renamed = { ...first!, path: `${first!.path}x` };
        fc.pre(!others.some(({ path: other }) => other === renamed.path));
        assert.notEqual(digestOfFiles([renamed, ...others]), digestOfFiles([first!, ...others]));
      }),
    );
  });

  it("leaves out registered_model_meta at the top only", () => {
    const model = { path: "MLmodel", sha256: "0".repeat(64) };
    const meta = { path: "registered_model_meta", sha256: "1".repeat(64) };
    assert.equal(digestOfFiles([model, meta]), digestOfFiles([model]));
    assert.notEqual(
      digestOfFiles([model, { ...meta, path: "sub/registered_model_meta" }]),
      digestOfFiles([model]),
    );
  });

  it("refuses a path with a line break, by which two models could share a digest", () => {
    const hash = "0".repeat(64);
    assert.throws(() => digestOfFiles([{ path: `a\n${hash}  b`, sha256: hash }]), refused);
  });
});
