import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { digestOfSources, packDigest } from "../../policies/pack-digest";

const root = path.join(__dirname, "..", "..");

describe("packDigest", () => {
  let copy: string;
  before(() => {
    copy = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-pack-"));
    for (const folder of ["policies", "trust", "registry"]) {
      fs.cpSync(path.join(root, folder), path.join(copy, folder), { recursive: true });
    }
  });
  after(() => fs.rmSync(copy, { recursive: true, force: true }));

  /** Does the digest change while a file has other content? */
  function changesWith(file: string, content: string): boolean {
    const place = path.join(copy, file);
    const before = fs.existsSync(place) ? fs.readFileSync(place, "utf8") : null;
    const digest = digestOfSources(copy);
    fs.writeFileSync(place, content);
    const changed = digestOfSources(copy) !== digest;
    if (before === null) fs.rmSync(place);
    else fs.writeFileSync(place, before);
    assert.equal(digestOfSources(copy), digest);
    return changed;
  }

  it("is that of the running Tollgate's sources, wherever they lie", () => {
    assert.match(packDigest(), /^sha256:[0-9a-f]{64}$/);
    assert.equal(packDigest(), digestOfSources(root));
    assert.equal(digestOfSources(copy), digestOfSources(copy));
  });

  it("changes with any source that decides a verdict", () => {
    const sources = [
      ...["policies", "trust"].flatMap((folder) =>
        fs
          .readdirSync(path.join(copy, folder), { recursive: true, encoding: "utf8" })
          .filter((file) => file.endsWith(".ts"))
          .map((file) => path.join(folder, file)),
      ),
      "registry/evidence.ts",
      "registry/evidence-document.ts",
      "registry/measurements.ts",
    ];
    assert.ok(sources.includes(path.join("policies", "gates", "metric-floor.ts")));
    for (const source of sources) assert.ok(changesWith(source, "changed"), source);
  });

  it("changes with one more gate, and not with what judges nothing", () => {
    assert.ok(changesWith("policies/gates/new.ts", ""));
    assert.ok(!changesWith("policies/README", "words"));
    assert.ok(!changesWith("registry/client.ts", "changed"));
  });

  it("changes when two files swap their content", () => {
    const [a, b] = ["policies/plan.ts", "policies/judge.ts"].map((file) => path.join(copy, file));
    const [first, second] = [a!, b!].map((file) => fs.readFileSync(file, "utf8"));
    const digest = digestOfSources(copy);
    fs.writeFileSync(a!, second!);
    fs.writeFileSync(b!, first!);
    assert.notEqual(digestOfSources(copy), digest);
  });
});
