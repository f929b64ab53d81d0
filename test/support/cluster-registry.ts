import { request } from "undici";
import type { Cluster } from "../../cluster/cluster";
import { ownCredentials } from "../../config/registry";
import { names } from "../../runtimes/kubernetes/names";

/** Of Service `tracking-server`, where no setting says otherwise. */
export const registryPort = 5001;

/** What the registry of a namespace answers to a GET request, such as `registered-models/alias?…`. */
export async function askRegistry<T>(cluster: Cluster, pathAndQuery: string): Promise<T> {
  const tunnel = await cluster.tunnel({ service: names.trackingServer }, registryPort);
  try {
    const url = `${tunnel.url}/api/2.0/mlflow/${pathAndQuery}`;
    const { password } = await ownCredentials(
      { secretName: "registry-credentials" },
      cluster.address,
    )!();
    // A connection that is kept would end with the tunnel, and fail whoever is given it next.
    const { body } = await request(url, {
      reset: true,
      headers: password === undefined ? {} : { authorization: `Bearer ${password}` },
    });
    return (await body.json()) as T;
  } finally {
    await tunnel.close();
  }
}
