import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

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
  /** Requests to `/predict` that are answered well before `status`, `body` and `delayMs` count. */
  goodRequests?: number;
  /** Says that it knows no sample request. */
  withoutSample?: boolean;
}

export interface FakeScorer {
  readonly url: string;
  /** May be changed while it runs. */
  readonly behaviour: ScorerBehaviour;
  /** Requests to `/predict` so far. */
  readonly predicted: () => number;
  stop(): Promise<void>;
}

/** A real HTTP server with the scorer's routes, on a free port of this process. */
export async function startFakeScorer(given: ScorerBehaviour): Promise<FakeScorer> {
  const behaviour = { ...given };
  let predicted = 0;
  const server = http.createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      if (request.url === "/predict") predicted++;
      const { status, body, delayMs } = answer(behaviour, request.url ?? "", predicted);
      const send = () => {
        response.writeHead(status, {
          "content-type": "application/json",
          "x-model-version": behaviour.version,
        });
        response.end(body);
      };
      if (delayMs > 0) setTimeout(send, delayMs);
      else send();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behaviour,
    predicted: () => predicted,
    async stop() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(behaviour: ScorerBehaviour, url: string, predicted: number) {
  const { model, version, digest } = behaviour;
  const plainly = (value: unknown, status = 200) => ({
    status,
    body: JSON.stringify(value),
    delayMs: 0,
  });
  if (url === "/ready") return plainly({}, behaviour.ready ?? 200);
  if (url === "/health") return plainly({ status: "ok", model, version, digest });
  if (url === "/version") {
    return plainly({ version, sample: behaviour.withoutSample ? null : { features: [[0.5, 1]] } });
  }
  const good = plainly({ predictions: [1], model_version: version });
  if (predicted <= (behaviour.goodRequests ?? 0)) return good;
  return {
    status: behaviour.status ?? 200,
    body: behaviour.body ?? good.body,
    delayMs: behaviour.delayMs ?? 0,
  };
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
