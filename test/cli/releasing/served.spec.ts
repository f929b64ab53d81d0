// What `up` says at its end, by a real server that answers like a router with a scorer behind it.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { servedSentence } from "../../../cli/releasing/served";
import { CliError } from "../../../cli/errors";
import type { Settings } from "../../../config/settings";

const digest = `sha256:${"a".repeat(64)}`;
const pin = { name: "churn-model", version: "2", digest };
const settings = { stack: "staging", runtime: "local" } as Settings;

describe("servedSentence", function () {
  this.timeout(20_000);
  let server: Server;
  let body: object;
  let url: string;
  before(async () => {
    server = createServer((_, response) => response.end(JSON.stringify(body)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  const refused = async (at: string | undefined, ownProgram = false): Promise<CliError> => {
    try {
      await servedSentence(settings, pin, at, ownProgram);
    } catch (error) {
      if (error instanceof CliError) return error;
      throw error;
    }
    throw new Error("it was taken for served");
  };

  it("says that a version is served when it answers", async () => {
    body = { version: "2", digest };
    assert.equal(
      await servedSentence(settings, pin, url, false),
      "staging serves churn-model version 2 (sha256:aaaaaaaaaaaa).",
    );
  });

  const others: [string, object][] = [
    ["another version", { version: "1", digest }],
    ["other bytes", { version: "2", digest: `sha256:${"b".repeat(64)}` }],
  ];
  for (const [what, answer] of others) {
    it(`fails when ${what} answers`, async () => {
      body = answer;
      const { code, exitCode, message } = await refused(url);
      assert.deepEqual([code, exitCode], ["other-version", 1]);
      assert.match(message, /^churn-model version 2 .* but version [12] .* answers at http.*: see/);
    });
  }

  it("fails when what answers is no scorer, and when nothing does", async () => {
    body = { hello: "nginx" };
    assert.match((await refused(url)).message, /nothing answers at .* \(it is no scorer of ours\)/);
    assert.match(
      (await refused("http://127.0.0.1:9")).message,
      /nothing answers at .* \(no connection\): see `tollgate status --stack staging`/,
    );
  });

  it("fails when the program made the registry alone", async () => {
    const { code, message } = await refused(undefined);
    assert.equal(code, "not-released");
    assert.match(message, /serves nothing yet: .* by the next `tollgate up --stack staging`/);
  });

  it("doesn't claim to know what a program without an address serves", async () => {
    assert.match(await servedSentence(settings, pin, undefined, true), /so nobody was asked/);
    assert.match(
      await servedSentence(settings, pin, "http://127.0.0.1:9", true),
      /^staging is up; what callers get at .* couldn't be asked \(no connection\)\.$/,
    );
  });
});
