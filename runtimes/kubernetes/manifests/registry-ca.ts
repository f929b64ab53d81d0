import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { names } from "../names";
import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "./manifest";
import { metadataOf } from "./metadata";

/** The private CA of a registry that is kept elsewhere, as pods get it. */
export interface RegistryCa {
  /** Of the ConfigMap. It has the content's digest in it, so that pods with another CA are another generation. */
  readonly name: string;
  readonly key: string;
  readonly pem: string;
}

/**
 * Reads `tollgate:trackingServer.caFile`; null when the registry needs none.
 *
 * @throws Error one sentence when the file can't be read
 */
export function registryCa({ trackingServer }: ClusterSettings): RegistryCa | null {
  const { caFile, managed } = trackingServer;
  if (managed || caFile === null) return null;
  const pem = contentOf(caFile);
  const digest = createHash("sha256").update(pem).digest("hex").slice(0, 8);
  return { name: `registry-ca-${digest}`, key: "ca.crt", pem };
}

/** ConfigMap with that CA, where there is one. */
export function registryCaManifests(settings: ClusterSettings): Manifest[] {
  const ca = registryCa(settings);
  if (!ca) return [];
  return [
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: metadataOf(settings, ca.name, names.scorer),
      immutable: true,
      data: { [ca.key]: ca.pem },
    },
  ];
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(
      `tollgate:trackingServer.caFile names ${file}, which can't be read (${(error as NodeJS.ErrnoException).code}); name the PEM file of the CA that signed the registry's certificate`,
    );
  }
}
