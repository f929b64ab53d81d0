import { join } from "node:path";

/** What is built, and how it is labelled. All files by absolute paths. */
export interface ImageRequest {
  /** Folder with `Dockerfile` and what it copies: `serving/`. */
  readonly serving: string;
  /** Version and git commit, as labels. */
  readonly version: string;
  readonly revision: string;
  /** When the build is; its day becomes a label. */
  readonly now: Date;
  /** Files that pip gets as secrets. */
  readonly pipConf?: string;
  readonly caFile?: string;
  /** The image it is put on; null for the Dockerfile's own. */
  readonly base: string | null;
  /** A model version that is put on an image of Tollgate's; without it that image itself is built. */
  readonly model?: BakedModel;
}

/** The bytes of a model version, fetched already. */
export interface BakedModel {
  readonly name: string;
  readonly version: string;
  /** `sha256:<64 hex digits>`. */
  readonly digest: string;
  /** The folder that `tollgate_serving.fetch` filled. */
  readonly folder: string;
}

/** Marks an image that has a model in it; the Dockerfile sets it. */
export const modelDigestLabel = "dev.tollgate.model.digest";

/**
 * The words after `docker` for one build. Secrets are named by file: their content is neither here nor in a layer.
 *
 * @param idFile gets the image's id
 */
export function buildArguments(request: ImageRequest, idFile: string): string[] {
  const { serving, base, model } = request;
  const values = Object.entries(buildValues(request)).map(([name, value]) => `${name}=${value}`);
  const labels = Object.entries(labelsOf(request)).map(([name, value]) => `${name}=${value}`);
  return [
    ...["build", "--progress", "plain", "--iidfile", idFile],
    ...["--file", join(serving, "Dockerfile"), "--target", model ? "model" : "tollgate"],
    ...(base === null ? [] : ["--build-arg", `${model ? "TOLLGATE_IMAGE" : "BASE_IMAGE"}=${base}`]),
    ...values.flatMap((each) => ["--build-arg", each]),
    ...labels.flatMap((each) => ["--label", each]),
    ...secrets(request).flatMap(([id, file]) => [
      "--secret",
      `id=${id},${csvField(`src=${file}`)}`,
    ]),
    model ? model.folder : serving,
  ];
}

function buildValues({ version, revision, model }: ImageRequest): Record<string, string> {
  if (!model) return { VERSION: version, REVISION: revision };
  const hex = model.digest.replace(/^sha256:/, "");
  return { MODEL_FOLDER: `${hex}/model`, MODEL_DIGEST: model.digest };
}

/** The day and not the moment: what is built twice on one day of the same bytes is one image. */
function labelsOf({ now, base, model }: ImageRequest): Record<string, string> {
  const prefix = "org.opencontainers.image";
  return {
    [`${prefix}.created`]: `${now.toISOString().slice(0, 10)}T00:00:00Z`,
    ...(base === null ? {} : { [`${prefix}.base.name`]: base }),
    ...(model
      ? {
          [`${prefix}.title`]: model.name,
          [`${prefix}.description`]: `${model.name} version ${model.version} in Tollgate serving`,
          [`${prefix}.version`]: model.version,
        }
      : {}),
  };
}

function secrets({ pipConf, caFile }: ImageRequest): [id: string, file: string][] {
  const all: [string, string | undefined][] = [
    ["pip.conf", pipConf],
    ["ca.pem", caFile],
  ];
  return all.filter((each): each is [string, string] => each[1] !== undefined);
}

/** Docker reads the parts of such a word as one line of CSV, in which a path with a comma needs quotes. */
function csvField(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
