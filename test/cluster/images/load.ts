import path from "node:path";
import { run } from "../../../toolchain/processes";
import { clusterCache } from "../own-node";
import type { Progress } from "../../../toolchain/progress";
import { behaviours, behaviourVariable, imageName } from "../bad-scorer/behaviours";
import { olderImage } from "../../support/cluster";
import { makeLayers, type Layers } from "./layers";
import { imageOf, withArchive, type ImageRecipe } from "./oci";

const node = path.join(__dirname, "..", "node");
const binaries = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/** References of images as pods name them: by digest. By the name of the image. */
export type Images = Readonly<Record<string, string>>;

/** Makes what the cache lacks, and loads what the running cluster lacks. Needs root, as the cluster does. */
export async function loadImages(progress: Progress): Promise<Images> {
  const images = recipes(await makeLayers(path.join(clusterCache(), "images"), progress)).map(
    imageOf,
  );
  progress("Loading the test images into the cluster");
  const has = new Set((await run(path.join(node, "ctr"), ["content", "ls", "-q"])).split("\n"));
  await withArchive(images, has, async (folder) => {
    // Through a pipe: the archive of all of them is 1 GB.
    const pipe = 'tar --create --dereference --directory "$0" . | "$1" -';
    await run("bash", ["-o", "pipefail", "-c", pipe, folder, path.join(node, "load")]);
  });
  const references = images.map(({ name, reference }) => [path.basename(name), reference]);
  return Object.fromEntries(references) as Images;
}

/** The environment variables of `tollgate` are those of serving/Dockerfile, then as now. */
function recipes({ debian, tollgate, older, weed, badScorer }: Layers): ImageRecipe[] {
  const image = (
    name: string,
    layers: ImageRecipe["layers"],
    env: readonly string[] = [],
    path_ = binaries,
  ): ImageRecipe => ({
    name: `tollgate.local/${name}`,
    layers,
    env: [`PATH=${path_}`, ...env],
  });
  const python = ["HOME=/tmp", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"];
  return [
    image("tollgate", [debian, tollgate.packages, tollgate.serving], python),
    image(olderImage, [debian, older.packages, older.serving], python),
    // Debian's /usr/bin/psql and the like are scripts that look for Debian's clusters.
    image("postgres", [debian], [], `/usr/lib/postgresql/15/bin:${binaries}`),
    image("seaweedfs", [debian, weed]),
    image("prometheus", [debian]),
    ...behaviours.map((behaviour) =>
      image(imageName(behaviour), [debian, badScorer], [`${behaviourVariable}=${behaviour}`]),
    ),
  ];
}
