import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../../../cli/program";
import { loadFromFile } from "../../../config/load";
import type { Settings } from "../../../config/settings";
import { versionTags } from "../../../registry/evidence";
import { type StandIn, standIn } from "../../registry/stand-in";
import { artifactPath } from "../../../registry/artifact-paths";
import { sha256 } from "../../../strict/canonical";
import { compliantEvidence, digestOf } from "../../support/evidence";
import { testPython } from "../../support/mlflow";
import { signersOf, testKey } from "../../support/signing";
import { temporaryFolder } from "./project";
import { capture } from "./streams";

export const author = testKey("mira@example.com");
export const ann = testKey("ann@example.com");
export const ben = testKey("ben@example.com");

/** What prod pins in the project. */
export const pin = { name: "churn-model", version: "2", digest: digestOf("a") } as const;

/**
 * Evidence of a version that is too slow for prod, as stored: its P95 is 80 ms.
 *
 * @param trainedBy the author that it records; null for none
 */
export function evidenceOf(version: string, trainedBy: string | null = author.name): string {
  const evidence = compliantEvidence();
  const digest = version === pin.version ? pin.digest : digestOf("b");
  const slow = { ...evidence.latency, p95Ms: 80 };
  return JSON.stringify({
    ...evidence,
    model: { ...evidence.model, version, digest },
    lineage: { ...evidence.lineage, author: trainedBy },
    latency: slow,
  });
}

const stackFile = (registry: string) => `config:
  tollgate:tier: prod
  tollgate:model: churn-model
  tollgate:pin: 2@${pin.digest}
  tollgate:trackingServer: { uri: ${registry}, timeoutSeconds: 30 }
`;

/** A `before` hook: the Python half that signs. On a new machine it is installed here, which takes minutes. */
export async function installSigner(this: Mocha.Context): Promise<void> {
  this.timeout(600_000);
  await testPython();
}

/** Everything a signing verb prints, and how it ended. */
export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * A project with one stack, prod, whose registry knows version 2, its author and its evidence, and with three people's keys. The
 * registry is a stand-in; keys, git, the Python half that signs and the command line are real.
 */
export class SigningProject {
  #silenced: Promise<void> | undefined;

  private constructor(
    readonly dir: string,
    private readonly registry: StandIn,
    private readonly remove: () => void,
  ) {}

  /**
   * @param trainedBy the author that registry and evidence record; null for none
   * @param evaluated does the registry have evidence of its versions?
   * @param tagged the author that the registry's tag names, where it is another one than the evidence does
   * @param provenance what lies beside version 2 of how it was trained; null for nothing
   */
  static async create(
    trainedBy: string | null = author.name,
    {
      evaluated = true,
      provenance = null,
      tagged = trainedBy,
    }: { evaluated?: boolean; provenance?: string | null; tagged?: string | null } = {},
  ): Promise<SigningProject> {
    const tags = tagged === null ? [] : [{ key: versionTags.author, value: tagged }];
    const registry = await standIn(({ url }) => {
      const { searchParams } = new URL(url, "http://x");
      const stored = [pin, { ...pin, version: "3", digest: digestOf("b") }].find(
        (each) => artifactPath("evidence", each) === searchParams.get("path"),
      );
      if (stored && evaluated) return { body: evidenceOf(stored.version, trainedBy) };
      const proven = artifactPath("provenance", pin, ".dsse.json") === searchParams.get("path");
      if (provenance !== null && proven) return { body: provenance };
      const version = searchParams.get("version");
      if (version !== "2" && version !== "3") {
        return { status: 404, body: { error_code: "RESOURCE_DOES_NOT_EXIST", message: "none" } };
      }
      const facts = [
        { key: versionTags.digest, value: digestOf("b") },
        { key: versionTags.evidence, value: sha256(evidenceOf(version, trainedBy)) },
      ];
      const common = { name: pin.name, status: "READY", source: "x", run_id: "r" };
      return { body: { model_version: { ...common, version, tags: [...tags, ...facts] } } };
    });
    const { dir, remove } = temporaryFolder({
      "Pulumi.yaml": "name: signing\nruntime: nodejs\n",
      "Pulumi.prod.yaml": stackFile(registry.uri),
      "signers/prod.allowed_signers": signersOf(author, ann, ben),
    });
    const project = new SigningProject(dir, registry, remove);
    for (const [name, key] of Object.entries({ mira: author, ann, ben })) {
      writeFileSync(project.key(name), key.pem);
      chmodSync(project.key(name), 0o600);
      writeFileSync(`${project.key(name)}.pub`, `${key.publicKey} ${key.name}\n`);
    }
    execFileSync("git", ["-C", dir, "init", "--quiet"]);
    execFileSync("git", ["-C", dir, "config", "user.email", "ann@example.com"]);
    return project;
  }

  async dispose(): Promise<void> {
    await this.silence();
    this.remove();
  }

  /** The registry answers no more. */
  async silence(): Promise<void> {
    await (this.#silenced ??= this.registry.close());
  }

  /** Path of a person's private key. */
  key(name: string): string {
    return join(this.dir, `${name}.key`);
  }

  settings(): Promise<Settings> {
    return loadFromFile(this.dir, "prod");
  }

  read(file: string): string {
    const path = join(this.dir, file);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.dir, file)), { recursive: true });
    writeFileSync(join(this.dir, file), text);
  }

  /** Lines of a file, without the empty one at its end. */
  lines(file: string): string[] {
    return this.read(file)
      .split("\n")
      .filter((line) => line !== "");
  }

  async tollgate(...words: string[]): Promise<Said> {
    const streams = capture();
    const code = await run([...words, "--stack", "prod", "--cwd", this.dir], streams);
    return { code, out: streams.out(), err: streams.err() };
  }

  /** With `--json`: the document, or its error. */
  async json(...words: string[]): Promise<{ code: number; document: Record<string, unknown> }> {
    const { code, out } = await this.tollgate(...words, "--json");
    return { code, document: JSON.parse(out) as Record<string, unknown> };
  }
}
