import { main } from "@pulumi/pulumi/provider";
import { version } from "../package.json";
import { type ResourceTypes, TollgateProvider } from "./dispatch";

/** Every resource type of the provider, a file each. */
const types: ResourceTypes = {
  "tollgate:index:Admission": async () => (await import("./types/admission")).admissionType,
  "tollgate:index:ClusterReady": async () =>
    (await import("./types/cluster-ready")).clusterReadyType,
  "tollgate:index:ClusterRelease": async () =>
    (await import("./types/cluster-release")).clusterReleaseType,
  "tollgate:index:ClusterSecret": async () =>
    (await import("./types/cluster-secret")).clusterSecretType,
  "tollgate:index:Credential": async () => (await import("./types/credential")).credentialType,
  "tollgate:index:Process": async () => (await import("./types/process")).processType,
  "tollgate:index:Receipt": async () => (await import("./types/receipt")).receiptType,
  "tollgate:index:ReleaseCheck": async () =>
    (await import("./types/release-check")).releaseCheckType,
  "tollgate:index:Route": async () => (await import("./types/route")).routeType,
  "tollgate:index:StageAlias": async () => (await import("./types/stage-alias")).stageAliasType,
};

const provider = new TollgateProvider(version, types);

// The SDK prints a stack for each error it also sends to the engine, and the engine shows both.
console.error = () => {};

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // A release under way puts its traffic back before the process ends.
    void provider
      .cancel()
      .then(() => provider.idle())
      .then(() => process.exit(0));
  });
}

void main(provider, process.argv.slice(2));
