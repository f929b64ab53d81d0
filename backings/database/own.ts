import type { Settings } from "../../config/settings";
import type { DatabaseBacking } from "./backing";

/** A database of this stack's own, run by its runtime. */
export function ownDatabase(settings: Settings): DatabaseBacking {
  return {
    keptBy: "own",
    secret: null,
    declare: (runtime, name, opts) => runtime.database(name, settings, opts),
  };
}
