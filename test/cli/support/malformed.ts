import fc from "fast-check";

/** A document that is wrong in one way, with the way in words. */
export interface Malformed {
  readonly how: string;
  readonly bytes: Buffer;
}

type Path = readonly (string | number)[];

interface Place {
  readonly path: Path;
  readonly value: unknown;
}

/** Documents that no reader may take for evidence, each made from one that is right. */
export function malformedFrom(right: unknown): fc.Arbitrary<Malformed> {
  const text = JSON.stringify(right);
  const places = placesIn(right, []);
  const fields = places.filter(({ path }) => typeof path.at(-1) === "string");
  const numbers = places.filter(({ value }) => typeof value === "number");
  const texts = places.filter(({ value }) => typeof value === "string");
  const made = (how: string) => (document: string | Buffer) => ({
    how,
    bytes: Buffer.from(document as string),
    // fast-check would print every byte of a counterexample.
    [fc.toStringMethod]: () => how,
  });
  /** Puts JSON text, also such that no value gives, in the place of a value. */
  const put = (how: string, where: readonly Place[], by: fc.Arbitrary<string>) =>
    fc
      .tuple(fc.constantFrom(...where), by)
      .map(([{ path }, raw]) =>
        made(`${how} at ${path.join(".")}: ${raw.slice(0, 40)}`)(withRaw(right, path, raw)),
      );
  const anywhere = fc.nat({ max: text.length - 1 });

  return fc.oneof(
    anywhere.map((end) => made(`cut off after ${end}`)(text.slice(0, end))),
    fc
      .tuple(
        fc.constantFrom(...places),
        fc.constantFrom("null", "true", "7", '"x"', "[]", "{}", "[[]]"),
      )
      .filter(([place, raw]) => isWrong(place, raw))
      .map(([{ path }, raw]) => made(`${raw} at ${path.join(".")}`)(withRaw(right, path, raw))),
    put(
      "beyond all numbers",
      numbers,
      fc.constantFrom("1e999", "-1e999", "NaN", "Infinity", "-Infinity"),
    ),
    put(
      "number as text",
      numbers,
      fc.double({ noNaN: true }).map((n) => JSON.stringify(String(n))),
    ),
    put(
      "odd text",
      texts,
      fc.constantFrom(
        '"\\ud800"',
        '"\\udfff x"',
        '"a\\u0000b"',
        '"\\u001b[2J"',
        '"\\u202eevil"',
        '"\\x"',
        "'x'",
        '"line\nbreak"',
      ),
    ),
    put(
      "very deep",
      places,
      fc.integer({ min: 20, max: 10_000 }).map((levels) => "[".repeat(levels) + "]".repeat(levels)),
    ),
    fc
      .constantFrom(
        ...fields
          .filter(({ path }) => !entryOfRecord.test(path.join(".")))
          .filter(({ path }) => !addedLater.test(path.join("."))),
      )
      .map(({ path }) => made(`without ${path.join(".")}`)(without(right, path))),
    fc
      .constantFrom(...fields)
      .map(({ path, value }) =>
        made(`${path.join(".")} twice`)(
          withSecond(right, path, JSON.stringify(path.at(-1)), value),
        ),
      ),
    fc
      .tuple(fc.constantFrom(...fields), fc.constantFrom('"__proto__"', '"\\u005f_proto__"'))
      .map(([{ path }, key]) =>
        made(`${key} beside ${path.join(".")}`)(withSecond(right, path, key, { accuracy: 1 })),
      ),
    fc
      .tuple(fc.constantFrom(...fields), fc.string({ minLength: 1, maxLength: 20 }))
      .filter(
        ([{ path }, key]) => !entryOfRecord.test(path.join(".")) && !hasField(right, path, key),
      )
      .map(([{ path }, key]) =>
        made(`a field ${JSON.stringify(key)} beside ${path.join(".")}`)(
          withSecond(right, path, JSON.stringify(key), 1),
        ),
      ),
    fc
      .constantFrom(...wrongUnits)
      .map(([path, raw]) => made(`${path.join(".")} ${raw}`)(withRaw(right, path, raw))),
    fc
      .constantFrom("\ufeff", "\u0000", "//\n", ",", "[")
      .map((before) => made(`${JSON.stringify(before)} in front`)(before + text)),
    fc
      .constantFrom("}", ",", "\u0000", text, "x")
      .map((after) => made(`${after.slice(0, 5)} behind`)(text + after)),
    fc
      .constantFrom("utf16le", "base64")
      .map((encoding) => made(`as ${encoding}`)(recoded(text, encoding))),
    fc
      .tuple(anywhere, fc.constantFrom(0x80, 0xc0, 0xfe, 0xff))
      .map(([at, byte]) =>
        made(`byte ${byte} at ${at}`)(
          Buffer.concat([
            Buffer.from(text.slice(0, at)),
            Buffer.from([byte]),
            Buffer.from(text.slice(at)),
          ]),
        ),
      ),
    fc.uint8Array({ maxLength: 500 }).map((bytes) => made("any bytes")(Buffer.from(bytes))),
    fc.json({ maxDepth: 6 }).map(made("any JSON")),
  );
}

