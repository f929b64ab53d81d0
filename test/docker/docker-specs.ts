import { randomBytes } from "node:crypto";
import { run } from "../../cli/program";
import { capture } from "../cli/support/streams";
import { dockerOutput, testDocker } from "../support/docker";

/** How a command ended. */
export interface Ended {
  readonly code: number;
  /** The document of `--json`. */
  readonly document: Record<string, unknown> & { error?: { code: string; message: string } };
  readonly err: string;
}

/** Runs one command line in this process, with `--json`. */
export async function tollgate(...words: string[]): Promise<Ended> {
  const streams = capture();
  const code = await run([...words, "--json"], streams);
  return { code, document: JSON.parse(streams.out()) as Ended["document"], err: streams.err() };
}

/**
 * Has the specs of a file run against the test daemon, under names that are theirs alone, and puts the environment back
 * and removes their images afterwards.
 */
export function withTestDocker(): { readonly name: string } {
  const before_ = { ...process.env };
  const name = `tollgate.local/test-${randomBytes(3).toString("hex")}`;
  before(() => {
    Object.assign(process.env, testDocker().env);
  });
  after(() => {
    setEnvironment(before_);
    const own = dockerOutput(["image", "ls", "--quiet", `${name}*`])
      .split("\n")
      .filter(Boolean);
    if (own.length > 0) dockerOutput(["image", "rm", "--force", ...new Set(own)]);
  });
  return { name };
}

/** Runs what is inside with other variables of the environment; undefined takes one away. */
export async function withEnvironment<T>(
  changes: Readonly<Record<string, string | undefined>>,
  work: () => Promise<T>,
): Promise<T> {
  const kept = { ...process.env };
  try {
    setEnvironment({ ...kept, ...changes });
    return await work();
  } finally {
    setEnvironment(kept);
  }
}

function setEnvironment(wanted: Readonly<Record<string, string | undefined>>): void {
  for (const name of new Set([...Object.keys(process.env), ...Object.keys(wanted)])) {
    const value = wanted[name];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
