import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

/**
 * When a scorer's model answers otherwise than it was evaluated: to a row that comes alone, to rows in company, by one
 * of the routes, while others ask as well, or always.
 */
export type Lie =
  "alone" | "in company" | "by /predict" | "by /invocations" | "when busy" | "always";

/** How a fake scorer answers. All plain values, so that it can run in a process of its own. */
export interface ScorerBehaviour {
  model: string;
  version: string;
  digest: string;
  /** Status of `POST /predict`. */
  status?: number;
  /** Body of `POST /predict` instead of a right one. */
  body?: string;
  delayMs?: number;
  /** Status of `GET /ready`. */
  ready?: number;
  /** Requests for predictions that are answered well before `status`, `body`, `delayMs` and `lies` count. */
  goodRequests?: number;
  /** When its answers aren't those of `test/support/kept-answers.ts`. */
  lies?: Lie;
  /** By how much each number is off while it lies. @default 1 */
  liesBy?: number;
  /**
   * Status of requests whose body holds the text `unusual`, which stands for input that a model can't digest. 0: the
   * connection is ended instead.
   */
  unusual?: number;
  /** JSON of the sample request that it offers, instead of the usual one. */
  sample?: string;
  /** Says that it knows no sample request. */
  withoutSample?: boolean;
  /** Fails on its own sample, as a model does on values that were made up for it. */
  failsOnSample?: boolean;
}

export interface FakeScorer {
  readonly url: string;
  /** May be changed while it runs. */
  readonly behaviour: ScorerBehaviour;
  /** Requests to `/predict` so far. */
  readonly predicted: () => number;
  /** Requests to `/invocations` so far. */
  readonly invoked: () => number;
  /** The different bodies of those requests. */
  readonly bodies: () => string[];
  stop(): Promise<void>;
}

/** A real HTTP server with the scorer's routes, on a free port of this process. */
export async function startFakeScorer(given: ScorerBehaviour): Promise<FakeScorer> {
  const behaviour = { ...given };
  const asked = { "/predict": 0, "/invocations": 0 };
  const bodies = new Set<string>();
  let busy = 0;
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = request.url ?? "";
      if (url === "/predict" || url === "/invocations") asked[url]++;
      busy++;
      response.on("close", () => busy--);
      // Let requests that came together be here before one is answered, as a scorer that computes would.
      setImmediate(() => {
        const count = asked["/predict"] + asked["/invocations"];
        const text = Buffer.concat(chunks).toString();
        if (url === "/predict" || url === "/invocations") bodies.add(text);
        const { status, body, delayMs } = answer(behaviour, url, { text, count, busy });
        const send = () => {
          if (status === 0) return void request.socket.destroy();
          response.writeHead(status, {
            "content-type": "application/json",
            "x-model-version": behaviour.version,
          });
          response.end(body);
        };
        // An answer that is due after the server has stopped keeps no process from ending.
        if (delayMs > 0) setTimeout(send, delayMs).unref();
        else send();
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behaviour,
    predicted: () => asked["/predict"],
    invoked: () => asked["/invocations"],
    bodies: () => [...bodies],
    async stop() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A request for predictions as it came. */
interface Asked {
  readonly text: string;
  /** Such requests so far, this one among them. */
  readonly count: number;
  /** Requests that aren't answered yet, this one among them. */
  readonly busy: number;
}

const usualSample = JSON.stringify({ features: [[0.5, 1]] });

function answer(behaviour: ScorerBehaviour, url: string, asked: Asked) {
  const { model, version, digest } = behaviour;
  const plainly = (value: unknown, status = 200) => ({
    status,
    body: JSON.stringify(value),
    delayMs: 0,
  });
  if (url === "/ready") return plainly({}, behaviour.ready ?? 200);
  if (url === "/health") return plainly({ status: "ok", model, version, digest });
  if (url === "/version") {
    const sample = behaviour.withoutSample ? "null" : (behaviour.sample ?? usualSample);
    return { status: 200, body: `{"version":"${version}","sample":${sample}}`, delayMs: 0 };
  }
  if (url !== "/predict" && url !== "/invocations") return plainly({ error: {} }, 404);
  const right = rowsOf(asked.text).map((row) => (Number(Object.values(row)[0]) > 0.5 ? 1 : 0));
  const good = plainly({ predictions: right, model_version: version });
  if (behaviour.unusual !== undefined && asked.text.includes("unusual")) {
    return plainly({ error: {} }, behaviour.unusual);
  }
  if (behaviour.failsOnSample && asked.text === usualSample) {
    return plainly({ error: {} }, 500);
  }
  if (asked.count <= (behaviour.goodRequests ?? 0)) return good;
  const lying = isLying(behaviour.lies, url, right.length, asked.busy);
  const off = behaviour.liesBy ?? 1;
  const told = lying ? plainly({ predictions: right.map((value) => value + off) }) : good;
  return {
    status: behaviour.status ?? 200,
    body: behaviour.body ?? told.body,
    delayMs: behaviour.delayMs ?? 0,
  };
}

function isLying(lies: Lie | undefined, url: string, rows: number, busy: number): boolean {
  switch (lies) {
    case "alone":
      return rows === 1;
    case "in company":
      return rows > 1;
    case "by /predict":
    case "by /invocations":
      return lies === `by ${url}`;
    case "when busy":
      return busy > 1;
    case "always":
      return true;
    case undefined:
      return false;
  }
}

/** The rows of a request in any of the formats; one row for what is none of them. */
function rowsOf(text: string): object[] {
  type Body = Record<string, object[]> & { dataframe_split?: { data: object[] } };
  const { features, instances, dataframe_records, dataframe_split } = JSON.parse(text) as Body;
  return features ?? instances ?? dataframe_records ?? dataframe_split?.data ?? [[1]];
}

/** A fake scorer in a process of its own, to be killed. */
export async function spawnFakeScorer(
  behaviour: ScorerBehaviour,
): Promise<{ url: string; process: ChildProcess }> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", __filename, JSON.stringify(behaviour)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return { url: line.toString().trim(), process: child };
}

if (require.main === module) {
  void startFakeScorer(JSON.parse(process.argv[2]!) as ScorerBehaviour).then(({ url }) =>
    process.stdout.write(`${url}\n`),
  );
}
