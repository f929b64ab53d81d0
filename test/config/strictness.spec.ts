import assert from "node:assert/strict";
import { resolveSettings } from "../../config/resolve";
import { SettingsError } from "../../project/errors";

function resolve(changes: Record<string, unknown>): void {
  const place = {
    stack: "staging",
    projectDir: "/projects/churn",
    requirements: "/opt/requirements",
  };
  resolveSettings({ tier: "staging", model: "churn-model", ...changes }, place);
}

function problemsOf(changes: Record<string, unknown>): readonly string[] {
  try {
    resolve(changes);
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error.problems;
  }
  return assert.fail("nothing was refused");
}

const image = `registry.example.com/tollgate@sha256:${"a".repeat(64)}`;

describe("resolveSettings, strictly, refuses", () => {
  const wrong: [string, Record<string, unknown>, string[]][] = [
    [
      "no tier",
      { tier: undefined },
      ["tollgate:tier: missing, expected one of dev, staging, prod"],
    ],
    [
      "another tier",
      { tier: "qa" },
      ['tollgate:tier: got "qa", expected one of dev, staging, prod'],
    ],
    [
      "a tier every object has",
      { tier: "toString" },
      ['tollgate:tier: got "toString", expected one of dev, staging, prod'],
    ],
    ["a model of a wrong type", { model: 7 }, ["tollgate:model: got 7, expected a text"]],
    [
      "a model with a slash",
      { model: "a/b" },
      [
        'tollgate:model: got "a/b", expected letters, digits, spaces and _ . , ( ) + -, with a letter, a digit or _ at the beginning and no space at the end',
      ],
    ],
    ...["a:b", "..", " a", "a ", "a\tb", "$(HOME)", "{a}", "it's", 'a"b', "a\u200bb"].map(
      (model): [string, Record<string, unknown>, string[]] => [
        `the model ${JSON.stringify(model)}`,
        { model },
        [
          `tollgate:model: got ${JSON.stringify(model)}, expected letters, digits, spaces and _ . , ( ) + -, with a letter, a digit or _ at the beginning and no space at the end`,
        ],
      ],
    ),
    [
      "a port too high",
      { scorer: { port: 70000 } },
      ["tollgate:scorer.port: got 70000, expected a number of at most 65535"],
    ],
    [
      "a port in quotes",
      { scorer: { port: "80" } },
      ['tollgate:scorer.port: got "80", expected a number'],
    ],
    [
      "half a replica",
      { scorer: { replicas: 1.5 } },
      ["tollgate:scorer.replicas: got 1.5, expected a whole number"],
    ],
    [
      "an error rate above 1",
      { release: { maxErrorRate: 5 } },
      ["tollgate:release.maxErrorRate: got 5, expected a number of at most 1"],
    ],
    [
      "a pin without digest",
      { pin: "3" },
      [
        'tollgate:pin: got "3", expected "<version>@sha256:<64 hex digits>", as `tollgate pin` writes it',
      ],
    ],
    ["a mistyped key", { scorr: {} }, ["tollgate:scorr: unknown key, did you mean scorer?"]],
    [
      "a mistyped key inside",
      { scorer: { prot: 1 } },
      ["tollgate:scorer.prot: unknown key, did you mean port?"],
    ],
    [
      "an unknown key like no other",
      { database: { colour: "red" } },
      ["tollgate:database.colour: unknown key, allowed are kind, secret, size"],
    ],
    [
      "a key that isn't nested",
      { "scorer.port": 1 },
      ["tollgate:scorer.port: unknown key, write it as a key inside scorer"],
    ],
    [
      "a mistyped gate",
      { gates: { "metric-flor": {} } },
      ["tollgate:gates.metric-flor: unknown key, did you mean metric-floor?"],
    ],
    [
      "a floor in percent",
      { gates: { "metric-floor": { floors: { accuracy: 90 } } } },
      [
        "tollgate:gates.metric-floor.floors.accuracy: got 90, expected a number from 0 to 1, as accuracy is one",
      ],
    ],
    [
      "a gate without its limit",
      { tier: "dev", gates: { latency: { level: "mandatory" } } },
      ["tollgate:gates.latency.p95Ms: missing, expected a number"],
    ],
    [
      "gates that are none",
      { gates: null },
      ["tollgate:gates: got null, expected a group of settings"],
    ],
    [
      "an empty command",
      { train: { command: [], data: "d" } },
      ["tollgate:train.command: got [], expected a list of at least 1 entry"],
    ],
    [
      "an empty word in a command",
      { train: { command: ["a", ""], data: "d" } },
      ['tollgate:train.command[1]: got "", expected a text that isn\'t empty'],
    ],
    [
      "a digest of the gates that is none",
      { pack: "sha256:12" },
      ['tollgate:pack: got "sha256:12", expected "sha256:" and 64 hex digits'],
    ],
    [
      "a registry over ftp",
      { trackingServer: { uri: "ftp://x" } },
      [
        'tollgate:trackingServer.uri: got "ftp://x", expected an http or https address such as https://registry.example.com',
      ],
    ],
    [
      "a password in an address, without showing it",
      { trackingServer: { uri: "https://me:s3cret@x.example" } },
      [
        'tollgate:trackingServer.uri: got "https://***@x.example", expected an address without user and password; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD',
      ],
    ],
    [
      "a port of a registry kept elsewhere",
      { trackingServer: { uri: "http://x", port: 5000 } },
      [
        "tollgate:trackingServer.port: got 5000, expected nothing beside trackingServer.uri, whose server is kept elsewhere",
      ],
    ],
    [
      "a cluster without images",
      { runtime: "kubernetes" },
      ["tollgate:kubernetes: got nothing, expected at least kubernetes.images.tollgate"],
    ],
    [
      "an image that is missing for what the stack runs itself",
      { runtime: "kubernetes", kubernetes: { images: { tollgate: image } } },
      [
        "tollgate:kubernetes.images.postgres: got nothing, expected an image by digest, or a database kept elsewhere (tollgate:database.secret)",
        "tollgate:kubernetes.images.seaweedfs: got nothing, expected an image by digest, or a store kept elsewhere (tollgate:artifactStore.secret)",
      ],
    ],
    [
      "an image by a tag, which can be moved",
      { kubernetes: { images: { tollgate: "tollgate:v1" } } },
      [
        'tollgate:kubernetes.images.tollgate: got "tollgate:v1", expected "<image>@sha256:<64 hex digits>": a tag can be moved, a digest can\'t',
      ],
    ],
    [
      "Argo Rollouts for what KServe serves",
      {
        runtime: "kubernetes",
        database: { secret: "db" },
        artifactStore: { secret: "s3" },
        kubernetes: { images: { tollgate: image }, modelFrom: "kserve", rollout: "canary" },
      },
      [
        'tollgate:kubernetes.rollout: got "canary", expected "deployment": Argo Rollouts can\'t move what KServe serves',
      ],
    ],
    [
      "Secrets of a cluster on this machine",
      { database: { secret: "db" } },
      ['tollgate:database.secret: got "db", expected nothing, for runtime local keeps its own'],
    ],
    [
      "an address to listen on in a cluster",
      {
        runtime: "kubernetes",
        database: { secret: "db" },
        artifactStore: { secret: "s3" },
        kubernetes: { images: { tollgate: image } },
        scorer: { host: "0.0.0.0" },
      },
      [
        'tollgate:scorer.host: got "0.0.0.0", expected nothing: in a cluster tollgate:kubernetes.service says who gets in',
      ],
    ],
    [
      "memory of a scorer that its pod has",
      {
        runtime: "kubernetes",
        database: { secret: "db" },
        artifactStore: { secret: "s3" },
        kubernetes: { images: { tollgate: image } },
        scorer: { memoryMiB: 2048 },
      },
      [
        "tollgate:scorer.memoryMiB: got 2048, expected nothing: in a cluster tollgate:kubernetes.resources.scorer.memory says it",
      ],
    ],
    [
      "one port for two servers",
      { trackingServer: { port: 8000 } },
      ["tollgate:scorer.port: got 8000, expected another port than the tracking server's"],
    ],
  ];
  for (const [what, changes, expected] of wrong) {
    it(what, () => assert.deepEqual(problemsOf(changes), expected));
  }

  it("all problems at once, a line each", () => {
    const changes = {
      tier: "dev",
      scorer: { port: 0, hots: "x" },
      trian: {},
      gates: { latency: { level: "advisory" } },
    };
    assert.throws(
      () => resolve(changes),
      new SettingsError(
        [
          "Pulumi.staging.yaml has 4 wrong settings:",
          "  tollgate:scorer.port: got 0, expected a number of at least 1",
          "  tollgate:scorer.hots: unknown key, did you mean host?",
          "  tollgate:trian: unknown key, did you mean train?",
          "  tollgate:gates.latency.p95Ms: missing, expected a number",
        ].join("\n"),
        [
          "tollgate:scorer.port: got 0, expected a number of at least 1",
          "tollgate:scorer.hots: unknown key, did you mean host?",
          "tollgate:trian: unknown key, did you mean train?",
          "tollgate:gates.latency.p95Ms: missing, expected a number",
        ],
      ),
    );
  });
});
