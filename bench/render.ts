// `node --import tsx bench/render.ts [--json]`: how long the manifests of 100 models take, gates included. Their registry
// is a server of this process that answers at once, so that what is measured is Tollgate's own work.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { run } from "../cli/program";
import { filesOf } from "../runtimes/kubernetes/operate/render-files";
import { writeRendering } from "../cli/render/folder";
import { resolveSettings } from "../config/resolve";
import type { ClusterSettings } from "../config/settings";
import { renderedGroups } from "../runtimes/kubernetes/render";
import { compliantEvidence } from "../test/support/evidence";
import { run as start } from "../test/support/project";
import { standIn } from "../test/registry/stand-in";
import { capture } from "../test/cli/support/streams";
import { sha256 } from "../strict/canonical";

const models = 100;
/** Seconds that all of them may take in one process. */
const promise = 20;
/** Commands of a process each that are timed; the first one bundles and doesn't count. */
const commands = 7;
const root = path.join(__dirname, "..");
const names = Array.from({ length: models }, (_, index) => `model-${index}`);
const json = process.argv.includes("--json");
/** Evidence grows too old for the gates, so it is from an hour ago. */
const measuredAt = new Date(Date.now() - 3_600_000).toISOString();
const image = (name: string) => `registry.example.com/${name}@sha256:${"c".repeat(64)}`;

async function main(): Promise<void> {
  const registry = await standIn(({ url }) => answerTo(new URL(url, "http://registry")));
  const dir = projects(registry.uri);
  try {
    const render = async (...more: string[]) => {
      const began = performance.now();
      for (const model of names) await must(words(dir, model, ...more));
      return (performance.now() - began) / 1000;
    };
    const first = await render();
    const again = await render();
    const check = await render("--check");
    const whole = await environments(path.join(dir, "whole"));
    const command = await oneCommand(dir);
    const { files, bytes } = sizeOf(path.join(dir, "rendered"));
    if (json) {
      console.log(
        JSON.stringify({ models, files, bytes, first, again, check, whole, command, promise }),
      );
      return;
    }
    console.log(
      `${models} models, ${files} files, ${(bytes / 2 ** 20).toFixed(1)} MiB, node ${process.version}`,
    );
    console.log(
      `\nrender of ${models} models, in one process: ${first.toFixed(1)} s (promised: under ${promise})`,
    );
    console.log(`  the second time, nothing to write                ${again.toFixed(1)} s`);
    console.log(`  --check                                          ${check.toFixed(1)} s`);
    console.log(`  each with MLflow, database and store, no gates   ${whole.toFixed(1)} s`);
    console.log(`  one model, a process of its own                  ${command.toFixed(2)} s`);
    if (first >= promise) process.exitCode = 1;
  } finally {
    await registry.close();
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

/** Seconds for 100 whole environments. Their registries run in clusters, so there is nobody to ask for evidence. */
async function environments(folder: string): Promise<number> {
  const { version, digest } = compliantEvidence().model;
  const images = {
    tollgate: image("tollgate"),
    postgres: image("postgres"),
    seaweedfs: image("seaweedfs"),
  };
  const began = performance.now();
  for (const model of names) {
    const raw = {
      tier: "prod",
      model,
      runtime: "kubernetes",
      pin: `${version}@${digest}`,
      kubernetes: { images, rollout: "blueGreen", monitoring: "operator" },
    };
    const place = { stack: "prod", projectDir: folder, requirements: "/requirements.lock" };
    const settings = resolveSettings(raw, place) as ClusterSettings;
    const files = await filesOf(settings, renderedGroups(settings));
    await writeRendering(path.join(folder, model), "prod", files);
  }
  return (performance.now() - began) / 1000;
}

function words(dir: string, model: string, ...more: string[]): string[] {
  const out = path.join(dir, "rendered", model);
  return ["render", "-C", path.join(dir, model), "-s", "staging", "--out", out, ...more];
}

async function must(command: readonly string[]): Promise<void> {
  const streams = capture();
  const code = await run(command, streams);
  if (code !== 0) throw new Error(`tollgate ended with ${code}\n${streams.out()}${streams.err()}`);
}

/** Seconds of one command as a user runs it, the median. The registry answers from this process, so it mustn't block. */
async function oneCommand(dir: string): Promise<number> {
  const script = path.join(root, "toolchain", "tollgate.cjs");
  const times: number[] = [];
  for (let round = -1; round < commands; round += 1) {
    const began = performance.now();
    const { code, stderr } = await start(process.execPath, [script, ...words(dir, "model-0")], dir);
    if (code !== 0) throw new Error(stderr);
    if (round >= 0) times.push((performance.now() - began) / 1000);
  }
  return times.sort((a, b) => a - b)[Math.floor(commands / 2)]!;
}

/** 100 project folders with a stack each, whose model is in a registry that is kept elsewhere. */
function projects(uri: string): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-render-"));
  const { model, data } = compliantEvidence();
  for (const name of names) {
    const config = {
      "tollgate:tier": "staging",
      "tollgate:model": name,
      "tollgate:runtime": "kubernetes",
      "tollgate:trackingServer": { uri },
      "tollgate:pin": `${model.version}@${model.digest}`,
      "tollgate:evaluation": { data: "eval.csv", label: "label", digest: data.digest },
      "tollgate:kubernetes": { images: { tollgate: image("tollgate") }, rollout: "blueGreen" },
    };
    fs.mkdirSync(path.join(dir, name));
    fs.writeFileSync(path.join(dir, name, "Pulumi.yaml"), `name: ${name}\nruntime: nodejs\n`);
    fs.writeFileSync(path.join(dir, name, "Pulumi.staging.yaml"), stringify({ config }));
  }
  return dir;
}

/** MLflow's answers about the version that every model has. */
function answerTo({ pathname, searchParams }: URL) {
  const name = searchParams.get("name") ?? searchParams.get("run_id");
  const evidence = compliantEvidence();
  const document = JSON.stringify({
    ...evidence,
    model: { ...evidence.model, name },
    evaluator: { ...evidence.evaluator, evaluatedAt: measuredAt },
  });
  if (pathname === "/get-artifact") {
    const isSignature = searchParams.get("path")?.includes("dsse");
    return isSignature
      ? { status: 404, body: { error_code: "RESOURCE_DOES_NOT_EXIST", message: "unsigned" } }
      : { body: document };
  }
  const tags = [
    { key: "tollgate.digest", value: evidence.model.digest },
    { key: "tollgate.evidence", value: sha256(document) },
  ];
  const { version } = evidence.model;
  return { body: { model_version: { name, version, status: "READY", run_id: name, tags } } };
}

function sizeOf(folder: string): { files: number; bytes: number } {
  const files = fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => fs.statSync(path.join(folder, file)))
    .filter((stat) => stat.isFile());
  return { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) };
}

void main();
