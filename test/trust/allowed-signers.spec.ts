import assert from "node:assert/strict";
import fc from "fast-check";
import {
  allowsNamespace,
  readAllowedSigners,
  readRevokedKeys,
  SignersError,
} from "../../trust/allowed-signers";
import { testKey } from "../support/signing";

const ada = testKey("ada@example.com");
const bea = testKey("bea@example.com");
/** The last four characters of a key hold padding bits that must be zero. */
const rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQC7";

function only(text: string) {
  const lines = readAllowedSigners(text);
  assert.equal(lines.length, 1);
  return lines[0]!;
}

describe("readAllowedSigners", () => {
  it("gives the fingerprint that ssh-keygen -l prints", () => {
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEb9efad/O/AhOnhW8CFQO9F3RXijr5j1dv+lXvsyDcA";
    assert.equal(only(`a ${key}`).key.keyId, "SHA256:Lk0xhttikyCJp1ZlHE77eO6s+55BykFCVzCc2w+m6Uo");
  });

  it("reads names, options and key of each line, and skips comments and empty lines", () => {
    const text = [
      "# who may sign in prod",
      "",
      `ada@example.com,Ada namespaces="tollgate-approval,git" ${ada.publicKey} laptop of Ada`,
      `  bea@example.com valid-after="20260101",VALID-BEFORE="20260630235959Z" ${bea.publicKey}\r`,
    ].join("\n");
    assert.deepEqual(
      readAllowedSigners(text).map(({ key, ...line }) => ({ ...line, keyId: key.keyId })),
      [
        {
          line: 3,
          principals: ["ada@example.com", "Ada"],
          namespaces: ["tollgate-approval", "git"],
          validAfter: null,
          validBefore: null,
          keyId: ada.keyId,
        },
        {
          line: 4,
          principals: ["bea@example.com"],
          namespaces: null,
          validAfter: Date.UTC(2026, 0, 1),
          validBefore: Date.UTC(2026, 5, 30, 23, 59, 59),
          keyId: bea.keyId,
        },
      ],
    );
  });

  it("reads names in quotes, and a file with a byte order mark and Windows line ends", () => {
    const line = only(`\uFEFF"Ada Lovelace,ada" ${ada.publicKey}\r\n`);
    assert.deepEqual(line.principals, ["Ada Lovelace", "ada"]);
  });

  it("reads a time to the minute, and one without Z as UTC on every machine", () => {
    assert.equal(
      only(`a valid-after="202602280930" ${ada.publicKey}`).validAfter,
      Date.UTC(2026, 1, 28, 9, 30),
    );
  });

  it("gives nobody for an empty file", () => {
    assert.deepEqual(readAllowedSigners("\n# nobody yet\n"), []);
  });

  for (const [what, line, told] of [
    ["nothing but a name", "ada", "has no key"],
    ["no key behind the options", 'ada namespaces="git"', "has no key"],
    ["no base64 behind the type", "ada ssh-ed25519", "has no key"],
    [
      "a key of another type",
      `ada ${rsa}`,
      "has a key of type ssh-rsa, and only ssh-ed25519 keys are taken",
    ],
    ["a broken key", "ada ssh-ed25519 AAAA", "has a broken ssh-ed25519 key"],
    ["a key cut short", `ada ${ada.publicKey.slice(0, -4)}`, "has a broken ssh-ed25519 key"],
    [
      "another type inside its key",
      `ada ssh-ed25519 ${Buffer.alloc(51).toString("base64")}`,
      "has a broken ssh-ed25519 key",
    ],
    [
      "a certificate authority",
      `ada cert-authority ${ada.publicKey}`,
      "is a cert-authority, which isn't supported",
    ],
    [
      "an option nobody knows",
      `ada no-touch ${ada.publicKey}`,
      "has the unknown option or key type no-touch",
    ],
    [
      "an option without its value",
      `ada namespaces ${ada.publicKey}`,
      'has no value for namespaces, write namespaces="…"',
    ],
    [
      "a value without quotes",
      `ada namespaces=git ${ada.publicKey}`,
      "has the unknown option or key type namespaces=git",
    ],
    [
      "an option twice",
      `ada namespaces="a",namespaces="b" ${ada.publicKey}`,
      "has namespaces twice",
    ],
    [
      "a day that there isn't",
      `ada valid-before="20260230" ${ada.publicKey}`,
      "has the time 20260230, write YYYYMMDD or YYYYMMDDHHMMSSZ",
    ],
    [
      "a time in words",
      `ada valid-before="forever" ${ada.publicKey}`,
      "has the time forever, write YYYYMMDD or YYYYMMDDHHMMSSZ",
    ],
    [
      "a pattern for a name",
      `*@example.com ${ada.publicKey}`,
      "names the pattern *@example.com, and every principal must be a name",
    ],
    ["an empty name", `ada,,bea ${ada.publicKey}`, "has an empty principal"],
    ["an open quote", `"ada ${ada.publicKey}`, "has no principal"],
    [
      "an open quote in an option",
      `ada namespaces="a ${ada.publicKey}`,
      "has a quote that isn't closed",
    ],
  ] as const) {
    it(`refuses a line with ${what}, and says which line`, () => {
      assert.throws(
        () => readAllowedSigners(`bea ${bea.publicKey}\n${line}\n`),
        (error: Error) => {
          assert.ok(error instanceof SignersError);
          assert.equal(error.message, `line 2 ${told}`);
          return true;
        },
      );
    });
  }

  it("reads or refuses any text, and never fails otherwise", () => {
    const word = fc.constantFrom(
      "ada",
      '"',
      ",",
      " ",
      "\n",
      "=",
      "#",
      'namespaces="git"',
      ada.publicKey,
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 12 }), (parts) => {
        try {
          for (const line of readAllowedSigners(parts.join(""))) {
            assert.match(line.key.keyId, /^SHA256:[A-Za-z0-9+/]{43}$/);
            assert.ok(line.principals.length > 0);
          }
        } catch (error) {
          assert.ok(error instanceof SignersError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("allowsNamespace", () => {
  const allows = (namespaces: string | null, namespace = "tollgate-approval") =>
    allowsNamespace(
      only(`a ${namespaces === null ? "" : `namespaces="${namespaces}" `}${ada.publicKey}`),
      namespace,
    );

  it("allows any namespace on a line that names none", () => {
    assert.equal(allows(null), true);
  });

  it("allows what is named, in full or by a pattern", () => {
    assert.equal(allows("git,tollgate-approval"), true);
    assert.equal(allows("tollgate-*"), true);
    assert.equal(allows("tollgate-approva?"), true);
  });

  it("refuses what isn't named, and a dot is no pattern", () => {
    assert.equal(allows("git,tollgate-waiver"), false);
    assert.equal(allows("tollgate-approval2"), false);
    assert.equal(allows("tollgate.approval"), false);
    assert.equal(allows("TOLLGATE-APPROVAL"), false);
  });

  it("refuses what is named with an exclamation mark, whatever else allows it", () => {
    assert.equal(allows("tollgate-*,!tollgate-approval"), false);
    assert.equal(allows("!tollgate-waiver"), false);
  });
});

describe("readRevokedKeys", () => {
  it("gives a key a line, with a comment or without", () => {
    const text = `# lost in a train\n${ada.publicKey} ada@example.com\n\n${bea.publicKey}\n`;
    assert.deepEqual(
      readRevokedKeys(text).map(({ keyId }) => keyId),
      [ada.keyId, bea.keyId],
    );
  });

  it("refuses a line that isn't a key: it may have been meant to revoke one", () => {
    assert.throws(
      () => readRevokedKeys(`${ada.publicKey}\nada@example.com\n`),
      /^SignersError: line 2 /,
    );
  });
});
