// The registry's client through a tunnel. The registry is a stand-in behind a stand-in's port-forward.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { registryClient } from "../../config/registry";
import { openRegistry } from "../../provider/release/registry";
import { isRegistryError, RegistryError } from "../../registry/errors";
import { type StandIn, startApiServer } from "../support/api-server";
import { clusterSettings } from "../support/fixtures";

const namespace = "churn-model-staging";
const uri = `http://tracking-server.${namespace}.svc:5001`;

describe("registryClient, of a stack in a cluster", function () {
  this.timeout(20_000);
  let api: StandIn;
  let registry: Server;
  let hosts: (string | undefined)[];
  beforeEach(async () => {
    api = await startApiServer();
    hosts = [];
    registry = createServer(({ headers }, response) => {
      hosts.push(headers.host);
      response.end("OK");
    });
    await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    await api.close();
    registry.closeAllConnections();
    await new Promise((resolve) => registry.close(resolve));
  });

  function ready(): void {
    api.pods["tracking-server-1"] = (registry.address() as AddressInfo).port;
    api.answers[`GET /api/v1/namespaces/${namespace}/services/tracking-server`] = {
      body: { spec: { selector: { app: "t" }, ports: [{ name: "http", port: 5001 }] } },
    };
    api.answers[`GET /apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`] = {
      body: {
        items: [
          {
            ports: [{ name: "http", port: 5000 }],
            endpoints: [{ targetRef: { kind: "Pod", name: "tracking-server-1" } }],
          },
        ],
      },
    };
  }

  const settings = () => clusterSettings({}, { cluster: api.address(namespace) });

  async function failure(of: Promise<unknown>): Promise<RegistryError> {
    const error: unknown = await of.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(isRegistryError(error, "unavailable"), String(error));
    return error;
  }

  it("opens its tunnel with the first request, and one for all", async () => {
    ready();
    const client = registryClient(settings());
    assert.equal(client.uri, uri);
    assert.equal(api.seen.length, 0);
    await Promise.all([client.health(), client.within(3).health()]);
    const again = registryClient(settings());
    await again.health();
    assert.equal(hosts.length, 3);
  });

  it("is what the provider opens by the address in its inputs", async () => {
    ready();
    const { cluster } = settings().kubernetes!;
    const address = { uri, caFile: null, tokenVariable: "NO_TOKEN", timeoutSeconds: 5, cluster };
    await (await openRegistry(address, {})).health();
    assert.equal(hosts.length, 1);
  });

  it("goes straight to a registry that is kept elsewhere", async () => {
    const elsewhere = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
    const { stack, trackingServer, kubernetes } = settings();
    const own = { ...trackingServer, uri: elsewhere, managed: false };
    await registryClient({ stack, trackingServer: own, kubernetes }).health();
    assert.equal(hosts.length, 1);
    assert.equal(api.seen.length, 0);
  });

  it("fails as unavailable before the registry was made, and goes on once it is", async () => {
    const client = registryClient(settings());
    api.answers[`GET /apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`] = {
      body: { items: [] },
    };
    assert.equal(
      (await failure(client.health())).message,
      `Could not check the registry's health (GET ${uri}/health): There is no Service "tracking-server" in namespace "${namespace}": bring this stack up first.`,
    );
    ready();
    await client.health();
  });

  it("fails as unavailable with the reason of a connection that broke inside", async () => {
    ready();
    const client = registryClient(settings());
    await client.health();
    api.pods["tracking-server-1"] = 1; // Nothing listens there.
    api.cutForwards();
    assert.match(
      (await failure(client.health())).message,
      /^Could not check the registry's health \(GET .*\): Pod tracking-server-1 took no connection to port 5000 \(.*\): see `tollgate logs`\.$/,
    );
  });

  it("fails as unavailable when the cluster is out of reach", async () => {
    const client = registryClient(settings());
    await failure(client.health());
    await api.close();
    assert.match(
      (await failure(client.health())).message,
      /^Could not check the registry's health .*: The cluster at \S+ doesn't answer \(ECONNREFUSED\): set KUBECONFIG, .*`tollgate:runtime: local`\.$/,
    );
    api = await startApiServer();
  });
});
