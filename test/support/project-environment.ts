import { loadFromFile } from "../../config/load";
import type { TestProject } from "./project";

/** One stack of a project, made and taken away by the command line: by the real engine, as a user would. */
export function projectEnvironment(project: TestProject, stack: string) {
  const must = (...args: string[]) => project.must(...args, "--stack", stack);
  return {
    settings: () => loadFromFile(project.dir, stack),
    async release(): Promise<void> {
      await must("up");
      await must("train");
      await must("pin", "1");
      await must("up");
    },
    async destroy(): Promise<void> {
      await must("destroy");
    },
  };
}
