import * as pulumi from "@pulumi/pulumi";
import type { ArtifactStoreParts } from "../../backings/artifact-store/backing";
import type { DatabaseParts } from "../../backings/database/backing";
import type { SecretParts } from "../../backings/secret";
import type { ClusterSettings, Settings } from "../../config/settings";
import type { ClusterSecretInputs } from "../../provider/inputs";
import { ClusterSecret } from "../../provider/resources";
import type {
  Runtime,
  ServingInputs,
  ServingParts,
  TrackingServerInputs,
  TrackingServerParts,
} from "../contract";
import { declare, declareReady } from "./declare-objects";
import { foundation } from "./foundation";
import { inCluster } from "./in-cluster";
import { artifactStoreManifests } from "./manifests/artifact-store";
import { databaseManifests } from "./manifests/database";
import type { Fingerprints, Manifest } from "./manifests/manifest";
import { trackingServerSteps } from "./manifests/tracking-server";
import { artifactsDestination } from "./manifests/tracking-server-environment";
import { databaseSecret, externalSecretInputs, registrySecret, storeSecret } from "./secrets";
import { declareServing } from "./serving";

/** Servers as pods of a Kubernetes cluster, in a namespace of their own. */
export const kubernetes: Runtime = {
  foundation: (name, settings) => foundation(name, inCluster(settings)),
  externalSecret,
  database,
  artifactStore,
  trackingServer,
  serving,
};

function externalSecret(
  name: string,
  settings: Settings,
  secretName: string,
  opts: pulumi.ComponentResourceOptions,
): SecretParts {
  return secret(name, externalSecretInputs(inCluster(settings), secretName), opts);
}

function database(
  name: string,
  settings: Settings,
  opts: pulumi.ComponentResourceOptions,
): DatabaseParts | null {
  const environment = inCluster(settings);
  const inputs = databaseSecret(environment);
  if (!inputs) return null;
  const opened = secret(`${name}-database-secret`, inputs, opts);
  const manifests = databaseManifests(environment, fingerprintsOf([opened]));
  const ready = declareInTurn(
    `${name}-database`,
    environment,
    [manifests],
    after(opts, [opened.resource]),
  );
  return { address: null, secret: opened, resources: ready };
}

function artifactStore(
  name: string,
  settings: Settings,
  opts: pulumi.ComponentResourceOptions,
): ArtifactStoreParts {
  const environment = inCluster(settings);
  const destination = artifactsDestination(environment);
  const inputs = storeSecret(environment);
  if (!inputs) return { destination, environment: {}, secret: null, resources: [] };
  const keys = secret(`${name}-secret`, inputs, opts);
  const manifests = artifactStoreManifests(environment, fingerprintsOf([keys]));
  const ready = declareInTurn(name, environment, [manifests], after(opts, [keys.resource]));
  return { destination, environment: {}, secret: keys, resources: ready };
}

function trackingServer(
  name: string,
  { settings, database, store }: TrackingServerInputs,
  opts: pulumi.ComponentResourceOptions,
): TrackingServerParts {
  const environment = inCluster(settings);
  const own = registrySecret(environment);
  const password = own && secret(`${name}-credentials`, own, opts);
  const { before, migration, server, service } = trackingServerSteps(
    environment,
    fingerprintsOf([database?.secret, store.secret, password]),
  );
  const migrated = declareInTurn(
    `${name}-database`,
    environment,
    [migration],
    after(opts, database ? [database.secret.resource, ...database.resources] : []),
  );
  const served = declareInTurn(
    name,
    environment,
    [[...before, ...server], service],
    after(opts, [...migrated, ...store.resources, ...(password ? [password.resource] : [])]),
  );
  const { uri } = environment.trackingServer;
  // Known once the server is ready and has its name.
  return { uri: pulumi.all(served.map(({ id }) => id)).apply(() => uri) };
}

function secret(
  name: string,
  inputs: ClusterSecretInputs,
  opts: pulumi.CustomResourceOptions,
): SecretParts {
  const resource = new ClusterSecret(name, inputs, opts);
  return { place: inputs.name, fingerprint: resource.fingerprint, resource };
}

/** By the Secret's name, for the pods that read it. */
function fingerprintsOf(secrets: readonly (SecretParts | null | undefined)[]): Fingerprints {
  return Object.fromEntries(
    secrets.flatMap((each) => (each ? [[each.place, each.fingerprint]] : [])),
  );
}

/**
 * Declares objects step by step: each step's after the workloads of the one before are up.
 *
 * @returns what stands for the last step
 */
function declareInTurn(
  name: string,
  { kubernetes: { cluster } }: ClusterSettings,
  steps: readonly (readonly Manifest[])[],
  opts: pulumi.CustomResourceOptions,
): pulumi.CustomResource[] {
  return steps.reduce<pulumi.CustomResource[]>((before, manifests) => {
    if (manifests.length === 0) return before;
    const made = declare(name, manifests, after(opts, before));
    const ready = declareReady(name, manifests, cluster, after(opts, made));
    return ready.length > 0 ? ready : made;
  }, []);
}

/** The same options, and these resources first. */
function after(
  opts: pulumi.CustomResourceOptions,
  resources: readonly pulumi.Resource[],
): pulumi.CustomResourceOptions {
  return pulumi.mergeOptions(opts, { dependsOn: [...resources] });
}

function serving(
  name: string,
  inputs: ServingInputs,
  opts: pulumi.ComponentResourceOptions,
): ServingParts {
  return declareServing(name, inputs, opts);
}
