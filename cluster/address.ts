/**
 * Which cluster and where in it. Values only: credentials are read from the kubeconfig when they are used, and never
 * recorded.
 */
export interface ClusterAddress {
  /** Absolute path; null: what KUBECONFIG names, else `~/.kube/config`. */
  readonly kubeconfig: string | null;
  /** Context in the kubeconfig; null: its current one. */
  readonly context: string | null;
  readonly namespace: string;
}
