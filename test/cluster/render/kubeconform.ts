// kubeconform at one version, with strict schemas of the cluster at hand and of the custom resources we make.
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { cacheDir } from "../../../toolchain/cache";
import { schemaTemplate, writeClusterSchemas, writeCustomSchemas } from "./schemas";

const version = "v0.6.7";

/** Go modules that hold definitions of custom resources, each with the files that are needed of it. */
export type Definitions = Readonly<Record<string, readonly string[]>>;

/** Of what we make. */
export const ours: Definitions = {
  "github.com/argoproj/argo-rollouts@v1.8.3": [
    "manifests/crds/rollout-crd.yaml",
    "manifests/crds/analysis-template-crd.yaml",
  ],
  "github.com/kserve/kserve@v0.15.0": ["config/crd/full/serving.kserve.io_inferenceservices.yaml"],
  "github.com/prometheus-operator/prometheus-operator@v0.82.0": [
    "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
    "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
  ],
  "sigs.k8s.io/gateway-api@v1.2.1": [
    "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
  ],
};

/** Of the tools that apply what is rendered. */
export const gitOpsTools: Definitions = {
  "github.com/argoproj/argo-cd/v2@v2.14.10": ["manifests/crds/application-crd.yaml"],
  "github.com/external-secrets/external-secrets@v0.14.4": [
    "config/crds/bases/external-secrets.io_externalsecrets.yaml",
  ],
  "github.com/fluxcd/kustomize-controller@v1.9.6": [
    "config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml",
  ],
  "github.com/fluxcd/source-controller@v1.9.6": [
    "config/crd/bases/source.toolkit.fluxcd.io_gitrepositories.yaml",
  ],
};

/** What kubeconform says of one object. */
export interface Judged {
  readonly filename: string;
  readonly kind: string;
  readonly name: string;
  readonly status: "statusValid" | "statusInvalid" | "statusError" | "statusSkipped";
  readonly msg: string;
}

export class Kubeconform {
  private constructor(
    private readonly binary: string,
    private readonly schemas: string,
  ) {}

  /**
   * Builds kubeconform once, into the cache, and writes the schemas.
   *
   * @param openApi the cluster's own, `/openapi/v2`
   * @param schemas folder for them
   */
  static prepare(openApi: string, schemas: string, definitions: Definitions): Kubeconform {
    writeClusterSchemas(openApi, schemas);
    for (const [module, files] of Object.entries(definitions)) {
      const folder = downloaded(module);
      for (const file of files) {
        writeCustomSchemas(fs.readFileSync(path.join(folder, file), "utf8"), schemas);
      }
    }
    return new Kubeconform(ensureBinary(), schemas);
  }

  /** Judges all YAML files of a folder, and those below it. Kinds without a schema are errors. */
  judge(folder: string): Judged[] {
    const { stdout, stderr } = spawnSync(
      this.binary,
      [
        ...["-strict", "-verbose", "-output", "json", "-n", "2"],
        ...["-ignore-filename-pattern", "kustomization\\.yaml$"],
        ...["-schema-location", path.join(this.schemas, schemaTemplate), folder],
      ],
      { encoding: "utf8", maxBuffer: 1 << 28 },
    );
    if (stdout === "") throw new Error(`kubeconform said nothing: ${stderr}`);
    return (JSON.parse(stdout) as { resources: Judged[] }).resources;
  }
}

function ensureBinary(): string {
  const folder = path.join(cacheDir(), "kubeconform", version);
  const binary = path.join(folder, "kubeconform");
  if (!fs.existsSync(binary)) {
    execFileSync("go", ["install", `github.com/yannh/kubeconform/cmd/kubeconform@${version}`], {
      env: { ...process.env, GOBIN: folder },
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return binary;
}

/** Folder of a Go module, downloaded once into Go's own cache. */
function downloaded(module: string): string {
  const told = execFileSync("go", ["mod", "download", "-json", module], { encoding: "utf8" });
  return (JSON.parse(told) as { Dir: string }).Dir;
}
