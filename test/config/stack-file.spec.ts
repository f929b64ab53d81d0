import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { edited, removePin, setPin } from "../../config/stack-file";
import { digest, withProject } from "./fixtures";

const file = "Pulumi.staging.yaml";
const pinLine = `  tollgate:pin: 3@${digest}\n`;
const head = `# yaml-language-server: $schema=config/stack.schema.json
config:
  # The column of defaults.
  tollgate:tier:   staging   # as in the table
  "tollgate:model": 'churn-model' # the name
`;
const tail = `
  # What training runs.
  tollgate:train:
    command: [ python,
               train.py ]
    data: a.csv  # one file

    # the last comment of train
  aws:region: eu-central-1
encryptionsalt: v1:abc`;

/** The file's text after an edit. */
function after(text: string, edit: (dir: string) => void): string {
  return withProject({ [file]: text }, (dir) => {
    edit(dir);
    assert.deepEqual(fs.readdirSync(dir), [file]);
    return fs.readFileSync(path.join(dir, file), "utf8");
  });
}

const pinned = (text: string) =>
  after(text, (dir) => setPin(dir, "staging", { version: "3", digest }));

describe("setPin", () => {
  it("puts a first pin behind the model and leaves all else byte for byte", () => {
    assert.equal(pinned(head + tail), head + pinLine + tail);
  });

  it("replaces a pin and keeps its comment and its quotes", () => {
    const old = `2@sha256:${"b".repeat(64)}`;
    for (const [line, expected] of [
      [`  tollgate:pin: ${old}   # promoted\n`, `  tollgate:pin: 3@${digest}   # promoted\n`],
      [`  tollgate:pin:  "${old}"\n`, `  tollgate:pin:  "3@${digest}"\n`],
      [`  'tollgate:pin': '${old}' # p\n`, `  'tollgate:pin': '3@${digest}' # p\n`],
      [`  tollgate:pin:\n`, pinLine],
      [`  tollgate:pin: # none yet\n`, `  tollgate:pin: 3@${digest} # none yet\n`],
      [`  tollgate:pin: null\n`, pinLine],
      [`  tollgate:pin: >-\n    ${old}\n`, pinLine],
    ] as const) {
      assert.equal(pinned(head + line + tail), head + expected + tail);
    }
  });

  it("changes nothing when the pin is the same", () => {
    const text = head + pinLine + tail;
    withProject({ [file]: text }, (dir) => {
      const before = fs.statSync(path.join(dir, file)).ino;
      setPin(dir, "staging", { version: "3", digest });
      assert.equal(fs.statSync(path.join(dir, file)).ino, before);
    });
  });

  it("keeps Windows line ends, and ends a last line that was not ended", () => {
    const text = "config:\r\n  tollgate:tier: dev\r\n  tollgate:model: m";
    assert.equal(pinned(text), `${text}\r\n  tollgate:pin: 3@${digest}\r\n`);
  });

  it("goes behind the last key when no model is written yet", () => {
    const text = "config:\n    a:b: c\n\nencryptionsalt: v1\n";
    assert.equal(
      pinned(text),
      `config:\n    a:b: c\n    tollgate:pin: 3@${digest}\n\nencryptionsalt: v1\n`,
    );
  });

  it("keeps the file's mode, and a link to it", () => {
    withProject({ "real.yaml": head + tail }, (dir) => {
      fs.chmodSync(path.join(dir, "real.yaml"), 0o640);
      fs.symlinkSync("real.yaml", path.join(dir, file));
      setPin(dir, "staging", { version: "3", digest });
      assert.equal(fs.readlinkSync(path.join(dir, file)), "real.yaml");
      assert.equal(fs.statSync(path.join(dir, "real.yaml")).mode & 0o777, 0o640);
      assert.equal(fs.readFileSync(path.join(dir, "real.yaml"), "utf8"), head + pinLine + tail);
    });
  });

  it("refuses what is no pin", () => {
    withProject({ [file]: head }, (dir) => {
      assert.throws(() => setPin(dir, "staging", { version: "latest", digest }), {
        name: "SettingsError",
        message: /^What was to be written has a wrong setting:\n {2}tollgate:pin: got "latest@/,
      });
      assert.equal(fs.readFileSync(path.join(dir, file), "utf8"), head);
    });
  });

  for (const [what, text] of [
    ["a file with config in braces", "config: { tollgate:tier: dev, tollgate:model: m }\n"],
    ["a file that isn't YAML", "config: [\n"],
    ["a file without config", "encryptionsalt: v1\n"],
    ["a config without keys", "config: {}\n"],
  ] as const) {
    it(`refuses ${what}, and says what to write`, () => {
      withProject({ [file]: text }, (dir) => {
        const at = path.join(dir, file);
        assert.throws(() => setPin(dir, "staging", { version: "3", digest }), {
          name: "SettingsError",
          message: `${at} can't be edited line by line; write tollgate:pin: 3@${digest} yourself, or put each key of "config" on a line of its own.`,
        });
        assert.equal(fs.readFileSync(at, "utf8"), text);
      });
    });
  }

  it("refuses a stack without a file", () => {
    withProject({}, (dir) =>
      assert.throws(
        () => setPin(dir, "qa", { version: "3", digest }),
        /^SettingsError: Stack "qa" has no file Pulumi\.qa\.yaml in .*; the folder has none\.$/,
      ),
    );
  });
});

