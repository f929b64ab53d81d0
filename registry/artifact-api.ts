import { type FileInfo, filesAnswer, runFilesAnswer } from "./answers";
import type { Api } from "./api";
import { isRegistryError, RegistryError } from "./errors";
import { joinUri } from "./stores/artifact-folder";
import type { TrackingApi } from "./tracking";

/** Evidence and other documents are far smaller. */
const defaultMaxBytes = 16 * 1024 * 1024;

const maxAnswerBytes = 64 * 1024;

const proxied = /^mlflow-artifacts:\/(?:\/([^/]*))?\/*(.*)$/;

/** Artifacts, as the registry's server hands them out and takes them in. */
export class ArtifactApi {
  readonly #api: Api;
  readonly #tracking: TrackingApi;

  /** @param tracking says where a run's artifacts lie, for servers without `/get-artifact` */
  constructor(api: Api, tracking: TrackingApi) {
    this.#api = api;
    this.#tracking = tracking;
  }

  /** Entries directly below `path` in a run's artifacts, with paths from the run's artifact root. */
  async listArtifacts(runId: string, path = ""): Promise<FileInfo[]> {
    const answer = await this.#api.call(
      {
        what: `list artifacts "${path}" of run ${runId}`,
        method: "GET",
        endpoint: "artifacts/list",
        query: { run_id: runId, path: path || undefined },
      },
      runFilesAnswer,
    );
    return answer.files;
  }

  /** The same as `downloadRunArtifact`; null where the run has no such artifact. */
  async findRunArtifact(runId: string, path: string, maxBytes: number): Promise<Buffer | null> {
    try {
      return await this.downloadRunArtifact(runId, path, maxBytes);
    } catch (error) {
      if (isRegistryError(error, "not-found")) return null;
      throw error;
    }
  }

  /**
   * One artifact of a run, wherever the server keeps it, in one request where the server has MLflow's
   * `/get-artifact`; by the run's artifact address otherwise. `refused` when longer than `maxBytes`.
   */
  async downloadRunArtifact(
    runId: string,
    path: string,
    maxBytes = defaultMaxBytes,
  ): Promise<Buffer> {
    const request = {
      what: `download artifact "${path}" of run ${runId}`,
      method: "GET",
      path: "/get-artifact",
      query: { run_id: runId, path },
      refuseHtml: !/\.html?$/i.test(path),
    } as const;
    try {
      return await this.#api.http.bytes(request, maxBytes);
    } catch (error) {
      if (isServerFault(error) && !(await this.#isListed(runId, path))) {
        throw new RegistryError("not-found", error.message, error.status, error.errorCode);
      }
      if (!isRegistryError(error, "bad-answer")) {
        throw error;
      }
    }
    const run = await this.#tracking.getRun(runId);
    return this.#api.http.bytes(
      this.#proxyRequest("GET", joinUri(run.artifactUri, path)),
      maxBytes,
    );
  }

  async #isListed(runId: string, path: string): Promise<boolean> {
    const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
    const entries = await this.listArtifacts(runId, folder);
    return entries.some((entry) => entry.path === path);
  }

  /** The bytes behind an `mlflow-artifacts:` address, as they come. */
  async downloadArtifactUri(uri: string): Promise<AsyncIterable<Uint8Array>> {
    return this.#api.http.stream(this.#proxyRequest("GET", uri));
  }

  /** Entries directly below an `mlflow-artifacts:` address, with their bare names; none when there is nothing. */
  async listArtifactUri(uri: string): Promise<FileInfo[]> {
    const request = {
      what: `list artifacts at ${uri}`,
      method: "GET",
      path: "/api/2.0/mlflow-artifacts/artifacts",
      query: { path: this.#pathBehind(uri) },
    } as const;
    return (await this.#api.checked(request, filesAnswer)).files;
  }

  /** Stores a file of `sizeBytes` at an `mlflow-artifacts:` address. */
  async uploadArtifact(
    uri: string,
    stream: () => AsyncIterable<Uint8Array>,
    sizeBytes: number,
  ): Promise<void> {
    // The answer is empty, or an empty JSON object; refuses a page all the same.
    const request = { ...this.#proxyRequest("PUT", uri), body: { stream, sizeBytes } };
    await this.#api.http.bytes({ ...request, refuseHtml: true }, maxAnswerBytes);
  }

  /** Deletes what lies at and below an `mlflow-artifacts:` address. */
  async deleteArtifactUri(uri: string): Promise<void> {
    const request = this.#proxyRequest("DELETE", uri);
    await this.#api.http.bytes({ ...request, refuseHtml: true }, maxAnswerBytes);
  }

  #proxyRequest<M extends "GET" | "PUT" | "DELETE">(method: M, uri: string) {
    const verb = { GET: "download", PUT: "upload", DELETE: "delete" }[method];
    const path = this.#pathBehind(uri).split("/").map(encodeURIComponent).join("/");
    return {
      what: `${verb} artifact ${uri}`,
      method,
      path: `/api/2.0/mlflow-artifacts/artifacts/${path}`,
    };
  }

  /** Path below the artifact proxy. An address on another host is refused: it would get our credentials. */
  #pathBehind(uri: string): string {
    const [, host, path] = proxied.exec(uri) ?? [];
    if (path === undefined) {
      throw new RegistryError(
        "refused",
        `The artifact address ${uri} is not served by the registry at ${this.#api.uri}; give an address that starts with "mlflow-artifacts:/".`,
      );
    }
    if (host && host !== new URL(this.#api.uri).host) {
      throw new RegistryError(
        "refused",
        `The artifact address ${uri} is on another host than the registry at ${this.#api.uri}; serve artifacts and registry at one address.`,
      );
    }
    return path;
  }
}

/** MLflow's own 500. It is also how a server over S3 answers for an artifact that isn't there. */
function isServerFault(error: unknown): error is RegistryError {
  return isRegistryError(error, "unavailable") && error.errorCode === "INTERNAL_ERROR";
}
