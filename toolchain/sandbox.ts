import path from "node:path";
import { ok, type Part } from "./doctor-part";
import { run } from "./processes";
import { findPython, type PythonEnvironment } from "./python";

/** What `python -m tollgate_serving.sandbox` says of this host. */
interface Found {
  /** Why bubblewrap doesn't work; null when it does. */
  readonly bubblewrap: string | null;
  /** Version of the kernel's interface; 0: none. */
  readonly landlock: number;
  readonly seccomp: boolean;
}

const root = path.join(__dirname, "..");
const part = "sandbox";

/**
 * What can be around a scorer on this machine. Never wrong by itself: whether a stack goes without is its own setting
 * (`tollgate:scorer.sandbox`), so a machine without one is `unknown` and says what becomes of that.
 */
export async function sandboxPart(requirementsFile: string): Promise<Part> {
  const environment = await Promise.resolve()
    .then(() => findPython(requirementsFile))
    .catch(() => null);
  if (!environment) return unknown("looked at once there is a Python environment");
  const found = await ask(environment);
  return found ? partOf(found) : unknown("the Python environment doesn't tell");
}

/** The part for what was found. */
export function partOf({ bubblewrap, landlock, seccomp }: Found): Part {
  if (seccomp && bubblewrap === null) {
    return ok(part, null, `bubblewrap${landlock > 0 ? `, Landlock ${landlock}` : ""}, seccomp`);
  }
  const instead = "allow user namespaces to programs (sysctl, or an AppArmor profile)";
  if (seccomp && landlock > 0) {
    const source = `Landlock ${landlock}, seccomp; no bubblewrap (${bubblewrap}): to have it, ${instead}`;
    return ok(part, null, source);
  }
  const lacking = seccomp ? `${bubblewrap}; no Landlock` : "no seccomp";
  return unknown(
    `none (${lacking}): scorers start only where tollgate:scorer.sandbox is preferred or off; ` +
      `on Linux, ${instead} or use a kernel with Landlock`,
  );
}

async function ask({ python }: PythonEnvironment): Promise<Found | null> {
  const options = { env: { ...process.env, PYTHONPATH: path.join(root, "serving") } };
  try {
    return JSON.parse(
      await run(python, ["-P", "-m", "tollgate_serving.sandbox"], options),
    ) as Found;
  } catch {
    return null;
  }
}

function unknown(source: string): Part {
  return { part, status: "unknown", version: null, source, mend: null };
}
