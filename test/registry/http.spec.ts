import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { freePort } from "../../processes/ports";
import { isRegistryError, type RegistryError, type RegistryErrorKind } from "../../registry/errors";
import { type Credentials, Http } from "../../registry/http";
import { type Answer, standIn, type StandIn } from "./stand-in";

const secret = "dhp-secret-0123456789";
const read = {
  what: "get version 2",
  method: "GET",
  path: "/api/2.0/mlflow/model-versions/get",
} as const;
const create = { what: "create a run", method: "POST", path: "/runs/create", json: {} } as const;
const search = { ...create, what: "search runs", repeatable: true } as const;

function http(uri: string, timeoutSeconds = 5, credentials: Credentials = { token: secret }): Http {
  return new Http({ uri, credentials, timeoutSeconds });
}

async function failureOf(work: Promise<unknown>): Promise<RegistryError> {
  const error = await work.then(
    () => assert.fail("nothing failed"),
    (thrown: unknown) => thrown,
  );
  assert.ok(isRegistryError(error), String(error));
  return error;
}

/** What every message to a user must be: one sentence, on one line, without a secret or a stack. */
function assertSentence(message: string): void {
  assert.match(message, /^[A-Z].*[^.]\.$/s);
  assert.doesNotMatch(message, /\n|    at |undefined|\[object/);
  assert.ok(!message.includes(secret), message);
}

describe("Http", () => {
  let server: StandIn | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });
  const serve = async (reply: Parameters<typeof standIn>[0]) => (server = await standIn(reply)).uri;

  const mlflowError = (code: string, message = "no") => ({ error_code: code, message });
  const table: {
    title: string;
    answer: Answer | "reset";
    kind: RegistryErrorKind;
    says: RegExp;
  }[] = [
    {
      title: "500 with a page of HTML",
      answer: { status: 500, body: "<html>Internal Server Error</html>" },
      kind: "unavailable",
      says: /it answered 500; look in the registry's log/,
    },
    {
      title: "500 of MLflow's",
      answer: { status: 500, body: mlflowError("INTERNAL_ERROR", "disk\nfull.") },
      kind: "unavailable",
      says: /it answered 500 INTERNAL_ERROR, "disk full";/,
    },
    {
      title: "a page of HTML where JSON is due",
      answer: { body: "\n<!doctype html><title>Sign in</title>" },
      kind: "bad-answer",
      says: /a page of HTML instead of JSON; see whether an MLflow registry is at this address/,
    },
    {
      title: "truncated JSON",
      answer: { body: '{"model_version": {"name": "chu' },
      kind: "bad-answer",
      says: /"\{"model_version": \{"name": "chu" instead of whole JSON/,
    },
    {
      title: "an empty answer",
      answer: { body: "" },
      kind: "bad-answer",
      says: /nothing instead of JSON/,
    },
    {
      title: "bare NaN, which is no JSON",
      answer: { body: '{"value": NaN}' },
      kind: "bad-answer",
      says: /instead of whole JSON/,
    },
    {
      title: "401",
      answer: { status: 401, body: "Unauthorized" },
      kind: "unauthorised",
      says: /set the token in the variable named by tollgate:trackingServer\.tokenVariable/,
    },
    {
      title: "403",
      answer: { status: 403, body: mlflowError("PERMISSION_DENIED") },
      kind: "unauthorised",
      says: /it answered 403 PERMISSION_DENIED, "no"/,
    },
    {
      title: "404 of MLflow's",
      answer: {
        status: 404,
        body: mlflowError("RESOURCE_DOES_NOT_EXIST", "Model Version (name=x) not found"),
      },
      kind: "not-found",
      says: /"Model Version \(name=x\) not found"/,
    },
    {
      title: "404 of something that is no MLflow",
      answer: { status: 404, body: "<h1>Not Found</h1>" },
      kind: "bad-answer",
      says: /it answered 404 without saying why as MLflow does/,
    },
    {
      title: "an existing name, which MLflow answers by 400",
      answer: { status: 400, body: mlflowError("RESOURCE_ALREADY_EXISTS") },
      kind: "conflict",
      says: /use what is there, or take another name/,
    },
    {
      title: "a bad parameter",
      answer: { status: 400, body: mlflowError("INVALID_PARAMETER_VALUE", "x".repeat(900)) },
      kind: "refused",
      says: /INVALID_PARAMETER_VALUE, "x{200}…"/,
    },
    {
      title: "a redirect in a circle",
      answer: { status: 302, headers: { location: "/api/2.0/mlflow/model-versions/get" } },
      kind: "bad-answer",
      says: /it redirects in a circle/,
    },
    {
      title: "a connection that breaks in the middle of the answer",
      answer: { body: { padding: "x".repeat(1000) }, breakAfterBytes: 100 },
      kind: "unavailable",
      says: /the connection broke/,
    },
    {
      title: "a reset connection",
      answer: "reset",
      kind: "unavailable",
      says: /the connection broke \(ECONNRESET/,
    },
  ];
  for (const { title, answer, kind, says } of table) {
    it(`turns ${title} into "${kind}"`, async () => {
      const uri = await serve(() => answer);
      const error = await failureOf(http(uri).json(read));
      assert.equal(error.kind, kind, error.message);
      assert.match(error.message, says);
      assert.ok(error.message.includes(`Could not get version 2 (GET ${uri}${read.path})`));
      assertSentence(error.message);
    });
  }

  it('turns a refused connection into "unavailable"', async () => {
    const error = await failureOf(http(`http://127.0.0.1:${await freePort()}`).json(read));
    assert.equal(error.kind, "unavailable");
    assert.match(
      error.message,
      /the connection was refused \(ECONNREFUSED\); start the registry, or correct/,
    );
    assertSentence(error.message);
  });

  it("names the command that starts the registry, where it is one of ours", async () => {
    const uri = `http://127.0.0.1:${await freePort()}`;
    const startedBy = "tollgate up --stack prod";
    const own = new Http({ uri, timeoutSeconds: 2, startedBy });
    const error = await failureOf(own.json(read));
    assert.match(error.message, /; start the registry with `tollgate up --stack prod`\.$/);
    assertSentence(error.message);
    const later = await failureOf(own.until(Date.now() + 2000).json(read));
    assert.equal(later.message, error.message);
  });

  it('turns an unknown host into "unavailable"', async () => {
    const error = await failureOf(http("http://registry.invalid").json(read));
    assert.equal(error.kind, "unavailable");
    assert.match(error.message, /the host name is unknown/);
  });

  it('turns silence into "timeout" at the time allowed', async () => {
    const uri = await serve(() => ({ delayMs: 60_000 }));
    const error = await failureOf(http(uri, 0.3).json(read));
    assert.equal(error.kind, "timeout");
    assert.match(
      error.message,
      /no answer within [\d.]+ s; .* raise tollgate:trackingServer\.timeoutSeconds/,
    );
    assert.equal(server?.received.length, 1);
  });

  it("counts the time of all attempts and requests together when a deadline is set", async () => {
    const uri = await serve((_, count) => (count === 1 ? { body: {} } : { delayMs: 60_000 }));
    const limited = http(uri, 60).until(Date.now() + 3000);
    await limited.json(read);
    assert.equal((await failureOf(limited.json(read))).kind, "timeout");
  });

  for (const status of [429, 502, 503, 504]) {
    it(`repeats a read after ${status}`, async () => {
      const uri = await serve((_, count) => (count < 3 ? { status } : { body: { fine: true } }));
      assert.deepEqual(await http(uri).json(read), { fine: true });
      assert.equal(server?.received.length, 3);
    });
  }

  it("repeats a read after a reset connection, and a search though it is a POST", async () => {
    const uri = await serve((_, count) => (count % 2 ? "reset" : { body: { count } }));
    assert.deepEqual(await http(uri).json(read), { count: 2 });
    assert.deepEqual(await http(uri).json(search), { count: 4 });
  });

  it("gives up a read after three attempts", async () => {
    const uri = await serve(() => ({ status: 503 }));
    assert.equal((await failureOf(http(uri).json(read))).kind, "unavailable");
    assert.equal(server?.received.length, 3);
  });

  it("never repeats a create, whatever happened to it", async () => {
    for (const answer of [{ status: 503 }, "reset"] as const) {
      const uri = await serve(() => answer);
      await failureOf(http(uri).json(create));
      assert.equal(server?.received.length, 1);
      await server?.close();
    }
    server = undefined;
  });

  it("does not repeat a plain 500, which MLflow gives for its own errors", async () => {
    const uri = await serve(() => ({ status: 500 }));
    await failureOf(http(uri).json(read));
    assert.equal(server?.received.length, 1);
  });

  it("sends the token below a path prefix", async () => {
    const uri = await serve(() => ({}));
    await http(`${uri}/org/repo.mlflow/`).json({ ...read, query: { name: "a b&c", version: 2 } });
    const [request] = server!.received;
    assert.equal(request!.url, `/org/repo.mlflow${read.path}?name=a+b%26c&version=2`);
    assert.equal(request!.headers.authorization, `Bearer ${secret}`);
  });

  it("sends user and password, also when they stand in the address, and never shows them", async () => {
    const basic = `Basic ${Buffer.from(`mira:${secret}`).toString("base64")}`;
    const uri = await serve((_, count) => (count < 3 ? {} : { status: 401 }));
    await http(uri, 5, { username: "mira", password: secret }).json(read);
    const inAddress = http(uri.replace("//", `//mira:${secret}@`), 5, {});
    await inAddress.json(read);
    const error = await failureOf(inAddress.json(read));
    assert.deepEqual(
      server!.received.map(({ headers }) => headers.authorization),
      [basic, basic, basic],
    );
    assert.equal(inAddress.base, uri);
    assertSentence(error.message);
  });

  it("follows a read's redirect to another origin without the credentials", async () => {
    const other = await standIn(() => ({ body: { from: "the other" } }));
    try {
      const uri = await serve(() => ({
        status: 302,
        headers: { location: `${other.uri}/elsewhere` },
      }));
      assert.deepEqual(await http(uri).json(read), { from: "the other" });
      assert.equal(server!.received[0]!.headers.authorization, `Bearer ${secret}`);
      assert.equal(other.received[0]!.url, "/elsewhere");
      assert.equal(other.received[0]!.headers.authorization, undefined);
    } finally {
      await other.close();
    }
  });

  it("refuses to follow a create's redirect, and shows where it led without its credentials", async () => {
    const uri = await serve(() => ({
      status: 307,
      headers: { location: `https://user:${secret}@elsewhere.invalid/x?token=${secret}` },
    }));
    const error = await failureOf(http(uri).json(create));
    assert.equal(error.kind, "bad-answer");
    assert.match(
      error.message,
      /it redirects to https:\/\/elsewhere\.invalid\/x, and only reads follow/,
    );
    assertSentence(error.message);
  });

  it("refuses more bytes than allowed, and takes exactly as many", async () => {
    const uri = await serve(() => ({ body: "x".repeat(1000) }));
    assert.equal((await http(uri).bytes(read, 1000)).length, 1000);
    const error = await failureOf(http(uri).bytes(read, 999));
    assert.equal(error.kind, "refused");
    assert.match(error.message, /longer than the 999 bytes allowed/);
  });

  it("streams more bytes than any limit, and fails when they break off", async () => {
    const body = Buffer.alloc(3_000_000, 7);
    const uri = await serve((_, count) =>
      count === 1 ? { body } : { body, breakAfterBytes: 1_000_000 },
    );
    const sizeOf = async () => {
      let size = 0;
      for await (const chunk of await http(uri).stream(read)) {
        size += chunk.byteLength;
      }
      return size;
    };
    assert.equal(await sizeOf(), body.length);
    assert.equal((await failureOf(sizeOf())).kind, "unavailable");
  });

  it("hands out the bytes as they are stored, also when the server calls them gzip", async () => {
    const stored = Buffer.from("not unpacked, because a digest is taken of it");
    const uri = await serve(() => ({ body: stored, headers: { "content-encoding": "gzip" } }));
    assert.deepEqual(await http(uri).bytes(read, 1000), stored);
  });

  it("reports why an upload is refused, and lets go of the file, when the server takes no more of it", async () => {
    const answer = { error_code: "REQUEST_LIMIT_EXCEEDED", message: "too big" };
    const busy = createServer((_, response) => response.writeHead(413).end(JSON.stringify(answer)));
    busy.listen(0, "127.0.0.1");
    await once(busy, "listening");
    let released: () => void = () => undefined;
    const letGo = new Promise<void>((resolve) => (released = resolve));
    async function* endless() {
      try {
        for (;;) {
          yield Buffer.alloc(65536);
        }
      } finally {
        released();
      }
    }
    const { port } = busy.address() as { port: number };
    const body = { stream: endless, sizeBytes: 1e12 };
    const upload = { what: "upload model.bin", method: "PUT", path: "/x", body } as const;
    const error = await failureOf(http(`http://127.0.0.1:${port}`).bytes(upload, 1000));
    await letGo;
    assert.equal(error.kind, "refused");
    assert.match(error.message, /it answered 413 REQUEST_LIMIT_EXCEEDED, "too big"/);
    busy.closeAllConnections();
    busy.close();
  });

  it("refuses an address that is not http", () => {
    assert.throws(
      () => http(`ftp://mira:${secret}@host/x`),
      (error) => {
        assert.ok(isRegistryError(error, "refused"));
        assertSentence(error.message);
        return /"ftp:\/\/host\/x" is not an http or https address/.test(error.message);
      },
    );
  });
});
