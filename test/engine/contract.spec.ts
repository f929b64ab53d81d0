// The contract of a runtime on this machine: an environment that the real engine makes, with MLflow, scorer and router.
import { operationsOf } from "../../runtimes";
import { keepsTheContract, type TestEnvironment } from "../runtimes/contract";
import { TestProject } from "../support/project";
import { projectEnvironment } from "../support/project-environment";

async function onThisMachine(): Promise<TestEnvironment> {
  const project = await TestProject.create("churn", ["dev"]);
  return {
    ...projectEnvironment(project, "dev"),
    dispose: () => project.dispose(),
    // The provider looks at each process by itself, and its keeper knows every one that was started.
    changeByHand: null,
    leaveBehind: null,
  };
}

keepsTheContract("local", operationsOf({ runtime: "local" }), onThisMachine);
