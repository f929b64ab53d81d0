/** See bundle.cjs. */
export interface BundleOptions {
  readonly external?: readonly string[];
  readonly absent?: readonly string[];
  readonly runner?: string;
}
export function bundle(entry: string, options?: BundleOptions): string;
export function requireBundled(entry: string, options?: BundleOptions): unknown;
export function runBundled(entry: string, options?: BundleOptions): unknown;
