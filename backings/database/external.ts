import type { Settings } from "../../config/settings";
import { declareExternalSecret } from "../secret";
import { type DatabaseBacking, databaseUrlKey } from "./backing";

/**
 * A PostgreSQL that somebody else keeps (RDS, CloudNativePG).
 *
 * @param secretName Secret with its whole address
 */
export function externalDatabase(settings: Settings, secretName: string): DatabaseBacking {
  return {
    keptBy: "external",
    secret: { name: secretName, keys: [databaseUrlKey] },
    declare: (runtime, name, opts) => ({
      address: null,
      secret: declareExternalSecret(runtime, `${name}-database-secret`, settings, secretName, opts),
      resources: [],
    }),
  };
}
