import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { routerFiles } from "../../provider/envoy/bootstrap";
import { adminAddress, askAdmin } from "../../provider/envoy/admin-wire";
import { RouterAdmin } from "../../provider/envoy/admin";
import { routeFiles } from "../../provider/envoy/files";
import type { RouteInputs } from "../../provider/inputs";
import { localSite } from "../../provider/release/local-site";
import { routeType } from "../../provider/types/route";
import { type FakeScorer, type ScorerBehaviour, startFakeScorer } from "./fake-scorer";
import { digestOf } from "./fixtures";
import { testPython } from "./mlflow";
import { freePort } from "../../processes/ports";

const launcher = path.join(__dirname, "../../runtimes/local/servers/router.py");

/**
 * What a route is given in specs: a short watch, and limits far above what a busy machine needs.
 *
 * @param router where it is
 * @param version whose digest is `digestOf(version)` where `change` names no other
 */
export function routeInputs(
  { stateDir, url }: Pick<RouteInputs, "stateDir" | "url">,
  version: string,
  scorers: string[],
  change: Partial<RouteInputs> = {},
): RouteInputs {
  return {
    ...{ stateDir, url, version, scorers, digest: digestOf(version) },
    watchSeconds: 0.2,
    maxErrorRate: 0.01,
    maxP95Ms: 2000,
    answerSeconds: 60,
    answers: null,
    ...change,
  };
}

/** Releases a version to its end, as the receipt does. Takes what `routeInputs` takes, and gives what that gives. */
export async function releaseTo(...given: Parameters<typeof routeInputs>): Promise<RouteInputs> {
  const inputs = routeInputs(...given);
  await routeType.create(inputs);
  await localSite(inputs.stateDir).close();
  return inputs;
}

/** A real Envoy on free ports, with a state folder of its own. */
export class TestRouter {
  readonly #scorers: FakeScorer[] = [];

  private constructor(
    private readonly top: string,
    readonly stateDir: string,
    readonly url: string,
    private process: ChildProcess,
    private readonly command: readonly string[],
  ) {}

  /** @param deep names of folders between the temporary folder and the state folder */
  static async start(deep: readonly string[] = []): Promise<TestRouter> {
    const top = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "tollgate-route-"));
    const stateDir = path.join(top, ...deep);
    const port = await freePort();
    const { files, initialFiles } = routerFiles({ stateDir, host: "127.0.0.1", port });
    for (const [file, text] of Object.entries({ ...files, ...initialFiles })) {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, text);
    }
    const options = ["--disable-hot-restart", "--log-level", "error", "--concurrency", "2"];
    const { directory, bootstrap } = routeFiles(stateDir);
    const command = [await testPython(), launcher, directory, "-c", bootstrap, ...options];
    const router = new TestRouter(
      top,
      stateDir,
      `http://127.0.0.1:${port}`,
      spawnRouter(command),
      command,
    );
    await router.started();
    return router;
  }

  /** A server that answers like a scorer of a version, until the router is disposed of. */
  async scorer(version: string, change: Partial<ScorerBehaviour> = {}): Promise<FakeScorer> {
    const digest = digestOf(version);
    const started = await startFakeScorer({ model: "churn-model", version, digest, ...change });
    this.#scorers.push(started);
    return started;
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** Connections to scorers that are open at the moment. */
  async upstreamConnections(): Promise<number> {
    const text = await askAdmin(
      adminAddress(this.stateDir),
      "/stats?filter=upstream_cx_active",
      2000,
    );
    return text
      .trim()
      .split("\n")
      .reduce((sum, line) => sum + Number(line.split(": ")[1]), 0);
  }

  get admin(): RouterAdmin {
    return new RouterAdmin(this.stateDir);
  }

  /** Ends Envoy the hard way. */
  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await gone;
  }

  async restart(): Promise<void> {
    await this.kill();
    this.process = spawnRouter(this.command);
    await this.started();
  }

  async dispose(): Promise<void> {
    await this.kill();
    await Promise.all(this.#scorers.splice(0).map((scorer) => scorer.stop()));
    fs.rmSync(this.top, { recursive: true, force: true });
  }

  private async started(): Promise<void> {
    for (const deadline = Date.now() + 20_000; ;) {
      const state = await this.admin.state().catch(() => null);
      if (state?.routesVersion) return;
      if (Date.now() > deadline) throw new Error("Envoy did not start within 20 s");
      await sleep(50);
    }
  }
}

function spawnRouter(command: readonly string[]): ChildProcess {
  return spawn(command[0]!, command.slice(1), { stdio: ["ignore", "ignore", "inherit"] });
}

/** Callers: some loops that ask for predictions all the time, and what they got. */
export class Callers {
  /** Answers, by `<status> v<version>`. */
  readonly answers: Record<string, number> = {};
  readonly failures: string[] = [];
  slowestMs = 0;
  private stopped = false;
  /** A test that failed before its `stop` must not keep the suite from ending. */
  private readonly deadline = Date.now() + 60_000;
  private readonly loops: Promise<void>[];

  constructor(
    private readonly url: string,
    loops = 8,
    private readonly asking = { body: '{"features":[[0.5,1]]}', pauseMs: 0 },
  ) {
    this.loops = Array.from({ length: loops }, () => this.loop());
  }

  get requests(): number {
    return Object.values(this.answers).reduce((sum, count) => sum + count, 0);
  }

  async until(condition: () => boolean): Promise<void> {
    for (const deadline = Date.now() + 30_000; !condition(); await sleep(10)) {
      if (Date.now() > deadline) throw new Error("callers waited 30 s in vain");
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.loops);
  }

  private async loop(): Promise<void> {
    while (!this.stopped && Date.now() < this.deadline) {
      const started = performance.now();
      try {
        const answer = await fetch(`${this.url}/predict`, {
          method: "POST",
          body: this.asking.body,
        });
        const text = await answer.text();
        const key = `${answer.status} v${answer.headers.get("x-model-version")}`;
        this.answers[key] = (this.answers[key] ?? 0) + 1;
        if (answer.status !== 200) this.failures.push(`${answer.status}: ${text}`);
      } catch (error) {
        this.failures.push(String((error as Error).cause ?? error));
      }
      this.slowestMs = Math.max(this.slowestMs, performance.now() - started);
      if (this.asking.pauseMs > 0) await sleep(this.asking.pauseMs);
    }
  }
}
