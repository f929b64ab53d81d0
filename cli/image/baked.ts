import type { Settings } from "../../config/settings";
import { operationsOf } from "../../runtimes";
import { runChild } from "../child";
import { CliError } from "../errors";
import type { Output } from "../terminal/output";
import { pythonFor } from "../registry/python";
import { digestOf, readyVersion, registryOf } from "../registry/registry";
import type { BakedModel } from "./arguments";

/** Longest time that a download may take. */
const timeoutSeconds = 3600;

/**
 * Gets the bytes of a version out of an environment's registry, checked by its digest.
 *
 * @param folder an empty one that they are put into
 * @throws CliError when there is no such version, or its bytes can't be had
 */
export async function fetchModel(
  settings: Settings,
  asked: string,
  folder: string,
  output: Output,
): Promise<BakedModel> {
  const client = await registryOf(settings);
  const { name, version, ...rest } = await readyVersion(client, settings, asked);
  const digest = await digestOf(client, { name, version, ...rest });
  const { code, lastLine } = await operationsOf(settings).withReachableRegistry(
    settings,
    async (reachable) => {
      const { python, environment } = await pythonFor(reachable);
      return runChild(
        {
          command: python,
          args: [
            ...["-m", "tollgate_serving.fetch", "--model-uri", `models:/${name}/${version}`],
            ...["--model", name, "--version", version, "--digest", digest, "--cache", folder],
          ],
          cwd: settings.projectDir,
          env: environment,
          timeoutSeconds,
          what: `Fetching ${name} version ${version}`,
          onOutput: (chunk) => output.verbose && output.raw(chunk),
        },
        output,
      );
    },
  );
  if (code === 0) return { name, version, digest, folder };
  throw new CliError("model-bytes", `${name} version ${version} can't be baked in: ${lastLine}`);
}
