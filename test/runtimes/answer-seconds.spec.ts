// One setting says how long an answer may take. Whoever stands between a caller and its answer waits that long.
import assert from "node:assert/strict";
import fc from "fast-check";
import { scorerProcess } from "../../runtimes/local/scorer-command";
import { preStopSeconds, scorerTemplate } from "../../runtimes/kubernetes/manifests/scorer";
import { routeManifests } from "../../runtimes/kubernetes/manifests/traffic";
import { routeTo, watchedRouteTo } from "../../provider/envoy/routes";
import { clusterSettings, digestOf, stagingSettings } from "../support/fixtures";

/** What a scorer needs besides its last answers: it kills its model 10 s after they were due. */
const beyond = 10;
const digest = digestOf("a");
const served = {
  modelUri: "models:/churn-model/2",
  version: "2",
  digest,
  trackingUri: "http://registry",
};
const ingress = { host: "churn.example.com", className: null, tlsSecret: null };

function argumentOf(words: readonly unknown[], flag: string): unknown {
  return words[words.indexOf(flag) + 1];
}

describe("tollgate:scorer.answerSeconds", () => {
  const seconds = fc.integer({ min: 1, max: 3600 });

  it("is what a scorer of this machine is told, and its process isn't ended before", () => {
    fc.assert(
      fc.property(seconds, (answerSeconds) => {
        const settings = stagingSettings();
        const given = { ...settings, scorer: { ...settings.scorer, answerSeconds } };
        const paths = { root: "/tollgate", python: "/python" };
        const scorer = { ...served, generation: "f00", replica: 0 };
        const { command, stopTimeoutSeconds } = scorerProcess(given, paths, scorer);
        assert.equal(argumentOf(command, "--answer-seconds"), String(answerSeconds));
        assert.ok(stopTimeoutSeconds > answerSeconds + beyond);
      }),
    );
  });

  it("is what a scorer in a cluster is told, its pod isn't ended before, and its Ingress waits", () => {
    fc.assert(
      fc.property(seconds, (answerSeconds) => {
        const { scorer } = clusterSettings();
        const settings = clusterSettings({ scorer: { ...scorer, answerSeconds } }, { ingress });
        const { spec } = scorerTemplate(settings, served);
        const { containers, terminationGracePeriodSeconds } = spec as unknown as {
          containers: { args: string[] }[];
          terminationGracePeriodSeconds: number;
        };
        assert.equal(argumentOf(containers[0]!.args, "--answer-seconds"), String(answerSeconds));
        assert.ok(terminationGracePeriodSeconds > preStopSeconds + answerSeconds + beyond);
        const { annotations } = routeManifests(settings)[0]!.metadata;
        assert.equal(
          annotations!["nginx.ingress.kubernetes.io/proxy-read-timeout"],
          String(answerSeconds),
        );
      }),
    );
  });

  it("is the router's limit, watched or not, and nothing else there is shorter", () => {
    fc.assert(
      fc.property(seconds, (answerSeconds) => {
        const facts = { version: "2", digest, fallbackVersion: "1" };
        for (const file of [
          routeTo("scorer", "2", digest, answerSeconds),
          watchedRouteTo("scorer", facts, answerSeconds, 1000),
        ]) {
          const { routes } = file.resources[0]!.virtual_hosts[0]!;
          const [open, ...others] = routes.flatMap(({ route }) => route ?? []);
          assert.equal(open!["timeout"], `${answerSeconds}s`);
          assert.ok(parseInt(String(open!["idle_timeout"])) > answerSeconds);
          assert.deepEqual(others, []);
        }
      }),
    );
  });
});
