import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import path from "node:path";
import type { ClusterAddress } from "../../cluster/address";
import { CredentialSource } from "../../cluster/credentials";
import { kubeconfigFiles, readAccess } from "../../cluster/kubeconfig";
import { temporaryFolder } from "../cli/support/project";

const anywhere: ClusterAddress = { kubeconfig: null, context: null, namespace: "shop" };
const waysOn =
  "set KUBECONFIG, tollgate:kubernetes.kubeconfig or tollgate:kubernetes.context to reach it, or put this stack on `tollgate:runtime: local`.";

/** A kubeconfig with one context of a name. */
function config(name: string, user: object = { token: `token of ${name}` }): string {
  return JSON.stringify({
    "current-context": name,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { server: `https://${name}.example.com` } }],
    users: [{ name, user }],
  });
}

describe("kubeconfigFiles", () => {
  it("takes the settings' file first, then KUBECONFIG's list, then the one in the home folder", () => {
    const environment = { KUBECONFIG: ["/a", "", "/b"].join(path.delimiter), HOME: "/home/ada" };
    assert.deepEqual(kubeconfigFiles({ ...anywhere, kubeconfig: "/c" }, environment), ["/c"]);
    assert.deepEqual(kubeconfigFiles(anywhere, environment), ["/a", "/b"]);
    assert.deepEqual(kubeconfigFiles(anywhere, { HOME: "/home/ada" }), ["/home/ada/.kube/config"]);
  });
});

describe("readAccess", () => {
  const files = {
    one: config("one"),
    two: config("two"),
    other: config("one", { token: "of another file" }),
    yaml: "apiVersion: v1\nkind: Config\ncurrent-context: ''\ncontexts: []\n",
    nonsense: "]: no yaml {",
    list: "- 1\n",
    lost: JSON.stringify({
      "current-context": "lost",
      contexts: [
        { name: "lost", context: { cluster: "gone", user: "one" } },
        { name: "nobody", context: { cluster: "lost", user: "nobody" } },
      ],
      clusters: [{ name: "lost", cluster: { server: "https://lost.example.com" } }],
    }),
  };
  let folder: ReturnType<typeof temporaryFolder>;
  before(() => (folder = temporaryFolder(files)));
  after(() => folder.remove());

  const at = (...names: string[]) => names.map((name) => path.join(folder.dir, name));
  const listed = (...names: string[]) => ({ KUBECONFIG: at(...names).join(path.delimiter) });

  it("merges a list as kubectl does: the first file that names something wins", async () => {
    const access = await readAccess(anywhere, listed("missing", "one", "two", "other"));
    assert.equal(access.context, "one");
    assert.equal(access.user.token, "token of one");
    const second = await readAccess({ ...anywhere, context: "two" }, listed("one", "two"));
    assert.equal(second.cluster.server, "https://two.example.com");
  });

  const refusals: [situation: string, context: string | null, names: string[], begin: string][] = [
    ["no file", null, ["missing", "gone"], "There is no kubeconfig at DIR/missing, DIR/gone"],
    ["no YAML", null, ["nonsense"], "DIR/nonsense is no kubeconfig"],
    ["another document", null, ["list"], "DIR/list is no kubeconfig"],
    ["a folder", null, ["."], "The kubeconfig DIR can't be read (EISDIR)"],
    [
      "no current context",
      null,
      ["yaml"],
      "The kubeconfig at DIR/yaml has no current context (there are: none)",
    ],
    [
      "no such context",
      "three",
      ["one", "two"],
      'The kubeconfig at DIR/one, DIR/two has no context "three" (there are: one, two)',
    ],
    [
      "a context without a cluster",
      null,
      ["lost"],
      'Context "lost" of DIR/lost names the cluster "gone", which has no server there',
    ],
    [
      "a context without its user",
      "nobody",
      ["lost"],
      'Context "nobody" of DIR/lost names the user "nobody", who isn\'t there',
    ],
  ];
  for (const [situation, context, names, begin] of refusals) {
    it(`refuses ${situation}, with both ways on`, async () => {
      await assert.rejects(
        readAccess({ ...anywhere, context }, listed(...names)),
        (error: Error) => {
          assert.equal(error.message.replaceAll(folder.dir, "DIR"), `${begin}: ${waysOn}`);
          return true;
        },
      );
    });
  }
});

