import { z } from "zod";
import {
  type ModelVersion,
  modelVersionAnswer,
  type RegisteredModel,
  registeredModelAnswer,
} from "./answers";
import { allPages, anyAnswer, Api, type RegistryOptions } from "./api";
import { ArtifactApi } from "./artifact-api";
import { RegistryError } from "./errors";
import { Http } from "./http";
import { pairs, TrackingApi } from "./tracking";

export type { Experiment, FileInfo, ModelVersion, RegisteredModel, Run } from "./answers";
export type { RegistryOptions } from "./api";

export type Stage = "None" | "Staging" | "Production" | "Archived";

const versionAnswer = z.object({ model_version: modelVersionAnswer });

/**
 * Client of an MLflow tracking server and model registry, with MLflow's own names: registered models and their versions
 * here, experiments and runs in `tracking`, files in `artifacts`. Only reads and searches are repeated when the server
 * can't be reached for a moment. Every failure is a `RegistryError`.
 *
 * @example new RegistryClient({ uri: "http://127.0.0.1:5001", timeoutSeconds: 5 })
 */
export class RegistryClient {
  readonly tracking: TrackingApi;
  readonly artifacts: ArtifactApi;
  readonly #api: Api;

  constructor(
    readonly options: RegistryOptions,
    http = new Http(options),
  ) {
    this.#api = new Api(http);
    this.tracking = new TrackingApi(this.#api);
    this.artifacts = new ArtifactApi(this.#api, this.tracking);
  }

  /** Base address without credentials. */
  get uri(): string {
    return this.#api.uri;
  }

  /** The same registry, except that all calls together may last `seconds` from now. */
  within(seconds: number): RegistryClient {
    return new RegistryClient(this.options, this.#api.http.until(Date.now() + seconds * 1000));
  }

  /** Returns when the server answers its health check. */
  async health(): Promise<void> {
    await this.#api.http.bytes(
      { what: "check the registry's health", method: "GET", path: "/health" },
      65536,
    );
  }

  /** With aliases. Throws `not-found`. */
  async getRegisteredModel(name: string): Promise<RegisteredModel> {
    const answer = await this.#api.call(
      {
        what: `get registered model "${name}"`,
        method: "GET",
        endpoint: "registered-models/get",
        query: { name },
      },
      z.object({ registered_model: registeredModelAnswer }),
    );
    return answer.registered_model;
  }

  /** Throws `conflict` when it exists. */
  async createRegisteredModel(name: string): Promise<RegisteredModel> {
    const answer = await this.#api.call(
      {
        what: `create registered model "${name}"`,
        method: "POST",
        endpoint: "registered-models/create",
        json: { name },
      },
      z.object({ registered_model: registeredModelAnswer }),
    );
    return answer.registered_model;
  }

