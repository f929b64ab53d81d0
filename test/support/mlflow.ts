import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../processes/ports";
import { defaultRequirements, ensurePython } from "../../toolchain/python";

/** Starting takes 5 to 8 seconds on a quiet machine. */
const startTimeoutMs = 90_000;

export interface MlflowOptions {
  /** For database, artifacts and log; the caller removes it after `stop`. */
  readonly dir: string;
  /** Where the server keeps artifacts behind its proxy. @default a folder in `dir` */
  readonly artifactsDestination?: string;
  /** Artifact root that clients use directly instead: the server then has no proxy. */
  readonly directArtifactRoot?: string;
  /** Interpreter whose MLflow it is. @default the locked environment's */
  readonly python?: string;
  /** @default a free one */
  readonly port?: number;
  /** On top of the caller's environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RunningServer {
  readonly uri: string;
  stop(): Promise<void>;
}

export interface Mlflow extends RunningServer {
  /** Interpreter with mlflow and scikit-learn. */
  readonly python: string;
}

/** The locked Python environment's interpreter. */
export async function testPython(): Promise<string> {
  return (await ensurePython(defaultRequirements)).python;
}

/** A real MLflow server on SQLite, on a free port. Resolves when it answers. */
export async function startMlflow(options: MlflowOptions): Promise<Mlflow> {
  const python = options.python ?? (await testPython());
  const port = options.port ?? (await freePort());
  mkdirSync(options.dir, { recursive: true });
  const destination = options.artifactsDestination ?? path.join(options.dir, "artifacts");
  const store = options.directArtifactRoot
    ? ["--no-serve-artifacts", "--default-artifact-root", options.directArtifactRoot]
    : ["--artifacts-destination", destination];
  const database = `sqlite:///${path.join(options.dir, "mlflow.db")}`;
  const address = ["--host", "127.0.0.1", "--port", String(port)];
  const server = await startServer({
    command: [python, "-m", "mlflow", "server", "--workers", "1"].concat(
      address,
      ["--backend-store-uri", database],
      store,
    ),
    uri: `http://127.0.0.1:${port}`,
    healthPath: "/health",
    log: path.join(options.dir, "mlflow.log"),
    environment: {
      MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false",
      MLFLOW_DISABLE_TELEMETRY: "true",
      ...options.environment,
    },
  });
  return { ...server, python };
}

/** Runs a Python program against a registry and gives its standard output. Throws with what it printed. */
export async function runPython(
  python: string,
  program: string,
  environment: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<string> {
  const { stdout } = await promisify(execFile)(python, ["-W", "ignore", "-c", program, ...args], {
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: "true", ...environment },
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}

export interface ServerOptions {
  readonly command: readonly string[];
  readonly uri: string;
  /** Any answer below 500 counts as healthy. */
  readonly healthPath: string;
  readonly log: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts a server in a process group of its own; the group ends with `stop`, or at the latest with this process. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const log = openSync(options.log, "a");
  const [program = "", ...args] = options.command;
  const child = spawn(program, args, {
    stdio: ["ignore", log, log],
    detached: true,
    env: { ...process.env, ...options.environment },
  });
  closeSync(log);
  const killNow = () => signalGroup(child, "SIGKILL");
  process.once("exit", killNow);
  const stop = async () => {
    process.off("exit", killNow);
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      const timer = setTimeout(killNow, 5000);
      signalGroup(child, "SIGTERM");
      await ended;
      clearTimeout(timer);
    }
    signalGroup(child, "SIGKILL");
  };
  try {
    await healthy(child, options);
  } catch (error) {
    await stop();
    throw error;
  }
  return { uri: options.uri, stop };
}

async function healthy(child: ChildProcess, options: ServerOptions): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      break;
    }
    const answer = await fetch(options.uri + options.healthPath).catch(() => null);
    await answer?.body?.cancel();
    if (answer && answer.status < 500) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const printed = readFileSync(options.log, "utf8").slice(-2000);
  throw new Error(`${options.command.join(" ")} did not become healthy:\n${printed}`);
}

/** Signals the server and its workers; a group that is gone already is fine. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") {
      throw error;
    }
  }
}
