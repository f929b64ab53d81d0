import type { Settings } from "../config/settings";
import type { Runtime } from "./contract";
import { operations as kubernetes } from "./kubernetes/operate";
import { operations as local } from "./local/operate";
import type { Operations } from "./operations";

/** All that there is about one kind of runtime. */
export interface Kind {
  /** What environments are made of, for a program; loading it loads Pulumi. */
  declare(): Promise<Runtime>;
  readonly operate: Operations;
}

/** Every kind there is; one in the settings without an entry here doesn't compile. */
const kinds: Record<Settings["runtime"], Kind> = {
  local: { declare: async () => (await import("./local/declare")).local, operate: local },
  kubernetes: {
    declare: async () => (await import("./kubernetes/declare")).kubernetes,
    operate: kubernetes,
  },
};

/** The kind of runtime that an environment is on. */
export function runtimeOf({ runtime }: Pick<Settings, "runtime">): Kind {
  return kinds[runtime];
}

/** What is done with an environment of that kind beside declaring it. */
export function operationsOf(settings: Pick<Settings, "runtime">): Operations {
  return runtimeOf(settings).operate;
}
