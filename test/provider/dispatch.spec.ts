import assert from "node:assert/strict";
import { TollgateProvider, typeToken } from "../../provider/dispatch";
import type { ResourceType } from "../../provider/resource-type";
import { plain, unknownValue } from "../../provider/wire";

const urn = "urn:pulumi:staging::churn::tollgate:index:Parent$tollgate:index:Thing::thing";

interface Thing {
  value?: string;
}

function provider(change: Partial<ResourceType<Thing>> = {}): TollgateProvider {
  const thing: ResourceType<Thing> = {
    diff: (_id, olds, news) => Promise.resolve({ changes: olds.value !== news.value }),
    create: (inputs) => Promise.resolve({ id: "made", outputs: inputs }),
    read: () => Promise.resolve(null),
    delete: () => Promise.resolve(),
    ...change,
  };
  return new TollgateProvider("0.1.0", { "tollgate:index:Thing": () => Promise.resolve(thing) });
}

describe("TollgateProvider", () => {
  it("hands a call to the type the URN names", async () => {
    assert.deepEqual(await provider().create(urn, { value: "a" }), {
      id: "made",
      outs: { value: "a" },
    });
    const { changes } = await provider().diff("made", urn, { value: "a" }, { value: "b" });
    assert.equal(changes, true);
  });

  it("refuses an unknown type and names those there are", async () => {
    await assert.rejects(provider().create(urn.replace("Thing", "Nothing"), {}), {
      message:
        'the Tollgate provider knows no resource type "tollgate:index:Nothing"; it knows tollgate:index:Thing',
    });
  });

  it("has one function, which says that it has started", async () => {
    assert.deepEqual(await provider().invoke("tollgate:index:ready"), { outputs: {} });
    const { failures } = await provider().invoke("tollgate:index:other");
    assert.match(failures?.[0]?.reason ?? "", /has no function "tollgate:index:other"/);
  });

  it("tells an error in its sentence, without a stack trace", async () => {
    const failing = provider({ create: () => Promise.reject(new TypeError("port 1 is taken")) });
    await assert.rejects(failing.create(urn, {}), (error: Error) => {
      assert.equal(error.message, "port 1 is taken");
      assert.equal(error.stack, "port 1 is taken");
      return true;
    });
  });

  it("tells an error thrown before a promise is made just the same", async () => {
    const failing = provider({
      diff: () => {
        throw new Error("line 2 was altered");
      },
    });
    await assert.rejects(failing.diff("made", urn, {}, {}), { message: "line 2 was altered" });
  });

  it("refuses to update a type that only knows replacement", async () => {
    await assert.rejects(provider().update("made", urn, {}, {}), {
      message: "a resource of type tollgate:index:Thing can't be updated",
    });
  });

  it("says by an empty id that a resource is gone", async () => {
    assert.deepEqual(await provider().read("made", urn, {}), { id: "", props: {} });
  });

  it("passes inputs through a type without a check, and null for olds on creation", async () => {
    assert.deepEqual(await provider().check(urn, {}, { value: "a" }), { inputs: { value: "a" } });
    const seen: unknown[] = [];
    const checking = provider({
      check: (olds, news) => {
        seen.push(olds);
        return Promise.resolve({ inputs: news, failures: [{ property: "value", reason: "no" }] });
      },
    });
    const { failures } = await checking.check(urn, {}, { value: "a" });
    assert.deepEqual(failures, [{ property: "value", reason: "no" }]);
    assert.deepEqual(seen, [null]);
  });

  it("is idle only when every call has ended", async () => {
    let finish = () => {};
    const busy = provider({ delete: () => new Promise<void>((resolve) => (finish = resolve)) });
    const deleting = busy.delete("made", urn, {});
    let idle = false;
    const waiting = busy.idle().then(() => (idle = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(idle, false);
    finish();
    await Promise.all([deleting, waiting]);
    assert.equal(idle, true);
  });
});

describe("plain", () => {
  const signature = "4dabf18193072939515e22adb298388d";

  it("unwraps secrets and outputs at any depth and leaves the rest", () => {
    const secret = { [signature]: "1b47061264138c4ac30d75fd1eb44270", value: "s" };
    const output = { [signature]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", value: [secret] };
    const unknown = { [signature]: "d0e6a833031e9bbcd3f4e8bde6ca49a4" };
    assert.deepEqual(plain({ a: secret, b: { c: output }, d: [1, null, "x"], e: unknown }), {
      a: "s",
      b: { c: ["s"] },
      d: [1, null, "x"],
      e: unknownValue,
    });
  });
});

describe("typeToken", () => {
  it("is the last type of a URN", () => {
    assert.equal(typeToken(urn), "tollgate:index:Thing");
    assert.equal(typeToken("urn:pulumi:s::p::tollgate:index:Route::r"), "tollgate:index:Route");
  });
});