describe("removePin", () => {
  it("takes out what was put in, and nothing else", () => {
    assert.equal(
      after(head + pinLine + tail, (dir) => removePin(dir, "staging")),
      head + tail,
    );
  });

  it("takes out a pin over several lines", () => {
    const old = `  tollgate:pin:\n    2@${digest} # of v2\n`;
    assert.equal(
      after(head + old + tail, (dir) => removePin(dir, "staging")),
      head + tail,
    );
  });

  it("changes nothing when there is none", () => {
    assert.equal(
      after(head + tail, (dir) => removePin(dir, "staging")),
      head + tail,
    );
  });
});

describe("edited", () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  const comment = fc.option(word, { nil: undefined });
  const entry = fc.record({
    key: word,
    value: fc.oneof(
      word,
      word.map((text) => `"${text}"`),
      word.map((text) => `'${text}'`),
      word.map((text) => `[${text}, ${text}]`),
      word.map((text) => `\n      inner: ${text}\n      # note\n      list:\n        - ${text}`),
      word.map((text) => `|\n      ${text}\n\n      more ${text}`),
    ),
    above: comment,
    gap: fc.boolean(),
  });
  const entries = fc.uniqueArray(entry, { selector: ({ key }) => key, maxLength: 6 });

  const lines = (list: readonly { key: string; value: string; above?: string; gap: boolean }[]) =>
    list.flatMap(({ key, value, above, gap }) => [
      ...(gap ? [""] : []),
      ...(above === undefined ? [] : [`    # ${above}`]),
      ...`    x:${key}: ${value}`.split("\n"),
    ]);

  it("leaves every other line identical, wherever the key stands and whatever is around it", () => {
    fc.assert(
      fc.property(entries, entries, comment, fc.boolean(), (above, below, trailing, crlf) => {
        // No word above has a hyphen: no key comes twice.
        const others = below.map((other) => ({ ...other, key: `below-${other.key}` }));
        const before = ["# top", "config:", ...lines(above)];
        const line = `    tollgate:pin: 1@old${trailing === undefined ? "" : ` # ${trailing}`}`;
        const behind = [...lines(others), "encryptionsalt: v1", ""];
        const end = crlf ? "\r\n" : "\n";
        const text = [...before, line, ...behind].join(end);

        const set = edited(text, "tollgate:pin", "2@new", "2@new");
        const expected = [...before, line.replace("1@old", "2@new"), ...behind];
        assert.deepEqual(set?.split(end), expected);

        const removed = edited(text, "tollgate:pin", undefined, "");
        const left = [...before, ...behind];
        // With its only key taken out, `config` is no longer a group: nothing is done then.
        if (above.length + others.length === 0) assert.equal(removed, null);
        else assert.deepEqual(removed?.split(end), left);
      }),
    );
  });

  it("adds one line and nothing else", () => {
    fc.assert(
      fc.property(entries, (others) => {
        fc.pre(others.length > 0);
        const before = ["config:", ...lines(others), "encryptionsalt: v1", ""];
        const added = edited(before.join("\n"), "tollgate:pin", "2@new", "2@new")?.split("\n");
        const at = added?.indexOf("    tollgate:pin: 2@new") ?? -1;
        assert.notEqual(at, -1);
        assert.deepEqual(added?.toSpliced(at, 1), before);
      }),
    );
  });
});
