// Two teams with the same model and stack names in one cluster. Each works as a user that has Role tollgate-releaser of the
// team's own namespace and no other right; a platform team made the namespaces, from what `tollgate render` wrote.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { testCluster, type TestCluster } from "../support/cluster";
import { clusterProject, type ClusterProject } from "../support/cluster-project";
import { openWay, type Way } from "./faults/way";

type Config = Record<string, unknown>;

const minutes = (n: number) => n * 60_000;
const stack = "dev";
const teams = ["ana", "ben"] as const;

/** A team with its environment, and the way by which it reaches the cluster. */
interface Team {
  readonly project: ClusterProject;
  readonly namespace: string;
  readonly way: Way;
  readonly token: string;
}

describe("two teams in one cluster", function () {
  this.timeout(minutes(10));
  let cluster: TestCluster;
  const team = {} as Record<(typeof teams)[number], Team>;

  /** What the team's own user comes to. */
  const as = ({ way, token, project }: Team, ...args: string[]) =>
    way.as(token, () => project.project.tollgate([...args, "--stack", stack]));
  const must = ({ way, token, project }: Team, ...args: string[]) =>
    way.as(token, () => project.project.must(...args, "--stack", stack));

  before(async () => {
    cluster = testCluster();
    for (const name of teams) team[name] = await newTeam(cluster);
  });
  afterEach(async function () {
    if (this.currentTest?.state !== "failed") return;
    for (const { project } of Object.values(team)) console.log(await project.diagnosis(stack));
  });
  after(async () => {
    for (const { project, way } of Object.values(team)) {
      await project.dispose();
      await way.close();
    }
  });

  it("lets the user of each team bring up, train, pin and release with that one Role, side by side", async () => {
    const parameters = { ana: [], ben: ["--param", "n_estimators=120"] };
    const release = async (name: (typeof teams)[number]) => {
      const doctor = await as(team[name], "doctor");
      assert.match(doctor.stdout, /permissions +ok +all \d+ that `up` needs/);
      await must(team[name], "up");
      await must(team[name], "train", ...parameters[name]);
      await must(team[name], "pin", "1");
      await must(team[name], "up");
    };
    await Promise.all(teams.map(release));
  });

  it("serves each team its own model under the same names", async () => {
    const [ana, ben] = await Promise.all(teams.map((name) => health(team[name])));
    assert.equal(ana!.model, ben!.model);
    assert.equal(ana!.version, ben!.version);
    assert.notEqual(ana!.digest, ben!.digest);
    for (const name of teams) {
      const status = await must(team[name], "status", "--check", "--json");
      assert.deepEqual((JSON.parse(status.stdout) as { drift: string[] }).drift, []);
    }
  });

  it("refuses a user of one team the namespace of the other, and changes nothing there", async () => {
    const before = await objects(team.ben);
    team.ana.project.project.configure(stack, (config) => {
      (config["tollgate:kubernetes"] as Config)["namespace"] = team.ben.namespace;
    });
    const result = await as(team.ana, "up");
    assert.equal(result.code, 1, result.stdout + result.stderr);
    assert.match(result.stderr, new RegExp(`forbidden.*${team.ben.namespace}`));
    assert.deepEqual(await objects(team.ben), before);
    team.ana.project.project.git("checkout", "--", `Pulumi.${stack}.yaml`);
  });

  async function health({ project }: Team) {
    const answer = await fetch(`${project.url(stack)}/health`);
    return (await answer.json()) as { model: string; version: string; digest: string };
  }

  /** Each object of a team, with the version that the API server gives it at each change of what is asked for. */
  async function objects({ namespace }: Team): Promise<Record<string, number | undefined>> {
    const { items } = await cluster.get<{
      items: { kind: string; metadata: { name: string; generation?: number } }[];
    }>("deployments,services,networkpolicies,configmaps,secrets", "--namespace", namespace);
    return Object.fromEntries(
      items.map(({ kind, metadata }) => [`${kind}/${metadata.name}`, metadata.generation]),
    );
  }
});

/** What a platform team does for another: a namespace, the Roles, and a user bound to one of them. */
async function newTeam(cluster: TestCluster): Promise<Team> {
  const way = await openWay(cluster.kubeconfig);
  const project = await clusterProject(cluster, [stack], (config) => {
    config["tollgate:scorer"] = { startTimeoutSeconds: 240 };
    const kubernetes = config["tollgate:kubernetes"] as Config;
    Object.assign(kubernetes, { kubeconfig: way.kubeconfig, createNamespace: false });
  });
  const namespace = project.namespaces[stack]!;
  const enforce = { "pod-security.kubernetes.io/enforce": "restricted" };
  const rendered = mkdtempSync(path.join(tmpdir(), "tollgate-rendered-"));
  try {
    await apply(cluster, [
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: enforce } },
    ]);
    const out = path.join(rendered, "out");
    await project.project.must("render", "--stack", stack, "--out", out);
    const roles = readdirSync(out, { recursive: true, encoding: "utf8" })
      .filter((file) => /role/i.test(path.basename(file)))
      .map((file) => path.join(out, file));
    assert.equal(roles.length, 2, roles.join(", "));
    await cluster.kubectl(["apply", ...roles.flatMap((file) => ["--filename", file])]);
  } finally {
    rmSync(rendered, { recursive: true, force: true });
  }
  const metadata = { name: "releaser", namespace };
  const group = "rbac.authorization.k8s.io";
  await apply(cluster, [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: `${group}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: group, kind: "Role", name: "tollgate-releaser" },
      subjects: [{ kind: "ServiceAccount", ...metadata }],
    },
  ]);
  const token = ["create", "token", metadata.name, "--duration", "1h", "--namespace", namespace];
  return { project, namespace, way, token: (await cluster.kubectl(token)).trim() };
}

async function apply(cluster: TestCluster, items: readonly object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await cluster.kubectl(["apply", "--filename", "-"], list);
}
