import type { Settings } from "../config/settings";
import type { Runtime } from "./contract";
import { kubernetes } from "./kubernetes";
import { local } from "./local";

/** Every runtime there is; a kind in the settings without an entry here doesn't compile. */
export const runtimes: Record<Settings["runtime"], Runtime> = { local, kubernetes };
