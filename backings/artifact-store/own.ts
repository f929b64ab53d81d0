import type { Settings } from "../../config/settings";
import type { ArtifactStoreBacking } from "./backing";

/** A folder or an S3 store of this stack's own, run by its runtime. */
export function ownArtifactStore(settings: Settings): ArtifactStoreBacking {
  return {
    keptBy: "own",
    secret: null,
    declare: (runtime, name, opts) => runtime.artifactStore(name, settings, opts),
  };
}
