// The command line over a stand-in for an API server. The same over a real cluster is in test/cluster/.
import assert from "node:assert/strict";
import { run } from "../../cli/program";
import type { Status } from "../../cli/status";
import { type StandIn, startApiServer } from "../support/api-server";
import { temporaryFolder } from "./support/project";
import { capture } from "./support/streams";
import { stackPods as pods } from "../support/pods";

const namespace = "churn-model-staging";
const core = `/api/v1/namespaces/${namespace}`;
const digest = `sha256:${"a".repeat(64)}`;

describe("the command line of a stack in a cluster", function () {
  this.timeout(30_000);
  let api: StandIn;
  let project: ReturnType<typeof temporaryFolder>;
  beforeEach(async () => {
    api = await startApiServer();
    const image = `registry.example.com/x@${digest}`;
    project = temporaryFolder({
      "data.csv": "x,label\n1,0\n",
      "Pulumi.yaml": "name: clustered\nruntime: nodejs\nbackend: { url: 'file://.' }\n",
      "Pulumi.staging.yaml": `config:
  tollgate:tier: staging
  tollgate:model: churn-model
  tollgate:pin: 2@${digest}
  tollgate:runtime: kubernetes
  tollgate:train: { command: [python, train.py], data: data.csv }
  tollgate:evaluation: { data: data.csv, label: label }
  tollgate:kubernetes:
    kubeconfig: ${api.address(namespace).kubeconfig}
    images: { tollgate: "${image}", postgres: "${image}", seaweedfs: "${image}" }
`,
    });
  });
  afterEach(async () => {
    project.remove();
    await api.close();
  });

  async function tollgate(...words: string[]) {
    const streams = capture();
    const code = await run([...words, "--cwd", project.dir, "-s", "staging"], streams);
    return { code, out: streams.out(), err: streams.err() };
  }

  /** A cluster with pods, and nothing else of the stack. */
  function withPods(): void {
    api.answers[`GET ${core}/pods`] = { body: { items: pods } };
    api.answers[`GET ${core}/configmaps`] = { body: { items: [] } };
    api.answers[`GET /apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`] = {
      body: { items: [] },
    };
  }

  it("shows pods with their reasons, what callers get, and where it drifts", async () => {
    withPods();
    api.answers[`GET ${core}/services/scorer`] = {
      body: {
        metadata: { name: "scorer", annotations: { "tollgate.dev/release": "{}" } },
        spec: { selector: { app: "scorer" }, ports: [{ port: 8000 }] },
      },
    };
    const { code, out } = await tollgate("status", "--json");
    assert.equal(code, 0, out);
    const status = JSON.parse(out) as Status;
    assert.deepEqual(status.cluster, { server: api.url, namespace, problem: null });
    assert.deepEqual(status.processes, []);
    assert.deepEqual(
      status.pods.map(({ name, status, healthy, ready, restarts, version }) => ({
        name,
        status,
        healthy,
        ready,
        restarts,
        version,
      })),
      [
        {
          name: "scorer-1",
          status: "CrashLoopBackOff (it ended with exit code 1)",
          healthy: false,
          ready: false,
          restarts: 4,
          version: "2",
        },
        {
          name: "tracking-server-1",
          status: "Running",
          healthy: true,
          ready: true,
          restarts: 0,
          version: null,
        },
      ],
    );
    assert.deepEqual(status.drift.slice(0, 4), [
      "a release is under way, or was interrupted",
      "scorer-1 is CrashLoopBackOff (it ended with exit code 1)",
      "churn-model version 2 (sha256:aaaaaaaaaaaa) is pinned, but nothing was released yet",
      `nothing answers at ${status.serving.url} (no pod of it is ready)`,
    ]);
    assert.match(status.registry.problem!, /There is no Service "tracking-server"/);
    const shown = await tollgate("status");
    assert.match(shown.out, new RegExp(`^cluster +${api.url}, namespace ${namespace}$`, "m"));
    assert.match(
      shown.out,
      /^scorer-1 +no +4 +\d+ d +2 +CrashLoopBackOff \(it ended with exit code 1\)$/m,
    );
  });

  it("says in status, once, that the cluster can't be reached", async () => {
    await api.close();
    const { code, out } = await tollgate("status", "--json");
    api = await startApiServer();
    assert.equal(code, 0);
    const { cluster, drift, registry } = JSON.parse(out) as Status;
    assert.match(cluster!.problem!, /: set KUBECONFIG, .* `tollgate:runtime: local`\.$/);
    assert.equal(drift.filter((line) => line === cluster!.problem).length, 1);
    assert.equal(registry.problem, "the cluster can't be asked");
  });

  it("refuses every verb that needs the cluster when it can't be reached, with both ways on", async () => {
    await api.close();
    for (const words of [["train"], ["evaluate"], ["logs"], ["destroy"]]) {
      const { code, out, err } = await tollgate(...words);
      assert.equal(code, 1, words.join(" "));
      assert.equal(out, "");
      assert.match(
        err,
        /^\S.*: set KUBECONFIG, .*or put this stack on `tollgate:runtime: local`\.\n$/,
      );
    }
    api = await startApiServer();
  });

  it("lists the pods of which there are logs, and shows the end of one", async () => {
    withPods();
    assert.equal(
      (await tollgate("logs")).out,
      "scorer-1  fetch, scorer  CrashLoopBackOff (it ended with exit code 1)\ntracking-server-1  mlflow  Running\n",
    );
    api.answers[`GET ${core}/pods/scorer-1/log`] = { body: "one\ntwo\n" };
    assert.equal((await tollgate("logs", "scorer", "--lines", "2")).out, "one\ntwo\n");
    assert.match(api.seen.at(-1)!.path, /container=scorer&tailLines=2&previous=true$/);
  });

  it("refuses a log that isn't there, and says why", async () => {
    withPods();
    api.answers[`GET ${core}/pods/scorer-1/log`] = {
      status: 400,
      body: { message: "container is waiting to start" },
    };
    assert.equal(
      (await tollgate("logs", "scorer-1/fetch")).err,
      "Container fetch of pod scorer-1 has no log yet: the pod is CrashLoopBackOff (it ended with exit code 1).\n",
    );
    assert.equal(
      (await tollgate("logs", "nothing")).err,
      'There is no pod "nothing": there is scorer-1, tracking-server-1.\n',
    );
  });

  it("refuses to stop a cluster's servers, and says what does", async () => {
    const { code, err } = await tollgate("stop");
    assert.equal(code, 1);
    assert.equal(
      err,
      "staging runs in a cluster, which starts again whatever is stopped: take its servers out with `tollgate destroy --stack staging`, which keeps the data.\n",
    );
  });
});
