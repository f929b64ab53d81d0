import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import YAML from "yaml";
import { isRoot, nobody, otherUser, type OtherUser } from "./other-user";
import { freePort } from "../../processes/ports";

const ownRoot = path.join(__dirname, "..", "..");

export interface CommandResult {
  /** As shells count it: 128 and its number after a signal. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  input?: string;
  /** Called with the child, so that a test can end it. */
  onSpawn?: (child: ChildProcess) => void;
  /** Called with everything printed so far, on stdout and stderr. */
  onOutput?: (text: string, child: ChildProcess) => void;
}

/** A copy of an example in a temporary folder, with its own git history, state and free ports. */
export class TestProject {
  #user: OtherUser | null = null;

  private constructor(
    readonly dir: string,
    readonly ports: Record<string, { tracking: number; scorer: number }>,
    private root: string,
  ) {}

  /**
   * Copies an example; `change` edits the `config` of each stack file before the first commit.
   *
   * @param root checkout of Tollgate that runs the project and has the example
   */
  static async create(
    example: string,
    stacks: readonly string[],
    change: (config: Record<string, unknown>, stack: string) => void = () => {},
    root = ownRoot,
  ): Promise<TestProject> {
    const dir = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "tollgate-"));
    fs.cpSync(path.join(root, "examples", example), dir, { recursive: true });
    const ports: Record<string, { tracking: number; scorer: number }> = {};
    for (const stack of stacks) {
      ports[stack] = { tracking: await freePort(), scorer: await freePort() };
    }
    const project = new TestProject(dir, ports, root);
    project.#nameRoot(path.join("..", ".."));
    for (const stack of stacks) {
      project.configure(stack, (config) => {
        // A test's machine may be busy. What slow registries and versions come to is tried in specs of their own.
        config["tollgate:trackingServer"] = {
          port: ports[stack]!.tracking,
          timeoutSeconds: 30,
        };
        config["tollgate:scorer"] = { port: ports[stack]!.scorer };
        change(config, stack);
        config["tollgate:gates"] = {
          latency: { p95Ms: 1000 },
          ...(config["tollgate:gates"] as object),
        };
        config["tollgate:release"] = { maxP95Ms: 2000, ...(config["tollgate:release"] as object) };
      });
    }
    fs.writeFileSync(path.join(dir, ".gitignore"), ".tollgate/\n.pulumi/\n__pycache__/\n");
    project.git("init", "--quiet", "--initial-branch=main");
    project.git("config", "user.name", "Mira Author");
    project.git("config", "user.email", "mira@example.com");
    project.commit("start");
    return project;
  }

  /** From now on this checkout's Tollgate runs the project, and another one did until now. */
  upgrade(): void {
    const before = path.relative(this.dir, this.root);
    this.root = ownRoot;
    this.#nameRoot(before);
  }

  /** Has the project's file name the checkout that runs it, where it names the one at `before`. */
  #nameRoot(before: string): void {
    const file = path.join(this.dir, "Pulumi.yaml");
    const toRoot = path.relative(this.dir, this.root);
    const text = fs
      .readFileSync(file, "utf8")
      .replace(`main: ${before}\n`, `main: ${toRoot}\n`)
      .replace(`path: ${before}/provider`, `path: ${toRoot}/provider`);
    fs.writeFileSync(file, text);
  }

  /** Edits the `config` map of a stack file. */
  configure(stack: string, change: (config: Record<string, unknown>) => void): void {
    const file = path.join(this.dir, `Pulumi.${stack}.yaml`);
    const document = YAML.parse(fs.readFileSync(file, "utf8")) as {
      config: Record<string, unknown>;
    };
    change(document.config);
    fs.writeFileSync(file, YAML.stringify(document));
  }

  /** Asks the MLflow server of a stack, with its password where it wants one. */
  askRegistry(stack: string, pathAndQuery: string, body?: object): Promise<Response> {
    const file = path.join(this.dir, ".tollgate", stack, "secrets", "registry-password");
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (fs.existsSync(file)) headers["authorization"] = `Bearer ${fs.readFileSync(file, "utf8")}`;
    return fetch(`http://127.0.0.1:${this.ports[stack]!.tracking}${pathAndQuery}`, {
      headers,
      ...(body && { method: "POST", body: JSON.stringify(body) }),
    });
  }

  /** The version that callers of a stack get. */
  async servedVersion(stack: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.ports[stack]!.scorer}/health`);
    return ((await answer.json()) as { version: string }).version;
  }

  commit(message: string): void {
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "--message", message);
  }

  git(...args: string[]): string {
    // The folder may have been given to another user.
    const settings = ["-c", "commit.gpgsign=false", "-c", `safe.directory=${this.dir}`];
    return execFileSync("git", ["-C", this.dir, ...settings, ...args], { encoding: "utf8" });
  }

  /**
   * From now on a user who owns nothing but this folder runs every command. Where somebody else than root runs the tests,
   * that is so anyway.
   */
  async giveAway(): Promise<void> {
    if (!isRoot) return;
    this.#user = await otherUser(path.join(this.dir, ".tollgate", "home"));
  }

  /** What the test has put into the folder belongs to the user as well. */
  #handOver(): void {
    execFileSync("chown", ["--recursive", "--no-dereference", `${nobody}:${nobody}`, this.dir]);
  }

  /** Runs `tollgate <args>` in the project folder. */
  tollgate(args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    if (this.#user) this.#handOver();
    const { prefix = [], env = {} } = this.#user ?? {};
    const command = [process.execPath, path.join(this.root, "toolchain", "tollgate.cjs"), ...args];
    const [file, ...words] = [...prefix, ...command];
    return run(file!, words, this.dir, { ...options, env: { ...env, ...options.env } });
  }

  /** Runs `tollgate <args>` and fails with everything it printed unless it ends with 0. */
  async must(...args: string[]): Promise<CommandResult> {
    const result = await this.tollgate(args);
    if (result.code !== 0) {
      throw new Error(
        `tollgate ${args.join(" ")} ended with ${result.code}\n${result.stdout}\n${result.stderr}`,
      );
    }
    return result;
  }

  /** Runs plain `pulumi <args>`, with the environment `tollgate env` gives a user. */
  pulumi(args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    return this.tollgate(["pulumi", "--", ...args], options);
  }

  stateDir(stack: string): string {
    return path.join(this.dir, ".tollgate", stack);
  }

  /** Ends every server of every stack and removes the folder. */
  async dispose(): Promise<void> {
    for (const stack of Object.keys(this.ports)) {
      await this.tollgate(["stop", "--stack", stack]);
    }
    this.remove();
  }

  /** Removes the folder, of a project none of whose servers runs on this machine. */
  remove(): void {
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Keeps an environment's registry in SQLite and a folder: two servers less than with PostgreSQL and S3. */
export function lightRegistry(config: Record<string, unknown>): void {
  config["tollgate:database"] = { kind: "sqlite" };
  config["tollgate:artifactStore"] = { kind: "folder" };
}

/** Options that act on the command once, when it has printed something like `line`. */
export function atLine(line: RegExp, act: (child: ChildProcess) => void): RunOptions {
  let acted = false;
  return {
    onOutput(text, child) {
      if (acted || !line.test(text)) return;
      acted = true;
      act(child);
    },
  };
}

/** Runs a command to its end and collects what it printed. */
export function run(
  command: string,
  args: readonly string[],
  cwd: string,
  options: RunOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...options.env } });
    const result: CommandResult = { code: null, stdout: "", stderr: "" };
    const collect = (stream: "stdout" | "stderr") => (data: Buffer) => {
      result[stream] += data.toString();
      options.onOutput?.(result.stdout + result.stderr, child);
    };
    child.stdout.on("data", collect("stdout"));
    child.stderr.on("data", collect("stderr"));
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve({ ...result, code: signal ? 128 + os.constants.signals[signal] : code }),
    );
    child.stdin.end(options.input ?? "");
    options.onSpawn?.(child);
  });
}