  /** All registered models, or those a filter such as `name LIKE 'churn%'` names. */
  async searchRegisteredModels(filter?: string): Promise<RegisteredModel[]> {
    const answer = z.object({
      registered_models: z.array(registeredModelAnswer).default([]),
      next_page_token: z.string().optional(),
    });
    return allPages(Infinity, async (token) => {
      const page = await this.#api.call(
        {
          what: "search registered models",
          method: "GET",
          endpoint: "registered-models/search",
          query: { filter, max_results: 1000, page_token: token },
        },
        answer,
      );
      return { items: page.registered_models, next: page.next_page_token };
    });
  }

  /** With aliases and tags. Throws `not-found`. */
  async getModelVersion(name: string, version: string): Promise<ModelVersion> {
    const answer = await this.#api.call(
      {
        what: `get version ${version} of model "${name}"`,
        method: "GET",
        endpoint: "model-versions/get",
        query: { name, version },
      },
      versionAnswer,
    );
    return answer.model_version;
  }

  /** All versions a filter such as `name='churn-model'` names, newest first, without aliases. */
  async searchModelVersions(filter: string): Promise<ModelVersion[]> {
    const answer = z.object({
      model_versions: z.array(modelVersionAnswer).default([]),
      next_page_token: z.string().optional(),
    });
    return allPages(Infinity, async (token) => {
      const page = await this.#api.call(
        {
          what: `search model versions with ${filter}`,
          method: "GET",
          endpoint: "model-versions/search",
          query: { filter, max_results: 1000, page_token: token },
        },
        answer,
      );
      return { items: page.model_versions, next: page.next_page_token };
    });
  }

  /** Registers what lies at `source`. With its tags in the same request: no version is ever seen without them. */
  async createModelVersion(version: {
    readonly name: string;
    /** Artifact address inside the run's artifacts, or `models:/m-…`. */
    readonly source: string;
    readonly runId?: string;
    readonly description?: string;
    readonly tags?: Readonly<Record<string, string>>;
  }): Promise<ModelVersion> {
    const answer = await this.#api.call(
      {
        what: `create a version of model "${version.name}"`,
        method: "POST",
        endpoint: "model-versions/create",
        json: {
          name: version.name,
          source: version.source,
          run_id: version.runId,
          description: version.description,
          tags: pairs(version.tags ?? {}),
        },
      },
      versionAnswer,
    );
    return answer.model_version;
  }

  async setModelVersionTag(name: string, version: string, key: string, value: string) {
    await this.#api.call(
      {
        what: `set tag "${key}" of version ${version} of model "${name}"`,
        method: "POST",
        endpoint: "model-versions/set-tag",
        json: { name, version, key, value },
      },
      anyAnswer,
    );
  }

  /** Succeeds when there is no such tag. */
  async deleteModelVersionTag(name: string, version: string, key: string): Promise<void> {
    await this.#api.call(
      {
        what: `delete tag "${key}" of version ${version} of model "${name}"`,
        method: "DELETE",
        endpoint: "model-versions/delete-tag",
        json: { name, version, key },
      },
      anyAnswer,
    );
  }

  /** Points the alias at the version, wherever it pointed before. */
  async setRegisteredModelAlias(name: string, alias: string, version: string): Promise<void> {
    await this.#api.call(
      {
        what: `set alias "${alias}" of model "${name}" to version ${version}`,
        method: "POST",
        endpoint: "registered-models/alias",
        json: { name, alias, version },
      },
      anyAnswer,
    );
  }

  /** Succeeds when there is no such alias. */
  async deleteRegisteredModelAlias(name: string, alias: string): Promise<void> {
    await this.#api.call(
      {
        what: `delete alias "${alias}" of model "${name}"`,
        method: "DELETE",
        endpoint: "registered-models/alias",
        json: { name, alias },
      },
      anyAnswer,
    );
  }

  /** The version an alias points at. Throws `not-found` when the alias or the model does not exist. */
  async getModelVersionByAlias(name: string, alias: string): Promise<ModelVersion> {
    try {
      const answer = await this.#api.call(
        {
          what: `get the version behind alias "${alias}" of model "${name}"`,
          method: "GET",
          endpoint: "registered-models/alias",
          query: { name, alias },
        },
        versionAnswer,
      );
      return answer.model_version;
    } catch (error) {
      // MLflow answers a missing alias as a bad parameter.
      if (error instanceof RegistryError && error.errorCode === "INVALID_PARAMETER_VALUE") {
        throw new RegistryError("not-found", error.message, error.status, error.errorCode);
      }
      throw error;
    }
  }

  /** Sets the legacy stage; with `archiveExisting`, whatever held the stage before becomes `Archived`. */
  async transitionModelVersionStage(
    name: string,
    version: string,
    stage: Stage,
    archiveExisting: boolean,
  ): Promise<ModelVersion> {
    const answer = await this.#api.call(
      {
        what: `move version ${version} of model "${name}" to stage ${stage}`,
        method: "POST",
        endpoint: "model-versions/transition-stage",
        json: {
          name,
          version,
          stage,
          // MLflow refuses it for the stages that any number of versions may have.
          archive_existing_versions: archiveExisting && isExclusive(stage),
        },
      },
      versionAnswer,
    );
    return answer.model_version;
  }

  /** Where the version's bytes lie: `mlflow-artifacts:/…`, `s3://…`, `runs:/…`, a file address or a path. */
  async getDownloadUri(name: string, version: string): Promise<string> {
    const answer = await this.#api.call(
      {
        what: `get the download address of version ${version} of model "${name}"`,
        method: "GET",
        endpoint: "model-versions/get-download-uri",
        query: { name, version },
      },
      z.object({ artifact_uri: z.string().min(1) }),
    );
    return answer.artifact_uri;
  }
}

function isExclusive(stage: Stage): boolean {
  return stage === "Staging" || stage === "Production";
}