/** Huge ones are few: a document of more than 4 MB each time would take minutes and show no more. */
export function hugeFrom(right: unknown): Malformed[] {
  const text = JSON.stringify(right);
  const slice = '{"name":"s","where":"x","rows":1,"metrics":{}}';
  const withSlices = (slices: string) => withRaw(right, ["slices"], `[${slices}]`);
  return [
    { how: "5 MB of spaces", document: text + " ".repeat(5_000_000) },
    { how: "a text of 5 MB", document: withRaw(right, ["task"], `"${"a".repeat(5_000_000)}"`) },
    {
      how: "a text of 3 MB for a choice",
      document: withRaw(right, ["task"], `"${"a".repeat(3_000_000)}"`),
    },
    { how: "a million wrong slices", document: withSlices(Array(1_000_000).fill("1").join()) },
    { how: "60,000 slices", document: withSlices(Array(60_000).fill(slice).join()) },
    { how: "3 MB of escaped quotes", document: `{"schema":"${'\\"'.repeat(1_500_000)}` },
    { how: "2 million levels", document: "[".repeat(2_000_000) },
    {
      how: "a number of 3 MB",
      document: withRaw(right, ["model", "sizeBytes"], "9".repeat(3_000_000)),
    },
    {
      how: "150,000 unknown fields",
      document: `{${Array.from({ length: 150_000 }, (_, i) => `"k${i}":1`).join()}}`,
    },
  ].map(({ how, document }) => ({ how, bytes: Buffer.from(document) }));
}

/** Right as JSON, and impossible as what they measure. */
const wrongUnits: readonly [Path, string][] = [
  [["latency", "p95Ms"], "-1"],
  [["latency", "concurrency"], "0"],
  [["latency", "requests"], "1.5"],
  [["memoryBytes"], "-200000000"],
  [["model", "sizeBytes"], "-1"],
  [["model", "version"], '"0"'],
  [["model", "version"], '"2.0"'],
  [["model", "digest"], `"sha256:${"A".repeat(64)}"`],
  [["model", "digest"], '"md5:0"'],
  [["data", "rows"], "0"],
  [["data", "rows"], "9007199254740993"],
  [["fairness", 0, "disparateImpact"], "80"],
  [["fairness", 0, "demographicParityDifference"], "-0.04"],
  [["calibration", "brier"], "8"],
  [["calibration", "expectedCalibrationError"], "3"],
  [["dataQuality", "validShare"], "99"],
  [["dataDrift", 0, "columns", 0, "pValue"], "1.5"],
  [["comparison", "quality", "pValue"], "-0.1"],
  [["robustness", 0, "strength"], "-0.1"],
  [["evaluator", "evaluatedAt"], '"2026-01-31 12:00:00"'],
  [["evaluator", "evaluatedAt"], '"2026-13-01T00:00:00Z"'],
  [["evaluator", "evaluatedAt"], '"2026-01-31T12:00:00+02:00"'],
  [["schema"], '"tollgate.evidence/1"'],
  [["task"], '"clustering"'],
];

/** Records may have any entries, or none. */
const record = /^(metrics|slices\.\d+\.metrics|lineage\.parameters|code\.files\.\d+\.uses)$/;
const entryOfRecord =
  /^(metrics|slices\.\d+\.metrics|lineage\.parameters|code\.files\.\d+\.uses)\./;
/** Documents of former versions don't have these, and stay readable; the gates that need them say so. */
const addedLater =
  /(^|\.)(rowsUsed|sha256|uses|scanned|support|trivial|answers|independence|distinctRows)$|^classes$/;

function placesIn(value: unknown, path: Path): Place[] {
  if (typeof value !== "object" || value === null) return [{ path, value }];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  const below = entries.flatMap(([key, each]) => placesIn(each, [...path, key]));
  return path.length === 0 ? below : [{ path, value }, ...below];
}

/** Is a value surely wrong there? Null, a list without entries and an object without fields may be right somewhere. */
function isWrong({ path, value }: Place, raw: string): boolean {
  const other = JSON.parse(raw) as unknown;
  if (other === null) return false;
  if (value === null) return typeof other === "object" || other === true;
  if (Array.isArray(value) || Array.isArray(other)) {
    return Array.isArray(value) !== Array.isArray(other) || raw === "[[]]";
  }
  if (raw === "{}") return !record.test(path.join("."));
  return typeof other !== typeof value;
}

const marker = "\u0007marker\u0007";

function withRaw(right: unknown, path: Path, raw: string): string {
  const copy = structuredClone(right) as object;
  const { parent, key } = at(copy, path);
  parent[key] = marker;
  return JSON.stringify(copy).replace(JSON.stringify(marker), () => raw);
}

function without(right: unknown, path: Path): string {
  const copy = structuredClone(right) as object;
  const { parent, key } = at(copy, path);
  delete parent[key];
  return JSON.stringify(copy);
}

/** The field again, or another one, in front of the first field of the same object. */
function withSecond(right: unknown, path: Path, key: string, value: unknown): string {
  const { parent } = at(right as object, path);
  const inside = JSON.stringify(parent).slice(1);
  const replaced = `{${key}:${JSON.stringify(value)},${inside}`;
  return path.length === 1 ? replaced : withRaw(right, path.slice(0, -1), replaced);
}

function hasField(right: unknown, path: Path, key: string): boolean {
  return Object.hasOwn(at(right as object, path).parent, key);
}

function at(root: object, path: Path) {
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], root);
  return { parent: parent as Record<string | number, unknown>, key: path.at(-1)! };
}

function recoded(text: string, encoding: string): Buffer {
  return encoding === "base64"
    ? Buffer.from(Buffer.from(text).toString("base64"))
    : Buffer.from(text, "utf16le");
}
