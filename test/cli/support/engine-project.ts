import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Context, openContext, root } from "../../../cli/context";
import { Output } from "../../../cli/terminal/output";
import { capture } from "./streams";
import { temporaryFolder } from "./project";

/** A program with two resources `a` and `b`, which do what the settings under `demo:` say. */
const program = `
const pulumi = require("@pulumi/pulumi");
class Thing extends pulumi.CustomResource {
  constructor(name, args, options) { super("tollgate:index:Thing", name, args, options); }
}
const config = new pulumi.Config("demo");
const inputs = { v: config.get("v") ?? "1", fail: config.get("fail") ?? "", seconds: Number(config.get("seconds") ?? 0) };
const a = new Thing("a", inputs);
if (config.get("third")) new Thing("third", inputs, { dependsOn: [a] });
new Thing("b", { ...inputs, fail: "", seconds: 0 }, { dependsOn: [a] });
exports.url = "http://thing";
`;

const provider = `
const { main } = require("@pulumi/pulumi/provider");
const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
async function act({ seconds, fail }) {
  await wait(seconds);
  if (fail === "act") throw new Error("port 5001 is taken by nginx (pid 123); stop it");
}
class Things {
  version = "0.0.1";
  schema = JSON.stringify({ name: "tollgate", version: "0.0.1", resources: {} });
  async check(urn, olds, news) {
    const failures = news.fail === "check" ? [{ property: "", reason: "metric-floor: too low. Train again." }] : [];
    return { inputs: news, failures };
  }
  async diff(id, urn, olds, news) { return { changes: olds.v !== news.v }; }
  async create(urn, inputs) { await act(inputs); return { id: "id", outs: inputs }; }
  async update(id, urn, olds, news) { await act(news); return { outs: news }; }
  async read(id, urn, outputs) { return { id, props: { ...outputs, seen: "now" } }; }
  async delete(id, urn, outputs) { await wait(outputs.seconds); }
}
main(new Things(), process.argv.slice(2));
`;

/** A project that the real engine runs, whose resources do nothing but take time and fail as told. */
export interface EngineProject {
  dir: string;
  context: Context;
  /** What was said on stderr so far. */
  said(): string;
  /** Writes the stack's settings: `demo:<name>` for each. */
  set(values: Record<string, string>): void;
  /** The engine's own record. */
  state(): { resources?: { urn: string }[]; pending_operations?: { type: string }[] };
  remove(): void;
}

export function engineProject(): EngineProject {
  const { dir, remove } = temporaryFolder({
    "Pulumi.yaml": `name: demo
runtime: { name: nodejs, options: { typescript: false } }
main: code
backend: { url: "file://./state" }
plugins: { providers: [{ name: tollgate, path: ./code/provider }] }
`,
    "code/package.json": '{"name":"demo","version":"0.0.1","main":"program.js"}',
    "code/program.js": program,
    "code/provider/PulumiPlugin.yaml": "runtime: nodejs\n",
    "code/provider/package.json": '{"name":"provider","version":"0.0.1","main":"index.js"}',
    "code/provider/index.js": provider,
  });
  symlinkSync(join(root, "node_modules"), join(dir, "code", "node_modules"));
  const streams = capture();
  const project: EngineProject = {
    dir,
    context: openContext({ cwd: dir, stack: "dev" }, new Output(streams, false, false)),
    said: () => streams.err(),
    set(values) {
      const lines = Object.entries(values).map(([name, value]) => `  demo:${name}: "${value}"\n`);
      const text = `config:\n  # kept\n  tollgate:tier: dev   # as it is\n  tollgate:model: m\n${lines.join("")}`;
      writeFileSync(join(dir, "Pulumi.dev.yaml"), text);
    },
    state() {
      const file = join(dir, "state", ".pulumi", "stacks", "demo", "dev.json");
      const { checkpoint } = JSON.parse(readFileSync(file, "utf8")) as {
        checkpoint: { latest: ReturnType<EngineProject["state"]> };
      };
      return checkpoint.latest;
    },
    remove,
  };
  project.set({});
  mkdirSync(join(dir, "state"));
  return project;
}
