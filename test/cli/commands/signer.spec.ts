// The real command line and Python key maker.
import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { readAllowedSigners } from "../../../trust/allowed-signers";
import { signersOf, testKey } from "../../support/signing";
import { ann, author, ben, installSigner, SigningProject } from "../support/signing-project";

const file = "signers/prod.allowed_signers";
const cem = testKey("cem@example.com");

describe("tollgate signer", function () {
  this.timeout(30_000);
  let project: SigningProject;
  before(installSigner);
  before(async () => (project = await SigningProject.create()));
  after(() => project.dispose());
  beforeEach(() => {
    project.write(file, `# prod\n${signersOf(author, ann, ben)}`);
    project.write("signers/revoked_keys", "");
    project.write("cem.pub", `${cem.publicKey} cem@laptop\n`);
  });

  const signer = (...words: string[]) => project.tollgate("signer", ...words);
  const cemPub = () => `${project.dir}/cem.pub`;

  it("adds a person's public key, and keeps every other byte", async () => {
    const before = project.read(file);
    const { code, out } = await signer(
      ...["add", "cem@example.com", "--key", cemPub(), "--for", "waiver,approval"],
    );
    assert.equal(code, 0);
    assert.equal(
      out,
      `cem@example.com may sign for approval, waiver in prod, with key ${cem.keyId}.\nNext: git add ${file} && git commit\n`,
    );
    assert.equal(
      project.read(file),
      `${before}cem@example.com namespaces="tollgate-approval,tollgate-waiver" ${cem.publicKey}\n`,
    );
  });

  it("makes a key that nobody else can read, and adds it", async () => {
    const key = `${project.dir}/keys/ci`;
    const { code, document } = await project.json(
      ...["signer", "create", "ci@example.com", "--key", key, "--for", "evidence"],
    );
    assert.equal(code, 0, JSON.stringify(document));
    assert.equal(document["key"], key);
    assert.equal(statSync(key).mode & 0o777, 0o600);
    const added = readAllowedSigners(project.read(file)).at(-1);
    assert.deepEqual(added?.principals, ["ci@example.com"]);
    assert.deepEqual(added.namespaces, ["tollgate-evidence"]);
    assert.equal(added.key.keyId, document["keyId"]);
    assert.equal(project.read("keys/ci.pub"), `${added.key.text} ci@example.com\n`);

    const again = await signer("create", "ci2", "--key", key, "--for", "evidence");
    assert.equal(again.code, 1);
    assert.match(again.err, /ci is there already; give another place with --key\.\n$/);
  });

  it("lists who may sign what, until when", async () => {
    project.write(
      file,
      signersOf(
        author,
        { key: ann, purposes: ["approval"], options: 'valid-before="20261231Z"' },
        { key: ben, principals: ["ben", "rota"] },
      ),
    );
    await signer("revoke", "rota");
    const { document } = await project.json("signer", "list");
    const open = { validAfter: null, validBefore: null, revoked: false };
    const purposes = ["training", "evidence", "approval", "waiver"];
    assert.deepEqual(document, {
      stack: "prod",
      signers: [
        { principals: [author.name], keyId: author.keyId, purposes, ...open },
        {
          principals: [ann.name],
          keyId: ann.keyId,
          purposes: ["approval"],
          ...open,
          validBefore: "2026-12-31T00:00:00.000Z",
        },
        { principals: ["ben", "rota"], keyId: ben.keyId, purposes, ...open, revoked: true },
      ],
    });
    const { out } = await signer("list");
    assert.match(out, /^who +key +signs +valid after +valid before/);
    assert.match(
      out,
      new RegExp(`^ben, rota +\\S+ +training, evidence, approval, waiver +revoked$`, "m"),
    );
  });

  it("revokes a person's keys, after which they can't sign", async () => {
    const { code, out } = await signer("revoke", "ann@example.com");
    assert.equal(code, 0);
    assert.match(out, /^Revoked SHA256:\S+ of ann@example\.com: nothing it signed counts any more/);
    assert.equal(project.read("signers/revoked_keys"), `${ann.publicKey} ann@example.com\n`);
    const approval = await project.tollgate("approve", "--key", project.key("ann"));
    assert.match(approval.err, /is revoked\.\n$/);
  });

  for (const [what, words, code, told] of [
    ["no action", [], 64, /^Say what to do: one of add, create, list, revoke\.$/m],
    ["an unknown action", ["remove", "ann"], 64, /^Say what to do: one of/],
    ["an action of every object", ["constructor", "ann"], 64, /^Say what to do: one of/],
    ["nobody", ["add"], 64, /^Say who, such as `tollgate signer add ada@example\.com`\.$/m],
    ["a word too many", ["revoke", "ann", "ben"], 64, /^signer revoke doesn't take ben\.$/m],
    ["somebody to list", ["list", "ann"], 64, /^signer list doesn't take ann\.$/m],
    ["no purpose", ["add", "dan", "--key", "x.pub"], 64, /^--for is "": give one or more of tra/],
    [
      "an unknown purpose",
      ["add", "dan", "--key", "x.pub", "--for", "approval,deploy"],
      64,
      /^--for is "approval,deploy": give one or more of training,evidence,approval,waiver\.$/m,
    ],
    [
      "no key",
      ["add", "dan", "--for", "waiver"],
      64,
      /^Give --key <file>: the person's public key/,
    ],
    [
      "a key that isn't there",
      ["add", "dan", "--for", "waiver", "--key", "/nowhere.pub"],
      1,
      /^There is no key at \/nowhere\.pub: give the person's \.pub file\.$/m,
    ],
    ["who isn't there", ["revoke", "dan"], 1, /names neither a person nor a key "dan"\.$/m],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const before = project.read(file);
      const said = await signer(...words);
      assert.equal(said.code, code, said.err);
      assert.match(said.err, told);
      assert.equal(project.read(file), before);
    });
  }

  it("refuses to add a private key", async () => {
    const said = await signer("add", "dan", "--key", project.key("ann"), "--for", "waiver");
    assert.equal(said.code, 1);
    assert.match(
      said.err,
      /ann\.key: line 1 is no public key; give the line of the \.pub file beside it; correct or remove it\.\n$/,
    );
  });

  it("refuses to make a key for a name that can't be added, before it is made", async () => {
    const key = `${project.dir}/never`;
    const said = await signer("create", "Ada Lovelace", "--key", key, "--for", "waiver");
    assert.equal(said.code, 1);
    assert.match(said.err, /can't name a signer/);
    assert.equal(existsSync(key), false);
  });
});