describe("CredentialSource", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  before(() => {
    const files = {
      ca: "an authority",
      token: " from a file\n",
      plugin: `#!/bin/sh
echo x >> "$(dirname "$0")/runs"
echo "$KUBERNETES_EXEC_INFO" > "$(dirname "$0")/info"
printf '{"status": {"token": "%s", "expirationTimestamp": "%s"}}' "$TOKEN" "$UNTIL"
`,
      failing: "#!/bin/sh\necho 'sign in first' >&2\nexit 3\n",
      silent: "#!/bin/sh\n",
    };
    folder = temporaryFolder(files);
    for (const name of ["plugin", "failing", "silent"]) {
      chmodSync(path.join(folder.dir, name), 0o755);
    }
  });
  after(() => folder.remove());

  /** The credentials of a user, by a kubeconfig in the folder. */
  async function sourceOf(user: object, cluster: object = {}): Promise<CredentialSource> {
    const { writeFileSync } = await import("node:fs");
    const kubeconfig = path.join(folder.dir, "config");
    const text = JSON.parse(config("one", user)) as { clusters: { cluster: object }[] };
    Object.assign(text.clusters[0]!.cluster, cluster);
    writeFileSync(kubeconfig, JSON.stringify(text));
    return new CredentialSource(await readAccess({ ...anywhere, kubeconfig }, {}));
  }

  const exec = (command: string, env: Record<string, string> = {}) => ({
    exec: {
      apiVersion: "client.authentication.k8s.io/v1",
      command,
      installHint: "install it with your package manager",
      env: Object.entries(env).map(([name, value]) => ({ name, value })),
      provideClusterInfo: true,
    },
  });

  it("reads files beside the kubeconfig, and data in it", async () => {
    const user = { tokenFile: "token", "client-certificate-data": "Y2VydA==" };
    const source = await sourceOf(user, {
      "certificate-authority": "ca",
      "tls-server-name": "api",
      "insecure-skip-tls-verify": true,
    });
    const { headers, tls } = await source.credentials();
    assert.deepEqual(headers, { authorization: "Bearer from a file" });
    assert.equal(String(tls.ca), "an authority");
    assert.equal(String(tls.cert), "cert");
    assert.equal(tls.servername, "api");
    assert.equal(tls.rejectUnauthorized, false);
    assert.equal((await source.credentials()).tls, tls);
  });

  it("asks a plugin once as long as its answer is good, and again when it was refused", async () => {
    const { readFileSync } = await import("node:fs");
    const runs = () => readFileSync(path.join(folder.dir, "runs"), "utf8").length / 2;
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const source = await sourceOf(exec("./plugin", { TOKEN: "t", UNTIL: until }));
    const [{ headers }] = await Promise.all([source.credentials(), source.credentials()]);
    assert.deepEqual(headers, { authorization: "Bearer t" });
    assert.equal(runs(), 1);
    assert.equal(source.renew(), true);
    await source.credentials();
    assert.equal(runs(), 2);
    const info = JSON.parse(readFileSync(path.join(folder.dir, "info"), "utf8")) as object;
    assert.deepEqual(info, {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      spec: { interactive: false, cluster: { server: "https://one.example.com" } },
    });
  });

  it("asks a plugin again when its answer is about to expire", async () => {
    const { readFileSync, rmSync } = await import("node:fs");
    const runs = path.join(folder.dir, "runs");
    rmSync(runs, { force: true });
    const soon = new Date(Date.now() + 1000).toISOString();
    const source = await sourceOf(exec("./plugin", { TOKEN: "t", UNTIL: soon }));
    await source.credentials();
    await source.credentials();
    assert.equal(readFileSync(runs, "utf8"), "x\nx\n");
  });

  const refusals: [situation: string, user: object, cluster: object, begin: string][] = [
    [
      "a plugin that isn't there",
      exec("no-such-plugin-anywhere"),
      {},
      'The credential plugin "no-such-plugin-anywhere" of context "one" was not found (install it with your package manager)',
    ],
    [
      "a plugin that fails",
      exec("./failing"),
      {},
      'The credential plugin "DIR/failing" of context "one" failed with exit code 3 (sign in first)',
    ],
    [
      "a plugin that says nothing",
      exec("./silent"),
      {},
      'The credential plugin "DIR/silent" of context "one" gave no credentials',
    ],
    [
      "a file that isn't there",
      { "client-key": "key" },
      {},
      "DIR/key, which the kubeconfig names, can't be read (ENOENT)",
    ],
    [
      "a way to sign in that isn't known",
      { "auth-provider": { name: "oidc" } },
      {},
      'The user of context "one" signs in by auth-provider "oidc", and only certificates, tokens and exec plugins are known here',
    ],
    [
      "a proxy",
      {},
      { "proxy-url": "http://proxy" },
      'The cluster of context "one" is behind the proxy http://proxy (proxy-url), and only direct connections are made here',
    ],
  ];
  for (const [situation, user, cluster, begin] of refusals) {
    it(`refuses ${situation}`, async () => {
      const source = await sourceOf(user, cluster);
      await assert.rejects(source.credentials(), (error: Error) => {
        assert.equal(error.message.replaceAll(folder.dir, "DIR"), `${begin}: ${waysOn}`);
        return true;
      });
    });
  }
});
