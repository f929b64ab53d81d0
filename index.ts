import { log, RunError } from "@pulumi/pulumi";
import { ArtifactStore } from "./components/artifact-store";
import { Foundation } from "./components/foundation";
import { ModelPin } from "./components/model-pin";
import { ModelServing } from "./components/model-serving";
import { Receipt } from "./components/receipt";
import { StageAlias } from "./components/stage-alias";
import { startProvider } from "./components/start-provider";
import { TrackingServer } from "./components/tracking-server";
import { fetchCandidate } from "./admission/candidate";
import { loadFromPulumi } from "./config/load";
import { releasePlace } from "./config/settings";
import { runtimeOf } from "./runtimes";

/** One environment: its artifact store, its tracking server and, once a version is pinned, what serves it. */
async function environment() {
  startProvider();
  const settings = await loadFromPulumi();
  const { declare, operate } = runtimeOf(settings);
  const [runtime, strangers] = await Promise.all([declare(), operate.strangers(settings)]);
  if (strangers.length > 0) throw new RunError(strangers.join("\n"));
  // Asked now and awaited later: what doesn't wait for the answer is declared meanwhile.
  const asked = fetchCandidate(settings, false);
  const below = Foundation.belowOf("foundation", { runtime, settings });
  const store = new ArtifactStore("artifact-store", { runtime, settings }, below);
  const tracking = new TrackingServer("tracking-server", { runtime, settings, store }, below);
  const candidate = await asked;
  if (!candidate) return { trackingUri: tracking.uri };
  if (
    candidate.problem?.code === "registry-unavailable" &&
    !(await operate.registryExists(settings))
  ) {
    await log.warn("The registry is made first; the pin is judged and released by the next up.");
    return { trackingUri: tracking.uri };
  }

  const { gates } = settings;
  const pin = new ModelPin("model-pin", { candidate, gates, ...releasePlace(settings) });
  const serving = new ModelServing(
    "model-serving",
    {
      runtime,
      settings,
      pin: candidate.pin,
      modelUri: pin.modelUri,
      trackingUri: tracking.uri,
      answers: pin.answers,
    },
    below,
  );
  const mark = new StageAlias("stage-alias", {
    settings,
    pin: candidate.pin,
    released: serving.released,
  });
  new Receipt(
    "receipt",
    { settings, pin: candidate.pin, admission: pin.admission },
    { dependsOn: mark },
  );
  return { trackingUri: tracking.uri, url: serving.url, model: pin.modelUri, alias: mark.alias };
}

export = environment;
