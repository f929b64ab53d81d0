import assert from "node:assert/strict";
import { requirePaths } from "../../../cli/engine/project";
import { CliError } from "../../../cli/errors";
import { temporaryFolder } from "../support/project";

describe("requirePaths", () => {
  let tollgate: ReturnType<typeof temporaryFolder>;
  let project: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    tollgate = temporaryFolder({
      "package.json": "{}",
      "provider/PulumiPlugin.yaml": "runtime: nodejs\n",
    });
  });
  afterEach(() => {
    tollgate.remove();
    project.remove();
  });

  /** What is said of a `Pulumi.yaml`; null when nothing is. */
  function said(text: string, files: Record<string, string> = {}): string | null {
    project = temporaryFolder({ "Pulumi.yaml": text, ...files });
    try {
      requirePaths(project.dir, tollgate.dir);
      return null;
    } catch (error) {
      assert.ok(error instanceof CliError, String(error));
      assert.equal(error.code, "project-paths");
      return error.message;
    }
  }

  const copied = `name: fraud
runtime: { name: nodejs, options: { typescript: false } }
main: ../nowhere
plugins: { providers: [{ name: tollgate, path: ../nowhere/provider }] }
`;

  it("names both paths of a folder that was copied to elsewhere, and the lines that mend it", () => {
    const message = said(copied)!;
    assert.match(
      message,
      /main is \.\.\/nowhere \(\/.*\/nowhere\), where no program is; the provider's path is/,
    );
    const [, ...lines] = message.split("\n");
    project.remove();
    assert.equal(said(`name: fraud\nruntime: nodejs\n${lines.join("\n")}\n`), null);
  });

  it("wants the provider too where only the program was corrected", () => {
    const main = copied.replace("main: ../nowhere", `main: ${tollgate.dir}`);
    assert.match(said(main)!, /\(the provider's path is \.\.\/nowhere\/provider/);
    project.remove();
    assert.match(
      said(`name: x\nruntime: nodejs\nmain: ${tollgate.dir}\n`)!,
      /\(plugins\.providers has no tollgate\)/,
    );
  });

  it("takes a program that a user wrote, with its own way to the provider", () => {
    const provider = "plugins: { providers: [{ name: tollgate, path: ./p }] }";
    const files = { "index.ts": "", "p/PulumiPlugin.yaml": "runtime: nodejs\n" };
    assert.equal(said(`name: x\nruntime: nodejs\n${provider}\n`, files), null);
    project.remove();
    assert.equal(said("name: x\nruntime: yaml\n"), null);
  });
});
