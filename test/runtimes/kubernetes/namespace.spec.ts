// What an environment stands in, as data. Cannot prove that a cluster admits it: the specs in test/cluster/ do.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  releaserRules,
  type Rule,
  viewerRules,
} from "../../../runtimes/kubernetes/manifests/access";
import { limitsManifests } from "../../../runtimes/kubernetes/manifests/limits";
import { namespaceManifests } from "../../../runtimes/kubernetes/manifests/namespace";
import {
  shareOfBytes,
  sumOfBytes,
  sumOfCpu,
} from "../../../runtimes/kubernetes/manifests/quantity";
import { changed, filesOnly, keptElsewhere, namesOf, only, settingsWith } from "./support";

describe("namespaceManifests", () => {
  it("makes a namespace that admits only restricted pods, and that no tool deletes", () => {
    const { metadata } = only(namespaceManifests(settingsWith()), "Namespace");
    assert.deepEqual(metadata, {
      name: "churn-model-staging",
      labels: {
        "app.kubernetes.io/name": "churn-model-staging",
        "app.kubernetes.io/part-of": "churn-model",
        "app.kubernetes.io/managed-by": "tollgate",
        "tollgate.dev/stack": "staging",
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/audit": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
      },
      annotations: {
        "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
      },
    });
  });

  it("makes everything but the namespace where somebody else makes that", () => {
    const all = namesOf(namespaceManifests(settingsWith()));
    const without = namesOf(namespaceManifests(settingsWith({}, { createNamespace: false })));
    assert.deepEqual(["Namespace/churn-model-staging", ...without], all);
  });

  const accounts = (...args: Parameters<typeof settingsWith>) =>
    namespaceManifests(settingsWith(...args)).filter(({ kind }) => kind === "ServiceAccount");

  it("gives each workload an account of its own, without a token", () => {
    const made = accounts();
    assert.deepEqual(namesOf(made), [
      "ServiceAccount/scorer",
      "ServiceAccount/tracking-server",
      "ServiceAccount/database",
      "ServiceAccount/artifact-store",
    ]);
    assert.ok(made.every((each) => each["automountServiceAccountToken"] === false));
  });

  it("makes no account for what the stack doesn't run", () => {
    const server = ["ServiceAccount/scorer", "ServiceAccount/tracking-server"];
    assert.deepEqual(namesOf(accounts(filesOnly)), server);
    assert.deepEqual(namesOf(accounts(keptElsewhere)), server);
    assert.deepEqual(namesOf(accounts(changed("trackingServer", { managed: false }))), [
      "ServiceAccount/scorer",
    ]);
  });
});

describe("limitsManifests", () => {
  it("makes none where containers ask for nothing", () => {
    assert.deepEqual(limitsManifests(settingsWith({}, { resourceLevel: "none" })), []);
  });

  it("adds up what the stack declares, for three sets of scorers", () => {
    const [quota, range] = limitsManifests(settingsWith(changed("scorer", { replicas: 2 })));
    // 8 scorers, 3 servers, 3 databases and 1 store of 500m and 512Mi; 5 by hand of 100m and 128Mi.
    assert.deepEqual(quota?.["spec"], {
      hard: {
        "requests.cpu": "8",
        "requests.memory": "8320Mi",
        pods: "26",
        persistentvolumeclaims: "8",
      },
    });
    assert.deepEqual(range?.["spec"], {
      limits: [{ type: "Container", defaultRequest: { cpu: "100m", memory: "128Mi" } }],
    });
  });

  it("counts an autoscaler's most scorers, and limits what has limits", () => {
    const autoscale = { maxReplicas: 10, cpuPercent: 70, requestsPerSecond: null };
    const [quota, range] = limitsManifests(
      settingsWith(keptElsewhere, { autoscale, resourceLevel: "limits" }),
    );
    assert.deepEqual(quota?.["spec"], {
      hard: {
        "requests.cpu": "18",
        "requests.memory": "18560Mi",
        "limits.cpu": "18",
        "limits.memory": "18560Mi",
        pods: "50",
        persistentvolumeclaims: "8",
      },
    });
    assert.deepEqual(range?.["spec"], {
      limits: [
        {
          type: "Container",
          defaultRequest: { cpu: "100m", memory: "128Mi" },
          default: { cpu: "100m", memory: "128Mi" },
        },
      ],
    });
  });
});

describe("quantities", () => {
  it("are added as Kubernetes writes them", () => {
    assert.equal(sumOfCpu([[3, "500m"]]), "1500m");
    assert.equal(sumOfCpu([[1, "2"], [2, "500m"]]), "3"); // prettier-ignore
    assert.equal(sumOfBytes([[2, "512Mi"]]), "1Gi");
    assert.equal(sumOfBytes([[1, "1G"]]), "954Mi");
    assert.equal(sumOfBytes([]), "0Mi");
    assert.equal(shareOfBytes("256Mi", 0.25), 64);
  });

  it("are never less than their parts, and at most a MiB or a millicore more", () => {
    const size = fc.integer({ min: 1, max: 9999 });
    const factor: Record<string, number> = { Mi: 1, Gi: 2 ** 10, Ti: 2 ** 20, Pi: 2 ** 30 };
    const read = (text: string) => {
      const [, digits, suffix] = /^(\d+)(\w+)$/.exec(text)!;
      return Number(digits) * factor[suffix!]!;
    };
    fc.assert(
      fc.property(size, size, (mebibytes, megabytes) => {
        const sum = read(sumOfBytes([[1, `${mebibytes}Mi`], [1, `${megabytes}M`]])); // prettier-ignore
        const exact = mebibytes + (megabytes * 1e6) / 2 ** 20;
        assert.ok(sum >= exact - 1e-6 && sum < exact + 1);
      }),
    );
  });
});

describe("access roles", () => {
  const granted = (rules: readonly Rule[], resource: string) =>
    rules.filter(({ resources }) => resources.includes(resource)).flatMap(({ verbs }) => verbs);

  it("let a releaser do what an update does, and bind nobody", () => {
    for (const kind of ["deployments", "rollouts", "services", "networkpolicies", "roles"]) {
      assert.deepEqual(
        granted(releaserRules, kind),
        ["get", "list", "watch", "create", "update", "patch", "delete"],
        kind,
      );
    }
    assert.deepEqual(granted(releaserRules, "secrets"), ["get", "create", "patch", "delete"]);
    assert.deepEqual(granted(releaserRules, "rolebindings"), []);
    assert.deepEqual(granted(releaserRules, "rollouts/status"), ["patch"]);
    assert.deepEqual(granted(releaserRules, "pods/exec"), []);
  });

  it("let a viewer change nothing, read no Secret and open no tunnel", () => {
    const verbs = new Set(viewerRules.flatMap((rule) => rule.verbs));
    assert.deepEqual([...verbs].sort(), ["get", "list", "watch"]);
    assert.deepEqual(granted(viewerRules, "secrets"), []);
    assert.deepEqual(granted(viewerRules, "pods/portforward"), []);
  });

  it("name no resource and no verb by a wildcard", () => {
    const words = [...releaserRules, ...viewerRules].flatMap((rule) => [
      ...rule.apiGroups,
      ...rule.resources,
      ...rule.verbs,
    ]);
    assert.ok(!words.includes("*"));
  });
});
