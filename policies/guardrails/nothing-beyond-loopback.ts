import type { Guardrail } from "./guardrail";
import { openingsInAws } from "./openings/aws";
import { openingsInDocker } from "./openings/docker";
import { openingsInKubernetes } from "./openings/kubernetes";
import { openingsOfProcess } from "./openings/process";

/**
 * Refuses whatever can be reached from beyond its own machine, cluster or private network, unless the stack's file names
 * the resource in `tollgate:exposed`: what can be reached from elsewhere is a decision, and stands where it is reviewed.
 *
 * An address that isn't known at preview is refused, but for those in a process's command. What isn't in `openings/` isn't judged.
 */
export const nothingBeyondLoopback: Guardrail = {
  name: "nothing-beyond-loopback",
  description: "Nothing listens beyond loopback unless tollgate:exposed names it.",
  severity: "critical",
  remedy:
    "Let it listen on 127.0.0.1 (or inside the cluster or the private network), or add its name to tollgate:exposed in a reviewed change.",
  alone(resource, { exposed }) {
    if (exposed.includes(resource.name)) return [];
    return [
      ...openingsOfProcess(resource),
      ...openingsInDocker(resource),
      ...openingsInKubernetes(resource),
      ...openingsInAws(resource),
    ];
  },
};
