import type { BundleOptions } from "./bundle.cjs";

/** See entries.cjs. */
type Entry = [file: string, options: BundleOptions];
export const program: Entry;
export const run: Entry;
export const provider: Entry;
export const pack: Entry;
