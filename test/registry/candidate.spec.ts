import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Candidate } from "../../policies/gate";
import { artifactPath } from "../../registry/artifact-paths";
import { fetchCandidateFacts } from "../../registry/candidate";
import { RegistryClient } from "../../registry/client";
import { compliantEvidence, pin } from "../support/fixtures";
import { freePort } from "../../processes/ports";
import { type Answer, type Received, standIn, type StandIn } from "./stand-in";

const envelope = '{"payloadType":"application/vnd.in-toto+json"}';
const provenance = '{"payloadType":"application/vnd.in-toto+json","of":"the training"}';
const document = JSON.stringify(compliantEvidence());
const sha256 = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

interface Registry {
  /** Fields of the version as MLflow sends them. */
  readonly version?: Record<string, unknown>;
  readonly evidence?: string;
  /** The envelope beside it; null for none. */
  readonly signature?: string | null;
  /** What was signed of the training; null for nothing. */
  readonly training?: string | null;
  /** Digest in the evidence tag. @default that of the evidence; null leaves the tag out */
  readonly tag?: string | null;
  /** Answers to give instead, by the beginning of the address. */
  readonly instead?: Record<string, Answer | "reset">;
}

/** Answers as MLflow would, apart from what is given. */
function registry({
  version,
  evidence = document,
  signature = envelope,
  training = provenance,
  tag,
  instead = {},
}: Registry) {
  return ({ url }: Received): Answer | "reset" => {
    for (const [beginning, answer] of Object.entries(instead)) {
      if (url.startsWith(beginning)) {
        return answer;
      }
    }
    if (url.startsWith("/get-artifact?") && url.includes("provenance")) {
      return training === null ? missing : { body: training };
    }
    if (url.startsWith("/get-artifact?") && url.includes("dsse")) {
      return signature === null ? missing : { body: signature };
    }
    if (url.startsWith("/get-artifact?")) {
      return { body: evidence };
    }
    const tags = [{ key: "tollgate.digest", value: pin.digest }];
    if (tag !== null) {
      tags.push({ key: "tollgate.evidence", value: tag ?? sha256(evidence) });
    }
    const usual = { name: pin.name, version: pin.version, status: "READY", run_id: "r1", tags };
    return { body: { model_version: { ...usual, ...version } } };
  };
}

const versionUrl = "/api/2.0/mlflow/model-versions/get";
const missing = { status: 404, body: { error_code: "RESOURCE_DOES_NOT_EXIST", message: "gone" } };

/** The evidence with one piece of its text changed. */
function changed(from: string, to: string): string {
  assert.ok(document.includes(from), from);
  return document.replace(from, to);
}

