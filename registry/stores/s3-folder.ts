import { readFile } from "node:fs/promises";
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import type { RegistryOptions } from "../api";
import { quoted, RegistryError, type RegistryErrorKind } from "../errors";
import { type ArtifactFile, type ArtifactFolder, safePath } from "./artifact-folder";

type Sdk = typeof import("@aws-sdk/client-s3");
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A folder straight in S3 (`s3://bucket/prefix`), for registries that keep artifacts there without a proxy.
 * Endpoint, region and credentials come from the environment as they do for MLflow's own client.
 */
export class S3Folder implements ArtifactFolder {
  private constructor(
    readonly uri: string,
    private readonly sdk: Sdk,
    private readonly client: S3Client,
    private readonly bucket: string,
    /** Empty, or with a trailing slash. */
    private readonly prefix: string,
  ) {}

  static async open(uri: string, options: RegistryOptions): Promise<S3Folder> {
    const [, bucket, path] = /^s3:\/\/([^/]+)\/*(.*?)\/*$/.exec(uri) ?? [];
    if (!bucket || path === undefined) {
      throw new RegistryError(
        "refused",
        `The artifact address ${uri} names no bucket; expected s3://bucket/path.`,
      );
    }
    // The SDK is pinned here, so its advice on later Node versions would only puzzle the user. It has no other switch.
    // eslint-disable-next-line no-restricted-properties
    process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
    const sdk = await import("@aws-sdk/client-s3");
    const config = await s3Config(options.environment ?? {}, options.timeoutSeconds);
    return new S3Folder(uri, sdk, new sdk.S3Client(config), bucket, path ? `${path}/` : "");
  }

  async list(): Promise<ArtifactFile[]> {
    return this.#attempt("list", async () => {
      const found: ArtifactFile[] = [];
      let token: string | undefined;
      do {
        const page = await this.client.send(
          new this.sdk.ListObjectsV2Command({
            Bucket: this.bucket,
            Prefix: this.prefix,
            ContinuationToken: token,
          }),
        );
        for (const { Key = "", Size = 0 } of page.Contents ?? []) {
          // Some stores keep an empty object for a folder.
          if (!Key.endsWith("/")) {
            const path = safePath(Key.slice(this.prefix.length), this.uri);
            found.push({ path, sizeBytes: Size });
          }
        }
        token = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (token);
      return found;
    });
  }

  async read(path: string): Promise<AsyncIterable<Uint8Array>> {
    return this.#attempt(`read "${path}" of`, async () => {
      const command = { Bucket: this.bucket, Key: this.prefix + path };
      const { Body } = await this.client.send(new this.sdk.GetObjectCommand(command));
      return Body as unknown as AsyncIterable<Uint8Array>;
    });
  }

  async write(file: ArtifactFile, bytes: () => AsyncIterable<Uint8Array>): Promise<void> {
    const { Readable } = await import("node:stream");
    await this.#attempt(`write "${file.path}" to`, () =>
      this.client.send(
        new this.sdk.PutObjectCommand({
          Bucket: this.bucket,
          Key: this.prefix + file.path,
          Body: Readable.from(bytes(), { objectMode: false }),
          ContentLength: file.sizeBytes,
        }),
      ),
    );
  }

  async remove(): Promise<void> {
    for (const { path } of await this.list()) {
      const command = { Bucket: this.bucket, Key: this.prefix + path };
      await this.#attempt(`delete "${path}" of`, () =>
        this.client.send(new this.sdk.DeleteObjectCommand(command)),
      );
    }
  }

  async #attempt<T>(verb: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof RegistryError ? error : failure(`${verb} ${this.uri}`, error);
    }
  }
}

async function s3Config(environment: Environment, timeoutSeconds: number): Promise<S3ClientConfig> {
  const endpoint =
    environment["MLFLOW_S3_ENDPOINT_URL"] ||
    environment["AWS_ENDPOINT_URL_S3"] ||
    environment["AWS_ENDPOINT_URL"];
  const accessKeyId = environment["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = environment["AWS_SECRET_ACCESS_KEY"];
  const sessionToken = environment["AWS_SESSION_TOKEN"];
  const ca = await authorities(environment["AWS_CA_BUNDLE"]);
  return {
    region: environment["AWS_REGION"] || environment["AWS_DEFAULT_REGION"] || "us-east-1",
    requestHandler: {
      connectionTimeout: timeoutSeconds * 1000,
      ...(ca ? { httpsAgent: { ca } } : {}),
    },
    // Stores other than AWS don't know the newer checksums.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    // Without keys here the SDK looks where it always does: profile, role, instance.
    ...(accessKeyId && secretAccessKey
      ? { credentials: { accessKeyId, secretAccessKey, sessionToken } }
      : {}),
  };
}

/** What signs for S3, as the AWS tools and MLflow's own client take it; undefined: the platform's authorities. */
async function authorities(file: string | undefined): Promise<string | undefined> {
  if (!file) return undefined;
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new RegistryError(
      "refused",
      `Could not read the CA file ${file} (${error.code}); set AWS_CA_BUNDLE to a readable PEM file.`,
    );
  });
}

function failure(tried: string, error: unknown): RegistryError {
  const {
    name = "",
    message = "",
    code,
    $metadata,
  } = error as NodeJS.ErrnoException & {
    $metadata?: { httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode;
  const [kind, remedy] = kindOf(name, code, status);
  return new RegistryError(
    kind,
    `Could not ${tried} (${name}${message ? `, "${quoted(message)}"` : ""}); ${remedy}.`,
    status,
  );
}

function kindOf(
  name: string,
  code: string | undefined,
  status: number | undefined,
): [RegistryErrorKind, string] {
  if (code && /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/.test(code)) {
    return ["unavailable", "its certificate is not trusted: give its authority in AWS_CA_BUNDLE"];
  }
  if (name === "CredentialsProviderError" || status === 401 || status === 403) {
    return ["unauthorised", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role that may"];
  }
  if (status === 404) {
    return ["not-found", "see whether the bucket and the version's files are still there"];
  }
  if (name === "TimeoutError") {
    return ["timeout", "see whether the store is overloaded, or correct MLFLOW_S3_ENDPOINT_URL"];
  }
  if (status === undefined || status >= 500) {
    return ["unavailable", "start the store, or correct MLFLOW_S3_ENDPOINT_URL"];
  }
  return ["refused", "correct what was asked for"];
}
