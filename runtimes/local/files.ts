import { join } from "node:path";

/** Files of a stack on runtime `local`. */
export function localFiles(stateDir: string) {
  const secrets = join(stateDir, "secrets");
  return {
    databasePassword: join(secrets, "database-password"),
    accessKey: join(secrets, "artifact-store-access-key"),
    secretKey: join(secrets, "artifact-store-secret-key"),
    storeSecrets: join(secrets, "artifact-store"),
    /** Keys of the artifact store as S3 clients read them; written by the store. */
    awsCredentials: join(secrets, "artifact-store", "aws-credentials"),
    postgres: join(stateDir, "data", "postgres"),
    sqlite: join(stateDir, "data", "mlflow.db"),
    objects: join(stateDir, "data", "objects"),
    artifacts: join(stateDir, "data", "artifacts"),
    models: join(stateDir, "models"),
    /** The last rows that callers sent, a CSV file for each scorer. */
    captured: join(stateDir, "data", "captured"),
  };
}
