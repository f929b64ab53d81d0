// What clients really send, said on raw sockets to a real router and a real scorer, so that no client has to be there.
import assert from "node:assert/strict";
import os from "node:os";
import { bodyBytes } from "../../provider/envoy/limits";
import { type Form, forms } from "./forms";
import { realClients } from "./real";
import { say } from "./say";
import { features, type Servers, startServers } from "./servers";

const targets = ["router", "scorer"] as const;
const small = JSON.stringify({ features });
const plain = forms.find(({ client }) => client === "Python requests")!;

describe("a client's request", function () {
  this.timeout(600_000);
  let servers: Servers;
  before(async () => {
    servers = await startServers();
  });
  after(() => servers?.stop());

  for (const target of targets) {
    for (const form of forms) {
      it(`is answered by the ${target} as ${form.client} sends it`, async () => {
        const { status, body } = await say(servers[target], form, small);
        assert.equal(status, 200, body);
        const { predictions } = JSON.parse(body) as { predictions: unknown[] };
        assert.equal(predictions.length, features.length);
      });
    }

    for (const client of realClients.filter(({ locked }) => locked)) {
      it(`is answered by the ${target} as ${client.name} itself sends it`, async () => {
        const said = await client.ask(`${servers[target]}/predict`, small, os.tmpdir());
        assert.match(said, /^200 .*predictions/);
      });
    }

    it(`is answered by the ${target} where an offer of h2c comes with a body of 2 MiB`, async () => {
      const offer = forms.find(({ client }) => client === "JDK HttpClient")!;
      const { status, body } = await say(servers[target], offer, small.padEnd(2 * 1024 ** 2));
      assert.equal(status, 200, body);
    });

    for (const [what, bytes] of [
      ["a byte", bodyBytes + 1],
      ["far", 50_000_000],
    ] as const) {
      it(`gets 413 with a sentence of the ${target} for a body that is ${what} too large`, async () => {
        const { status, body } = await say(servers[target], plain, Buffer.alloc(bytes, " "));
        assert.equal(status, 413);
        const { error } = JSON.parse(body) as { error: { code: string; message: string } };
        assert.equal(error.code, "too-large");
        assert.match(error.message, /larger than 16 MiB/);
      });
    }
  }

  it("leaves the connection to the router open for HTTP/1.0 that asks for it, and says so", async () => {
    const kept = forms.find(({ client }) => client === "ab -k")!;
    const { headers } = await say(servers.router, kept, small);
    assert.match(headers["connection"] ?? "", /keep-alive/i);
    assert.notEqual(headers["content-length"], undefined);
  });

  it("leaves the connection open though its body was too large", async () => {
    const { status, headers } = await say(servers.router, plain, Buffer.alloc(bodyBytes + 1, " "));
    assert.equal(status, 413);
    assert.notEqual(headers["connection"], "close");
  });
});

describe("the table of clients", () => {
  it("names each once", () => {
    const names = forms.map(({ client }: Form) => client);
    assert.deepEqual(names, [...new Set(names)]);
  });
});
