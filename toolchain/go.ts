import { isDiskFull } from "./install";
import { onPath, run, type RunError } from "./processes";
import type { Progress } from "./progress";

/** Oldest Go that fetches by itself the Go that the modules want. */
const OLDEST_GO = [1, 21] as const;

/** One program that is built with Go from modules fixed by a go.sum. */
export interface GoBuild {
  /** What it is, for messages: `Pulumi engine 3.259.0`. */
  readonly what: string;
  /** Folder with go.mod and go.sum. */
  readonly folder: string;
  /** Package to build: an import path, or `.` for that folder's own. */
  readonly package: string;
  /** Build tags. @default none */
  readonly tags?: readonly string[];
  /** Variables that are set in the program, as the linker writes them: `<import path>.<name>=<value>`. */
  readonly variables: readonly string[];
  /** Absolute path of the executable. */
  readonly output: string;
}

/** Builds a program: stripped, without paths of this machine. Throws why it can't, as a clause. */
export async function goBuild(go: string, build: GoBuild, progress: Progress): Promise<void> {
  const { what, folder, output, tags = [] } = build;
  const flags = ["-s", "-w", ...build.variables.flatMap((variable) => ["-X", variable])].join(" ");
  let compiled = 0;
  const options = [
    ...["-v", "-mod=readonly", "-trimpath", "-buildvcs=false"],
    ...(tags.length > 0 ? ["-tags", tags.join(",")] : []),
    ...["-ldflags", flags],
  ];
  await runGo(go, ["build", ...options, "-o", output, build.package], folder, (line) => {
    const module = /^go: downloading (\S+)/.exec(line)?.[1];
    progress(
      module
        ? `Building the ${what}: downloading ${module}`
        : `Building the ${what}: ${++compiled} packages compiled`,
    );
  });
}

/** Folder of a module that the go.mod in `folder` wants, downloaded first. Throws why it can't be had, as a clause. */
export async function goModule(go: string, folder: string, module: string): Promise<string> {
  const printed = await runGo(go, ["mod", "download", "-json", module], folder);
  return (JSON.parse(printed) as { Dir: string }).Dir;
}

/** Go on PATH. Throws a clause when there is none or it is too old. */
export async function findGo(searchPath?: string): Promise<string> {
  const [major, minor] = OLDEST_GO;
  const [go] = onPath("go", searchPath);
  if (!go) throw new Error("Go is not on PATH");
  const printed = await run(go, ["env", "GOVERSION"], { timeoutMs: 10_000 }).catch(() => "");
  const version = printed.trim().replace(/^go/, "");
  const [its = 0, itsMinor = 0] = version.split(".").map(Number);
  if (its > major || (its === major && itsMinor >= minor)) return go;
  throw new Error(
    `${go} is Go ${version || "of an unknown version"}, and ${major}.${minor} or newer is needed`,
  );
}

/** One `go` command. Never with a C compiler or a workspace of the user's: the result is the same everywhere. */
async function runGo(
  go: string,
  args: readonly string[],
  cwd: string,
  onLine?: (line: string) => void,
): Promise<string> {
  const env = { ...process.env, CGO_ENABLED: "0", GOWORK: "off" };
  try {
    return await run(go, args, { cwd, env, onLine });
  } catch (error) {
    if (isDiskFull(error)) throw error;
    throw new Error(`the build with ${go} failed (${reasonIn(error as RunError)})`);
  }
}

/** The line that says what is wrong, among hundreds of names of packages. */
function reasonIn({ output, message }: RunError): string {
  const lines = output
    .split("\n")
    .filter((line) =>
      /error|fail|cannot|no such|requires|denied|timeout|dial|\b40\d\b/i.test(line),
    );
  return (lines.at(-1) ?? message).trim();
}
