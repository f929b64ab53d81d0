import path from "node:path";
import { findGo, goBuild } from "../go";
import type { Progress } from "../progress";
import { ENGINE_VERSION } from "./engine";
import { writeHost } from "./host";

/** Folder with the go.mod and go.sum that fix every module of the build. */
const recipe = path.join(__dirname, "build");
const COMMAND = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
const VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

/** Builds the engine from the Go module proxy, with our language host beside it. Throws why it can't, as a clause. */
export async function buildEngine(
  folder: string,
  progress: Progress,
  searchPath?: string,
): Promise<void> {
  const go = await findGo(searchPath);
  const what = `Pulumi engine ${ENGINE_VERSION}`;
  progress(`Building the ${what}, which takes some minutes`);
  const build = {
    what,
    folder: recipe,
    package: COMMAND,
    variables: [`${VERSION_VARIABLE}=v${ENGINE_VERSION}`],
    output: path.join(folder, "pulumi"),
  };
  await goBuild(go, build, progress);
  writeHost(folder);
}