type Code = NonNullable<Candidate["problem"]>["code"];
const problems: {
  title: string;
  given: Registry;
  code: Code;
  says: RegExp;
  registryDigest?: null;
  timeoutSeconds?: number;
}[] = [
  {
    title: "answers 500",
    given: { instead: { "/": { status: 500 } } },
    code: "registry-unavailable",
    says: /it answered 500/,
    registryDigest: null,
  },
  {
    title: "answers HTML",
    given: { instead: { "/": { body: "<html>" } } },
    code: "registry-unavailable",
    says: /a page of HTML instead of JSON/,
    registryDigest: null,
  },
  {
    title: "breaks off its answer",
    given: { instead: { "/": { body: { a: "b".repeat(99) }, breakAfterBytes: 9 } } },
    code: "registry-unavailable",
    says: /the connection broke/,
    registryDigest: null,
  },
  {
    title: "answers with other JSON",
    given: { instead: { [versionUrl]: { body: { model_version: { name: 7 } } } } },
    code: "registry-unavailable",
    says: /its answer is not MLflow's, model_version\.name is not as expected/,
    registryDigest: null,
  },
  {
    title: "wants other credentials",
    given: { instead: { "/": { status: 401 } } },
    code: "registry-unavailable",
    says: /MLFLOW_TRACKING_USERNAME/,
    registryDigest: null,
  },
  {
    title: "is slow",
    timeoutSeconds: 1,
    given: { instead: { "/": { delayMs: 60_000 } } },
    code: "registry-unavailable",
    says: /no answer within/,
    registryDigest: null,
  },
  {
    title: "is slow with the evidence",
    timeoutSeconds: 3,
    given: { instead: { "/get-artifact": { delayMs: 60_000 } } },
    code: "registry-unavailable",
    says: /download artifact "tollgate\/evidence-2-[0-9a-f]{32}\.json".*no answer within/,
  },
  {
    title: "does not know the version",
    given: { instead: { [versionUrl]: missing } },
    code: "version-not-found",
    says: /^Version 2 of "churn-model" is not in the registry at http:.*; pin a version that is, or train one\.$/,
    registryDigest: null,
  },
  {
    title: "answers with another model",
    given: { version: { name: "other" } },
    code: "version-not-found",
    says: /answered with version 2 of "other" when asked for version 2 of "churn-model"/,
    registryDigest: null,
  },
  {
    title: "still registers the version",
    given: { version: { status: "PENDING_REGISTRATION" } },
    code: "version-not-ready",
    says: /is PENDING_REGISTRATION in the registry, not READY/,
  },
  {
    title: "failed to register the version",
    given: { version: { status: "FAILED_REGISTRATION", status_message: "disk full" } },
    code: "version-not-ready",
    says: /is FAILED_REGISTRATION \(disk full\)/,
  },
  {
    title: "has no evidence tag",
    given: { tag: null },
    code: "evidence-missing",
    says: /has no evidence \(no tag tollgate\.evidence\); run `tollgate evaluate` for it\.$/,
  },
  {
    title: "has a version without a run",
    given: { version: { run_id: "" } },
    code: "evidence-missing",
    says: /has no run that could hold its evidence/,
  },
  {
    title: "lost the evidence",
    given: { instead: { "/get-artifact": missing } },
    code: "evidence-missing",
    says: /has no artifact tollgate\/evidence-2-[0-9a-f]{32}\.json in its run r1/,
  },
  {
    title: "over S3 lost the evidence, which MLflow answers by 500",
    given: {
      instead: {
        "/get-artifact": { status: 500, body: { error_code: "INTERNAL_ERROR", message: "404" } },
        "/api/2.0/mlflow/artifacts/list": { body: { root_uri: "s3://bucket/r1", files: [] } },
      },
    },
    code: "evidence-missing",
    says: /has no artifact tollgate\/evidence-2-[0-9a-f]{32}\.json/,
  },
  {
    title: "fails although the evidence is listed",
    given: {
      instead: {
        "/get-artifact": { status: 500, body: { error_code: "INTERNAL_ERROR", message: "disk" } },
        "/api/2.0/mlflow/artifacts/list": {
          body: { files: [{ path: artifactPath("evidence", pin), file_size: 1 }] },
        },
      },
    },
    code: "registry-unavailable",
    says: /it answered 500 INTERNAL_ERROR, "disk"/,
  },
  {
    title: "has evidence changed after tagging",
    given: { tag: sha256(document), evidence: changed("0.9125", "0.9999") },
    code: "evidence-altered",
    says: /has the digest sha256:[0-9a-f]{64}, but the version's tag says sha256:/,
  },
  {
    title: "has evidence of another version",
    given: { evidence: changed('"version":"2"', '"version":"3"') },
    code: "evidence-altered",
    says: /was measured on version 3 of "churn-model"/,
  },
  {
    title: "has evidence of another model",
    given: { evidence: changed('"name":"churn-model"', '"name":"other"') },
    code: "evidence-altered",
    says: /was measured on version 2 of "other"/,
  },
  {
    title: "has evidence that is no JSON",
    given: { evidence: document.slice(0, 200) },
    code: "evidence-unreadable",
    says: /it is not JSON/,
  },
  {
    title: "has a NaN metric",
    given: { evidence: changed("0.9125", "NaN") },
    code: "evidence-unreadable",
    says: /metrics\.accuracy: .*expected number.*, got "NaN"; run/,
  },
  {
    title: "has an infinite metric",
    given: { evidence: changed("0.9125", "-Infinity") },
    code: "evidence-unreadable",
    says: /metrics\.accuracy: .*got "-Infinity"/,
  },
  {
    title: "has a metric beyond all numbers",
    given: { evidence: changed("0.9125", "1e999") },
    code: "evidence-unreadable",
    says: /metrics\.accuracy: /,
  },
  {
    title: "has a metric that is a string",
    given: { evidence: changed("0.9125", '"0.9125"') },
    code: "evidence-unreadable",
    says: /metrics\.accuracy: .*got "0\.9125"/,
  },
  {
    title: "has a metric that is null",
    given: { evidence: changed("0.9125", "null") },
    code: "evidence-unreadable",
    says: /metrics\.accuracy: .*got null/,
  },
  {
    title: "has an unknown field",
    given: { evidence: changed('"task"', '"extra":1,"task"') },
    code: "evidence-unreadable",
    says: /"extra"/,
  },
  {
    title: "has evidence of another schema",
    given: { evidence: changed("tollgate.evidence/2", "tollgate.evidence/9") },
    code: "evidence-unreadable",
    says: /schema: .*got "tollgate\.evidence\/9"/,
  },
  {
    title: "has evidence with many faults",
    given: { evidence: "{}" },
    code: "evidence-unreadable",
    says: /schema: .*; model: .*; task: .* and \d+ more; run/,
  },
  {
    title: "has evidence of absurd size",
    given: { evidence: " ".repeat(4 * 1024 * 1024 + 1) },
    code: "evidence-unreadable",
    says: /longer than the 4194304 bytes allowed/,
  },
];

