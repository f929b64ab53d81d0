import { compliantEvidence } from "../../support/evidence";
import { sha256 } from "../../../strict/canonical";
import { type Answer, standIn, type StandIn } from "../../registry/stand-in";
import { envelopeOf, judgedProject, recentEvidence } from "./judged-project";

const image = (name: string) => `registry.example.com/${name}@sha256:${"c".repeat(64)}`;

/** A project that pins a version its registry has evidence of, for a cluster that nobody runs. */
export interface RenderedProject {
  readonly dir: string;
  readonly registry: StandIn;
  close(): Promise<void>;
}

/**
 * @param more further settings of stack staging, as lines of YAML
 */
export async function renderedProject(more = ""): Promise<RenderedProject> {
  const evidence = recentEvidence();
  const document = JSON.stringify(evidence);
  const { version, digest } = compliantEvidence().model;
  const registry = await standIn(({ url }): Answer => {
    if (url.startsWith("/get-artifact?")) {
      return { body: url.includes("dsse") ? envelopeOf(document) : document };
    }
    const tags = [
      { key: "tollgate.digest", value: digest },
      { key: "tollgate.evidence", value: sha256(document) },
    ];
    const { name } = evidence.model;
    return { body: { model_version: { name, version, status: "READY", run_id: "r1", tags } } };
  });
  const { dir, remove } = judgedProject(`  tollgate:runtime: kubernetes
  tollgate:trackingServer: { uri: "${registry.uri}" }
  tollgate:pin: ${version}@${digest}
  tollgate:kubernetes:
    images: { tollgate: "${image("tollgate")}" }
${more}`);
  return {
    dir,
    registry,
    async close() {
      remove();
      await registry.close();
    },
  };
}
