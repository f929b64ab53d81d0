import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { version } from "../../package.json";
import { operationsOf } from "../../runtimes";
import { root, type Context } from "../context";
import { CliError, usageError } from "../errors";
import { commitOf } from "../git";
import type { ImageRequest } from "../image/arguments";
import type { BuiltImage } from "../image/build";
import { hasRegistry, parseName, repositoryNameOf } from "../image/names";
import { duration, type Outcome } from "../terminal/output";
import type { Options, Run } from "../verb";

const actions: Record<
  string,
  (context: Context, options: Options, given: string[]) => Promise<Outcome>
> = { build, push };

/** Options that only a build has. */
const buildOptions = ["tag", "base", "model", "pipConf", "ca"] as const;

/** `tollgate image`: builds what pods and containers run, by the user's own Docker, and pushes it. */
export const run: Run = async (context, options, [name = "", ...given]) => {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (!action) throw usageError(`Say what to do: one of ${Object.keys(actions).join(", ")}.`);
  return action(context, options, given);
};

async function build(context: Context, options: Options, given: string[]): Promise<Outcome> {
  if (given.length > 0) {
    throw usageError(`image build doesn't take ${given[0]}: give the image's name with --tag.`);
  }
  if (typeof options.model === "string") return buildWithModel(context, options, options.model);
  const request = { ...commonRequest(options), base: textOf(options.base) };
  return buildOf(context, options, request, "tollgate");
}

/** The version's bytes go through a folder of their own, which is gone afterwards. */
async function buildWithModel(context: Context, options: Options, asked: string): Promise<Outcome> {
  const settings = await context.settings();
  const base = textOf(options.base) ?? operationsOf(settings).servingImage(settings);
  if (base === null) {
    throw usageError(
      `${settings.stack} names no image of Tollgate's that the model could be put on: give one with --base, such as one that \`tollgate image build\` made.`,
    );
  }
  const request = { ...commonRequest(options), base };
  const { fetchModel } = await import("../image/baked");
  const folder = mkdtempSync(join(tmpdir(), "tollgate-model-"));
  try {
    const model = await fetchModel(settings, asked, folder, context.output);
    return await buildOf(context, options, { ...request, model }, repositoryNameOf(model.name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function commonRequest(options: Options): Omit<ImageRequest, "base"> {
  return {
    serving: join(root, "serving"),
    version,
    revision: commitOf(root, "serving") ?? "unknown",
    now: new Date(),
    pipConf: fileOf(options.pipConf, "--pip-conf"),
    caFile: fileOf(options.ca, "--ca"),
  };
}

async function buildOf(
  { output, knowsStack, stack }: Context,
  options: Options,
  request: ImageRequest,
  usualName: string,
): Promise<Outcome> {
  const name = parseName(textOf(options.tag) ?? usualName, "--tag");
  // Before the build: a stack that isn't there is said at once.
  const forStack = knowsStack ? ` --stack ${stack()}` : "";
  const { buildImage } = await import("../image/build");
  const built = await buildImage(request, name, output);
  const { reference, id, size, architecture, labels, took } = built;
  const byDigest = digestIn(built);
  const known = byDigest ? [`digest  ${byDigest}`] : [];
  const next = hasRegistry(built.repository)
    ? `Next: tollgate image push ${reference}${forStack}`
    : "It is on the Docker host alone. To push it, name a registry: --tag registry.example/tollgate";
  return {
    document: { image: reference, id, size, architecture, labels, digest: byDigest, took },
    text: [
      `Built ${reference} in ${duration(took)}.`,
      `id      ${id}`,
      `size    ${Math.round(size / 1e6)} MB`,
      ...known,
      ...(byDigest ? settingLines(byDigest, request.model !== undefined, stackFile(options)) : []),
      next,
    ].join("\n"),
    verbatim: true,
  };
}

/**
 * The image by the digest that its registry has it under, from an earlier push or pull; null where it was never pushed. A
 * Docker that keeps images as containerd does gives each of them such a name at once, equal to its id: it tells nothing.
 */
function digestIn({ repoDigests, repository, id }: BuiltImage): string | null {
  const own = repoDigests.filter((each) => each.startsWith(`${repository}@`));
  return own.find((each) => !each.endsWith(`@${id}`)) ?? null;
}

async function push(context: Context, options: Options, given: string[]): Promise<Outcome> {
  const [reference, ...more] = given;
  if (reference === undefined || more.length > 0) {
    throw usageError(
      "Say which image, such as `tollgate image push registry.example/tollgate:1.4.0-20261130`.",
    );
  }
  const wrong = buildOptions.find((each) => options[each] !== undefined);
  if (wrong) throw usageError(`image push has no --${wrong.replace("C", "-c")}: only a build has.`);
  const { repository, tag } = parseName(reference, "the image");
  if (tag === null) {
    throw usageError(
      `${reference} has no tag: name the one image that is to be pushed, such as ${reference}:${version}-20261130.`,
    );
  }
  if (!repository.includes("/")) {
    throw usageError(
      `${reference} names no registry, and Docker would take it for one of Docker Hub's own images: build it with --tag registry.example/${repository}, or \`docker tag\` it so.`,
    );
  }
  const file = stackFile({ stack: context.knowsStack ? context.stack() : undefined });
  const { pushImage } = await import("../image/push");
  const { byDigest, hasModel } = await pushImage(repository, tag, context.output);
  return {
    document: { image: reference, digest: byDigest },
    text: [`Pushed ${reference}.`, byDigest, ...settingLines(byDigest, hasModel, file)].join("\n"),
    verbatim: true,
  };
}

/** What to write into a stack's file so that it runs the image. */
function settingLines(byDigest: string, hasModel: boolean, file: string): string[] {
  const setting = hasModel
    ? ["    modelFrom: image", `    modelImage: ${byDigest}`]
    : ["    images:", `      tollgate: ${byDigest}`];
  return ["", `In ${file}:`, "", "config:", "  tollgate:kubernetes:", ...setting, ""];
}

function stackFile({ stack }: Options): string {
  return `Pulumi.${typeof stack === "string" ? stack : "<stack>"}.yaml`;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function fileOf(value: unknown, option: string): string | undefined {
  if (typeof value !== "string") return undefined;
  const file = resolve(value);
  if (existsSync(file)) return file;
  throw new CliError(
    "no-file",
    `${option} names ${file}, which isn't there: give the file that pip reads.`,
  );
}
