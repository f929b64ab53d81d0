// A load generator that misses failures would make every release look good.
import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { startLoad } from "./load";
import { freePort } from "../../processes/ports";

describe("startLoad", () => {
  const features = [0.5];
  let server: http.Server;
  let url: string;
  let answer: (request: http.IncomingMessage, response: http.ServerResponse) => void;
  /** Connections that requests came by. */
  let connections: Set<unknown>;

  before((done) => {
    server = http.createServer((request, response) => {
      connections.add(request.socket);
      request.resume().on("end", () => answer(request, response));
    });
    server.listen(0, "127.0.0.1", () => {
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      done();
    });
  });
  beforeEach(() => {
    connections = new Set();
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const scored = (response: http.ServerResponse, version: string, prediction = "1") =>
    response.setHeader("x-model-version", version).end(`{"predictions": [${prediction}]}`);

  /** Runs until the server has been asked so often, and stops. */
  async function requests(
    count: number,
    answers: (nth: number, response: http.ServerResponse) => void,
  ) {
    let asked = 0;
    const enough = new Promise<void>((resolve) => {
      answer = (_request, response) => {
        asked += 1;
        answers(asked, response);
        if (asked === count) resolve();
      };
    });
    const load = startLoad(url, { features, perSecond: 1000 });
    await enough;
    return { seen: await load.stop(), asked };
  }

  it("counts every answer by its version", async () => {
    const { seen, asked } = await requests(60, (nth, response) =>
      scored(response, nth % 3 === 0 ? "2" : "1"),
    );
    assert.equal(seen.sent, asked);
    assert.equal(seen.failed, 0);
    assert.equal(seen.versions["2"], Math.floor(asked / 3));
    assert.equal(seen.versions["1"], asked - Math.floor(asked / 3));
  });

  it("counts a 5xx, an answer that isn't finite, and a connection that breaks, each as a failure", async () => {
    const { seen, asked } = await requests(60, (nth, response) => {
      if (nth % 20 === 1) response.writeHead(503).end();
      else if (nth % 20 === 2) scored(response, "1", "null");
      else if (nth % 20 === 3) response.destroy();
      else scored(response, "1");
    });
    const every20th = (from: number) => Math.floor((asked - from) / 20) + 1;
    assert.equal(seen.failures["status 503"], every20th(1));
    assert.equal(seen.failures["prediction null"], every20th(2));
    assert.equal(seen.failed, every20th(1) + every20th(2) + every20th(3));
    assert.equal(seen.versions["1"], asked - seen.failed);
  });

  it("opens a connection a request, so that a Service chooses a pod each time", async () => {
    const { asked } = await requests(30, (_nth, response) => scored(response, "1"));
    assert.equal(connections.size, asked);
  });

  it("keeps connections when it is told to", async () => {
    let asked = 0;
    const twice = new Promise<void>((resolve) => {
      answer = (_request, response) => {
        asked += 1;
        scored(response, "1");
        if (connections.size < asked) resolve();
      };
    });
    const load = startLoad(url, { features, perSecond: 1000, keepAlive: true });
    await twice;
    assert.equal((await load.stop()).failed, 0);
  });

  it("fails every request where nobody listens", async () => {
    const port = await freePort();
    const nobody = startLoad(`http://127.0.0.1:${port}`, { features, perSecond: 1000 });
    while (nobody.seen().failed < 10) await new Promise((resolve) => setTimeout(resolve, 5));
    const seen = await nobody.stop();
    assert.equal(seen.failed, seen.sent);
    assert.deepEqual(seen.failures, { ECONNREFUSED: seen.sent });
  });
});
