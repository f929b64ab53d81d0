/** See requirements.cjs. */
export function check(): void;
export function nodeProblem(version: string): string | null;
export function packagesProblem(folder: string): string | null;
export function outdatedPackage(folder: string): string | null;
