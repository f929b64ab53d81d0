import type { Settings } from "../../config/settings";
import { registryOf } from "../registry/registry";
import type { RegistryStatus } from "../../runtimes/observed";

/** What the registry says of the stack's alias and its pinned version. Never throws. */
export async function registryStatus(settings: Settings): Promise<RegistryStatus> {
  const { model, alias, pin, trackingServer } = settings;
  const status: RegistryStatus = {
    uri: trackingServer.uri,
    alias: { name: alias, version: null },
    stage: null,
    evidence: null,
    problem: null,
  };
  const { isRegistryError } = await import("../../registry/errors");
  const { versionTags } = await import("../../registry/evidence");
  const orNull = (error: unknown) => {
    if (isRegistryError(error, "not-found")) return null;
    throw error;
  };
  try {
    const client = (await registryOf(settings)).within(Math.min(trackingServer.timeoutSeconds, 3));
    const [aliased, pinned] = await Promise.all([
      client.getModelVersionByAlias(model, alias).catch(orNull),
      pin ? client.getModelVersion(model, pin.version).catch(orNull) : null,
    ]);
    return {
      ...status,
      alias: { name: alias, version: aliased?.version ?? null },
      stage: pinned?.currentStage ?? null,
      evidence: pinned?.tags[versionTags.evidence] ?? null,
    };
  } catch (error) {
    return { ...status, problem: error instanceof Error ? error.message : String(error) };
  }
}
