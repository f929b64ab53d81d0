import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "../manifests/manifest";
import type { RenderedGroup } from "../render";
import type { RenderedFiles } from "../../operations";
import { secretsPage } from "./render-secrets";

/**
 * The files of a rendering: a folder a group with a file for each manifest, kustomizations that list them in the order of
 * applying, and the Secrets that must be there. The same manifests give the same bytes.
 *
 * A file is named by what it holds and never by its place in the order, so that a review shows nothing but what changed.
 */
export async function filesOf(
  settings: ClusterSettings,
  groups: readonly RenderedGroup[],
): Promise<RenderedFiles> {
  const write = await writer();
  const { stack } = settings;
  const note = `# Written by \`tollgate render --stack ${stack}\`, which writes over edits.\n`;
  const files = new Map<string, string>();
  const add = (file: string, text: string) => {
    if (files.has(file)) throw new Error(`two objects of ${stack} would both be ${file}`);
    files.set(file, text);
  };
  const addKustomization = (file: string, resources: readonly string[]) =>
    add(file, note + write(kustomization(resources)));

  addKustomization(
    "kustomization.yaml",
    groups.map(({ name }) => name),
  );
  add("SECRETS.md", secretsPage(settings, groups));
  for (const { name, manifests } of groups) {
    addKustomization(`${name}/kustomization.yaml`, manifests.map(fileOf));
    for (const manifest of manifests) {
      const file = `${name}/${fileOf(manifest)}`;
      add(file, write(plain(manifest, file), true));
    }
  }
  return files;
}

/** What a reader of Kubernetes may take for a number: Go's parser drops each `_` and knows `0o7`, `0X1` and `9E9_` as well. */
const nearlyNumber = /^[-+.]?\d/;

/** Writes data as YAML, which means to Kubernetes what it means here. */
async function writer(): Promise<(value: unknown, sorted?: boolean) => string> {
  const { Document, Scalar, visit } = await import("yaml");
  return (value, sorted = false) => {
    // YAML 1.1 is what Kubernetes reads: there `on` and `012` mean something else unless they are quoted.
    const document = new Document(value, {
      version: "1.1",
      aliasDuplicateObjects: false,
      sortMapEntries: sorted,
    });
    visit(document, {
      Scalar(_, scalar) {
        if (typeof scalar.value === "string" && nearlyNumber.test(scalar.value)) {
          scalar.type = Scalar.QUOTE_DOUBLE;
        }
      },
    });
    return document.toString({ lineWidth: 0 });
  };
}

/** Name of a manifest's file, such as `service-scorer.yaml`. */
function fileOf({ kind, metadata: { name } }: Manifest): string {
  return `${kind.toLowerCase()}-${name}.yaml`;
}

function kustomization(resources: readonly string[]) {
  return {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources,
    // As listed: by itself, kustomize sorts by kind.
    sortOptions: { order: "fifo" },
  };
}

/** Data alone. What is only known once something was made can't be rendered: a mistake of ours. */
function plain(value: unknown, at: string): unknown {
  if (Array.isArray(value)) return value.map((each, index) => plain(each, `${at}[${index}]`));
  if (typeof value !== "object" || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) throw new Error(`${at} isn't plain data`);
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.map(([key, each]) => [key, plain(each, `${at}.${key}`)]));
}
