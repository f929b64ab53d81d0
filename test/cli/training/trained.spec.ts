// `tollgate train | tollgate evaluate`, through a real shell: which version gets judged?
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { standIn, type StandIn } from "../../registry/stand-in";
import { deadProject, temporaryFolder } from "../support/project";

const launcher = join(__dirname, "..", "..", "..", "toolchain", "tollgate.cjs");
const trained = JSON.stringify({ run_id: "r1", model_version: "7" });

describe("the version that training says it made", function () {
  this.timeout(60_000);
  let project: ReturnType<typeof temporaryFolder>;
  let registry: StandIn;

  before(async () => {
    registry = await standIn(({ url }) =>
      url.includes("/model-versions/search")
        ? { body: { model_versions: [{ name: "churn-model", version: "9", run_id: "r9" }] } }
        : { status: 404, body: { error_code: "RESOURCE_DOES_NOT_EXIST", message: "not here" } },
    );
    const files = deadProject();
    const dev = files["Pulumi.dev.yaml"]!.replace(
      "{ port: 3, timeoutSeconds: 30 }",
      `{ uri: '${registry.uri}', tokenVariable: NO_SUCH_TOKEN }`,
    );
    project = temporaryFolder({ ...files, "Pulumi.dev.yaml": dev });
  });
  after(async () => {
    project.remove();
    await registry.close();
  });

  /** Runs a line of shell, in which `evaluate` is the verb; the versions that it asked the registry for. */
  async function asked(line: string): Promise<{ versions: string[]; said: string; code: number }> {
    const seen = registry.received.length;
    const verb = `'${process.execPath}' '${launcher}' evaluate -s dev -C '${project.dir}'`;
    const child = spawn("sh", ["-c", line.replaceAll("evaluate", verb)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
    }
    const code = await new Promise<number>((done) => child.on("close", (status) => done(status!)));
    const versions = registry.received.slice(seen).flatMap(({ url }) => {
      if (url.includes("/model-versions/search")) return ["newest"];
      return [...url.matchAll(/[?&]version=(\d+)/g)].map(([, version]) => version!);
    });
    return { versions, said, code };
  }

  for (const [what, line, expected] of [
    ["comes through a pipe", `(sleep 0.6; echo '${trained}') | evaluate`, "7"],
    ["comes through a pipe at once", `echo '${trained}' | evaluate`, "7"],
    ["comes on stdin for -", `echo '${trained}' | evaluate -`, "7"],
    ["is an operand", `evaluate '${trained}'`, "7"],
    [
      "is named, whatever comes",
      `(sleep 0.6; echo '${trained}') | evaluate --model-version 5`,
      "5",
    ],
    ["isn't there, with a pipe that nobody writes to", ": | evaluate", "newest"],
    ["isn't there", "evaluate", "newest"],
  ] as const) {
    it(`is judged where it ${what}`, async () => {
      const { versions, said } = await asked(line);
      assert.equal(versions[0], expected, said);
    });
  }

  it("is said to be the newest where a pipe brought nothing", async () => {
    const { said } = await asked(": | evaluate");
    assert.match(
      said,
      /^Nothing comes through the pipe on stdin, so the newest version is judged\.$/m,
    );
  });

  for (const [what, line] of [
    ["ended without a word", "(sleep 8; false) | evaluate"],
    ["failed before anybody looked", ": | evaluate -"],
    ["said why it failed", `echo '{"error":{"code":"training"}}' | evaluate`],
  ] as const) {
    it(`is nobody's guess where training ${what}`, async () => {
      const { versions, said, code } = await asked(line);
      assert.deepEqual(versions, [], said);
      assert.equal(code, 64, said);
      assert.match(said, /is not what training prints: pass .* or name a version with/);
    });
  }
});
