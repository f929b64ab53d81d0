import type { Answer, Received } from "./stand-in";

interface Version {
  name: string;
  version: string;
  status: string;
  source: string;
  run_id: string;
  tags: { key: string; value: string }[];
}

const missing = { status: 404, body: { error_code: "RESOURCE_DOES_NOT_EXIST", message: "none" } };
const exists = { status: 400, body: { error_code: "RESOURCE_ALREADY_EXISTS", message: "taken" } };
const artifacts = "/api/2.0/mlflow-artifacts/artifacts";

/**
 * What copying needs of an MLflow server, in memory, so that a test can damage it. Real servers are used in
 * `mlflow.spec.ts`; this one only proves what happens when something fails half-way.
 */
export class MemoryRegistry {
  /** Bytes by path below the proxy. */
  readonly files = new Map<string, Buffer>();
  readonly versions: Version[] = [];
  readonly deletedRuns: string[] = [];
  readonly experiments = new Map<string, { experiment_id: string; lifecycle_stage: string }>();
  /** Consulted first; an answer here replaces the usual one, after which the request had no effect. */
  fault: (request: Received) => Answer | "reset" | undefined = () => undefined;
  /** Consulted last; replaces the answer of a request that had its effect. */
  lost: (request: Received) => boolean = () => false;
  /** What the store makes of uploaded bytes. */
  stored: (bytes: Buffer) => Buffer = (bytes) => bytes;
  #runs = 0;

  /** Adds version 1 of a model with these files. */
  seed(name: string, files: Record<string, string>, tags: Record<string, string> = {}): void {
    for (const [path, text] of Object.entries(files)) {
      this.files.set(`1/seed/artifacts/model/${path}`, Buffer.from(text));
    }
    this.versions.push({
      name,
      version: "1",
      status: "READY",
      source: "mlflow-artifacts:/1/seed/artifacts/model",
      run_id: "seed",
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    });
  }

  readonly reply = (request: Received): Answer | "reset" => {
    const fault = this.fault(request);
    if (fault) {
      return fault;
    }
    const answer = this.#effect(request);
    return this.lost(request) ? "reset" : answer;
  };

  #effect(request: Received): Answer {
    const url = new URL(request.url, "http://registry");
    if (url.pathname.startsWith(artifacts)) {
      return this.#artifacts(request, url);
    }
    const json = (request.body ? JSON.parse(request.body) : {}) as Record<string, never>;
    const query = (key: string) => url.searchParams.get(key);
    const verb = url.pathname.replace("/api/2.0/mlflow/", "");
    switch (verb) {
      case "model-versions/get":
      case "model-versions/get-download-uri": {
        const found = this.versions.find(
          ({ name, version }) => name === query("name") && version === query("version"),
        );
        return found ? { body: { model_version: found, artifact_uri: found.source } } : missing;
      }
      case "model-versions/search":
        return { body: { model_versions: this.versions } };
      case "model-versions/create": {
        const version = String(this.versions.length + 1);
        this.versions.push({ ...(json as unknown as Version), version, status: "READY" });
        return { body: { model_version: this.versions.at(-1) } };
      }
      case "registered-models/create":
        return exists;
      case "experiments/get-by-name": {
        const experiment = this.experiments.get(query("experiment_name") ?? "");
        const name = query("experiment_name");
        return experiment ? { body: { experiment: { name, ...experiment } } } : missing;
      }
      case "experiments/create":
        this.experiments.set(json["name"]!, { experiment_id: "1", lifecycle_stage: "active" });
        return { body: { experiment_id: "1" } };
      case "runs/create":
        return { body: { run: this.#run(`copy${++this.#runs}`) } };
      case "runs/get":
        return { body: { run: this.#run(query("run_id") ?? "") } };
      case "runs/delete":
        this.deletedRuns.push(json["run_id"]!);
        return {};
      default:
        return {};
    }
  }

  #run(id: string): object {
    const artifactUri = `mlflow-artifacts:/1/${id}/artifacts`;
    const info = { run_id: id, experiment_id: "1", status: "RUNNING", artifact_uri: artifactUri };
    return { info };
  }

  #artifacts({ method, bytes }: Received, url: URL): Answer {
    const listed = url.searchParams.get("path");
    if (listed !== null) {
      const below = [...this.files].filter(([path]) => path.startsWith(`${listed}/`));
      const files = below.map(([path, { length }]) => ({
        path: path.slice(listed.length + 1),
        file_size: length,
      }));
      return { body: { files } };
    }
    const path = decodeURIComponent(url.pathname.slice(artifacts.length + 1));
    if (method === "PUT") {
      this.files.set(path, this.stored(bytes));
      return { body: "" };
    }
    if (method === "DELETE") {
      const gone = [...this.files.keys()].filter((file) => file.startsWith(path));
      gone.forEach((file) => this.files.delete(file));
      return {};
    }
    const found = this.files.get(path);
    return found ? { body: found } : missing;
  }
}
