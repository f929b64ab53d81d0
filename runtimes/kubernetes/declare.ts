import * as pulumi from "@pulumi/pulumi";
import type { ClusterSettings, Settings } from "../../config/settings";
import { ClusterSecret } from "../../provider/resources";
import type {
  ArtifactStoreParts,
  Runtime,
  ServingInputs,
  ServingParts,
  TrackingServerParts,
} from "../contract";
import { declare, declareReady } from "./declare-objects";
import { Foundation } from "./foundation";
import { inCluster } from "./in-cluster";
import { artifactStoreManifests } from "./manifests/artifact-store";
import { databaseManifests } from "./manifests/database";
import type { Manifest } from "./manifests/manifest";
import { trackingServerSteps } from "./manifests/tracking-server";
import { artifactsDestination } from "./manifests/tracking-server-environment";
import { databaseSecret, registrySecret, storeSecret } from "./secrets";
import { declareServing } from "./serving";

/** Servers as pods of a Kubernetes cluster, in a namespace of their own. */
export const kubernetes: Runtime = {
  foundation,
  artifactStore,
  trackingServer,
  serving,
};

function foundation(name: string, settings: Settings): pulumi.ComponentResourceOptions {
  return new Foundation(name, inCluster(settings)).below;
}

function artifactStore(
  name: string,
  settings: Settings,
  opts: pulumi.ComponentResourceOptions,
): ArtifactStoreParts {
  const environment = inCluster(settings);
  const { managed } = environment.trackingServer;
  const destination = managed ? artifactsDestination(environment) : "kept by the remote registry";
  const inputs = managed ? storeSecret(environment) : null;
  if (!inputs) return { destination: pulumi.output(destination), environment: {} };
  const secret = new ClusterSecret(`${name}-secret`, inputs, opts);
  const secrets = { [inputs.name]: secret.fingerprint };
  const manifests = artifactStoreManifests(environment, secrets);
  const ready = declareInTurn(name, environment, [manifests], after(opts, [secret]));
  return { destination: pulumi.output(destination), environment: {}, secrets, resources: ready };
}

function trackingServer(
  name: string,
  settings: Settings,
  store: ArtifactStoreParts,
  opts: pulumi.ComponentResourceOptions,
): TrackingServerParts {
  const environment = inCluster(settings);
  const { uri, managed } = environment.trackingServer;
  if (!managed) return { uri: pulumi.output(uri) };
  const inputs = databaseSecret(environment);
  const secret = inputs && new ClusterSecret(`${name}-database-secret`, inputs, opts);
  const secrets = inputs && secret ? { [inputs.name]: secret.fingerprint } : {};

  const own = registrySecret(environment);
  const password = own && new ClusterSecret(`${name}-credentials`, own, opts);

  const database = databaseManifests(environment, secrets);
  const { before, migration, server, service } = trackingServerSteps(environment, {
    ...secrets,
    ...store.secrets,
    ...(own && password ? { [own.name]: password.fingerprint } : {}),
  });
  const migrated = declareInTurn(
    `${name}-database`,
    environment,
    [database, migration],
    after(opts, secret ? [secret] : []),
  );
  const served = declareInTurn(
    name,
    environment,
    [[...before, ...server], service],
    after(opts, [...migrated, ...(store.resources ?? []), ...(password ? [password] : [])]),
  );
  // Known once the server is ready and has its name.
  return { uri: pulumi.all(served.map(({ id }) => id)).apply(() => uri) };
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
