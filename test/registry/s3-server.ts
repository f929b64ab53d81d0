import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { freePort } from "../../processes/ports";
import { type RunningServer, startServer } from "../support/mlflow";

export interface S3Server extends RunningServer {
  /** What a client of the store needs. */
  readonly environment: Readonly<Record<string, string>>;
}

const internalPorts = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc"].concat(
  ["filer.port", "filer.port.grpc", "s3.port.grpc"],
);

/**
 * A real S3 server (SeaweedFS) on free ports; buckets are made on first use. `python` is of the environment that
 * carries it.
 */
export async function startS3(dir: string, python: string): Promise<S3Server> {
  const data = path.join(dir, "data");
  mkdirSync(data, { recursive: true });
  const keys = { accessKey: "test-key", secretKey: "test-secret" };
  const actions = ["Admin", "Read", "Write", "List", "Tagging"];
  const config = path.join(dir, "identities.json");
  writeFileSync(
    config,
    JSON.stringify({ identities: [{ name: "test", credentials: [keys], actions }] }),
  );

  const port = await freePort();
  const options: Record<string, string | number> = {
    dir: data,
    ip: "127.0.0.1",
    "ip.bind": "127.0.0.1",
    "master.peers": "none",
    "master.telemetry": "false",
    "master.volumeSizeLimitMB": 64,
    "s3.port": port,
    "s3.port.iceberg": 0,
    "s3.port.lance": 0,
    "s3.config": config,
  };
  for (const name of internalPorts) {
    options[name] = await freePort();
  }
  const weed = path.join(path.dirname(python), "weed");
  const server = await startServer({
    command: [weed, "-logtostderr=true", "server", "-filer", "-s3"].concat(
      Object.entries(options).map(([name, value]) => `-${name}=${value}`),
    ),
    uri: `http://127.0.0.1:${port}`,
    healthPath: "/",
    log: path.join(dir, "s3.log"),
    environment: { HOME: dir },
  });
  const environment = {
    MLFLOW_S3_ENDPOINT_URL: server.uri,
    AWS_ACCESS_KEY_ID: keys.accessKey,
    AWS_SECRET_ACCESS_KEY: keys.secretKey,
    AWS_DEFAULT_REGION: "us-east-1",
  };
  return { ...server, environment };
}
