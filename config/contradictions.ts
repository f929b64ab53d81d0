import type { Problem } from "../strict/problems";
import { defaults } from "./defaults";
import type { RawSettings } from "./schema";
import type { TierDefaults } from "./tiers";

/** Settings that are right one by one but not together, one problem for each. */
export function contradictions(raw: RawSettings, tier: TierDefaults): Problem[] {
  const { trackingServer, scorer } = raw;
  const problems = clusterContradictions(raw, tier);
  if (trackingServer?.uri !== undefined) {
    for (const key of ["host", "port", "credentials"] as const) {
      if (trackingServer[key] === undefined) continue;
      problems.push({
        path: ["trackingServer", key],
        text: `got ${JSON.stringify(trackingServer[key])}, expected nothing beside trackingServer.uri, whose server is kept elsewhere`,
      });
    }
    return problems;
  }
  const port = scorer?.port ?? tier.scorerPort;
  if (port === (trackingServer?.port ?? tier.trackingPort)) {
    const text = `got ${port}, expected another port than the tracking server's`;
    problems.push({ path: ["scorer", "port"], text });
  }
  return problems;
}

/** What a cluster needs that this machine doesn't, and the other way round. */
function clusterContradictions(raw: RawSettings, tier: TierDefaults): Problem[] {
  const problems: Problem[] = [];
  const expect = (path: string[], wrong: boolean, text: string) => {
    if (wrong) problems.push({ path, text });
  };
  if (raw.runtime !== "kubernetes") {
    for (const key of ["database", "artifactStore"] as const) {
      const got = raw[key]?.secret;
      const text = `got ${JSON.stringify(got)}, expected nothing, for runtime ${raw.runtime ?? defaults.runtime} keeps its own`;
      expect([key, "secret"], got !== undefined, text);
    }
    return problems;
  }
  const { kubernetes, database, artifactStore, trackingServer, scorer } = raw;
  const managed = trackingServer?.uri === undefined;
  const missing = "got nothing, expected an image by digest";
  expect(["kubernetes"], !kubernetes, "got nothing, expected at least kubernetes.images.tollgate");
  const postgres = managed && !database?.secret && (database?.kind ?? tier.database) === "postgres";
  expect(
    ["kubernetes", "images", "postgres"],
    !!kubernetes && postgres && !kubernetes.images.postgres,
    `${missing}, or a database kept elsewhere (tollgate:database.secret)`,
  );
  const s3 =
    managed && !artifactStore?.secret && (artifactStore?.kind ?? tier.artifactStore) === "s3";
  expect(
    ["kubernetes", "images", "seaweedfs"],
    !!kubernetes && s3 && !kubernetes.images.seaweedfs,
    `${missing}, or a store kept elsewhere (tollgate:artifactStore.secret)`,
  );
  expect(
    ["kubernetes", "modelImage"],
    kubernetes?.modelFrom === "image" && !kubernetes.modelImage,
    `${missing}, for modelFrom is "image"`,
  );
  expect(
    ["kubernetes", "rollout"],
    kubernetes?.modelFrom === "kserve" &&
      (kubernetes.rollout ?? defaults.kubernetes.rollout) !== "deployment",
    `got ${JSON.stringify(kubernetes?.rollout)}, expected "deployment": Argo Rollouts can't move what KServe serves`,
  );
  expect(
    ["kubernetes", "autoscale", "requestsPerSecond"],
    kubernetes?.modelFrom === "kserve" && kubernetes.autoscale?.requestsPerSecond !== undefined,
    `got ${kubernetes?.autoscale?.requestsPerSecond}, expected cpuPercent: KServe scales by nothing else here`,
  );
  expect(
    ["scorer", "memoryMiB"],
    scorer?.memoryMiB !== undefined,
    `got ${scorer?.memoryMiB}, expected nothing: in a cluster tollgate:kubernetes.resources.scorer.memory says it`,
  );
  for (const [key, host] of [
    ["trackingServer", trackingServer?.host],
    ["scorer", scorer?.host],
  ] as const) {
    expect(
      [key, "host"],
      host !== undefined,
      `got ${JSON.stringify(host)}, expected nothing: in a cluster tollgate:kubernetes.service says who gets in`,
    );
  }
  return problems;
}
