import assert from "node:assert/strict";
import { operationsOf } from "../../../../runtimes";
import { clusterSettings } from "../../../support/fixtures";
import { changed } from "../support";

const { cluster } = clusterSettings().kubernetes!;
const { registryExists } = operationsOf({ runtime: "kubernetes" });

describe("registryExists in a cluster", () => {
  it("is so for a registry that is kept elsewhere, without asking a cluster", async () => {
    const elsewhere = clusterSettings(changed("trackingServer", { managed: false }));
    assert.equal(await registryExists(elsewhere), true);
  });

  it("refuses to guess when no cluster can be asked", async () => {
    const kubeconfig = "/nowhere/kubeconfig";
    const settings = clusterSettings({}, { cluster: { ...cluster, kubeconfig } });
    await assert.rejects(registryExists(settings), (error: Error) => {
      assert.match(error.message, /\/nowhere\/kubeconfig/);
      return true;
    });
  });
});
