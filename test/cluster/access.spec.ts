// Reaches a real cluster as the command line does, and asks an HTTP server in it. The kubeconfig is the one that
// TOLLGATE_TEST_KUBECONFIG names. Doesn't show how a tunnel carries much data: test/cluster-access/tunnel.spec.ts does.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import type { ClusterAddress } from "../../cluster/address";
import { ClusterError } from "../../cluster/cluster";
import { type ConnectedCluster, connectCluster } from "../../cluster/connect";
import { type Pod, podState } from "../../cluster/pods";

const kubeconfig = process.env.TOLLGATE_TEST_KUBECONFIG ?? "";
const namespace = `b-access-${randomBytes(3).toString("hex")}`;
const address: ClusterAddress = { kubeconfig, context: null, namespace };
const here = `/api/v1/namespaces/${namespace}`;

interface Kubeconfig {
  clusters: { cluster: Record<string, unknown> }[];
  users: { user: Record<string, unknown> }[];
}

describe("connectCluster, to a real cluster", function () {
  this.timeout(120_000);
  let cluster: ConnectedCluster;
  let image: string;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "tollgate-access-"));
    cluster = await connectCluster(address);
    await cluster.request("POST", "/api/v1/namespaces", {
      body: { metadata: { name: namespace } },
    });
    const dns = await cluster.request<{ items: Pod[] }>(
      "GET",
      "/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns",
    );
    // CoreDNS is in every cluster, and answers HTTP at its health check.
    image = dns.items[0]!.spec!.containers[0]!.image!;
    await create("configmaps", {
      metadata: { name: "corefile" },
      data: { Corefile: ".:1053 {\n  health :8080\n  ready :8181\n}\n" },
    });
    await create("services", {
      metadata: { name: "web" },
      spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
    });
    await Promise.all([startPod("web-1"), startPod("web-2")]);
    await ready("web-1", "web-2");
  });

  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await cluster.request("DELETE", `/api/v1/namespaces/${namespace}`);
  });

  function create(kind: string, object: object): Promise<unknown> {
    return cluster.request("POST", `${here}/${kind}`, { body: object });
  }

  function startPod(name: string, change: { image?: string; app?: string } = {}): Promise<unknown> {
    return create("pods", {
      metadata: { name, labels: { app: change.app ?? "web" } },
      spec: {
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        containers: [
          {
            name: "web",
            image: change.image ?? image,
            args: ["-conf", "/etc/coredns/Corefile"],
            ports: [{ name: "http", containerPort: 8080 }],
            readinessProbe: { httpGet: { path: "/health", port: "http" }, periodSeconds: 1 },
            volumeMounts: [{ name: "corefile", mountPath: "/etc/coredns" }],
          },
        ],
        volumes: [{ name: "corefile", configMap: { name: "corefile" } }],
      },
    });
  }

  /** Until exactly these pods are the Service's. */
  async function ready(...names: string[]): Promise<void> {
    for (;;) {
      const slices = await cluster.request<{
        items: { endpoints?: { conditions: { ready?: boolean }; targetRef: { name: string } }[] }[];
      }>("GET", `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`);
      const there = slices.items
        .flatMap(({ endpoints }) => endpoints ?? [])
        .filter(({ conditions }) => conditions.ready)
        .map(({ targetRef }) => targetRef.name);
      if (there.sort().join() === names.sort().join()) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async function refusal(of: Promise<unknown>): Promise<ClusterError> {
    const error: unknown = await of.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof ClusterError, String(error));
    return error;
  }

  /** A copy of the kubeconfig, changed. */
  function changed(name: string, change: (config: Kubeconfig) => void): ClusterAddress {
    const config = parse(readFileSync(kubeconfig, "utf8")) as Kubeconfig;
    change(config);
    const file = path.join(folder, name);
    writeFileSync(file, stringify(config));
    return { ...address, kubeconfig: file };
  }

  it("carries one request after another and 16 at once to the Service's pods", async () => {
    const tunnel = await cluster.tunnel({ service: "web" }, 80);
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    try {
      for (let index = 0; index < 50; index++) assert.equal(await ask(tunnel.url, agent), "OK");
      const answers = await Promise.all(Array.from({ length: 160 }, () => ask(tunnel.url, agent)));
      assert.deepEqual([...new Set(answers)], ["OK"]);
      assert.equal(tunnel.problem(), null);
    } finally {
      agent.destroy();
      await tunnel.close();
    }
  });

  it("goes on with another pod when one is deleted", async () => {
    const tunnel = await cluster.tunnel({ service: "web" }, 80);
    await cluster.request("DELETE", `${here}/pods/web-1`);
    await ready("web-2");
    for (let index = 0; index < 5; index++) assert.equal(await ask(tunnel.url), "OK");
    await tunnel.close();
    await startPod("web-1");
    await ready("web-1", "web-2");
  });

  it("says that nothing listens at a pod's port", async () => {
    const tunnel = await cluster.tunnel({ pod: "web-1" }, 9999);
    await assert.rejects(ask(tunnel.url), /ECONNRESET|socket hang up/);
    assert.equal(
      tunnel.problem()?.message,
      "Pod web-1 took no connection to port 9999 (nothing listens there): see `tollgate logs`.",
    );
    await tunnel.close();
  });

  it("says which pod isn't ready, and why", async () => {
    await create("services", {
      metadata: { name: "broken" },
      spec: { selector: { app: "broken" }, ports: [{ port: 80, targetPort: "http" }] },
    });
    await startPod("broken-1", { app: "broken", image: "tollgate.invalid/nothing:1" });
    for (;;) {
      const pod = await cluster.request<Pod>("GET", `${here}/pods/broken-1`);
      if (/Err|BackOff/.test(podState(pod))) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const { code, message } = await refusal(cluster.tunnel({ service: "broken" }, 80));
    assert.equal(code, "unavailable");
    assert.match(
      message,
      /^No pod behind Service "broken" in namespace "b-access-\w+" is ready \(broken-1 is (ErrImagePull|ImagePullBackOff) \(.*\)\): wait until one is, or see why with `tollgate logs`\.$/,
    );
  });

  it("says that there is no such Service, port or context", async () => {
    const noService = await refusal(cluster.tunnel({ service: "nothing" }, 80));
    assert.match(noService.message, /^There is no Service "nothing" in namespace /);
    const noPort = await refusal(cluster.tunnel({ service: "web" }, 81));
    assert.match(noPort.message, /has no port 81 \(there are: 80\)/);
    const noContext = await refusal(connectCluster({ ...address, context: "elsewhere" }));
    assert.match(noContext.message, /has no context "elsewhere" \(there are: \S/);
  });

  it("gives the end of a log, and null for what isn't there", async () => {
    assert.match(await cluster.logs("web-2", "web", 5), /CoreDNS-/);
    assert.equal(await cluster.find(`${here}/pods/nothing`), null);
  });

  it("names the right that is missing, in the server's words", async () => {
    const asNobody = changed("nobody", ({ users }) => {
      users[0]!.user["as"] = "nobody@example.com";
    });
    const nobody = await connectCluster(asNobody);
    const { code, message } = await refusal(nobody.request("GET", `${here}/secrets`));
    assert.equal(code, "forbidden");
    assert.match(
      message,
      /^The cluster at \S+ doesn't allow it: secrets is forbidden: User "nobody@example\.com" cannot list resource "secrets" .*; have that right given to the user of context "[^"]+", or choose another with tollgate:kubernetes\.context\.$/,
    );
    const tunnel = await nobody.tunnel({ pod: "web-1" }, 8080);
    await assert.rejects(ask(tunnel.url));
    assert.match(tunnel.problem()!.message, /needs the right to get and create pods\/portforward/);
    await tunnel.close();
  });

  it("says that credentials are refused, and that a server isn't the one that is trusted", async () => {
    const withToken = changed("token", ({ users }) => {
      users[0]!.user = { token: "wrong" };
    });
    const refused = await refusal((await connectCluster(withToken)).request("GET", here));
    assert.match(refused.message, /refuses the credentials of context/);
    const withoutCa = changed("ca", ({ clusters }) => {
      delete clusters[0]!.cluster["certificate-authority-data"];
      delete clusters[0]!.cluster["certificate-authority"];
    });
    const untrusted = await refusal((await connectCluster(withoutCa)).request("GET", here));
    assert.match(untrusted.message, /is not the one that the kubeconfig trusts/);
    for (const { code } of [refused, untrusted]) assert.equal(code, "unreachable");
  });

  it("ends with its program, though a tunnel is open and was used", async () => {
    const module = JSON.stringify(path.resolve("cluster/connect.ts"));
    const script = `
      const { default: { connectCluster } } = await import(${module});
      const cluster = await connectCluster(${JSON.stringify(address)});
      const tunnel = await cluster.tunnel({ service: "web" }, 80);
      console.log(await (await fetch(tunnel.url + "/health")).text());
    `;
    const flags = ["--import", "tsx", "--input-type=module", "--eval", script];
    const { stdout } = await promisify(execFile)(process.execPath, flags, { timeout: 30_000 });
    assert.equal(stdout, "OK\n");
  });
});

/** The body of a server's health check. */
function ask(url: string, agent?: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(`${url}/health`, { agent }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => resolve(text));
    }).on("error", reject);
  });
}
