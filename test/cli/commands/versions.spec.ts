// The real command line and gates; the registry is a stand-in.
import assert from "node:assert/strict";
import { versionTags } from "../../../registry/evidence";
import { artifactPath } from "../../../registry/artifact-paths";
import { sha256 } from "../../../strict/canonical";
import { type StandIn, standIn } from "../../registry/stand-in";
import { digestOf } from "../../support/evidence";
import { envelopeOf, judgedProject, recentEvidence, tollgate } from "../support/judged-project";

const secret = "s3cr3t-token";
const name = "churn-model";
const registered = Date.parse("2026-01-02T03:04:05Z");

/** Version 1 was never evaluated; 2 keeps accuracy 0.95; 3 has 0.5; 4 isn't ready. */
function documentOf(version: string): string | null {
  const evidence = recentEvidence();
  if (version !== "2" && version !== "3") return null;
  const metrics = version === "2" ? evidence.metrics : { ...evidence.metrics, accuracy: 0.5 };
  const model = { ...evidence.model, name, version, digest: digestOf(version) };
  return JSON.stringify({ ...evidence, model, metrics });
}

function answer(version: string) {
  const document = documentOf(version);
  const tags = [
    { key: "PARAM_API_TOKEN", value: secret },
    { key: versionTags.parameters, value: JSON.stringify({ token: secret }) },
    ...(version === "1" ? [] : [{ key: versionTags.digest, value: digestOf(version) }]),
    ...(document ? [{ key: versionTags.evidence, value: sha256(document) }] : []),
  ];
  return {
    name,
    version,
    status: version === "4" ? "PENDING_REGISTRATION" : "READY",
    source: `https://someone:${secret}@store.example.com/m`,
    run_id: recentEvidence().lineage.runId,
    creation_timestamp: registered,
    tags,
  };
}

describe("tollgate versions", function () {
  this.timeout(60_000);
  let registry: StandIn;
  let there: string[];
  beforeEach(async () => {
    there = ["1", "2", "3", "4"];
    registry = await standIn(({ url }) => {
      const { pathname, searchParams } = new URL(url, "http://x");
      if (pathname.endsWith("/search")) return { body: { model_versions: there.map(answer) } };
      const path = searchParams.get("path");
      for (const version of ["2", "3"]) {
        const document = documentOf(version)!;
        const model = { ...recentEvidence().model, name, version, digest: digestOf(version) };
        if (path === artifactPath("evidence", model)) return { body: document };
        if (path === artifactPath("evidence", model, ".dsse.json"))
          return { body: envelopeOf(document, { ...recentEvidence(), model }) };
      }
      const version = searchParams.get("version");
      if (version !== null && there.includes(version))
        return { body: { model_version: answer(version) } };
      return { status: 404, body: { error_code: "RESOURCE_DOES_NOT_EXIST", message: "none" } };
    });
  });
  afterEach(() => registry.close());

  async function inProject<T>(work: (cwd: string) => Promise<T>, more = ""): Promise<T> {
    const project = judgedProject(
      `  tollgate:trackingServer: { uri: "${registry.uri}", timeoutSeconds: 30 }\n${more}`,
    );
    try {
      return await work(project.dir);
    } finally {
      project.remove();
    }
  }

  const list = (...words: string[]) =>
    inProject((cwd) => tollgate("versions", "--stack", "staging", "--cwd", cwd, ...words));

  interface Listed {
    version: string;
    verdict: string;
    refusedBy: string[];
    metrics: Record<string, number> | null;
    problem: { code: string } | null;
    evidence: { digest: string; signed: boolean } | null;
    registeredAt: string;
  }

  it("gives of each its metrics, its evidence and its verdict, the newest first", async () => {
    const { code, out, err } = await list("--json");
    assert.equal(code, 0, err);
    const { versions, older } = JSON.parse(out) as { versions: Listed[]; older: number };
    assert.equal(older, 0);
    assert.deepEqual(
      versions.map(({ version, verdict, problem }) => [version, verdict, problem?.code ?? null]),
      [
        ["4", "unknown", "version-not-ready"],
        ["3", "refused", null],
        ["2", versions[2]?.verdict, null],
        ["1", "unknown", "evidence-missing"],
      ],
    );
    const [, third, second] = versions;
    assert.equal(third?.metrics?.accuracy, 0.5);
    assert.ok(third.refusedBy.includes("metric-floor"), third.refusedBy.join());
    assert.equal(second?.refusedBy.includes("metric-floor"), false);
    assert.equal(second.evidence?.digest, sha256(documentOf("2")!));
    assert.equal(second.evidence.signed, true);
    assert.equal(second.registeredAt, "2026-01-02T03:04:05.000Z");
  });

  it("says in the verdict what `evaluate` and `preview` would say", async () => {
    const pinned = `  tollgate:pin: 3@${digestOf("3")}\n`;
    const [listed, gates] = await inProject(
      async (cwd) => [
        await tollgate("versions", "--stack", "staging", "--cwd", cwd, "--json"),
        await import("../../../config/load").then(async ({ loadFromFile }) => {
          const { judgePin } = await import("../../../cli/releasing/judgement");
          return judgePin(await loadFromFile(cwd, "staging"));
        }),
      ],
      pinned,
    );
    const { versions } = JSON.parse(listed.out) as { versions: (Listed & { pinned: boolean })[] };
    const third = versions.find(({ pinned: here }) => here);
    const refusing = gates!.verdicts
      .filter(({ status, level }) => status === "refused" && level === "mandatory")
      .map(({ gate }) => gate);
    assert.equal(third?.version, "3");
    assert.deepEqual(third.refusedBy, [...new Set(refusing)]);
  });

  it("fits into 80 columns, and says nothing of tags, parameters and addresses", async () => {
    const { out } = await list();
    const rows = out.split("\n");
    assert.match(rows[0]!, /^version +registered +accuracy +evidence +verdict$/);
    assert.match(rows[2]!, /^3 +2026-01-02 +0\.5 +signed +refused: /);
    assert.match(rows[4]!, /^1 +2026-01-02 +none +not evaluated$/);
    assert.match(out, /^staging pins nothing and has released nothing yet\.$/m);
    for (const row of rows.slice(0, 5)) assert.ok(row.length <= 80, row);
    assert.ok(!(out + (await list("--json")).out).includes(secret));
  });

  it("lists as many as are asked for, and says how many are older", async () => {
    const { out } = await list("--last", "2");
    assert.match(out, /^4 /m);
    assert.doesNotMatch(out, /^2  /m);
    assert.match(out, /^2 older: --last 4 shows them too\.$/m);
    const wrong = await list("--last", "all");
    assert.deepEqual(
      [wrong.code, wrong.err],
      [64, '--last is "all": give a number of versions, such as 20.\n'],
    );
  });

  it("says what to do where there is none yet", async () => {
    there = [];
    const { code, out } = await list();
    assert.equal(code, 0);
    assert.match(out, /has no version of churn-model\.\nNext: tollgate train --stack staging$/m);
  });

  it("is named by whoever asks for a version that isn't there", async () => {
    for (const verb of [
      ["pin", "99"],
      ["evaluate", "--model-version", "99"],
    ]) {
      const { code, err } = await inProject((cwd) =>
        tollgate(...verb, "--stack", "staging", "--cwd", cwd),
      );
      assert.equal(code, 1);
      assert.match(
        err,
        /has no version 99 of churn-model: `tollgate versions --stack staging` lists/,
      );
    }
  });
});
