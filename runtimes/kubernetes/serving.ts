import * as pulumi from "@pulumi/pulumi";
import { ClusterRelease } from "../../provider/resources";
import type { ServingInputs, ServingParts } from "../contract";
import { declare } from "./declare-objects";
import type { ClusterSettings } from "../../config/settings";
import { inCluster } from "./in-cluster";
import type { Manifest } from "./manifests/manifest";
import { generationOf, scorerContainer, type Served, templateOf } from "./manifests/scorer";
import { servingManifests } from "./manifests/serving";
import { servingUrl } from "./manifests/traffic";
import { workloadRefOf } from "./manifests/workload";
import { names, ports, scorerLabels } from "./names";

/**
 * Declares what serves a version, and its release. A generation's Deployment is a new resource beside the old one, which
 * the engine deletes last of all; a Rollout is changed in place, and Argo keeps the old pods.
 *
 * @param opts with a parent whose providers say which cluster
 */
export function declareServing(
  name: string,
  inputs: ServingInputs,
  opts: pulumi.CustomResourceOptions,
): ServingParts {
  const { modelUri, trackingUri, version, digest } = inputs;
  const settings = inCluster(inputs.settings);
  const served: Served = {
    version,
    digest,
    modelUri: pulumi.output(modelUri),
    trackingUri: pulumi.output(trackingUri),
  };
  const { before, services, workload, after } = servingManifests(settings, served);
  const referredTo = [
    ...declare(name, before, opts),
    ...declare(name, services.map(withoutSelector), opts),
  ];
  const scorers = declare(name, workload, pulumi.mergeOptions(opts, { dependsOn: referredTo }));
  const around = declare(name, after, pulumi.mergeOptions(opts, { dependsOn: scorers }));
  const release = new ClusterRelease(
    `${name}-release`,
    { ...releaseInputs(settings, served), answers: inputs.answers },
    pulumi.mergeOptions(opts, { dependsOn: [...scorers, ...around] }),
  );
  return { url: release.url, released: release.digest };
}

/**
 * A release moves the selector of a Service, or Argo does: what the program said of it would take the traffic back with
 * the next change of the Service. So it says nothing, and callers get no answer before the first release is checked.
 */
function withoutSelector(service: Manifest): Manifest {
  const { selector, ...spec } = service["spec"] as Record<string, unknown>;
  return { ...service, spec };
}

function releaseInputs(settings: ClusterSettings, served: Served) {
  const { stateDir, model, scorer, release, kubernetes } = settings;
  const { kind, name } = workloadRefOf(settings, served);
  const { watchSeconds, maxErrorRate, maxP95Ms } = release;
  return {
    cluster: kubernetes.cluster,
    stateDir,
    workload: { kind, name },
    service: names.scorer,
    selector: scorerLabels(generationOf(settings, served)),
    container: scorerContainer(settings),
    port: ports.scorer,
    url: servingUrl(settings),
    model,
    version: served.version,
    digest: served.digest,
    template: templateOf(settings, served),
    replicas: scorer.replicas,
    startTimeoutSeconds: scorer.startTimeoutSeconds,
    watchSeconds,
    maxErrorRate,
    maxP95Ms,
  };
}
