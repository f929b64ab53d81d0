import { analysisManifests } from "./analysis";
import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "./manifest";
import { monitoringManifests } from "./monitoring";
import { registryCaManifests } from "./registry-ca";
import { scalingManifests } from "./scaling";
import type { Served } from "./scorer";
import { routeManifests, serviceManifests } from "./traffic";
import { movedByArgo, workloadManifests } from "./workload";

/** The objects that serve a version, by when they are needed. */
export interface ServingManifests {
  /** What the scorers refer to. */
  readonly before: readonly Manifest[];
  /** Their selectors are moved by a release. */
  readonly services: readonly Manifest[];
  readonly workload: readonly Manifest[];
  /** What refers to the scorers. */
  readonly after: readonly Manifest[];
}

/** Everything that serves a version. */
export function servingManifests(settings: ClusterSettings, served: Served): ServingManifests {
  return {
    before: [
      ...registryCaManifests(settings),
      ...(movedByArgo(settings) ? analysisManifests(settings) : []),
    ],
    services: serviceManifests(settings, served),
    workload: workloadManifests(settings, served),
    after: [
      ...scalingManifests(settings, served),
      ...routeManifests(settings),
      ...monitoringManifests(settings),
    ],
  };
}
