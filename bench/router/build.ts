import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { RouteInputs } from "../../provider/inputs";
import type { TestRouter } from "../../test/support/router";
import { digestOf } from "../../test/support/fixtures";

/** A build's router, and what it releases by, loaded from the build's own folder. */
export class Build {
  private constructor(
    readonly folder: string,
    readonly router: TestRouter,
    private readonly releaseBy: (inputs: RouteInputs) => Promise<unknown>,
    private readonly close: (stateDir: string) => Promise<void>,
    private readonly scorers: readonly { readonly child: ChildProcess; readonly url: string }[],
  ) {}

  /** Starts its router before two versions, the first of which is released. */
  static async start(folder: string): Promise<Build> {
    const own = <T>(file: string) => import(path.join(folder, file)) as Promise<T>;
    const [{ TestRouter: Router }, { routeType }, { localSite }] = await Promise.all([
      own<{ TestRouter: { start(): Promise<TestRouter> } }>("test/support/router.ts"),
      own<{ routeType: { create(inputs: RouteInputs): Promise<unknown> } }>(
        "provider/types/route.ts",
      ),
      own<{ localSite(stateDir: string): { close(): Promise<void> } }>(
        "provider/release/local-site.ts",
      ),
    ]);
    const scorers = await Promise.all(["1", "2"].map(startScorer));
    const build = new Build(
      folder,
      await Router.start(),
      (inputs) => routeType.create(inputs),
      (stateDir) => localSite(stateDir).close(),
      scorers,
    );
    try {
      await build.release("1");
      return build;
    } catch (error) {
      await build.stop();
      throw error;
    }
  }

  get url(): string {
    return this.router.url;
  }

  async release(version: "1" | "2"): Promise<void> {
    const { stateDir, url } = this.router;
    await this.releaseBy({
      ...{ stateDir, url, version, digest: digestOf(version), answers: null, answerSeconds: 120 },
      ...{ scorers: [this.scorers[Number(version) - 1]!.url] },
      ...{ watchSeconds: 0.2, maxErrorRate: 0.01, maxP95Ms: 20_000 },
    });
    await this.close(stateDir);
  }

  /** Seconds of processor time that its Envoy has used. */
  processorSeconds(): number {
    const stat = readFileSync(`/proc/${this.router.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(stat[11]) + Number(stat[12])) / 100;
  }

  /** Bytes that its Envoy holds in memory. */
  memory(): number {
    const status = readFileSync(`/proc/${this.router.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) * 1024;
  }

  async stop(): Promise<void> {
    await this.router.dispose();
    for (const { child } of this.scorers) child.kill();
  }
}

async function startScorer(version: string): Promise<{ child: ChildProcess; url: string }> {
  const child = fork(path.join(__dirname, "scorer.ts"), [version, digestOf(version)]);
  const [url] = (await once(child, "message")) as [string];
  return { child, url };
}
