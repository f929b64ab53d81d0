import assert from "node:assert/strict";
import { CliError, reportOf } from "../../../cli/errors";
import { unrecorded } from "../../../cli/training/unrecorded";
import { RegistryClient } from "../../../registry/client";
import { RegistryError } from "../../../registry/errors";
import { type Answer, standIn } from "../../registry/stand-in";

const settings = { model: "m", stack: "dev" };
const failure = new RegistryError("timeout", "Could not download x: no answer within 5.5 s.");
const next =
  "before this failed, and stays without the lineage that gates ask for: once the cause is mended, run `tollgate train --stack dev` again, which registers another version.";

/** What is told of a failure while the registry answers so. */
async function told(answer: Answer | "reset", before: number, said?: string): Promise<unknown> {
  const server = await standIn(() => answer);
  try {
    const client = new RegistryClient({ uri: server.uri, timeoutSeconds: 1 });
    return await unrecorded(failure, client, settings, before, said);
  } finally {
    await server.close();
  }
}

const versions = (...numbers: number[]): Answer => ({
  body: {
    model_versions: numbers.map((version) => ({
      name: "m",
      version: String(version),
      status: "READY",
    })),
  },
});

describe("a training that fails after it registered a version", () => {
  it("names the version that the registry has", async () => {
    const error = await told(versions(1, 3, 2), 2);
    assert.ok(error instanceof CliError);
    assert.equal(
      error.message,
      `Could not download x: no answer within 5.5 s. Version 3 of m was registered ${next}`,
    );
    assert.deepEqual(
      [error.code, error.exitCode],
      ["registry-timeout", reportOf(failure).exitCode],
    );
  });

  it("names the one that training printed, where the registry says nothing", async () => {
    const error = (await told("reset", 0, "1")) as Error;
    assert.ok(
      error.message.endsWith(`Version 1 of m was registered, by what training printed, ${next}`),
      error.message,
    );
  });

  for (const [title, answer, said] of [
    ["the registry has none", versions(1, 2), undefined],
    ["it has none, whatever training printed", versions(2), "7"],
    ["nobody says that there is one", "reset", undefined],
  ] as const) {
    it(`is the failure alone where ${title}`, async () => {
      assert.equal(await told(answer, 2, said), failure);
    });
  }
});
