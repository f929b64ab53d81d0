import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pythonEnvironmentDir } from "../../toolchain/python";
import { freePort } from "../../processes/ports";
import { type CommandResult, run, type RunOptions } from "./project";

const root = path.join(__dirname, "..", "..");

/** A program with one kept process, in the place and at the address of a stack's registry, and a generated secret. */
const program = `
const fs = require("node:fs");
const path = require("node:path");
const pulumi = require("@pulumi/pulumi");
const of = (type, name, args) => new pulumi.CustomResource(type, name, args);
const { port } = JSON.parse(pulumi.runtime.allConfig()["tollgate:trackingServer"]);
const stateDir = path.join(fs.realpathSync(pulumi.runtime.getRootDirectory()), ".tollgate", pulumi.getStack());
const data = path.join(stateDir, "data", "kept");
const server = [
  'const fs = require("node:fs");',
  'const [port, data] = process.argv.slice(1);',
  'fs.mkdirSync(data, { recursive: true });',
  'fs.appendFileSync(data + "/starts", "1");',
  'require("node:http").createServer((_, response) => response.end(data)).listen(Number(port), "127.0.0.1");',
].join("");
of("tollgate:index:Credential", "password", { path: path.join(stateDir, "secrets", "password"), bytes: 8, deleteData: false });
of("tollgate:index:Process", "server", {
  name: "tracking-server",
  stateDir,
  keeper: KEEPER,
  command: [process.execPath, "-e", server, "{port}", data],
  environment: {},
  passEnvironment: {},
  host: "127.0.0.1",
  port,
  portSetting: "tollgate:trackingServer.port",
  health: { kind: "http", path: "/", timeoutSeconds: 60 },
  files: {},
  initialFiles: {},
  dataPaths: [],
  deleteData: false,
  restartOn: {},
  stopSignal: "SIGTERM",
  stopTimeoutSeconds: 10,
  warmSeconds: 0,
});
`;

/** A project with a program of its own: the real engine and provider keep a small server for it. */
export class KeptProject {
  private readonly folders = new Set<string>();

  private constructor(
    readonly dir: string,
    readonly port: number,
  ) {
    this.folders.add(dir);
  }

  static async create(): Promise<KeptProject> {
    const dir = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "tollgate-kept-"));
    const python = path.join(
      pythonEnvironmentDir(path.join(root, "serving", "requirements.lock")),
      "bin",
      "python",
    );
    const keeper = [python, "-S", "-s", "-E", path.join(root, "runtimes/local/servers/keeper.py")];
    const port = await freePort();
    const files = {
      "Pulumi.yaml": `name: kept
runtime: { name: nodejs, options: { typescript: false } }
main: code
backend: { url: "file://.?metadata=skip" }
plugins: { providers: [{ name: tollgate, path: ${path.relative(dir, path.join(root, "provider"))} }] }
`,
      "Pulumi.dev.yaml": `config:
  tollgate:tier: dev
  tollgate:model: kept
  tollgate:trackingServer: { port: ${port} }
`,
      "code/package.json": '{"name":"kept","version":"0.0.1","main":"program.js"}',
      "code/program.js": program.replace("KEEPER", JSON.stringify(keeper)),
    };
    for (const [name, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
      fs.writeFileSync(path.join(dir, name), text);
    }
    fs.symlinkSync(path.join(root, "node_modules"), path.join(dir, "code", "node_modules"));
    return new KeptProject(dir, port);
  }

  /** The path of a further folder, which goes when the project goes. */
  beside(name: string): string {
    const folder = `${this.dir}-${name}`;
    this.folders.add(folder);
    return folder;
  }

  /** Runs `tollgate <args>` in a project folder. */
  tollgate(
    args: readonly string[],
    folder = this.dir,
    options?: RunOptions,
  ): Promise<CommandResult> {
    const command = [path.join(root, "toolchain", "tollgate.cjs"), ...args];
    return run(process.execPath, command, folder, options);
  }

  /** Ends every server that a folder of this project has, and removes the folders. */
  async dispose(): Promise<void> {
    for (const folder of this.folders) {
      if (!fs.existsSync(path.join(folder, ".tollgate"))) continue;
      for (const file of fs.readdirSync(folder)) {
        const stack = /^Pulumi\.(\w+)\.yaml$/.exec(file)?.[1];
        if (stack) await this.tollgate(["stop", "--stack", stack], folder);
      }
    }
    for (const folder of this.folders) fs.rmSync(folder, { recursive: true, force: true });
  }
}
