// 10,000 evidence documents changed at random: bytes of them as they lie in a registry, and what they say, signed as if the
// evaluator had said so. None may crash a gate, and none may pass that isn't what was signed, or that says of its bytes,
// its data or its code what has to be refused.
import assert from "node:assert/strict";
import { gateDefaults, resolveGateConfigurations } from "../../policies/configurations";
import type { Candidate, GateConfigurations } from "../../policies/gate";
import { gates } from "../../policies/gates";
import { blocked, judge } from "../../policies/judge";
import { parseEvidence } from "../../registry/evidence-document";
import { sha256 } from "../../strict/canonical";
import { candidate, digestOf, documentOf, evidence, signatureOf } from "./fixtures";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Table = { [key: string]: Json };

describe("a changed evidence document", () => {
  let configurations: GateConfigurations;
  const next = randomNumbers(4711);
  const below = (limit: number) => Math.floor(next() * limit);
  const oneOf = <T>(values: readonly T[]): T => values[below(values.length)]!;
  const original = documentOf(evidence);

  before(() => {
    const defaults = gateDefaults("prod");
    const level = { ...defaults.settings, "metric-floor": { floors: { accuracy: 0.9 } } };
    const resolved = resolveGateConfigurations({}, { level: "mandatory", settings: level });
    assert.deepEqual(resolved.problems, []);
    // These judge more than the document: people, other stacks, and what this stack's file names.
    const off = ["approvals", "soak", "window", "size"];
    configurations = Object.fromEntries(
      Object.entries(resolved.configurations).map(([name, each]) => [
        name,
        off.includes(name) ? { ...each, level: "disabled" as const } : each,
      ]),
    );
    assert.equal(passes(judged(original)!), true, "the unchanged document passes");
  });

  /** The gates' view of a document, with the signature of the original one; null when it can't be read. */
  function judged(document: string | Buffer, signed = false): Candidate | null {
    const parsed = parseEvidence(Buffer.from(document));
    if ("unreadable" in parsed) return null;
    return candidate({
      evidence: parsed.evidence,
      evidenceDigest: sha256(document),
      ...(signed ? { evidenceSignature: signatureOf(parsed.evidence) } : {}),
    });
  }

  function passes(found: Candidate): boolean {
    const verdicts = judge(found, configurations);
    const judging = gates.filter(({ name }) => configurations[name]!.level !== "disabled");
    const told = new Set(verdicts.map(({ gate }) => gate));
    assert.deepEqual(
      judging.filter(({ name }) => !told.has(name)).map(({ name }) => name),
      [],
      "every gate says something",
    );
    for (const { reason, code } of verdicts) assert.ok(reason.length > 0 && code.length > 0);
    return !blocked(verdicts);
  }

  it("passes in none of 5,000 cases when its bytes are changed", function () {
    this.timeout(120_000);
    let readable = 0;
    for (let index = 0; index < 5_000; index++) {
      const changed = changedBytes(Buffer.from(original));
      if (changed.equals(Buffer.from(original))) continue;
      const found = judged(changed);
      if (!found) continue;
      readable++;
      assert.equal(passes(found), false, changed.toString());
    }
    assert.ok(readable > 100, `${readable} could be read`);
  });

  it("passes in none of 4,000 cases when it says of bytes, data or code what is refused", function () {
    this.timeout(120_000);
    let readable = 0;
    for (let index = 0; index < 4_000; index++) {
      const document = JSON.parse(original) as Table;
      const planted = plant(document);
      const text = JSON.stringify(document);
      const found = judged(text, true);
      if (!found) continue;
      readable++;
      assert.equal(passes(found), false, `${planted}: ${text}`);
    }
    assert.ok(readable > 2_000, `${readable} could be read`);
  });

  it("crashes no gate in 1,000 cases when anything is put anywhere", function () {
    this.timeout(120_000);
    let readable = 0;
    for (let index = 0; index < 1_000; index++) {
      const document = JSON.parse(original) as Table;
      scramble(document);
      const found = judged(JSON.stringify(document), true);
      if (!found) continue;
      readable++;
      passes(found);
    }
    assert.ok(readable > 100, `${readable} could be read`);
  });

  function changedBytes(content: Buffer): Buffer {
    let changed = content;
    for (let times = below(3); times >= 0; times--) {
      const place = below(changed.length);
      const cut = changed.subarray(place + 1 + below(20));
      changed = oneOf([
        () =>
          Buffer.concat([
            changed.subarray(0, place),
            Buffer.from([below(256)]),
            changed.subarray(place + 1),
          ]),
        () =>
          Buffer.concat([
            changed.subarray(0, place),
            Buffer.from(oneOf([..."0123456789aez"])),
            changed.subarray(place + 1),
          ]),
        () => Buffer.concat([changed.subarray(0, place), cut]),
        () =>
          Buffer.concat([
            changed.subarray(0, place),
            changed.subarray(below(place + 1), place),
            changed.subarray(place),
          ]),
      ])();
    }
    return changed;
  }

  /** Puts one thing into the document that has to be refused, and says which. */
  function plant(document: Table): string {
    const { model, data, code, smoke } = document as {
      model: Table;
      data: Table;
      code: { scanned?: Json; scanner: Json; files: Table[] };
      smoke: Table;
    };
    const file = code.files[0]!;
    const names = file["loads"] as string[];
    const uses = file["uses"] as { [key: string]: string[] };
    const foreign = oneOf([
      "os.system",
      "builtins.eval",
      `${oneOf(names)}.${oneOf(["fit", "__init__", "x"])}`,
      `${oneOf(names)}:fit`,
      `x.${oneOf(names)}`,
      oneOf(names).slice(0, -1),
      oneOf(names).toUpperCase(),
      `${oneOf(names)} `,
      "",
      "constructor",
    ]);
    const plants: Record<string, () => void> = {
      "a name": () => void names.splice(below(names.length + 1), 0, foreign),
      "a used name": () => void (uses[foreign] = ["new()"]),
      "a use": () =>
        void uses[oneOf(names)]!.push(
          oneOf([
            "call()",
            "value ",
            "new(text)",
            "build(os.system)",
            "items",
            "NEW()",
            "skops PartialNode",
          ]),
        ),
      "a problem": () => void (file["problem"] = oneOf(["", " ", ".", "It is Python code."])),
      "a file": () =>
        void code.files.push({
          ...file,
          path: oneOf(["z.pkl", "a.pkl", "model.pkl"]),
          loads: [foreign],
        }),
      "no scan": () => void delete code.scanned,
      "no scanner": () => void (code.scanner = ""),
      "other bytes": () => void (model["digest"] = digestOf(oneOf([..."0123456789bcdef"]))),
      "another version": () => void (model["version"] = String(3 + below(50))),
      "another model": () => void (model["name"] = `churn-model${oneOf(["", " ", "2"])}x`),
      "other data": () => void (data["digest"] = digestOf(oneOf([..."0123456789abcef"]))),
      "a failed trial": () => void (smoke["passed"] = false),
    };
    const name = oneOf(Object.keys(plants));
    plants[name]!();
    return name;
  }

  /** Some value anywhere gets another one, of any kind. */
  function scramble(document: Table): void {
    const places: [Table, string][] = [];
    const walk = (value: Json): void => {
      if (typeof value !== "object" || value === null) return;
      for (const key of Object.keys(value)) {
        places.push([value as Table, key]);
        walk((value as Table)[key]!);
      }
    };
    walk(document);
    const [place, key] = oneOf(places.filter(([parent]) => parent !== document));
    const values: Json[] = [null, true, false, -1, 0, 1e308, "", "a", [], {}, [null], { a: 1 }];
    // A value of another kind is mostly unreadable; one of the same kind gets further.
    const alike = values.filter((value) => typeof value === typeof place[key]);
    place[key] = oneOf(below(4) > 0 ? alike : values);
  }
});

/** Numbers from 0 to 1 that are the same in every run: mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
