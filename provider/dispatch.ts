import type {
  CheckResult,
  DiffResult,
  InvokeResult,
  Provider,
  ReadResult,
} from "@pulumi/pulumi/provider";
import { readyToken } from "../policies/resource-tokens";
import { reasonOf } from "./failures";
import { cancel } from "./release/cancellation";
import type { ResourceType } from "./resource-type";
import { plain } from "./wire";

/** By type token, how to load it: a command pays only for the types it meets. */
export type ResourceTypes = Readonly<Record<string, () => Promise<ResourceType<object>>>>;

/**
 * The provider: hands each call of the engine to the resource type that the URN names. Whatever fails reaches the user
 * as one sentence without a stack trace.
 */
export class TollgateProvider implements Provider {
  readonly schema: string;
  private readonly running = new Set<Promise<unknown>>();

  constructor(
    readonly version: string,
    private readonly types: ResourceTypes,
  ) {
    this.schema = JSON.stringify({ name: "tollgate", version, resources: {} });
  }

  /** The one function there is answers that the provider has started: see `startProvider`. */
  invoke(token: string): Promise<InvokeResult> {
    const reason = `the Tollgate provider has no function "${token}"`;
    return Promise.resolve(
      token === readyToken ? { outputs: {} } : { failures: [{ property: "", reason }] },
    );
  }

  check(urn: string, olds: object, news: object): Promise<CheckResult> {
    return this.handle(urn, async (type) => {
      const recorded = Object.keys(olds ?? {}).length > 0 ? plain(olds) : null;
      if (!type.check) return { inputs: plain(news) };
      const { inputs, failures } = await type.check(recorded, plain(news), stackIn(urn));
      return { inputs, failures: [...failures] };
    });
  }

  diff(id: string, urn: string, olds: object, news: object): Promise<DiffResult> {
    return this.handle(urn, async (type) => {
      const { changes, replaces, deleteBeforeReplace } = await type.diff(id, ...both(olds, news));
      return { changes, replaces: [...(replaces ?? [])], deleteBeforeReplace };
    });
  }

  create(urn: string, inputs: object) {
    return this.handle(urn, async (type) => {
      const { id, outputs } = await type.create(plain(inputs));
      return { id, outs: outputs };
    });
  }

  update(id: string, urn: string, olds: object, news: object) {
    return this.handle(urn, async (type) => {
      if (!type.update) throw new Error(`a resource of type ${typeToken(urn)} can't be updated`);
      return { outs: await type.update(id, ...both(olds, news)) };
    });
  }

  read(id: string, urn: string, recorded: object): Promise<ReadResult> {
    return this.handle(urn, async (type) => {
      const found = await type.read(id, plain(recorded));
      // To the engine, no id means that it is gone.
      return found ? { id, props: found } : { id: "", props: {} };
    });
  }

  delete(id: string, urn: string, recorded: object): Promise<void> {
    return this.handle(urn, (type) => type.delete(id, plain(recorded)));
  }

  /** The user interrupted the command: a release under way is put back. */
  cancel(): Promise<void> {
    cancel();
    return Promise.resolve();
  }

  /** Returns when no call is under way any more. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running);
  }

  private handle<T>(urn: string, work: (type: ResourceType<object>) => Promise<T>): Promise<T> {
    const call = this.typeOf(urn).then(work).catch(sentence);
    this.running.add(call);
    const done = () => void this.running.delete(call);
    call.then(done, done);
    return call;
  }

  private async typeOf(urn: string): Promise<ResourceType<object>> {
    const token = typeToken(urn);
    const load = this.types[token];
    if (load) return load();
    throw new Error(
      `the Tollgate provider knows no resource type "${token}"; it knows ${Object.keys(this.types).join(", ")}`,
    );
  }
}

/** `urn:pulumi:stack::project::parent$tollgate:index:Route::name` names `tollgate:index:Route`. */
export function typeToken(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? urn;
}

/** `urn:pulumi:stack::project::…` names `stack`. */
function stackIn(urn: string): string {
  return (urn.split("::")[0] ?? "").replace(/^urn:pulumi:/, "");
}

function both(olds: object, news: object): [object, object] {
  return [plain(olds), plain(news)];
}

/** An error whose stack is its message: the SDK and the engine show stacks to the user. */
function sentence(error: unknown): never {
  const message = reasonOf(error);
  const plainError = new Error(message);
  plainError.stack = message;
  throw plainError;
}
