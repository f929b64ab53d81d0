import { createHash } from "node:crypto";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../../config/settings";
import { Credential, Process, ReleaseCheck, Route } from "../../provider/resources";
import { pythonEnvironmentDir } from "../../toolchain/python";
import type { ArtifactStoreParts } from "../../backings/artifact-store/backing";
import type { DatabaseParts } from "../../backings/database/backing";
import type { SecretParts } from "../../backings/secret";
import type {
  Runtime,
  ServingInputs,
  ServingParts,
  TrackingServerInputs,
  TrackingServerParts,
} from "../contract";
import {
  artifactStoreEnvironment,
  artifactStoreProcess,
  databaseProcess,
  routerProcess,
  type SecretFile,
  trackingServerProcess,
} from "./commands";
import { localFiles } from "./files";
import type { LocalPaths } from "./process-arguments";
import { scorerProcess } from "./scorer-command";

/** Real servers as processes of this machine, kept by the provider. Needs Node and Python alone. */
export const local: Runtime = {
  // This machine is there already.
  foundation: null,
  // Settings can't name one: what runs here keeps its own data.
  externalSecret: null,
  database,
  artifactStore,
  trackingServer,
  serving,
};

function pathsOf(settings: Settings): LocalPaths {
  return {
    root: path.resolve(__dirname, "..", ".."),
    python: path.join(pythonEnvironmentDir(settings.requirements), "bin", "python"),
  };
}

function artifactStore(
  name: string,
  settings: Settings,
  opts: pulumi.ComponentResourceOptions,
): ArtifactStoreParts {
  const files = localFiles(settings.stateDir);
  if (settings.artifactStore.kind === "folder") {
    return {
      destination: `file://${files.artifacts}`,
      environment: {},
      secret: null,
      resources: [],
    };
  }
  const keys = {
    access: fileOf(secret(`${name}-access-key`, files.accessKey, 10, opts)),
    secret: fileOf(secret(`${name}-secret-key`, files.secretKey, 20, opts)),
  };
  const server = new Process(
    `${name}-server`,
    artifactStoreProcess(settings, pathsOf(settings), keys),
    opts,
  );
  return {
    destination: `s3://${settings.artifactStore.bucket}`,
    environment: artifactStoreEnvironment(settings, server.address),
    // A file that S3 clients read again by themselves.
    secret: null,
    resources: [],
  };
}

function database(
  name: string,
  settings: Settings,
  opts: pulumi.ComponentResourceOptions,
): DatabaseParts | null {
  if (settings.database.kind === "sqlite") return null;
  const files = localFiles(settings.stateDir);
  const password = secret(`${name}-database-password`, files.databasePassword, 20, opts);
  const server = new Process(
    `${name}-database`,
    databaseProcess(settings, pathsOf(settings), fileOf(password)),
    opts,
  );
  return { address: server.address, secret: password, resources: [] };
}

function trackingServer(
  name: string,
  { settings, database, store }: TrackingServerInputs,
  opts: pulumi.ComponentResourceOptions,
): TrackingServerParts {
  const { credentials } = settings.trackingServer;
  const password =
    credentials && "passwordFile" in credentials
      ? fileOf(secret(`${name}-password`, credentials.passwordFile, 20, opts))
      : null;
  const server = new Process(
    `${name}-server`,
    trackingServerProcess(settings, pathsOf(settings), addressOf(database), store, password),
    opts,
  );
  return { uri: server.address };
}

/** A database as the server's command line names it. */
function addressOf(database: DatabaseParts | null) {
  if (database === null) return null;
  const { address, secret } = database;
  if (address === null) {
    throw new Error("A server of this machine opens a database by host, port and password.");
  }
  return { address, password: fileOf(secret) };
}

function serving(
  name: string,
  inputs: ServingInputs,
  opts: pulumi.ComponentResourceOptions,
): ServingParts {
  const { settings, digest, version, answers } = inputs;
  const paths = pathsOf(settings);
  const router = new Process(`${name}-router`, routerProcess(settings, paths), opts);
  const generation = generationOf(settings, paths, inputs);
  // Named by what they serve: a new pin makes new scorers, and the engine ends the old ones after all else succeeded.
  const scorers = Array.from({ length: settings.scorer.replicas }, (_, replica) => {
    const process = scorerProcess(settings, paths, { ...inputs, generation, replica });
    return new Process(`${name}-${process.name}`, process, opts).address;
  });
  const check = new ReleaseCheck(
    `${name}-check-${generation}`,
    {
      scorers,
      model: settings.model,
      version,
      digest,
      maxP95Ms: settings.release.maxP95Ms,
      answers,
    },
    opts,
  );
  const { watchSeconds, maxErrorRate, maxP95Ms } = settings.release;
  const route = new Route(
    `${name}-route`,
    {
      stateDir: settings.stateDir,
      url: router.address.apply(httpAddress),
      version,
      digest,
      scorers,
      watchSeconds,
      maxErrorRate,
      maxP95Ms,
      answerSeconds: settings.scorer.answerSeconds,
      answers,
    },
    { ...opts, dependsOn: check },
  );
  return { url: route.url, released: route.digest };
}

/** Differs between scorers that are started with anything different: version, bytes, environment or settings. */
function generationOf(settings: Settings, paths: LocalPaths, inputs: ServingInputs): string {
  const { version, digest } = inputs;
  const process = scorerProcess(settings, paths, {
    version,
    digest,
    modelUri: "",
    trackingUri: settings.trackingServer.uri,
    generation: "",
    replica: 0,
  });
  const facts = [process.command, process.environment, process.passEnvironment];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 8);
}

function httpAddress(address: string): string {
  return address.startsWith("http") ? address : `http://${address}`;
}

function secret(
  name: string,
  file: string,
  bytes: number,
  opts: pulumi.ComponentResourceOptions,
): SecretParts {
  const resource = new Credential(name, { path: file, bytes, deleteData: false }, opts);
  return { place: file, fingerprint: resource.fingerprint, resource };
}

function fileOf({ place, fingerprint }: SecretParts): SecretFile {
  return { path: place, fingerprint };
}
