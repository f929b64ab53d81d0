import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Layer } from "./layers";

export interface ImageRecipe {
  /** Without tag and digest. */
  readonly name: string;
  readonly layers: readonly Layer[];
  /** `NAME=value`. */
  readonly env: readonly string[];
}

export interface Image {
  readonly name: string;
  /** `<name>@sha256:…`, as a pod names it. */
  readonly reference: string;
  /** What the archive has to hold, by digest: texts, and files of layers. */
  readonly blobs: ReadonlyMap<string, string | Layer>;
  readonly descriptor: Descriptor;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

const type = (name: string) => `application/vnd.oci.image.${name}`;

/** An image as the OCI specification writes it down. The same recipe is the same digest. */
export function imageOf({ name, layers, env }: ImageRecipe): Image {
  const blobs = new Map<string, string | Layer>(layers.map((layer) => [layer.digest, layer]));
  const add = (mediaType: string, content: object): Descriptor => {
    const text = JSON.stringify(content);
    const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    blobs.set(digest, text);
    return { mediaType, digest, size: Buffer.byteLength(text) };
  };
  const config = add(type("config.v1+json"), {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    created: "1970-01-01T00:00:00Z",
    // A number: Pod Security can't tell whether a name is root's.
    config: { User: "65532:65532", Env: env, WorkingDir: "/tmp" },
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  });
  const manifest = add(type("manifest.v1+json"), {
    schemaVersion: 2,
    mediaType: type("manifest.v1+json"),
    config,
    layers: layers.map(({ digest, size }) => ({ mediaType: type("layer.v1.tar"), digest, size })),
  });
  const reference = `${name}@${manifest.digest}`;
  // Under this very name the kubelet finds it and asks no registry.
  const annotations = { "io.containerd.image.name": reference };
  return { name, reference, blobs, descriptor: { ...manifest, annotations } };
}

/**
 * Calls `use` with a folder in the layout of OCI images, made of links, without the layers that containerd has already:
 * after a change of one layer it is as small as that layer.
 */
export async function withArchive(
  images: readonly Image[],
  has: ReadonlySet<string>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "tollgate-images-"));
  try {
    const blobs = path.join(folder, "blobs", "sha256");
    await fs.mkdir(blobs, { recursive: true });
    await fs.writeFile(path.join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    const index = { schemaVersion: 2, manifests: images.map(({ descriptor }) => descriptor) };
    await fs.writeFile(path.join(folder, "index.json"), JSON.stringify(index));
    // Images share layers: once each.
    for (const [digest, blob] of new Map(images.flatMap((image) => [...image.blobs]))) {
      const target = path.join(blobs, digest.slice("sha256:".length));
      if (typeof blob === "string") await fs.writeFile(target, blob);
      else if (!has.has(digest)) await fs.symlink(blob.file, target);
    }
    await use(folder);
  } finally {
    await fs.rm(folder, { recursive: true });
  }
}
