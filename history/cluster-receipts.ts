import fs from "node:fs";
import path from "node:path";
import type { ClusterAddress } from "../cluster/address";
import { type Cluster, ClusterError } from "../cluster/cluster";
import { evidenceFile, evidenceSignatureFile, keepEvidence, provenanceFile } from "./evidence";
import { canonicalJson } from "../strict/canonical";
import type { Receipt } from "./receipt";
import { AlteredReceiptsError, appendLine, readReceipts } from "./receipts";

/** Label of the ConfigMaps that hold receipts, one each, and can't be changed any more. */
const label = "tollgate.dev/receipt";

interface ConfigMap {
  readonly metadata: { readonly name: string };
  readonly data?: {
    receipt?: string;
    evidence?: string;
    evidenceSignature?: string;
    provenance?: string;
  };
}

/**
 * Brings the chain of a stack in a cluster to this machine, so that whoever runs a command sees every release. A receipt
 * of this machine that the cluster lacks, as after a kill, is brought there.
 *
 * @throws AlteredReceiptsError when the two chains differ, or the cluster's doesn't verify
 * @throws ClusterError when the cluster doesn't answer
 */
export async function syncReceipts(address: ClusterAddress, stateDir: string): Promise<void> {
  const { connectCluster } = await import("../cluster/connect");
  await syncWith(await connectCluster(address), stateDir);
}

/** The same with a cluster at hand. */
export async function syncWith(cluster: Cluster, stateDir: string): Promise<void> {
  const theirs = await publishedReceipts(cluster);
  const { receipts: ours } = readReceipts(stateDir);
  for (const [index, { data }] of theirs.entries()) {
    const line = data?.receipt ?? "";
    if (index >= ours.length) {
      keepEvidence(stateDir, {
        evidence: data?.evidence ?? null,
        evidenceSignature: data?.evidenceSignature ?? null,
        provenance: data?.provenance ?? null,
      });
      await appendLine(stateDir, line);
    } else if (line !== lineOf(ours, index)) {
      throw new AlteredReceiptsError(
        `receipt ${index + 1} in namespace ${cluster.address.namespace} differs from the one in ${stateDir}; find out who wrote them, and remove the chain that is wrong`,
      );
    }
  }
  for (let index = theirs.length; index < ours.length; index++) {
    await publishReceipt(cluster, stateDir, lineOf(ours, index), ours[index]!);
  }
}

/**
 * Writes one receipt and its evidence to the cluster, for good.
 *
 * @throws Error when another command has written a receipt of that number
 */
export async function publishReceipt(
  cluster: Cluster,
  stateDir: string,
  line: string,
  {
    seq,
    evidenceDigest,
    stack,
    lineage,
  }: Pick<Receipt, "seq" | "evidenceDigest" | "stack" | "lineage">,
): Promise<void> {
  const { namespace } = cluster.address;
  const name = `receipt-${String(seq).padStart(6, "0")}`;
  const evidence = evidenceDigest && textOf(evidenceFile(stateDir, evidenceDigest));
  const signature = evidenceDigest && textOf(evidenceSignatureFile(stateDir, evidenceDigest));
  const proven = lineage?.proven?.provenance;
  const provenance = proven && textOf(provenanceFile(stateDir, proven));
  try {
    await cluster.request("POST", `/api/v1/namespaces/${namespace}/configmaps`, {
      body: {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: {
          name,
          namespace,
          labels: { [label]: String(seq), "app.kubernetes.io/managed-by": "tollgate" },
          annotations: { "tollgate.dev/stack": stack },
        },
        immutable: true,
        data: {
          receipt: line,
          ...(evidence ? { evidence } : {}),
          ...(signature ? { evidenceSignature: signature } : {}),
          ...(provenance ? { provenance } : {}),
        },
      },
    });
  } catch (error) {
    if (!(error instanceof ClusterError) || error.code !== "conflict") throw error;
    const there = await cluster.find<ConfigMap>(
      `/api/v1/namespaces/${namespace}/configmaps/${name}`,
    );
    if (there?.data?.receipt === line) return;
    throw new Error(
      `another command wrote receipt ${seq} in namespace ${namespace} meanwhile; see \`tollgate status\` and run \`up\` again`,
    );
  }
}

async function publishedReceipts(cluster: Cluster): Promise<ConfigMap[]> {
  const { namespace } = cluster.address;
  const { items } = await cluster.request<{ items: ConfigMap[] }>(
    "GET",
    `/api/v1/namespaces/${namespace}/configmaps?labelSelector=${encodeURIComponent(label)}`,
  );
  return items.sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
}

/** A receipt as it stands in the chain: canonical JSON has one way to write it. */
function lineOf(receipts: readonly Receipt[], index: number): string {
  return canonicalJson(receipts[index]!);
}

function textOf(file: string): string | null {
  return fs.existsSync(path.resolve(file)) ? fs.readFileSync(file, "utf8") : null;
}
