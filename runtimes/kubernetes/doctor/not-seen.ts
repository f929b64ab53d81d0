import { ClusterError } from "../../../cluster/cluster";
import { type Part, wrong } from "../../../toolchain/doctor-part";

/** A part that could not be looked at for want of a right; every other failure is thrown. */
export function notSeen(part: string): (error: unknown) => Part {
  return (error) => {
    if (!(error instanceof ClusterError) || error.code !== "forbidden") throw error;
    return wrong(part, "unknown", "may not be looked at by the user of this context", null);
  };
}
