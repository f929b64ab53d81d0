import path from "node:path";
import { isDiskFull } from "../install";
import { onPath, run, type RunError } from "../processes";
import type { Progress } from "../progress";
import { ENGINE_VERSION } from "./engine";
import { writeHost } from "./host";

/** Folder with the go.mod and go.sum that fix every module of the build. */
const recipe = path.join(__dirname, "build");
const COMMAND = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
const VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
/** Oldest Go that fetches by itself the Go that the modules want. */
const OLDEST_GO = [1, 21] as const;

/** Builds the engine from the Go module proxy, with our language host beside it. Throws why it can't, as a clause. */
export async function buildEngine(
  folder: string,
  progress: Progress,
  searchPath?: string,
): Promise<void> {
  const go = await findGo(searchPath);
  progress(`Building the Pulumi engine ${ENGINE_VERSION}, which takes some minutes`);
  const flags = ["-s", "-w", "-X", `${VERSION_VARIABLE}=v${ENGINE_VERSION}`].join(" ");
  const args = [
    "build",
    "-v",
    "-mod=readonly",
    "-trimpath",
    "-ldflags",
    flags,
    "-o",
    path.join(folder, "pulumi"),
    COMMAND,
  ];
  let compiled = 0;
  try {
    await run(go, args, {
      cwd: recipe,
      env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" },
      onLine: (line) => {
        const module = /^go: downloading (\S+)/.exec(line)?.[1];
        progress(
          module
            ? `Building the Pulumi engine ${ENGINE_VERSION}: downloading ${module}`
            : `Building the Pulumi engine ${ENGINE_VERSION}: ${++compiled} packages compiled`,
        );
      },
    });
  } catch (error) {
    if (isDiskFull(error)) throw error;
    throw new Error(`the build with ${go} failed (${reasonIn(error as RunError)})`);
  }
  writeHost(folder);
}

/** Go on PATH. Throws a clause when there is none or it is too old. */
async function findGo(searchPath?: string): Promise<string> {
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

/** The line that says what is wrong, among hundreds of names of packages. */
function reasonIn({ output, message }: RunError): string {
  const lines = output
    .split("\n")
    .filter((line) =>
      /error|fail|cannot|no such|requires|denied|timeout|dial|\b40\d\b/i.test(line),
    );
  return (lines.at(-1) ?? message).trim();
}
