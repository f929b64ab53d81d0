// Who may talk to whom, worked out from the policies as a cluster does. Cannot prove that a cluster's network enforces
// them.
import assert from "node:assert/strict";
import type { Manifest } from "../../../runtimes/kubernetes/manifests/manifest";
import { networkManifests } from "../../../runtimes/kubernetes/manifests/network";
import { scorerLabels } from "../../../runtimes/kubernetes/names";
import { changed, filesOnly, keptElsewhere, namesOf, settingsWith } from "./support";

type Labels = Readonly<Record<string, string>>;

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly { key: string; values: readonly string[] }[];
}

interface PolicySpec {
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly PolicyRule[];
  readonly egress?: readonly PolicyRule[];
}

interface PolicyRule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports: readonly { port: number; protocol: string }[];
}

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { cidr: string };
}

/** Null stands for somebody outside of the namespace. */
type Party = Labels | null;

function chosen({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ""))
  );
}

function allows(manifests: readonly Manifest[], from: Party, to: Party, port: number): boolean {
  const policies = manifests.map(({ spec }) => spec as PolicySpec);
  const side = (party: Party, other: Party, direction: "ingress" | "egress") => {
    if (party === null) return true;
    const rules = policies
      .filter(({ podSelector }) => chosen(podSelector, party))
      .flatMap((policy) => policy[direction] ?? []);
    return rules.some(
      (rule) =>
        rule.ports.some((each) => each.port === port && each.protocol === "TCP") &&
        isPeer(direction === "ingress" ? rule.from : rule.to, other),
    );
  };
  return side(from, to, "egress") && side(to, from, "ingress");
}

function isPeer(peers: readonly Peer[] | undefined, other: Party): boolean {
  if (!peers) return true;
  return peers.some(
    ({ podSelector, namespaceSelector }) =>
      podSelector && !namespaceSelector && other !== null && chosen(podSelector, other),
  );
}

const named = (name: string): Labels => ({ "app.kubernetes.io/name": name });
const scorer = scorerLabels("0a1b2c3d");
const server = named("tracking-server");
const migration = named("tracking-server-migrate");
const backup = named("database-backup");
const database = named("database");
const store = named("artifact-store");
const stranger = named("somebody-else");
const outside = null;

describe("networkManifests", () => {
  const staging = networkManifests(settingsWith());

  it("denies everything to every pod unless a policy says otherwise", () => {
    const deny = staging.find(({ metadata }) => metadata.name === "default-deny");
    assert.deepEqual(deny?.["spec"], { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  });

  for (const [who, from, whom, to, port] of [
    ["callers from anywhere", outside, "the scorer", scorer, 8000],
    ["pods of the namespace", stranger, "the scorer", scorer, 8000],
    ["scorers", scorer, "the MLflow server", server, 5000],
    ["pods of the namespace", stranger, "the MLflow server", server, 5000],
    ["the MLflow server", server, "the database", database, 5432],
    ["the migration", migration, "the database", database, 5432],
    ["the backup", backup, "the database", database, 5432],
    ["the MLflow server", server, "the store", store, 8333],
  ] as const) {
    it(`lets ${who} reach ${whom}`, () => {
      assert.equal(allows(staging, from, to, port), true);
    });
  }

  for (const [who, from, whom, to, port] of [
    ["anybody outside", outside, "the MLflow server", server, 5000],
    ["anybody outside", outside, "the database", database, 5432],
    ["anybody outside", outside, "the store", store, 8333],
    ["scorers", scorer, "the database", database, 5432],
    ["scorers", scorer, "the store", store, 8333],
    ["pods of the namespace", stranger, "the database", database, 5432],
    ["the backup", backup, "the store", store, 8333],
    ["scorers", scorer, "the world", outside, 443],
    ["the MLflow server", server, "the world", outside, 443],
    ["the database", database, "the world", outside, 443],
    ["callers", outside, "the scorer's other ports", scorer, 9000],
  ] as const) {
    it(`keeps ${who} from ${whom}`, () => {
      assert.equal(allows(staging, from, to, port), false);
    });
  }

  it("lets every pod ask for names at the cluster's DNS alone", () => {
    const dns = staging.find(({ metadata }) => metadata.name === "dns");
    assert.deepEqual(dns?.["spec"], {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [
        {
          to: [
            {
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
            },
            { ipBlock: { cidr: "169.254.20.10/32" } },
          ],
          ports: [
            { port: 53, protocol: "UDP" },
            { port: 53, protocol: "TCP" },
          ],
        },
      ],
    });
  });

  it("opens the way out to a database and a store that are kept elsewhere, by their ports", () => {
    const policies = networkManifests(settingsWith(keptElsewhere));
    assert.equal(allows(policies, server, outside, 5432), true);
    assert.equal(allows(policies, migration, outside, 5432), true);
    assert.equal(allows(policies, server, outside, 9000), true);
    assert.equal(allows(policies, server, outside, 443), false);
    assert.equal(allows(policies, scorer, outside, 5432), false);
    const aws = networkManifests(settingsWith(changed("artifactStore", { secret: "models-s3" })));
    assert.equal(allows(aws, server, outside, 443), true);
  });

  it("opens the way out to a registry that is kept elsewhere, and says nothing of one of our own", () => {
    const change = { managed: false, uri: "https://registry.example.com", port: 443 };
    const policies = networkManifests(settingsWith(changed("trackingServer", change)));
    assert.equal(allows(policies, scorer, outside, 443), true);
    assert.deepEqual(namesOf(policies), [
      "NetworkPolicy/default-deny",
      "NetworkPolicy/dns",
      "NetworkPolicy/callers",
      "NetworkPolicy/clients",
    ]);
  });

  it("has no policy for servers that the stack doesn't run", () => {
    assert.deepEqual(namesOf(networkManifests(settingsWith(filesOnly))), [
      "NetworkPolicy/default-deny",
      "NetworkPolicy/dns",
      "NetworkPolicy/callers",
      "NetworkPolicy/clients",
      "NetworkPolicy/registry",
    ]);
  });
});