describe("fetchCandidateFacts", () => {
  let server: StandIn | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });
  const facts = async (given: Registry, timeoutSeconds = 10) => {
    server = await standIn(registry(given));
    return fetchCandidateFacts(new RegistryClient({ uri: server.uri, timeoutSeconds }), pin);
  };

  it("gives the evidence as stored and read, with the envelopes beside it, in four requests", async () => {
    const found = await facts({});
    assert.deepEqual(found, {
      evidence: compliantEvidence(),
      problem: null,
      document,
      evidenceDigest: sha256(document),
      evidenceSignature: envelope,
      provenance,
      registryDigest: pin.digest,
    });
    assert.equal(server!.received.length, 4);
  });

  it("gives no provenance when nobody signed the training", async () => {
    const found = await facts({ training: null });
    assert.equal(found.provenance, null);
    assert.notEqual(found.evidence, null);
  });

  it("is a problem when the registry fails with the provenance, which might be there", async () => {
    const broken = { "/get-artifact?run_id=r1&path=tollgate%2Fprovenance": { status: 503 } };
    const found = await facts({ instead: broken });
    assert.equal(found.problem?.code, "registry-unavailable");
    assert.equal(found.evidence, null);
  });

  describe("with evidence of before, kept by the version's number alone", () => {
    /** Nothing lies at the version's own path. */
    const former = { [`/get-artifact?run_id=r1&path=tollgate%2Fevidence-2-`]: missing };

    it("gives it, and the envelope beside it, when it is the one that the tag names", async () => {
      const found = await facts({ instead: former });
      assert.deepEqual([found.document, found.evidenceSignature], [document, envelope]);
      assert.equal(found.problem, null);
    });

    it("refuses it when another version's evaluation wrote over it", async () => {
      const over = changed("churn-model", "fraud-model");
      const found = await facts({ instead: former, evidence: over, tag: sha256(document) });
      assert.equal(found.problem?.code, "evidence-altered");
    });

    it("takes nothing of it where the version has evidence at its own path", async () => {
      const own = `/get-artifact?run_id=r1&path=${encodeURIComponent(artifactPath("evidence", pin, ".dsse.json"))}`;
      const found = await facts({ instead: { [own]: missing } });
      assert.deepEqual([found.document, found.evidenceSignature], [document, null]);
    });
  });

  it("gives each of two models of one run its own evidence, whichever was evaluated last", async () => {
    const other = { ...pin, name: "fraud model" };
    const documents = new Map(
      [pin, other].map((each) => [each.name, changed(`"${pin.name}"`, `"${each.name}"`)]),
    );
    const stored = new Map(
      [pin, other].map((each) => [artifactPath("evidence", each), documents.get(each.name)!]),
    );
    server = await standIn(({ url }) => {
      const asked = new URL(url, "http://registry").searchParams;
      if (url.startsWith("/get-artifact?")) {
        const body = stored.get(asked.get("path")!);
        return body === undefined ? missing : { body };
      }
      const name = asked.get("name")!;
      const tags = [
        { key: "tollgate.digest", value: pin.digest },
        { key: "tollgate.evidence", value: sha256(documents.get(name)!) },
      ];
      const version = { name, version: pin.version, status: "READY", run_id: "r1", tags };
      return { body: { model_version: version } };
    });
    const client = new RegistryClient({ uri: server.uri, timeoutSeconds: 5 });
    for (const each of [pin, other, pin]) {
      const found = await fetchCandidateFacts(client, each);
      assert.equal(found.problem, null);
      assert.equal(found.evidence?.model.name, each.name);
      assert.equal(found.document, documents.get(each.name));
    }
  });

  it("gives no envelope when nobody signed the evidence", async () => {
    const found = await facts({ signature: null });
    assert.equal(found.evidenceSignature, null);
    assert.notEqual(found.evidence, null);
  });

  it("gives evidence of other bytes to the gates, which refuse it with both digests", async () => {
    const other = changed(pin.digest, `sha256:${"e".repeat(64)}`);
    const found = await facts({ evidence: other });
    assert.equal(found.evidence?.model.digest, `sha256:${"e".repeat(64)}`);
    assert.equal(found.registryDigest, pin.digest);
  });

  it("gives no registry digest when the version has no such tag", async () => {
    const found = await facts({
      version: { tags: [{ key: "tollgate.evidence", value: sha256(document) }] },
    });
    assert.equal(found.registryDigest, null);
    assert.notEqual(found.evidence, null);
  });

  it("keeps a name that holds NaN, because only bare ones are no JSON", async () => {
    const found = await facts({ evidence: changed('"ann@example.com"', '"NaN \\" Infinity"') });
    assert.equal(found.evidence?.lineage.author, 'NaN " Infinity');
  });

  for (const page of [
    { status: 404, body: "<h1>Not Found</h1>" },
    { body: "<html>", headers: { "content-type": "text/html" } },
  ]) {
    it(`finds the evidence by its address where /get-artifact answers ${page.status ?? 200} with a page`, async () => {
      const run = {
        info: {
          run_id: "r1",
          experiment_id: "1",
          status: "FINISHED",
          artifact_uri: "mlflow-artifacts:/1/r1/artifacts",
        },
      };
      const found = await facts({
        instead: {
          "/get-artifact": page,
          "/api/2.0/mlflow/runs/get": { body: { run } },
          [`/api/2.0/mlflow-artifacts/artifacts/1/r1/artifacts/${artifactPath("evidence", pin)}`]: {
            body: document,
          },
        },
      });
      assert.equal(found.problem, null);
      assert.notEqual(found.evidence, null);
    });
  }

  for (const { title, given, code, says, registryDigest, timeoutSeconds } of problems) {
    it(`reports ${code} when the registry ${title}`, async () => {
      const found = await facts(given, timeoutSeconds);
      assert.equal(found.evidence, null);
      assert.equal(found.problem?.code, code, found.problem?.reason);
      assert.match(found.problem.reason, says);
      assert.match(found.problem.reason, /^[A-Z][^\n]*[^.]\.$/);
      assert.equal(found.registryDigest, registryDigest === null ? null : pin.digest);
    });
  }

  it("reports registry-unavailable when nobody listens, without waiting for the time allowed", async () => {
    const client = new RegistryClient({
      uri: `http://127.0.0.1:${await freePort()}`,
      timeoutSeconds: 60,
    });
    const { problem } = await fetchCandidateFacts(client, pin);
    assert.equal(problem?.code, "registry-unavailable");
    assert.match(problem.reason, /connection was refused/);
  });

  it("gives each request the client's time: a busy registry answers all, late", async () => {
    const slow = { delayMs: 2200 };
    const found = await facts(
      {
        instead: {
          "/get-artifact": { ...slow, body: document },
          [versionUrl]: { ...slow, ...(registry({})({ url: versionUrl } as Received) as Answer) },
        },
      },
      4,
    );
    assert.equal(found.problem, null);
  });
});
