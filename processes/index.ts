/** Processes that outlive the command: what the command line needs of them. */
export { logFile, logTail } from "./folder";
export { inspectProcess, type Inspection } from "./inspect";
