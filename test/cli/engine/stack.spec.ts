import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import {
  engineConfigFile,
  type PendingOperation,
  requireRoom,
  runsProgramOf,
  settlePending,
} from "../../../cli/engine/stack";
import { temporaryFolder } from "../support/project";

const digest = `sha256:${"a".repeat(64)}`;

describe("engineConfigFile", () => {
  const text = "config:\n  # why\n  tollgate:tier: dev   # here\n  tollgate:pin: 1@x\n";
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => (folder = temporaryFolder({ "Pulumi.dev.yaml": text })));
  afterEach(() => folder.remove());
  const place = () => ({
    projectDir: folder.dir,
    stack: "dev",
    stateDir: join(folder.dir, "state"),
  });
  const config = (file: string) =>
    parse(readFileSync(file, "utf8")) as {
      config: Record<string, string>;
      encryptionsalt?: string;
    };

  it("gives the engine a copy, so that the user's file keeps every byte", () => {
    const file = engineConfigFile(place());
    assert.notEqual(file, join(folder.dir, "Pulumi.dev.yaml"));
    assert.deepEqual(config(file), parse(text));
    assert.equal(readFileSync(join(folder.dir, "Pulumi.dev.yaml"), "utf8"), text);
  });

  it("keeps the salt that the engine added to an earlier copy", async () => {
    const { appendFileSync } = await import("node:fs");
    appendFileSync(engineConfigFile(place()), "encryptionsalt: v1:abc:v1:def\n");
    assert.equal(config(engineConfigFile(place())).encryptionsalt, "v1:abc:v1:def");
  });

  it("pins another version, or none, in the copy alone", () => {
    const other = engineConfigFile(place(), { name: "m", version: "7", digest });
    assert.equal(config(other).config["tollgate:pin"], `7@${digest}`);
    assert.equal("tollgate:pin" in config(engineConfigFile(place(), null)).config, false);
    assert.equal(config(engineConfigFile(place())).config["tollgate:pin"], "1@x");
  });

  it("uses a file as it is when it has a salt of its own", () => {
    const own = temporaryFolder({ "Pulumi.dev.yaml": `${text}encryptionsalt: v1:a\n` });
    const file = engineConfigFile({
      projectDir: own.dir,
      stack: "dev",
      stateDir: join(own.dir, "s"),
    });
    assert.equal(file, join(own.dir, "Pulumi.dev.yaml"));
    own.remove();
  });
});

describe("requireRoom", () => {
  it("refuses a full disk before anything is written, and takes one with room", () => {
    // File systems that never have a free block.
    const full = process.platform === "linux" ? "/proc" : "/dev";
    assert.throws(() => requireRoom(full), {
      code: "disk-full",
      message: `The disk with ${full} has only 0 kB free, and 16 MB are needed to change a stack safely: free some space and run this again.`,
    });
    requireRoom(process.cwd());
  });
});

describe("settlePending", () => {
  const pending = (type: string, name: string, resourceType = "tollgate:index:Process") =>
    ({ type, resource: { urn: `urn::${name}`, type: resourceType } }) satisfies PendingOperation;

  it("takes out our own creations and says which of them nothing stands for any more", () => {
    const adopted = pending("creating", "router");
    const left = pending("creating", "old-scorer");
    const theirs = pending("creating", "bucket", "aws:s3:Bucket");
    const update = pending("updating", "database");
    const exported = {
      version: 3,
      deployment: {
        resources: [{ urn: "urn::router", type: "tollgate:index:Process" }],
        pending_operations: [adopted, left, theirs, update],
      },
    };
    const { state, settled, abandoned } = settlePending(exported);
    assert.deepEqual(settled, [adopted, left]);
    assert.deepEqual(abandoned, [left]);
    assert.deepEqual(state, {
      version: 3,
      deployment: { ...exported.deployment, pending_operations: [theirs, update] },
    });
  });
});

describe("runsProgramOf", () => {
  const runs = (project: string) => {
    const { dir, remove } = temporaryFolder({ "tool/examples/mine/Pulumi.yaml": project });
    try {
      return runsProgramOf(join(dir, "tool"), join(dir, "tool/examples/mine"));
    } finally {
      remove();
    }
  };

  it("knows the program that a project's main leads to", () => {
    assert.equal(runs("name: mine\nmain: ../..\n"), true);
  });

  it("tells a project's own program from it", () => {
    assert.equal(runs("name: mine\n"), false);
    assert.equal(runs("name: mine\nmain: ../../../own\n"), false);
  });
});
