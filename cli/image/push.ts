import { runChild } from "../child";
import { CliError } from "../errors";
import type { Output } from "../terminal/output";
import { modelDigestLabel } from "./arguments";
import { dockerEnvironment, dockerHost, imageFacts } from "./docker";
import { pushFailure } from "./failures";

/** Longest time of one push. */
const timeoutSeconds = 2 * 3600;

/** An image that a registry has now. */
export interface PushedImage {
  /** `<repository>@sha256:…`: what settings name. */
  readonly byDigest: string;
  /** Is a model version baked in? */
  readonly hasModel: boolean;
}

/**
 * Pushes an image with the credentials that the user's `docker` has.
 *
 * @param repository its name, with the registry
 * @throws CliError that says whether image, registry or rights are missing
 */
export async function pushImage(
  repository: string,
  tag: string,
  output: Output,
): Promise<PushedImage> {
  const reference = `${repository}:${tag}`;
  const host = await dockerHost();
  const facts = await imageFacts(reference);
  const failed = (said: string) => pushFailure(reference, { said, daemon: host.address });
  if (!facts) throw failed("No such image");
  let log = "";
  const child = await runChild(
    {
      command: "docker",
      args: ["push", reference],
      cwd: process.cwd(),
      env: dockerEnvironment(),
      timeoutSeconds,
      what: `Pushing ${reference}`,
      onOutput: (chunk) => {
        log += chunk.toString("utf8");
        if (output.verbose) output.raw(chunk);
      },
    },
    output,
  );
  if (child.timedOut) throw failed(`${log}\ntimed out`);
  if (child.code !== 0) throw failed(log);
  const digest = /\bdigest: (sha256:[0-9a-f]{64})\b/.exec(child.stdout)?.[1];
  if (digest === undefined) {
    throw new CliError(
      "image-push",
      `${reference} was pushed, but Docker didn't say its digest: see \`docker image inspect ${reference}\`, RepoDigests.`,
    );
  }
  return {
    byDigest: `${repository}@${digest}`,
    hasModel: facts.labels[modelDigestLabel] !== undefined,
  };
}
