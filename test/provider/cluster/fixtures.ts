import type { ClusterReleaseInputs } from "../../../provider/inputs";
import { digestOf } from "../../support/fixtures";

/** What a release is asked for, of the cluster that a MemoryCluster stands for. */
export function releaseInputs(change: Partial<ClusterReleaseInputs> = {}): ClusterReleaseInputs {
  return {
    cluster: { kubeconfig: null, context: null, namespace: "shop" },
    stateDir: "/project/.tollgate/staging",
    workload: { kind: "Deployment", name: "scorer-abc" },
    service: "scorer",
    selector: { "tollgate.dev/generation": "abc" },
    container: "scorer",
    port: 8000,
    url: "http://scorer.shop.svc:8000",
    model: "churn",
    version: "2",
    digest: digestOf("2"),
    template: "0123abcd",
    replicas: 2,
    startTimeoutSeconds: 0,
    watchSeconds: 0,
    maxErrorRate: 0.01,
    maxP95Ms: 200,
    answers: null,
    ...change,
  };
}
