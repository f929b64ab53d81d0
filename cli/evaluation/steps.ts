import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { z } from "zod";
import type { Settings } from "../../config/settings";
import type { InspectedBytes } from "../../policies/before-loading";
import type { PinnedVersion } from "../../policies/gate";
import { ensureStateFolder } from "../../processes/folder";
import { evidenceSchema } from "../../registry/evidence";
import { operationsOf } from "../../runtimes";
import { type ChildResult, endOf, runChild } from "../child";
import type { Context } from "../context";
import { CliError } from "../errors";
import { evaluationSpec } from "./spec";
import { pythonFor } from "../registry/python";

/** Longest time one step may take. */
const timeoutSeconds = 3600;

/** Variables that hold a secret of whoever runs an evaluation: the step that measures has none of them. */
const secretVariables = /^(TOLLGATE_SIGNING|PULUMI_|AWS_|MLFLOW_TRACKING_)/;

/** Settings of a stack that evaluates. */
type EvaluatedSettings = Settings & { evaluation: NonNullable<Settings["evaluation"]> };

const inspectedSchema = z.object({
  model: evidenceSchema.shape.model,
  code: evidenceSchema.shape.code,
  dependencies: evidenceSchema.shape.dependencies,
});

/**
 * The steps of one evaluation, each a process that has no more than it needs: `inspect` and `record` reach the registry,
 * `measure` starts scorers and has neither the registry's token nor a key.
 */
export class EvaluationSteps {
  private readonly spec: string;
  private readonly cache: string;
  /** Versions whose bytes were there before. */
  private readonly before: ReadonlySet<string>;
  private measured: object = {};
  private pin: PinnedVersion | null = null;

  constructor(
    private readonly context: Context,
    private readonly settings: EvaluatedSettings,
    private readonly version: string,
    /** For everything that is written but the bytes of an environment that serves here. */
    private readonly folder: string,
  ) {
    this.spec = join(folder, "spec.json");
    // Where a release has them, if that is on this host: what a model could read of its address tells nothing.
    this.cache = operationsOf(settings).modelFolder(settings, folder);
    this.before = new Set(existsSync(this.cache) ? readdirSync(this.cache) : []);
  }

  /** Fetches the version's bytes and those of the deployed one, and tells what they are without loading them. */
  async inspect(): Promise<{ pin: PinnedVersion; bytes: InspectedBytes }> {
    if (!this.cache.startsWith(this.folder + sep)) ensureStateFolder(this.settings.stateDir);
    const captureFile = join(this.folder, "captured.csv");
    this.measured = await evaluationSpec(this.settings, this.version, captureFile);
    await this.atRegistry("inspection");
    const bytes = inspectedSchema.parse(JSON.parse(this.read("inspected.json").toString("utf8")));
    const { name, version, digest } = bytes.model;
    this.pin = { name, version, digest };
    return { pin: this.pin, bytes };
  }

  /** Asks scorers, and writes the evidence. */
  async measure(): Promise<void> {
    await this.run("evaluate", this.settings, (name) => !secretVariables.test(name));
  }

  /** The evidence document's bytes. */
  evidence(): Buffer {
    return this.read("evidence.json");
  }

  keepSignature(envelope: string): void {
    writeFileSync(join(this.folder, "evidence.dsse.json"), envelope);
  }

  /** Puts everything beside the version in the registry. */
  async record(): Promise<void> {
    await this.atRegistry("record");
  }

  /** Removes the version's bytes, unless they were there before. */
  forget(): void {
    const holder = this.pin?.digest.replace("sha256:", "");
    if (holder === undefined || this.before.has(holder)) return;
    rmSync(join(this.cache, holder), { recursive: true, force: true });
  }

  private read(name: string): Buffer {
    return readFileSync(join(this.folder, name));
  }

  private async atRegistry(step: string): Promise<void> {
    await operationsOf(this.settings).withReachableRegistry(this.settings, async (reachable) => {
      // The way to a registry in a cluster has another address each time.
      const spec = { ...this.measured, tracking_uri: reachable.trackingServer.uri };
      writeFileSync(this.spec, JSON.stringify(spec));
      await this.run(step, reachable, (name) => !name.startsWith("TOLLGATE_SIGNING"));
    });
  }

  private async run(
    step: string,
    settings: EvaluatedSettings,
    passes: (variable: string) => boolean,
  ): Promise<void> {
    const { model } = settings;
    const child = await this.child(step, settings, passes);
    if (child.timedOut) {
      throw new CliError(
        "evaluation",
        `The evaluation took longer than ${timeoutSeconds} s and was stopped.`,
      );
    }
    if (child.code === 0) return;
    throw new CliError(
      "evaluation",
      `The evaluation of ${model} version ${this.version} failed with ${endOf(child)}: ${reasonOf(child)}`,
    );
  }

  private async child(
    step: string,
    settings: EvaluatedSettings,
    passes: (variable: string) => boolean,
  ): Promise<ChildResult> {
    const { python, environment } = await pythonFor(settings);
    const words = ["--spec", this.spec, "--cache", this.cache, "--out", this.folder];
    return runChild(
      {
        command: python,
        args: ["-m", `tollgate_serving.${step}`, ...words],
        cwd: settings.projectDir,
        env: Object.fromEntries(Object.entries(environment).filter(([name]) => passes(name))),
        timeoutSeconds,
        showStdout: false,
        what: `Evaluating ${settings.model} version ${this.version}`,
      },
      this.context.output,
    );
  }
}

/** The reason is on a step's stdout, which isn't shown as it comes, so that it is said once. */
function reasonOf({ stdout, lastLine }: ChildResult): string {
  try {
    return (JSON.parse(stdout) as { error?: string }).error ?? lastLine;
  } catch {
    return lastLine; // It was killed before it could say.
  }
}
