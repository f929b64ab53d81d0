// Proves TLS against a certificate of a private CA; what public CAs sign is the platform's business.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { environment } from "../../config/environment";
import { RegistryClient } from "../../registry/client";
import { isRegistryError } from "../../registry/errors";
import { S3Folder } from "../../registry/stores/s3-folder";
import { standIn, type StandIn } from "./stand-in";

/** A CA and a certificate for 127.0.0.1 that it signed, both for a day. */
function makeCertificates(folder: string): void {
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const ca = ["-subj", "/CN=Example private CA", "-keyout", "ca.key", "-out", "ca.pem"];
  openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", ...ca);
  const server = ["-subj", "/CN=registry", "-keyout", "server.key", "-out", "server.csr"];
  openssl("req", "-newkey", "rsa:2048", "-nodes", ...server);
  writeFileSync(path.join(folder, "names"), "subjectAltName=IP:127.0.0.1\n");
  const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"];
  openssl("x509", "-req", "-in", "server.csr", "-days", "1", "-out", "server.pem", ...signed);
}

describe("RegistryClient behind a private CA", () => {
  let folder: string;
  let server: StandIn;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "tollgate-ca-"));
    makeCertificates(folder);
    server = await standIn(() => ({ body: "OK" }), {
      key: readFileSync(path.join(folder, "server.key")),
      cert: readFileSync(path.join(folder, "server.pem")),
    });
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  const client = (caFile: string | null) =>
    new RegistryClient({ uri: server.uri, caFile, timeoutSeconds: 5, credentials: { token: "t" } });

  it("trusts a server whose CA is given", async () => {
    const registry = client(path.join(folder, "ca.pem"));
    await registry.health();
    await registry.within(5).health();
    assert.equal(server.received.at(-1)!.headers.authorization, "Bearer t");
  });

  it("refuses a server whose CA is not given, before any credentials are sent, and names the setting", async () => {
    const before = server.received.length;
    await assert.rejects(
      client(null).health(),
      (error) =>
        isRegistryError(error, "unavailable") &&
        /its certificate is not trusted .*tollgate:trackingServer\.caFile/.test(error.message),
    );
    assert.equal(server.received.length, before);
  });

  it("refuses a CA file that can't be read, naming it", async () => {
    const missing = path.join(folder, "missing.pem");
    await assert.rejects(
      client(missing).health(),
      (error) => isRegistryError(error, "refused") && error.message.includes(`${missing} (ENOENT)`),
    );
  });
});

describe("S3 behind a private CA", () => {
  let folder: string;
  let server: StandIn;
  const listing = `<ListBucketResult><IsTruncated>false</IsTruncated>
    <Contents><Key>models/MLmodel</Key><Size>7</Size></Contents></ListBucketResult>`;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "tollgate-ca-"));
    makeCertificates(folder);
    server = await standIn(
      () => ({ body: listing, headers: { "content-type": "application/xml" } }),
      {
        key: readFileSync(path.join(folder, "server.key")),
        cert: readFileSync(path.join(folder, "server.pem")),
      },
    );
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  async function listed(bundle?: string) {
    const given = {
      MLFLOW_S3_ENDPOINT_URL: server.uri,
      AWS_ACCESS_KEY_ID: "key",
      AWS_SECRET_ACCESS_KEY: "secret",
      ...(bundle === undefined ? {} : { AWS_CA_BUNDLE: bundle }),
    };
    const options = { uri: server.uri, timeoutSeconds: 5, environment: environment("NONE", given) };
    return (await S3Folder.open("s3://bucket/models", options)).list();
  }

  it("trusts a store whose CA AWS_CA_BUNDLE names", async () => {
    assert.deepEqual(await listed(path.join(folder, "ca.pem")), [
      { path: "MLmodel", sizeBytes: 7 },
    ]);
  });

  it("refuses it otherwise, before anything is sent, and names the variable", async () => {
    const before = server.received.length;
    await assert.rejects(
      listed(),
      (error) =>
        isRegistryError(error, "unavailable") &&
        /its certificate is not trusted: .*AWS_CA_BUNDLE/.test(error.message),
    );
    assert.equal(server.received.length, before);
  });

  it("refuses a bundle that can't be read, naming it", async () => {
    const missing = path.join(folder, "missing.pem");
    await assert.rejects(
      listed(missing),
      (error) => isRegistryError(error, "refused") && error.message.includes(`${missing} (ENOENT)`),
    );
  });
});
