import assert from "node:assert/strict";
import fc from "fast-check";
import { unknown } from "../../../policies/guardrails/guardrail";
import { noPlainSecrets } from "../../../policies/guardrails/no-plain-secrets";
import { judged, resource } from "./stacks";

const check = (
  props: Record<string, unknown>,
  secrets: string[] | null = [],
  type = "any:index:Thing",
) => judged(noPlainSecrets, [resource(type, "one", props, { secrets })]);
const privateKey = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----";
const json = JSON.stringify;

describe("noPlainSecrets", () => {
  for (const [props, what, path] of [
    [{ password: "hunter2" }, "a password", "password"],
    [{ password: 12345 }, "a password", "password"],
    [{ masterPassword: "hunter2" }, "a password", "masterPassword"],
    [{ environment: { PGPASSWORD: "hunter2" } }, "a password", "environment.PGPASSWORD"],
    [{ spec: { authToken: "abc" } }, "a token", "spec.authToken"],
    [{ clientSecret: "abc" }, "a secret", "clientSecret"],
    [{ api_key: "abc" }, "a key", "api_key"],
    [{ secretKey: "abc" }, "a key", "secretKey"],
    [{ AWS_SECRET_ACCESS_KEY: "abc" }, "a key", "AWS_SECRET_ACCESS_KEY"],
    [{ connectionString: "Server=db;User=a" }, "an address with a password", "connectionString"],
    [{ tokens: "not by this name", passwords: ["hunter2"], token: ["a"] }, "a token", "token[0]"],
    [{ env: [{ name: "DB_PASSWORD", value: "hunter2" }] }, "a password", "env[0].value"],
    [{ envs: ["A=b", "DB_PASSWORD=hunter2"] }, "a password", "envs[1]"],
    [{ command: ["serve", "--password", "hunter2"] }, "a password", "command[2]"],
    [{ command: ["serve", "--api-key=abc"] }, "a key", "command[1]"],
    [{ data: { id: privateKey } }, "a private key", "data.id"],
    [{ data: { "app.properties": "db.user=a\ndb.password=hunter2\n" } }, "a password", "data.app.properties"], // prettier-ignore
    [{ script: "set -e\r\nexport API_TOKEN=abc\r\n" }, "a token", "script"],
    [{ config: '  "password": "hunter2", // commented JSON' }, "a password", "config"],
    [{ list: "- password: hunter2" }, "a password", "list"],
    [{ values: "db:\n  user: a\n  password: 'hunter2'\n" }, "a password", "values"],
    [{ url: "postgres://me:hunter2@db/x" }, "an address with a password", "url"],
    [{ containerDefinitions: json([{ environment: [{ name: "DB_PASSWORD", value: "hunter2" }] }]) }, "a password", "containerDefinitions"], // prettier-ignore
    [{ outer: json({ inner: json({ token: "abc" }) }) }, "a token", "outer"],
    [{ files: ["AKIAABCDEFGHIJKLMNOP"] }, "an AWS access key", "files[0]"],
    [{ note: `ghp_${"a".repeat(36)}` }, "a GitHub token", "note"],
    [{ note: `hf_${"a".repeat(34)}` }, "a Hugging Face token", "note"],
    [{ note: `glpat-${"a".repeat(20)}` }, "a GitLab token", "note"],
    [{ note: `xoxb-${"1".repeat(12)}` }, "a Slack token", "note"],
    [{ note: `AIza${"a".repeat(35)}` }, "a Google key", "note"],
    [{ note: `eyJ${"a".repeat(12)}.eyJ${"b".repeat(12)}.${"c".repeat(20)}` }, "a signed token", "note"], // prettier-ignore
    [{ password: "3f0f4a9e-1111-4222-8333-0123456789ab" }, "a password", "password"],
  ] as const) {
    it(`refuses ${what} in ${path}, and doesn't repeat it`, () => {
      assert.deepEqual(check({ ...props }), [
        `any:index:Thing one has ${what} in plain in ${path}.`,
      ]);
    });
  }

  it("passes what is marked secret, and all below it", () => {
    assert.deepEqual(check({ password: "hunter2" }, ["password"]), []);
    assert.deepEqual(check({ env: [{ token: "a" }] }, ["env[0].token"]), []);
    assert.deepEqual(check({ data: { auth: { password: "x" } } }, ["data"]), []);
    assert.deepEqual(check({ definitions: json({ password: "x" }) }, ["definitions"]), []);
  });

  it("refuses the one that isn't marked beside the one that is", () => {
    const props = { env: [{ token: "a" }, { token: "b" }] };
    assert.deepEqual(check(props, ["env[0].token"]), [
      "any:index:Thing one has a token in plain in env[1].token.",
    ]);
  });

  for (const [type, property] of [
    ["kubernetes:core/v1:Secret", "stringData"],
    ["kubernetes:core/v1:SecretPatch", "data"],
    ["kubernetes:v1:Secret", "data"],
  ] as const) {
    it(`refuses whatever ${property} of ${type} holds, and passes it marked`, () => {
      const props = { metadata: { name: "db" }, [property]: { host: "db.example.com" } };
      assert.deepEqual(check(props, [], type), [
        `${type} one has a secret in plain in ${property}.host.`,
      ]);
      assert.deepEqual(check(props, [property], type), []);
    });
  }

  it("refuses the plain value of a secret of AWS or Docker, and of no plain parameter", () => {
    const version = "aws:secretsmanager/secretVersion:SecretVersion";
    assert.equal(check({ secretString: "abc", secretId: "db" }, [], version).length, 1);
    assert.equal(check({ data: "YWJj" }, [], "docker:index/secret:Secret").length, 1);
    const parameter = "aws:ssm/parameter:Parameter";
    assert.equal(check({ type: "SecureString", value: "abc" }, [], parameter).length, 1);
    assert.deepEqual(check({ type: "String", value: "abc" }, [], parameter), []);
  });

  it("passes what says where a secret is, or how it is handled", () => {
    const props = {
      passwordFile: "/run/secrets/db",
      tokenVariable: "MLFLOW_TRACKING_TOKEN",
      secretName: "db",
      secretArn: "arn:aws:secretsmanager:eu-west-1:1:secret:db",
      apiToken: "arn:aws:secretsmanager:eu-west-1:1:secret:db",
      accessKeyId: "not a secret by itself",
      publicKey: "ssh-ed25519 AAAA",
      manageMasterUserPassword: true,
      automountServiceAccountToken: "true",
      passwordLength: 12,
      password: "",
      token: null,
      secret: { length: 12 },
      api_key: "${API_KEY}",
      apiKey: "{{ api_key }}",
      args: ["--password", "$(DB_PASSWORD)", "--token", "--verbose", "--token-file", "/run/x"],
      envs: ["DB_PASSWORD=", "TOKEN=$TOKEN", 'API_TOKEN="${API_TOKEN}"'],
      url: "postgres://me:${DB_PASSWORD}@db/x",
      address: "https://registry.example.com/x@y",
      text: "Passwords are kept elsewhere: ask for one.",
      env: [{ name: "DB_PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } }],
      document: json({ columns: ["token", "secret"], name: "password" }),
    };
    assert.deepEqual(check(props), []);
  });

  it("leaves a value not known yet to the update, before the resource is made", () => {
    assert.deepEqual(check({ password: unknown, spec: { token: unknown } }), []);
    assert.equal(check({ password: "known by then" }).length, 1);
  });

  it("leaves alone what only is in the state, as nobody tells what of it is marked", () => {
    assert.deepEqual(check({ password: "hunter2" }, null), []);
  });

  it("passes the names of variables that a process takes from its caller", () => {
    const props = {
      passEnvironment: { MLFLOW_TRACKING_TOKEN: "MLFLOW_TRACKING_TOKEN" },
      restartOn: { databasePassword: "0123456789ab" },
    };
    assert.deepEqual(check(props, [], "tollgate:index:Process"), []);
    assert.equal(check(props).length, 2);
  });

  it("passes the names of a cluster's Secrets in the provider's settings, and nothing else there", () => {
    const type = "pulumi:providers:tollgate";
    const props = {
      database: JSON.stringify({ secret: "mlflow-database" }),
      artifactStore: JSON.stringify({ secret: "mlflow-artifacts", bucket: "churn" }),
    };
    assert.deepEqual(check(props, [], type), []);
    assert.equal(check({ database: JSON.stringify({ password: "hunter2!" }) }, [], type).length, 1);
    assert.equal(check(props).length, 2);
  });

  it("passes names of a cluster's Secrets in what is judged with a pin, and fingerprints that roll pods", () => {
    const settings = {
      database: { secret: "mlflow-database" },
      artifactStore: { secret: "mlflow-artifacts" },
      trackingServer: { credentials: { secretName: "registry-credentials" } },
    };
    const other = { ...settings, train: { password: "hunter2hunter2" } };
    const holding = (held: object) => {
      const text = { settings: JSON.stringify(held) };
      return [
        ...check(text, [], "tollgate:index:Admission"),
        ...check({ admission: text }, [], "tollgate:index:Receipt"),
      ];
    };
    assert.deepEqual(holding(settings), []);
    assert.equal(holding(other).length, 2);
    assert.equal(check({ settings: JSON.stringify(settings) }).length, 1);
    const annotations = { "tollgate.dev/secrets": "registry-credentials=0123456789ab" };
    const template = { metadata: { annotations } };
    assert.deepEqual(check({ spec: { template } }, [], "kubernetes:apps/v1:Deployment"), []);
  });

  it("finds a password however deep it lies, also inside of JSON", () => {
    const step = fc.constantFrom("a", "b", "spec", 0, "json");
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (path) => {
        const props = path.reduceRight<unknown>(
          (inner, key) => (key === 0 ? [inner] : { [key]: key === "json" ? json(inner) : inner }),
          { password: "hunter2" },
        );
        assert.equal(check({ top: props }).length, 1);
      }),
    );
  });

  for (const piece of [
    "x",
    "a-",
    "- ",
    "\n",
    " \t",
    "password",
    "eyJ",
    "://",
    "a=",
    "[",
    '{"a":',
  ]) {
    // Reading it in more than linear time would take minutes, which is longer than a test may.
    it(`reads a long text of ${JSON.stringify(piece)}`, () => {
      assert.deepEqual(check({ text: piece.repeat(300_000 / piece.length) }), []);
    });
  }

  it("never repeats a secret", () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9]{12,20}$/);
    fc.assert(
      fc.property(secret, (value) => {
        const props = { token: value, args: ["--password", value], text: `api_key: ${value}` };
        const sentences = check({ ...props, url: `https://me:${value}@db` });
        assert.equal(sentences.length, 4);
        assert.ok(!sentences.join().includes(value));
      }),
    );
  });
});
