import type { Settings } from "../../config/settings";
import { declareExternalSecret } from "../secret";
import { type ArtifactStoreBacking, storeKeys } from "./backing";

/**
 * An S3 store that somebody else keeps.
 *
 * @param secretName Secret with its keys
 */
export function externalArtifactStore(
  settings: Settings,
  secretName: string,
): ArtifactStoreBacking {
  const { bucket, endpoint } = settings.artifactStore;
  return {
    keptBy: "external",
    secret: { name: secretName, keys: Object.values(storeKeys) },
    declare: (runtime, name, opts) => ({
      destination: `s3://${bucket}`,
      // Without an endpoint, S3 clients go to AWS.
      environment: { ...(endpoint !== null && { MLFLOW_S3_ENDPOINT_URL: endpoint }) },
      secret: declareExternalSecret(runtime, `${name}-secret`, settings, secretName, opts),
      resources: [],
    }),
  };
}
