/**
 * Environment variables that reach the settings' users through here, with what each does. Everything else an environment
 * is made of stands in its stack file. (The engine and the toolchain read their own, before any settings are known.)
 */
export const variables = {
  MLFLOW_TRACKING_TOKEN:
    "Token of a registry that is kept elsewhere; trackingServer.tokenVariable may name another variable.",
  MLFLOW_TRACKING_USERNAME: "User of such a registry, together with the password.",
  MLFLOW_TRACKING_PASSWORD: "Password of such a registry.",
  MLFLOW_S3_ENDPOINT_URL: "Where S3 is, for artifacts that are fetched past the registry.",
  AWS_ENDPOINT_URL_S3: "The same, as the AWS tools name it.",
  AWS_ENDPOINT_URL: "The same, for all of AWS.",
  AWS_ACCESS_KEY_ID: "Credentials for S3.",
  AWS_SECRET_ACCESS_KEY: "Credentials for S3.",
  AWS_SESSION_TOKEN: "Credentials for S3.",
  AWS_PROFILE: "Credentials for S3, by the name of a profile.",
  AWS_CA_BUNDLE:
    "PEM file of the authorities that S3's certificate may be signed by, instead of the public ones.",
  AWS_REGION: "Region of S3. Default: AWS_DEFAULT_REGION, then us-east-1.",
  AWS_DEFAULT_REGION: "Region of S3 when AWS_REGION isn't set.",
} as const satisfies Record<string, string>;

/** Values of the variables above and of one that the settings name. Frozen; an empty value counts as not set. */
export function environment(
  tokenVariable: string,
  from: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string | undefined>> {
  const names = [...Object.keys(variables), tokenVariable];
  return Object.freeze(Object.fromEntries(names.map((name) => [name, from[name] || undefined])));
}
